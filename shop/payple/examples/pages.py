"""The HTML that the examples share, and their staff login."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from html import escape

from .. import page
from ..flow import Attempt, Flow
from ..payment_request import new_attempt_no
from ..refund_rules import Refund, RefundRejected, RefundState, RejectReason

ORDER_FORM = (
    '<form method="post" action="{}"><label><input type="checkbox" name="direct"> 페이지 전환</label>'
    ' <button data-testid="order">1,000원 결제하기</button></form>'
)
REFUND_FORM = (
    '<form method="post"><input type="hidden" name="refund_no" value="{}"><input type="hidden" name="balance"'
    ' value="{}"><label>환불 금액 <input name="amount" type="number" min="1" required value="{}"></label>'
    ' <button data-testid="refund-submit">환불하기</button></form>'
)
DECISION = (
    '<form method="post"><input type="hidden" name="refund_no" value="{}">결제사 관리자에서 확인: '
    '<button name="decision" value="done">환불됨</button>'
    ' <button name="decision" value="refused">환불 안 됨</button></form>'
)
STATES = {
    RefundState.RESERVED: "접수",
    RefundState.SUBMITTED: "처리 중",
    RefundState.UNKNOWN: "결과 확인 중",
    RefundState.DONE: "환불 완료",
    RefundState.REFUSED: "환불 실패",
}
REASONS = {
    RejectReason.NOT_PAID: "결제된 주문이 아닙니다.",
    RejectReason.IN_FLIGHT: "처리 중인 환불이 있습니다.",
    RejectReason.STALE_BALANCE: "환불할 수 있는 금액이 바뀌었습니다. 확인한 뒤 다시 입력하세요.",
    RejectReason.TOO_LARGE: "환불할 수 있는 금액이 아닙니다.",
}


def document(title: str, body: str) -> str:
    """Return a page. `body` is safe HTML."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!doctype html><html lang="ko"><head>{head}<link rel="icon" href="data:,"></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def receipt(attempt: Attempt, refunds: Sequence[Refund]) -> str:
    """Return what the buyer sees of an order."""
    refunded = sum(refund.amount for refund in refunds if refund.state is RefundState.DONE)
    ending, message = attempt.ending.value, page.MESSAGES[attempt.ending]
    if refunded and refunded == attempt.charged_amount:
        ending, message = "refunded", "결제한 금액을 모두 돌려드렸어요."
    status = f'<p data-testid="ending" data-ending="{ending}">{message}</p><p>결제금액 {attempt.amount:,}원</p>'
    return status + (f"<p>환불 {refunded:,}원</p>" if refunded else "")


def staff_page(balance: int, refunds: Sequence[Refund], message: str = "") -> str:
    """Return the refunds, and the form with a fresh one-time key and the balance that the person sees."""
    form = REFUND_FORM.format(new_attempt_no(), balance, balance)
    shown = f'<p role="alert">{escape(message)}</p><p>환불할 수 있는 금액 {balance:,}원</p>{form}'
    return document("환불", shown + "".join(map(_refund_row, refunds)))


def _refund_row(refund: Refund) -> str:
    decision = DECISION.format(escape(refund.refund_no)) if refund.needs_person else ""
    state = f'data-testid="refund" data-state="{refund.state}"'
    return f"<div {state}>{refund.amount:,}원 {STATES[refund.state]}{decision}</div>"


def handle_staff_form(payments: Flow, attempt: Attempt, form: Mapping[str, str]) -> str:
    """Send a refund, or record what a person found out about one. Return what is wrong, or blank."""
    try:
        if "decision" in form:
            refund = payments.decide_refund(form["refund_no"], was_refunded=form["decision"] == "done")
            return "환불을 보내고 10분이 지난 뒤에 결정할 수 있습니다." if refund and refund.needs_person else ""
        amount, balance = int(form["amount"]), int(form["balance"])
        payments.refund(form["refund_no"], attempt.attempt_no, amount, seen_balance=balance)
        return ""
    except RefundRejected as rejected:
        return REASONS[rejected.reason]
    except ValueError:
        return "금액을 숫자로 입력하세요."


def is_staff(authorization: str | None, password: str) -> bool:
    """Return whether a Basic Authorization header carries the staff's password."""
    expected = b"Basic " + base64.b64encode(f"staff:{password}".encode())
    return hmac.compare_digest((authorization or "").encode(), expected)
