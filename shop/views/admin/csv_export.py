"""Orders as CSV that a spreadsheet reads as text: a byte-order mark, and no cell that it would run as a formula."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator

from flask import get_template_attribute
from flask_babel import gettext as _

from shop.models import Order
from shop.payple import Method
from shop.views.filters import korea_time, masked_phone

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet calculate a cell instead of showing it."""


def headers(name: str) -> dict[str, str]:
    """Download, do not open in the page."""
    return {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}.csv"'}


def of_orders(orders: Iterable[Order]) -> Iterator[str]:
    """One line per order, as the orders come."""
    state_label = get_template_attribute("components/status.html", "state_label")
    receipt_label = get_template_attribute("components/money_states.html", "cash_receipt_label")
    yield "\ufeff" + line(_columns())
    for order in orders:
        yield line(_cells(order, str(state_label(order.state)), receipt_label))


def line(cells: Iterable[object]) -> str:
    """One line; text that looks like a formula gets an apostrophe before it, numbers stay numbers."""
    text = io.StringIO()
    csv.writer(text).writerow([cell if isinstance(cell, int) else harmless(str(cell)) for cell in cells])
    return text.getvalue()


def harmless(cell: str) -> str:
    """The same text, never a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _columns() -> list[str]:
    return [
        _("주문번호"),
        _("상태"),
        _("주문 시각"),
        _("결제자"),
        _("휴대전화"),
        _("상품"),
        _("결제금액"),
        _("환불 금액"),
        _("결제 수단"),
        _("결제 시도 번호"),
        _("거래일"),
        _("현금영수증"),
    ]


def _cells(order: Order, state: str, receipt_label: Callable[[str], object]) -> list[object]:
    paid = order.paid_attempt
    receipt = paid.cash_receipt if paid else None
    method = {Method.CARD: _("카드"), Method.TRANSFER: _("계좌이체")}[paid.method] if paid else ""
    return [
        order.order_no,
        state,
        korea_time(order.placed_at),
        order.payer_name,
        masked_phone(order.payer_phone),
        order.goods,
        order.amount,
        order.refunded,
        method,
        paid.attempt_no if paid else "",
        paid.trade_date.isoformat() if paid and paid.trade_date else "",
        receipt_label(receipt.state) if receipt else "",
    ]
