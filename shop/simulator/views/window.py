"""The payment window. It keeps no cookie: all it knows hangs on the unguessable token in its address."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import messages, payments, scenarios
from shop.simulator.acts import window
from shop.simulator.acts.opening import Refused, open_window
from shop.simulator.acts.telling import run_of
from shop.simulator.instruments import Unusable
from shop.simulator.payment import Payment
from shop.simulator.sample_numbers import TEST_RECEIPT
from shop.simulator.views.language import language, say
from shop.simulator.views.page_policy import may_also_call
from shop.simulator.views.requests import read_form, settings, storage
from shop.simulator.views.window_form import form_of

bp = Blueprint("window", __name__)
Act = Callable[[sqlite3.Connection, Payment], Payment]
PHONES = re.compile(r"iPhone|iPod|iPad|Android", re.IGNORECASE)
NOTHING_TYPED: Mapping[str, str] = {}


@dataclass(frozen=True)
class Delivery:
    """How the result travels: to an absolute PCD_RST_URL as a form post, else as a message to the merchant's page."""

    by: str
    url: str
    origin: str
    times: int = 1
    method: str = "post"

    @classmethod
    def of(cls, asked: Mapping[str, str], page_origin: str, times: int = 1) -> Delivery:
        """As the call wants it."""
        url = asked.get("PCD_RST_URL", "")
        is_direct = url.startswith(("http://", "https://"))
        return cls("form" if is_direct else "message", url if is_direct else "", page_origin, times)


@bp.post("/index.php")
def open_() -> ResponseReturnValue:
    """The merchant's page posts the call here; the window continues at an address of its own."""
    asked = read_form()
    with storage().writing() as db:
        opened = open_window(db, asked, request.headers.get("Referer", ""))
    if isinstance(opened, Refused):
        return render_template("refused.html", refused=opened, delivery=Delivery.of(asked, opened.page_origin))
    return redirect(url_for("window.show", token=opened.token), code=303)


@bp.get("/window/<token>")
def show(token: str) -> ResponseReturnValue:
    """Whatever comes next: the form, the cash receipt, or the result on its way."""
    with storage().reading() as db:
        payment = _payment(db, token)
    return _page(payment)


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


@bp.post("/window/<token>/expire")
def expire(token: str) -> ResponseReturnValue:
    """The window's three minutes are over."""
    return _act(token, window.expire)


@bp.post("/window/<token>/close")
def close(token: str) -> ResponseReturnValue:
    """The payer leaves."""
    return _act(token, window.close)


def _act(token: str, act: Act) -> ResponseReturnValue:
    try:
        with storage().writing() as db:
            payment = act(db, _payment(db, token))
    except Unusable as unusable:
        with storage().reading() as db:
            payment = _payment(db, token)
        return _page(payment, read_form(), say(unusable.ko, unusable.en)), 422
    _take_its_time(payment)
    return redirect(url_for("window.show", token=token, lang=language()), code=303)


def _take_its_time(payment: Payment) -> None:
    """A slow charge is slow where the money moves: here in PAY, at the confirm in CERT."""
    if payment.work == "PAY" and payment.approved_at:
        time.sleep(scenarios.of(payment).seconds)


def _payment(db: sqlite3.Connection, token: str) -> Payment:
    return payments.by_token(db, token) or abort(404)


def _page(payment: Payment, typed: Mapping[str, str] = NOTHING_TYPED, complaint: str = "") -> Response:
    goods = messages.goods_text(payment.goods)
    if payment.is_over:
        return _result_page(payment)
    if payment.waits_for_receipt:
        use = payment.instrument.holder if payment.instrument else ""
        filled = {"use": use, **TEST_RECEIPT, **typed}
        page = render_template("receipt.html", payment=payment, goods=goods, typed=filled, complaint=complaint)
        return make_response(page)
    with storage().reading() as db:
        form = form_of(db, payment, typed)
    shown = {"goods": goods, "form": form, "typed": form.typed, "complaint": complaint}
    return make_response(render_template("window.html", payment=payment, **shown))


def _goes_by_get(payment: Payment) -> bool:
    """One report has seen it on phones (policy result_by_get)."""
    with storage().reading() as db:
        is_on = run_of(db, payment).policy.result_by_get == "on"
    return is_on and bool(PHONES.search(request.user_agent.string))


def _result_page(payment: Payment) -> Response:
    if payment.link:
        return make_response(render_template("link_done.html", payment=payment))
    delivery = Delivery.of(payment.asked, payment.page_origin, scenarios.of(payment).deliveries)
    if _goes_by_get(payment):
        delivery = replace(delivery, method="get")
    page = make_response(render_template("result.html", payment=payment, delivery=delivery))
    if delivery.url and delivery.times > 1:
        page.headers["Content-Security-Policy"] = may_also_call(delivery.url)
    return page
