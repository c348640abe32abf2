"""The desk: what a person must decide, with its evidence and what can be done about it."""

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shop.extensions import client
from shop.services import cash_receipts, desk, orders, refunds, sweep
from shop.views.admin import messages
from shop.views.admin.login import bp, is_confirmed, require_password
from shop.views.admin.orders import back_to_order, require_row

SECONDS = 5.0
"""How long a press of the button may ask; the rest is the sweep's own."""


@bp.get("/desk")
def show_desk() -> ResponseReturnValue:
    """Show everything open, oldest first."""
    return render_template(
        "admin/desk.html",
        desk=desk.load(),
        silent_since=desk.overdue_since(),
        explained=messages.explained,
        needs_password=not is_confirmed(),
    )


@bp.post("/desk/run")
def run_due() -> ResponseReturnValue:
    """Run the sweep now."""
    sweep.run(client(), seconds=SECONDS)
    return redirect(url_for("admin.show_desk"), code=303)


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


@bp.post("/orders/<order_no>/cash-receipts/<row:receipt_id>/retry")
def retry_receipt(order_no: str, receipt_id: int) -> ResponseReturnValue:
    """Do a job of a cash receipt now that is due later."""
    require_row(orders.get_order(order_no).cash_receipts, receipt_id)
    require_password()
    receipt = cash_receipts.retry(receipt_id, by=g.staff.name, client=client())
    return back_to_order(order_no, receipt=receipt.id)
