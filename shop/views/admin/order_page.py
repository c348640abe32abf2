"""The staff's page of one order, worked out from its rows."""

import secrets

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from shop.errors import ReceiptRefused, RefundRefused, SignInRefused
from shop.models import Order
from shop.payple import Method
from shop.services import order_search, receipt_rows, refunding
from shop.views.admin import notices, staff_session
from shop.views.admin.area import bp
from shop.views.admin.forms import ReceiptForm, RefundForm
from shop.views.notices import Notice


def render(
    order: Order,
    *,
    notice: Notice | None = None,
    refund_form: RefundForm | None = None,
    receipt_form: ReceiptForm | None = None,
) -> str:
    """The page in the state its rows are in, with new forms unless one comes back with mistakes."""
    paid, attempt = refunding.facts(order), order.paid_attempt
    refundable = paid.refundable if paid else 0
    in_flight = attempt.is_refunding if attempt else False
    active = receipt_rows.active(attempt) if attempt else None
    journal = order_search.journal_of(order)
    is_transfer = attempt is not None and attempt.method is Method.TRANSFER
    return render_template(
        "admin/order.html",
        order=order,
        notice=notice,
        explained=notices.explained,
        refundable=refundable,
        in_flight=in_flight,
        refund_form=(refund_form or new_refund_form(refundable)) if refundable and not in_flight else None,
        receipt_form=(receipt_form or ReceiptForm(MultiDict())) if is_transfer and refundable and not active else None,
        active_receipt=receipt_rows.covering(attempt) if attempt else None,
        needs_password=not staff_session.is_confirmed(),
        journal=journal,
    )


def new_refund_form(refundable: int) -> RefundForm:
    """A form for all that is left, with a mark of its own."""
    mark = secrets.token_urlsafe(18)
    return RefundForm(MultiDict(), intent=mark, seen_refundable=str(refundable), amount=f"{refundable:,}")


def back_to(order_no: str, *, refund: int | None = None, receipt: int | None = None) -> ResponseReturnValue:
    """To the order, which then tells what became of a refund or a receipt."""
    return redirect(url_for("admin.show_order", order_no=order_no, refund=refund, receipt=receipt), code=303)


def again(notice: Notice, status: int) -> ResponseReturnValue:
    """The page of the order in the address, as it is now, with what went wrong."""
    order = order_search.get_order((request.view_args or {})["order_no"])
    return render(order, notice=notice), status


@bp.errorhandler(RefundRefused)
def refund_refused(refused: RefundRefused) -> ResponseReturnValue:
    """Nothing was sent."""
    return again(notices.of_refused_refund(refused), 409)


@bp.errorhandler(ReceiptRefused)
def receipt_refused(refused: ReceiptRefused) -> ResponseReturnValue:
    """Nothing was sent."""
    return again(notices.of_refused_receipt(refused), 409)


@bp.errorhandler(SignInRefused)
def password_refused(_refused: SignInRefused) -> ResponseReturnValue:
    """The password that had to be entered again was wrong: nothing was sent."""
    return again(notices.of_password(), 403)
