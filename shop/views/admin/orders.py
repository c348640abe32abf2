"""The list of orders, and the page of one order."""

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from shop import clock
from shop.models import Order
from shop.services import order_search, settlement
from shop.states import Source
from shop.views.admin import notices, order_page, staff_session
from shop.views.admin.area import bp
from shop.views.admin.forms import ConfirmForm, SearchForm
from shop.views.notices import Notice, of_form
from shop.views.paging import row_number
from shop.views.shop import client


@bp.get("/orders")
def orders() -> ResponseReturnValue:
    """Orders, newest first, as searched for."""
    form = SearchForm(request.args)
    if not form.is_valid():
        return render_template("admin/orders.html", form=form, page=None), 422
    page = order_search.page(form.wanted, request.args.get("before", type=row_number))
    return render_template("admin/orders.html", form=form, page=page, asked=form.address)


@bp.get("/orders/<order_no>")
def show_order(order_no: str) -> ResponseReturnValue:
    """One order with everything that happened to it."""
    order = order_search.get_order(order_no)
    return order_page.render(order, notice=_outcome(order))


@bp.post("/orders/<order_no>/attempts/<attempt_no>/inquiry")
def ask_again(order_no: str, attempt_no: str) -> ResponseReturnValue:
    """Ask the gateway about an attempt now, whatever the schedule says."""
    order = order_search.get_order(order_no)
    asked = [attempt.attempt_no for attempt in order.attempts if attempt.attempt_no == attempt_no]
    for number in asked:
        settlement.look_at_once(number, client(), source=Source.STAFF, now=clock.now())
    return order_page.back_to(order_no)


@bp.post("/orders/<order_no>/attempts/<attempt_no>/close")
def close_attention(order_no: str, attempt_no: str) -> ResponseReturnValue:
    """A person has looked at an answer that fits no order; who it was is written down."""
    order, form = order_search.get_order(order_no), ConfirmForm()
    if not form.is_valid():
        return order_page.render(order, notice=of_form(form)), 422
    staff_session.insist_on_password(form.password.data)
    for number in [attempt.attempt_no for attempt in order.attempts if attempt.attempt_no == attempt_no]:
        settlement.close(number, by=g.staff.name, now=clock.now())
    return order_page.back_to(order_no)


def _outcome(order: Order) -> Notice | None:
    """What became of the refund or cash receipt that the address points at, if it is this order's."""
    refund_id, receipt_id = (request.args.get(name, type=row_number) for name in ("refund", "receipt"))
    refund = next((row for row in order.refunds if row.id == refund_id), None)
    receipt = next((row for row in order.cash_receipts if row.id == receipt_id), None)
    if refund:
        return notices.of_refund(refund)
    return notices.of_receipt(receipt) if receipt else None
