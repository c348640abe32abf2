"""The calls between servers: partner authentication, confirm, inquiry."""

from __future__ import annotations

from flask import Blueprint, Response, request

from shop.simulator import payments, runs, tokens
from shop.simulator.acts.authenticate import authenticate
from shop.simulator.acts.confirm import confirm
from shop.simulator.acts.inquire import inquire
from shop.simulator.acts.telling import run_of
from shop.simulator.runs import PUBLIC_TEST_RUN
from shop.simulator.views.answering import answering
from shop.simulator.views.requests import read_message, settings, storage

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
    return _confirm("card")


@bp.post("/php/PayConfirmAct.php")
def confirm_transfer() -> Response:
    """The second step of CERT for transfers."""
    return _confirm("transfer")


@bp.post("/php/PayChkAct.php")
def inquiry() -> Response:
    """What became of a payment."""
    asked = read_message()
    with storage().reading() as db:
        token = tokens.by_auth_key(db, asked.get("PCD_AUTH_KEY", ""))
        run = (runs.by_id(db, token.run) if token else None) or PUBLIC_TEST_RUN
    return answering(
        "inquiry", run, asked.get("PCD_PAY_OID", ""), asked, lambda db: inquire(db, settings().origin, asked, run)
    )


def _confirm(method: str) -> Response:
    asked = read_message()
    address = method if request.args.get("ACT_") == "PAYM" else ""
    with storage().reading() as db:
        payment = payments.by_request_key(db, asked.get("PCD_PAY_REQKEY", ""))
        run = run_of(db, payment)
    oid = payment.oid if payment else ""
    return answering("confirm", run, oid, asked, lambda db: confirm(db, settings().origin, asked, address))
