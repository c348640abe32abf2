"""The list of orders, and the page of one order."""

import secrets
from collections.abc import Iterable

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from shop.errors import NotFound, ReceiptRefused, RefundRefused, SignInRefused
from shop.extensions import client
from shop.models import CashReceipt, Order, PaymentLink, Refund
from shop.payple import PayType
from shop.rules.states import OrderState, Source
from shop.services import orders, refunds, settlement
from shop.services.links import LONGEST_GOODS
from shop.views.admin import messages
from shop.views.admin.forms import LinkForm, ReceiptForm, RefundForm, SearchForm
from shop.views.admin.login import bp, is_confirmed, require_password
from shop.views.forms import row_number
from shop.views.messages import Notice


@bp.get("/orders", endpoint="orders")
def list_orders() -> ResponseReturnValue:
    form = SearchForm(request.args)
    if not form.is_valid():
        return render_template("admin/orders.html", form=form, page=None), 422
    page = orders.search(form.wanted, request.args.get("before", type=row_number))
    return render_template("admin/orders.html", form=form, page=page, asked=form.address)


@bp.get("/orders/<order_no>")
def show_order(order_no: str) -> ResponseReturnValue:
    """One order with everything that happened to it, and the outcome of the refund or receipt in the address."""
    order = orders.get_order(order_no)
    refund_id, receipt_id = (request.args.get(name, type=row_number) for name in ("refund", "receipt"))
    outcomes = [messages.of_refund(row) for row in order.refunds if row.id == refund_id]
    outcomes += [messages.of_receipt(row) for row in order.cash_receipts if row.id == receipt_id]
    return render_order(order, notice=outcomes[0] if outcomes else None)


@bp.post("/orders/<order_no>/attempts/<attempt_no>/inquiry")
def ask_again(order_no: str, attempt_no: str) -> ResponseReturnValue:
    """Ask the gateway about an attempt now, whatever the schedule says."""
    settlement.settle(attempt_no, client(), source=Source.STAFF, at_once=True)
    return back_to_order(order_no)


@bp.post("/orders/<order_no>/attempts/<attempt_no>/close")
def close_attention(order_no: str, attempt_no: str) -> ResponseReturnValue:
    """A person has looked at an answer that fits no order; who it was is written down."""
    require_password()
    settlement.close_attention(attempt_no, by=g.staff.name)
    return back_to_order(order_no)


def render_order(
    order: Order,
    *,
    notice: Notice | None = None,
    refund_form: RefundForm | None = None,
    receipt_form: ReceiptForm | None = None,
    link_form: LinkForm | None = None,
) -> str:
    """The page in the state its rows are in, with new forms unless one comes back with mistakes."""
    paid, attempt = refunds.facts(order), order.paid_attempt
    refundable = paid.refundable if paid else 0
    in_flight = attempt.is_refunding if attempt else False
    may_issue = attempt is not None and (attempt.active_receipt is None or attempt.waiting_receipt is not None)
    journal = orders.journal_of(order)
    is_transfer = attempt is not None and attempt.pay_type is PayType.TRANSFER
    link_form = link_form or LinkForm(MultiDict(), goods=order.goods[:LONGEST_GOODS])
    return render_template(
        "admin/order.html",
        order=order,
        notice=notice,
        explained=messages.explained,
        refundable=refundable,
        in_flight=in_flight,
        refund_form=(refund_form or new_refund_form(refundable)) if refundable and not in_flight else None,
        receipt_form=(receipt_form or ReceiptForm(MultiDict())) if is_transfer and refundable and may_issue else None,
        link_form=link_form if order.state is OrderState.AWAITING_PAYMENT else None,
        active_receipt=attempt.covering_receipt if attempt else None,
        needs_password=not is_confirmed(),
        journal=journal,
    )


def new_refund_form(refundable: int) -> RefundForm:
    """A form for all that is left, with a mark of its own."""
    mark = secrets.token_urlsafe(18)
    return RefundForm(MultiDict(), intent=mark, seen_refundable=str(refundable), amount=f"{refundable:,}")


def require_row(rows: Iterable[Refund | CashReceipt | PaymentLink], row_id: int) -> None:
    """Raise NotFound for a row of another order."""
    if row_id not in [row.id for row in rows]:
        raise NotFound


def back_to_order(order_no: str, *, refund: int | None = None, receipt: int | None = None) -> ResponseReturnValue:
    """To the order, which then tells what became of a refund or a receipt."""
    return redirect(url_for("admin.show_order", order_no=order_no, refund=refund, receipt=receipt), code=303)


def again(notice: Notice, status: int) -> ResponseReturnValue:
    """The page of the order in the address, as it is now, with what went wrong."""
    order = orders.get_order((request.view_args or {})["order_no"])
    return render_order(order, notice=notice), status


@bp.errorhandler(RefundRefused)
def refund_refused(refused: RefundRefused) -> ResponseReturnValue:
    return again(messages.of_refused_refund(refused), 409)


@bp.errorhandler(ReceiptRefused)
def receipt_refused(refused: ReceiptRefused) -> ResponseReturnValue:
    return again(messages.of_refused_receipt(refused), 409)


@bp.errorhandler(SignInRefused)
def password_refused(_refused: SignInRefused) -> ResponseReturnValue:
    """The password that had to be entered again was wrong: nothing was sent."""
    return again(messages.of_password(), 403)
