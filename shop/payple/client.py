"""The client: each call is a question to the gateway, answered by a value or one of three errors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from functools import partial
from urllib.parse import urlsplit

import requests

from .answers import Answer
from .authentication import Authentication
from .cash_receipt import CashReceiptCancel, CashReceiptCancelled, CashReceiptIssued, CashReceiptRequest
from .credentials import Credentials
from .endpoints import Gateway
from .errors import GatewayError, NotSent, Refused
from .exchange import Asking, Observer, tell
from .inquiries import PER_SECOND, REAL_TIME, Inquiries, Timer
from .masking import Mask
from .messages import AuthenticationRequest, Confirmation, Inquiry
from .payment import PaymentFound
from .refund import RefundDone, RefundRequest
from .result import UnverifiedResult
from .transport import Timeouts, Transport
from .vocabulary import PayType, Purpose

NO_SUCH_PAYMENT = frozenset({"CBIL0003", "BILL0003"})  # an inquiry's "nothing found", card and transfer
PATIENCE = Timeouts()


class PaypleClient:
    """Talks to one gateway with one partner's keys. One instance serves all threads of a program.

    `referer` is the address of the site that opens the payment window (quick guide 3-2): with another one, or
    none, the window will not open. `observer` is told every exchange, already masked.
    """

    def __init__(
        self,
        gateway: Gateway,
        credentials: Credentials,
        *,
        referer: str,
        timeouts: Timeouts = PATIENCE,
        observer: Observer | None = None,
        http: requests.Session | None = None,
        max_calls: int = 8,
        inquiries_per_second: int = PER_SECOND,
    ) -> None:
        self.gateway = gateway
        self._credentials = credentials
        self._observer = observer
        self._inquiries_per_second = inquiries_per_second
        self._transport = Transport(referer, timeouts, max_calls, http)

    @property
    def client_key(self) -> str:
        """The one key that a page may carry: it opens the newer window without a partner authentication."""
        return self._credentials.client_key

    def authenticate(self, purpose: Purpose = Purpose.WINDOW, *, about: str = "") -> Authentication:
        """Get the keys for one request (quick guide 3-2). Moves no money.

        Raises Refused with an AUTH code, UnknownEndpoint if the answer leads elsewhere, NotSent,
        OutcomeUnknown.
        """
        request = AuthenticationRequest(purpose).to_wire(self._credentials)
        answer = self._ask("authenticate", about, self.gateway.authentication_url, request)
        return Authentication.from_wire(answer, purpose, self.gateway)

    def confirm(self, result: UnverifiedResult, *, about: str = "", leave_by: float | None = None) -> PaymentFound:
        """Take the money for an authenticated result: the only call that charges.

        Commit your intent before you call, and compare the answer with your order afterwards. After
        OutcomeUnknown never repeat it: inquire. Raises NotSent (also for a foreign confirm address),
        OutcomeUnknown, Refused.
        """
        if not (result.request_key and result.auth_key):
            raise NotSent("the result carries no keys to confirm with")
        url = self.gateway.select_confirm(result.confirm_url)
        _check_in_time(leave_by)
        answer = self._ask("confirm", about, url, Confirmation(result).to_wire(self._credentials))
        return PaymentFound.from_wire(answer, self.gateway)

    def inquire(
        self, attempt_no: str, payment_date: date, pay_type: PayType, *, about: str = ""
    ) -> PaymentFound | None:
        """Ask what became of an attempt; None if the gateway knows no such payment. Safe to repeat.

        `payment_date` is the day of the payment in Korea. None proves nothing while the window may still be
        open. Raises NotSent, OutcomeUnknown, Refused.
        """
        partner = self._authenticate_first(Purpose.INQUIRY, about)
        return self._inquire_with(partner, attempt_no, payment_date, pay_type, about)

    def inquiries(self, timer: Timer = REAL_TIME) -> Inquiries:
        """Ask about many attempts: one partner authentication serves them all, at so many inquiries a second."""
        authenticate = partial(self._authenticate_first, Purpose.INQUIRY)
        return Inquiries(authenticate, self._inquire_with, timer, self._inquiries_per_second)

    def refund(self, request: RefundRequest, *, about: str = "", leave_by: float | None = None) -> RefundDone:
        """Give money back, once per call: the gateway knows no number for a refund (quick guide 4-3).

        Commit your intent before you call. After OutcomeUnknown repeat only a cancel of everything that is
        left, which a second time is refused: `codes.says_already_cancelled`. The same code may mean a wrong
        date, which around midnight is the day before. Raises NotSent, OutcomeUnknown, Refused.
        """
        partner = self._authenticate_first(Purpose.REFUND, about)
        order = request.to_wire(partner, self._credentials.refund_key)
        _check_in_time(leave_by)
        return RefundDone.from_wire(self._ask("refund", about, partner.return_url, order), request, self.gateway)

    def issue_cash_receipt(self, request: CashReceiptRequest, *, about: str = "") -> CashReceiptIssued:
        """Have a receipt issued for a transfer, at most one per payment. Moves no money.

        Raises NotSent, OutcomeUnknown, Refused.
        """
        partner = self._authenticate_first(Purpose.RECEIPT_ISSUE, about)
        answer = self._ask("issue_cash_receipt", about, partner.return_url, request.to_wire(partner))
        return CashReceiptIssued.from_wire(answer, request)

    def cancel_cash_receipt(self, cancel: CashReceiptCancel, *, about: str = "") -> CashReceiptCancelled:
        """Have a transfer's receipt cancelled by itself, where a refund could not. Moves no money.

        Raises NotSent, OutcomeUnknown, Refused.
        """
        partner = self._authenticate_first(Purpose.RECEIPT_CANCEL, about)
        answer = self._ask("cancel_cash_receipt", about, partner.return_url, cancel.to_wire(partner))
        return CashReceiptCancelled.from_wire(answer, cancel)

    def _inquire_with(
        self, partner: Authentication, attempt_no: str, payment_date: date, pay_type: PayType, about: str
    ) -> PaymentFound | None:
        """One inquiry with keys that are there."""
        question = Inquiry(attempt_no, payment_date, pay_type).to_wire(partner)
        answer = self._ask("inquire", about, partner.return_url, question)
        try:
            return PaymentFound.from_wire(answer, self.gateway)
        except Refused as refusal:
            if refusal.code in NO_SUCH_PAYMENT:
                return None
            raise

    def _authenticate_first(self, purpose: Purpose, about: str) -> Authentication:
        """The keys for another request. Without them that request was never sent."""
        try:
            return self.authenticate(purpose, about=about)
        except NotSent:
            raise
        except GatewayError as error:
            raise NotSent(error.message, error.code) from error

    def _ask(self, operation: str, about: str, url: str, request: Mapping[str, str]) -> Answer:
        """One exchange, told to the observer however it ends."""
        asking = Asking(operation, about, urlsplit(url).path, request)
        try:
            fields = self._transport.post(url, request)
        except GatewayError as error:
            tell(self._observer, asking.failed(error))
            raise
        tell(self._observer, asking.answered(fields))
        return Answer(fields, Mask(request, fields))


def _check_in_time(leave_by: float | None) -> None:
    """Raise NotSent if a call that moves money would leave too late for whoever waits for its answer."""
    if leave_by is not None and time.monotonic() > leave_by:
        raise NotSent("it is too late to send this")
