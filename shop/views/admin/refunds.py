"""Refunds in two steps: show the plan, then send it. A person also records here whether a lost refund was made."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.errors import SignInRefused
from shop.extensions import client
from shop.models import Order
from shop.services import cash_receipts, orders, refunds
from shop.views.admin import messages
from shop.views.admin.forms import DecisionForm, RefundForm
from shop.views.admin.login import bp, is_confirmed, require_password
from shop.views.admin.orders import back_to_order, render_order, require_row
from shop.views.messages import Notice, of_form


@bp.post("/orders/<order_no>/refund-plan")
def plan_refund(order_no: str) -> ResponseReturnValue:
    """Look up the cash receipt, then show the plan. No money moves."""
    order, form = orders.get_order(order_no), RefundForm()
    if not form.is_valid_for(order):
        return render_order(order, refund_form=form), 422
    cash_receipts.look_up_first(order_no, client())
    return redirect(url_for("admin.show_plan", order_no=order_no, **form.fields), code=303)


@bp.get("/orders/<order_no>/refund-plan")
def show_plan(order_no: str) -> ResponseReturnValue:
    """Show what a refund would do to money, tax and cash receipt."""
    order, form = orders.get_order(order_no), RefundForm(request.args)
    return _plan_page(order, form) if form.is_valid_for(order) else back_to_order(order_no)


@bp.post("/orders/<order_no>/refunds")
def send_refund(order_no: str) -> ResponseReturnValue:
    order, form = orders.get_order(order_no), RefundForm()
    if not form.is_valid_for(order):
        return render_order(order, refund_form=form), 422
    try:
        require_password()
    except SignInRefused:
        return _plan_page(order, form, messages.of_password()), 403
    refund = refunds.request(order_no, form.wish, by=g.staff.name, client=client())
    return back_to_order(order_no, refund=refund.id)


@bp.post("/orders/<order_no>/refunds/<row:refund_id>/decision")
def decide_refund(order_no: str, refund_id: int) -> ResponseReturnValue:
    """Record what a person has found out about a refund whose answer was lost."""
    order, form = orders.get_order(order_no), DecisionForm()
    require_row(order.refunds, refund_id)
    if not form.is_valid():
        return render_order(order, notice=of_form(form)), 422
    require_password()
    refunds.decide(refund_id, was_refunded=form.answer.data == "refunded", by=g.staff.name)
    return back_to_order(order_no, refund=refund_id)


@bp.post("/orders/<order_no>/refunds/<row:refund_id>/repeat")
def repeat_refund(order_no: str, refund_id: int) -> ResponseReturnValue:
    """Send a cancel of everything that is left again: a second one is refused, so nothing goes out twice."""
    require_row(orders.get_order(order_no).refunds, refund_id)
    require_password()
    sent = refunds.repeat(refund_id, by=g.staff.name, client=client())
    return back_to_order(order_no, refund=sent.id)


@bp.post("/orders/<order_no>/refunds/<row:refund_id>/returned-elsewhere")
def record_returned_elsewhere(order_no: str, refund_id: int) -> ResponseReturnValue:
    """Record that somebody has returned money whose cancel the gateway refused; it is not sent again."""
    require_row(orders.get_order(order_no).refunds, refund_id)
    require_password()
    refunds.record_returned_elsewhere(refund_id, by=g.staff.name)
    return redirect(url_for("admin.show_desk"), code=303)


def _plan_page(order: Order, form: RefundForm, notice: Notice | None = None) -> str:
    """Work the plan out from the present balance. Raises RefundRefused if the form shows another."""
    return render_template(
        "admin/refund_plan.html",
        order=order,
        form=form,
        notice=notice,
        plan=refunds.plan(order, form.wish),
        paid=refunds.facts(order),
        needs_password=not is_confirmed(),
    )
