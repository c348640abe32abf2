"""The calls between servers: partner authentication, confirm, inquiry."""

from __future__ import annotations

from flask import Blueprint, Response, request

from shop.simulator import payments, runs
from shop.simulator.acts.authenticate import authenticate
from shop.simulator.acts.confirm import confirm
from shop.simulator.acts.inquire import inquire
from shop.simulator.acts.telling import run_of
from shop.simulator.runs import PUBLIC_TEST_RUN
from shop.simulator.views.answering import answering
from shop.simulator.views.requests import read_message, run_of_token, settings, storage
from shop.simulator.wording import API_V2_CONFIRM_PATH

bp = Blueprint("server_api", __name__)


@bp.post("/php/auth.php")
def partner_authentication() -> Response:
    """Fixed keys in, tokens out; the purpose flags decide the address to go to next."""
    asked, referer = read_message(), request.headers.get("Referer", "")
    with storage().reading() as db:
        run = runs.by_id(db, asked.get("cst_id", "")) or PUBLIC_TEST_RUN
    return answering("auth", run, "", asked, lambda db: authenticate(db, settings(), asked, referer))


@bp.post("/php/PayCardConfirmAct.php")
def confirm_card() -> Response:
    """The second step of CERT for cards."""
    return _confirm("card", "same")


@bp.post(API_V2_CONFIRM_PATH)
def confirm_card_by_api_v2() -> Response:
    """The same at the newer address, where PCD_PAY_COFURL names it (policy confirm_host)."""
    return _confirm("card", "api_v2")


@bp.post("/php/PayConfirmAct.php")
def confirm_transfer() -> Response:
    """The second step of CERT for transfers."""
    return _confirm("transfer", "same")


@bp.post("/php/PayChkAct.php")
def inquiry() -> Response:
    """What became of a payment."""
    asked = read_message()
    run = run_of_token(asked)
    return answering(
        "inquiry", run, asked.get("PCD_PAY_OID", ""), asked, lambda db: inquire(db, settings().origin, asked, run)
    )


def _confirm(method: str, host: str) -> Response:
    asked = read_message()
    with storage().reading() as db:
        payment = payments.by_request_key(db, asked.get("PCD_PAY_REQKEY", ""))
        run = run_of(db, payment)
    oid = payment.oid if payment else ""
    told = run.policy.confirm_host if method == "card" else "same"
    is_complete = host == "api_v2" or request.args.get("ACT_") == "PAYM"
    address = method if host == told and is_complete else ""
    return answering("confirm", run, oid, asked, lambda db: confirm(db, settings().origin, asked, address))
