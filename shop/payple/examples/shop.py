"""A small shop without a framework: what the three apps have in common. It sells one thing for 1,000 won."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from html import escape

from .. import page
from ..attempts import Attempt, AttemptState, current_attempt
from ..client import PaypleClient
from ..codes import explain
from ..errors import MalformedResult, NotSent
from ..flow import Flow
from ..gateway import Credentials, Gateway
from ..messages import ChargeMode, PayType
from ..payment_requests import WindowRequest, new_attempt_no, window_fields
from ..refund_rules import Refund, RefundRejected, RefundState, RejectReason
from ..result import Form, UnverifiedResult, read_webhook
from ..store import attempt_from_row
from .sqlite_store import ATTEMPTS_OF_ORDER, SqliteStore

ORDER_FORM = (
    '<form method="post" action="{}"><label><input type="checkbox" name="direct"> 페이지 전환</label>'
    ' <button data-testid="order">1,000원 결제하기</button></form>'
)
REFUND_FORM = (
    '<form method="post">{}<label>환불 금액 <input name="amount" type="number" min="1" required value="{}"></label>'
    ' <button data-testid="refund-submit">환불하기</button></form>'
)
REFUND_DECISION = (
    '<form method="post">{}결제사 관리자에서 확인: <button name="decision" value="done">환불됨</button>'
    ' <button name="decision" value="refused">환불 안 됨</button></form>'
)
ATTEMPT_DECISION = (
    '<form method="post">{}<button name="decision" value="ask">다시 확인</button>'
    ' <button name="decision" value="close">받을 돈 없음</button></form>'
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


NEEDS_PERSON = """
SELECT order_no FROM attempts WHERE state = 'attention'
UNION SELECT order_no FROM refunds JOIN attempts USING (attempt_no)
    WHERE (refunds.state = 'unknown' AND (NOT is_full OR tries >= 8)) OR (refunds.state = 'refused' AND is_owed)
"""


class HttpError(Exception):
    """What the app answers instead of a page."""

    def __init__(self, status: int, html: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.html = html
        self.headers = dict(headers or {})


class Shop:
    """Reads SITE, GATEWAY, DATABASE and STAFF_PASSWORD from the environment, and sweeps in a thread."""

    def __init__(self, site: str) -> None:
        self.site = os.environ.get("SITE", site)
        self.gateway = Gateway.at(os.environ.get("GATEWAY", "http://127.0.0.1:8001"))  # or Gateway.test()
        self.client = PaypleClient(self.gateway, Credentials.public_test(), referer=self.site)
        self.store = SqliteStore(os.environ.get("DATABASE", "shop.sqlite"))
        self.payments = Flow(self.client, self.store)
        self.password = os.environ["STAFF_PASSWORD"]
        threading.Thread(target=self.payments.sweep_forever, daemon=True).start()

    def open_window(self, order_no: str, form: Mapping[str, object]) -> tuple[str, dict[str, str]]:
        """Start an attempt. Return the payment page and its headers."""
        result_url = f"{self.site}/result" if "direct" in form else "/result"
        wish = WindowRequest(new_attempt_no(), 1000, "테스트 상품", PayType.CARD, ChargeMode.ON_CONFIRM, result_url)
        self.store.open_attempt(Attempt.of(wish, order_no))
        try:
            fields, nonce = window_fields(wish, self.client.authenticate()), secrets.token_urlsafe()
        except NotSent as error:
            again = f'<p><a href="/orders/{order_no}">주문으로 돌아가기</a></p>'
            raise HttpError(503, document("결제", f"<p>{explain(error).ko}</p>{again}")) from error
        snippet = page.snippet(fields, self.gateway, again_url=f"/orders/{order_no}", nonce=nonce)
        return document("결제", snippet), page.headers(self.gateway, nonce)

    def may_pay(self, order_no: str) -> bool:
        """Return whether an order may open another window."""
        return self.payments.may_open_window(self.attempts_of(order_no))

    def take_result(self, form: Form) -> str:
        """Handle what the browser brings. Return the address of the order."""
        try:
            attempt = self.payments.handle_result(UnverifiedResult.from_form(form))
        except MalformedResult as error:
            raise HttpError(400) from error
        return f"/orders/{attempt.order_no}" if attempt else "/"

    def take_webhook(self, body: bytes) -> None:
        """Ask about the payment that a webhook names."""
        try:
            self.payments.settle(read_webhook(body).attempt_no, at_once=True)
        except MalformedResult as error:
            raise HttpError(400) from error

    def order_page(self, order_no: str) -> str:
        """Return what the buyer sees of an order."""
        for attempt in self.attempts_of(order_no):
            self.payments.settle(attempt.attempt_no)
        attempt = current_attempt(self.attempts_of(order_no))
        again = ORDER_FORM.format(f"/orders/{order_no}/pay") if attempt.may_pay_again else ""
        return document("주문", receipt(attempt, self.store.refunds_of(attempt.attempt_no)) + again)

    def review_page(self) -> str:
        """Return links to all orders about which a person must decide."""
        with self.store.transaction() as db:
            orders = [escape(row["order_no"]) for row in db.execute(NEEDS_PERSON)]
        return document("확인할 주문", "".join(f'<p><a href="/staff/orders/{no}">{no}</a></p>' for no in orders))

    def staff_page(self, order_no: str, form: Mapping[str, object]) -> str:
        """Do what a form of the staff says, if one is posted, and return their page of an order."""
        message = self._handle_staff_form(form) if form else ""
        attempts = self.attempts_of(order_no)
        number = current_attempt(attempts).attempt_no
        balance = self.payments.balance(number)
        hidden = _hidden_fields(attempt_no=number, refund_no=new_attempt_no(), balance=balance)
        refund_form = REFUND_FORM.format(hidden, balance)
        shown = f'<p role="alert">{escape(message)}</p><p>환불할 수 있는 금액 {balance:,}원</p>{refund_form}'
        for attempt in attempts:
            if attempt.state is AttemptState.ATTENTION:
                shown += ATTEMPT_DECISION.format(_hidden_fields(attempt_no=attempt.attempt_no))
            shown += "".join(map(_refund_row, self.store.refunds_of(attempt.attempt_no)))
        return document("환불", shown)

    def require_staff(self, header: Callable[[str], str | None], method: str) -> None:
        """Refuse whoever has no password, and forms of another site."""
        expected = b"Basic " + base64.b64encode(f"staff:{self.password}".encode())
        if not hmac.compare_digest((header("Authorization") or "").encode(), expected):
            raise HttpError(401, headers={"WWW-Authenticate": "Basic"})
        if method == "POST" and header("Origin") != self.site:
            raise HttpError(403)

    def attempts_of(self, order_no: str) -> list[Attempt]:
        """Return the attempts of an order, oldest first."""
        with self.store.transaction() as db:
            attempts = [attempt_from_row(row) for row in db.execute(ATTEMPTS_OF_ORDER, [order_no])]
        if not attempts:
            raise HttpError(404)
        return attempts

    def _handle_staff_form(self, form: Mapping[str, object]) -> str:
        """Return what is wrong, or blank."""
        attempt_no, refund_no = str(form["attempt_no"]), str(form.get("refund_no"))
        match form.get("decision"):
            case "ask":
                self.payments.settle(attempt_no, at_once=True)
            case "close":
                self.payments.close_attention(attempt_no)
            case "done" | "refused" as decision:
                refund = self.payments.decide_refund(refund_no, attempt_no, was_refunded=decision == "done")
                is_early = refund is not None and refund.state is RefundState.UNKNOWN
                return "환불을 보내고 10분이 지난 뒤에 결정할 수 있습니다." if is_early else ""
            case _:
                return self._refund(refund_no, attempt_no, form)
        return ""

    def _refund(self, refund_no: str, attempt_no: str, form: Mapping[str, object]) -> str:
        try:
            amount, balance = int(str(form["amount"])), int(str(form["balance"]))
            self.payments.refund(refund_no, attempt_no, amount, seen_balance=balance)
        except RefundRejected as rejected:
            return REASONS[rejected.reason]
        except ValueError:
            return "금액을 숫자로 입력하세요."
        return ""


def home() -> str:
    """Return the page of the one product."""
    return document("테스트 상품", ORDER_FORM.format("/orders"))


def document(title: str, body: str) -> str:
    """Return a page. `body` is safe HTML."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!doctype html><html lang="ko"><head>{head}<link rel="icon" href="data:,"></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def receipt(attempt: Attempt, refunds: Sequence[Refund]) -> str:
    """Return what the buyer sees of a payment."""
    refunded = sum(refund.amount for refund in refunds if refund.state is RefundState.DONE)
    ending, message = attempt.ending.value, page.MESSAGES[attempt.ending]
    if refunded and refunded == attempt.charged_amount:
        ending, message = "refunded", "결제한 금액을 모두 돌려드렸어요."
    status = f'<p data-testid="ending" data-ending="{ending}">{message}</p><p>결제금액 {attempt.amount:,}원</p>'
    return status + (f"<p>환불 {refunded:,}원</p>" if refunded else "")


def _refund_row(refund: Refund) -> str:
    hidden = _hidden_fields(attempt_no=refund.attempt_no, refund_no=refund.refund_no)
    decision = REFUND_DECISION.format(hidden) if refund.needs_person else ""
    state = f'data-testid="refund" data-state="{refund.state}"'
    return f"<div {state}>{refund.amount:,}원 {STATES[refund.state]}{decision}</div>"


def _hidden_fields(**values: object) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(str(value))}">' for name, value in values.items()
    )
