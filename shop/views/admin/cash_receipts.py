"""Cash receipts by hand: issue one later, or cancel one by itself."""

from flask import g
from flask.typing import ResponseReturnValue

from shop.extensions import client
from shop.payple import ReceiptPurpose
from shop.rules.cash_receipt import ReceiptWish
from shop.services import cash_receipts, orders
from shop.views.admin.forms import ReceiptForm
from shop.views.admin.login import bp, require_password
from shop.views.admin.orders import back_to_order, render_order, require_row
from shop.views.messages import of_form


@bp.post("/orders/<order_no>/cash-receipts")
def issue_cash_receipt(order_no: str) -> ResponseReturnValue:
    """Issue a cash receipt for what was paid and not refunded."""
    order, form = orders.get_order(order_no), ReceiptForm()
    if not form.is_valid():
        return render_order(order, receipt_form=form, notice=of_form(form)), 422
    require_password()
    wish = ReceiptWish(ReceiptPurpose(form.purpose.data), form.identity.data or "")
    receipt = cash_receipts.issue(order_no, wish, by=g.staff.name, client=client())
    return back_to_order(order_no, receipt=receipt.id)


@bp.post("/orders/<order_no>/cash-receipts/cancel")
def cancel_cash_receipt(order_no: str) -> ResponseReturnValue:
    """Cancel the active cash receipt. No money moves."""
    require_password()
    receipt = cash_receipts.cancel(order_no, by=g.staff.name, client=client())
    return back_to_order(order_no, receipt=receipt.id)


@bp.post("/orders/<order_no>/cash-receipts/<row:receipt_id>/retry")
def retry_receipt(order_no: str, receipt_id: int) -> ResponseReturnValue:
    """Do a job of a cash receipt now that is due later."""
    require_row(orders.get_order(order_no).cash_receipts, receipt_id)
    require_password()
    receipt = cash_receipts.retry(receipt_id, by=g.staff.name, client=client())
    return back_to_order(order_no, receipt=receipt.id)
