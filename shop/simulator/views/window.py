"""The payment window. It keeps no cookie: all it knows hangs on the unguessable token in its address."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import messages, payments
from shop.simulator.acts import window
from shop.simulator.acts.opening import Refused, open_window
from shop.simulator.instruments import BANKS, TEST_ACCOUNT, TEST_CARD, TEST_RECEIPT, Unusable
from shop.simulator.payment import Payment
from shop.simulator.scenarios import for_method
from shop.simulator.views.language import language, say
from shop.simulator.views.requests import read_form, settings, storage

bp = Blueprint("window", __name__)
Act = Callable[[sqlite3.Connection, Payment], Payment]
NOTHING_TYPED: Mapping[str, str] = {}


@bp.post("/index.php")
def open_() -> ResponseReturnValue:
    """The merchant's page posts the call here; the window continues at an address of its own."""
    asked = read_form()
    with storage().writing() as db:
        opened = open_window(db, asked, request.headers.get("Referer", ""))
    if isinstance(opened, Refused):
        return render_template("refused.html", refused=opened, delivery=_delivery(asked, opened.page_origin))
    return redirect(url_for("window.show", token=opened.token), code=303)


@bp.get("/window/<token>")
def show(token: str) -> ResponseReturnValue:
    """Whatever comes next: the form, the cash receipt, or the result on its way."""
    with storage().reading() as db:
        return _page(_payment(db, token))


@bp.post("/window/<token>/submit")
def submit(token: str) -> ResponseReturnValue:
    """The payer pays."""
    typed = read_form()
    return _act(token, lambda db, payment: window.submit(db, settings().origin, payment, typed))


@bp.post("/window/<token>/receipt")
def receipt(token: str) -> ResponseReturnValue:
    """The payer sends or skips the cash receipt."""
    typed = read_form()
    return _act(token, lambda db, payment: window.answer_receipt(db, settings().origin, payment, typed))


@bp.post("/window/<token>/close")
def close(token: str) -> ResponseReturnValue:
    """The payer leaves."""
    return _act(token, window.close)


def _act(token: str, act: Act) -> ResponseReturnValue:
    try:
        with storage().writing() as db:
            act(db, _payment(db, token))
    except Unusable as unusable:
        with storage().reading() as db:
            return _page(_payment(db, token), read_form(), say(unusable.ko, unusable.en)), 422
    return redirect(url_for("window.show", token=token, lang=language()), code=303)


def _payment(db: sqlite3.Connection, token: str) -> Payment:
    return payments.by_token(db, token) or abort(404)


def _page(payment: Payment, typed: Mapping[str, str] = NOTHING_TYPED, complaint: str = "") -> str:
    goods = messages.goods_text(payment.goods)
    if payment.is_over:
        return render_template("result.html", payment=payment, delivery=_delivery(payment.asked, payment.page_origin))
    if payment.waits_for_receipt:
        use = payment.instrument.holder if payment.instrument else ""
        filled = {"use": use, **TEST_RECEIPT, **typed}
        return render_template("receipt.html", payment=payment, goods=goods, typed=filled, complaint=complaint)
    return render_template(
        "window.html",
        payment=payment,
        goods=goods,
        scenarios=for_method(payment.method),
        banks=BANKS,
        typed={"payer_name": payment.payer_name, **TEST_CARD, **TEST_ACCOUNT, **typed},
        complaint=complaint,
    )


def _delivery(asked: dict[str, str], page_origin: str) -> dict[str, str]:
    """How the result travels: to an absolute PCD_RST_URL as a form post, else as a message to the merchant's page."""
    result_url = asked.get("PCD_RST_URL", "")
    is_direct = result_url.startswith(("http://", "https://"))
    return {"by": "form" if is_direct else "message", "url": result_url if is_direct else "", "origin": page_origin}
