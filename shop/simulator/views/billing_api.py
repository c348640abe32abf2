"""The calls between servers about billing keys: lookup, deletion, paying again; and the registration of links."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from shop.simulator.acts.billing_key import ACTS, use_key
from shop.simulator.acts.link import register_link
from shop.simulator.acts.repay import repay
from shop.simulator.purposes import MONTHLY_CARD, MONTHLY_TRANSFER, REPAY_CARD, REPAY_TRANSFER, Purpose
from shop.simulator.views.answering import answering
from shop.simulator.views.requests import read_message, run_of_token, settings

bp = Blueprint("billing_api", __name__)


@bp.post("/php/cPayUser/api/cPayUserAct.php")
def billing_key() -> Response:
    """One address for both: `ACT_` says whether the key is looked up or deleted."""
    asked, act = read_message(), ACTS.get(request.args.get("ACT_", "")) or abort(404)
    run = run_of_token(asked)
    return answering(act.purpose.id, run, "", asked, lambda db: use_key(db, act, asked, run))


@bp.post("/php/SimplePayCardAct.php")
def repay_card() -> Response:
    """A registered card pays again."""
    return _repay(REPAY_CARD)


@bp.post("/php/SimplePayAct.php")
def repay_transfer() -> Response:
    """A registered account pays again."""
    return _repay(REPAY_TRANSFER)


@bp.post("/php/RePayCardAct.php")
def monthly_card() -> Response:
    """A registered card pays at most once a month."""
    return _repay(MONTHLY_CARD)


@bp.post("/php/RePayAct.php")
def monthly_transfer() -> Response:
    """A registered account pays at most once a month."""
    return _repay(MONTHLY_TRANSFER)


@bp.post("/php/link/api/LinkRegAct.php")
def link() -> Response:
    """A payment link is registered."""
    asked = read_message()
    run = run_of_token(asked)
    return answering("link", run, "", asked, lambda db: register_link(db, settings().origin, asked, run))


def _repay(purpose: Purpose) -> Response:
    asked = read_message()
    run, oid = run_of_token(asked), asked.get("PCD_PAY_OID", "")
    return answering("repay", run, oid, asked, lambda db: repay(db, settings().origin, asked, run, purpose))
