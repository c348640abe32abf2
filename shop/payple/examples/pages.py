"""The HTML that the examples share, and their staff login."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from html import escape

from .. import page
from ..flow import Attempt, Flow
from ..refund_rules import RefundRejected
from ..window import new_attempt_no

ORDER_FORM = (
    '<form method="post" action="{}"><label><input type="checkbox" name="direct"> 페이지 전환</label>'
    ' <button data-testid="order">1,000원 결제하기</button></form>'
)
REFUND_FORM = (
    '<form method="post"><input type="hidden" name="refund_no" value="{}"><input type="hidden" name="balance"'
    ' value="{}"><label>환불 금액 <input name="amount" type="number" min="1" required value="{}"></label>'
    ' <button data-testid="refund">환불하기</button></form>'
)


def document(title: str, body: str) -> str:
    """Return a page. `body` is safe HTML."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!doctype html><html lang="ko"><head>{head}<link rel="icon" href="data:,"></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def receipt(attempt: Attempt, balance: int) -> str:
    """Return what the buyer sees of an order."""
    back = f"<p>환불 {attempt.charged_amount - balance:,}원</p>" if attempt.charged_amount else ""
    status = f'<p data-testid="ending" data-ending="{attempt.ending}">{page.MESSAGES[attempt.ending]}</p>'
    return f"{status}<p>결제금액 {attempt.amount:,}원</p>{back}"


def staff_page(balance: int, message: str = "") -> str:
    """Return the refund form with a fresh one-time key and the balance that the person sees."""
    told = f'<p data-testid="refund-state">{escape(message)}</p>'
    return document(
        "환불",
        told + f"<p>환불할 수 있는 금액 {balance:,}원</p>" + REFUND_FORM.format(new_attempt_no(), balance, balance),
    )


def refund(payments: Flow, attempt: Attempt, form: Mapping[str, str]) -> str:
    """Refund what the form says. Returns the state of the refund, or why it was rejected."""
    try:
        amount, balance = int(form["amount"]), int(form["balance"])
        return payments.refund(form["refund_no"], attempt.attempt_no, amount, seen_balance=balance).state
    except RefundRejected as rejected:
        return rejected.reason
    except ValueError:
        return "not a number"


def is_staff(authorization: str | None, password: str) -> bool:
    """Return whether a Basic Authorization header carries the staff's password."""
    expected = b"Basic " + base64.b64encode(f"staff:{password}".encode())
    return hmac.compare_digest((authorization or "").encode(), expected)
