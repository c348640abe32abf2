"""The calls to the gateway. Each returns a value or raises NotSent, OutcomeUnknown or Refused (see errors.py)."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlsplit

import requests

from .cash_receipt import CashReceiptRequest
from .errors import GatewayError, NotSent, OutcomeUnknown, Refused
from .gateway import Authentication, Credentials, Gateway, Purpose
from .masking import mask
from .messages import Answer, PayType, require_success
from .payment import PaymentFound, Registration
from .payment_requests import ChargeRequest, LinkRequest
from .refund import RefundDone, RefundRequest
from .result import UnverifiedResult
from .transport import Exchange, Observer, Outcome, Timeouts, Transport

log = logging.getLogger(__name__)

NO_SUCH_PAYMENT = frozenset({"CBIL0003", "BILL0003"})  # an inquiry's "nothing found", card and transfer
NOT_REGISTERED = frozenset({"SPCD0001", "SPCD0011", "SPCD0012", "SPAY0005"})  # no billing key, or none any more
INQUIRIES_PER_SECOND = 2  # no document names a limit; merchants report that more are refused
KEYS_LAST = 25 * 60.0  # seconds, within the thirty minutes of an authentication
DEFAULT_TIMEOUTS = Timeouts()


class PaypleClient:
    """Talks to one gateway with one partner's keys. One instance serves all threads of a program.

    `referer` is the address of the site that opens the payment window (quick guide 3-2): with another one, or
    none, the window does not open. `observer` receives every exchange, masked.
    """

    def __init__(
        self,
        gateway: Gateway,
        credentials: Credentials,
        *,
        referer: str,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        observer: Observer | None = None,
        http: requests.Session | None = None,
        max_calls: int = 8,
        inquiries_per_second: int = INQUIRIES_PER_SECOND,
    ) -> None:
        self.gateway = gateway
        self._credentials = credentials
        self._observer = observer
        self._inquiries_per_second = inquiries_per_second
        self._transport = Transport(referer, timeouts, max_calls, http)

    @property
    def client_key(self) -> str:
        """The one key that a page may carry. It opens the window of WindowScript.WITH_CLIENT_KEY."""
        return self._credentials.client_key

    def authenticate(self, purpose: Purpose = Purpose.WINDOW, *, attempt_no: str = "") -> Authentication:
        """Get the keys for one request (quick guide 3-2). Raises NotSent without them: that request is not sent.

        `attempt_no` is for the observer only.
        """
        request = self._credentials.to_wire(purpose)
        try:
            answer = self._call("authenticate", attempt_no, self.gateway.authentication_url, request)
        except OutcomeUnknown as error:
            raise NotSent(error.message) from error
        return Authentication.from_wire(answer, self.gateway)

    def confirm(self, result: UnverifiedResult, *, leave_by: float | None = None) -> PaymentFound:
        """Charge a payment that the payer has authenticated in the window.

        Commit your intent before, and compare the answer with your order afterwards. After OutcomeUnknown inquire;
        never repeat it. `leave_by` is a time.monotonic() after which it is not sent any more.
        """
        if not (result.request_key and result.auth_key):
            raise NotSent("the result carries no keys to confirm with")
        url = self.gateway.select_confirm(result.confirm_url)
        _check_in_time(leave_by)
        answer = self._call("confirm", result.attempt_no, url, result.confirm_fields(self._credentials))
        return PaymentFound.from_wire(answer, self.gateway)

    def charge(self, request: ChargeRequest, *, leave_by: float | None = None) -> PaymentFound:
        """Charge a billing key, without the payer.

        The same rules as for a confirm: commit your intent before, compare the answer, and never repeat it.
        """
        answer = self._send("charge", request.purpose, request.to_wire(), leave_by)
        return PaymentFound.from_wire(answer, self.gateway)

    def inquire(self, attempt_no: str, payment_date: date, pay_type: PayType) -> PaymentFound | None:
        """Look up a payment by its day in Korea. Returns None if the gateway has none. Safe to repeat.

        None proves nothing while the window may still be open.
        """
        partner = self.authenticate(Purpose.INQUIRY, attempt_no=attempt_no)
        return self.inquire_with(partner, attempt_no, payment_date, pay_type)

    def inquiries(self) -> Inquiries:
        """Return a batch of inquiries that share one authentication."""
        return Inquiries(self, self._inquiries_per_second)

    def refund(self, request: RefundRequest, *, leave_by: float | None = None) -> RefundDone:
        """Refund, once per call: the gateway has no number for a refund (quick guide 4-3).

        Commit your intent before. After OutcomeUnknown repeat only a cancel of everything that is left; the second
        one is refused, see `codes.ALREADY_CANCELLED`.
        """
        answer = self._send("refund", Purpose.REFUND, request.to_wire(self._credentials.refund_key), leave_by)
        return RefundDone.from_wire(answer, request, self.gateway)

    def issue_cash_receipt(self, request: CashReceiptRequest) -> str:
        """Issue a receipt for a transfer, at most one per payment, and return its number. Moves no money."""
        return request.read_number(self._send("issue_cash_receipt", Purpose.RECEIPT_ISSUE, request.to_wire()))

    def cancel_cash_receipt(self, request: CashReceiptRequest) -> None:
        """Cancel a transfer's receipt, where a refund did not: all that it was issued for. Moves no money."""
        request.read_number(self._send("cancel_cash_receipt", Purpose.RECEIPT_CANCEL, request.to_wire()))

    def find_billing_key(self, billing_key: str) -> Registration | None:
        """Look up what a billing key charges. Returns None if it is not registered, or not any more."""
        try:
            answer = self._send("find_billing_key", Purpose.KEY_LOOKUP, {"PCD_PAYER_ID": billing_key})
            return Registration.from_wire(answer)
        except Refused as refusal:
            if refusal.code in NOT_REGISTERED:
                return None
            raise

    def delete_billing_key(self, billing_key: str) -> None:
        """Deregister a billing key, which then charges no more. Safe to repeat."""
        try:
            require_success(self._send("delete_billing_key", Purpose.KEY_DELETION, {"PCD_PAYER_ID": billing_key}))
        except Refused as refusal:
            if refusal.code not in NOT_REGISTERED:
                raise

    def create_link(self, request: LinkRequest) -> str:
        """Register a payment link and return its address. After OutcomeUnknown register another one."""
        answer = self._send("create_link", Purpose.LINK, request.to_wire())
        require_success(answer)
        address = self.gateway.safe_url(answer.text("PCD_LINK_URL"))
        if not address:
            raise OutcomeUnknown("the gateway's success names no address that may be shown")
        return address

    def inquire_with(
        self, partner: Authentication, attempt_no: str, payment_date: date, pay_type: PayType
    ) -> PaymentFound | None:
        """Look up a payment with an authentication for inquiries."""
        fields = {
            "PCD_PAYCHK_FLAG": "Y",
            "PCD_PAY_TYPE": pay_type.value,
            "PCD_PAY_OID": attempt_no,
            "PCD_PAY_DATE": f"{payment_date:%Y%m%d}",
        }
        answer = self._call("inquire", attempt_no, partner.return_url, partner.to_wire() | fields)
        try:
            return PaymentFound.from_wire(answer, self.gateway)
        except Refused as refusal:
            if refusal.code in NO_SUCH_PAYMENT:
                return None
            raise

    def _send(self, operation: str, purpose: Purpose, fields: dict[str, str], leave_by: float | None = None) -> Answer:
        """Authenticate, and send the one request that the authentication is for."""
        attempt_no = fields.get("PCD_PAY_OID", "")
        partner = self.authenticate(purpose, attempt_no=attempt_no)
        _check_in_time(leave_by)
        return self._call(operation, attempt_no, partner.return_url, partner.to_wire() | fields)

    def _call(self, operation: str, attempt_no: str, url: str, request: Mapping[str, str]) -> Answer:
        sent, began = (operation, attempt_no, urlsplit(url).path, mask(request)), time.monotonic()
        try:
            fields = self._transport.post(url, request)
        except GatewayError as error:
            outcome: Outcome = "not_sent" if isinstance(error, NotSent) else "unknown"
            self._observe(Exchange(*sent, error.message, outcome, time.monotonic() - began))
            raise
        self._observe(Exchange(*sent, mask(fields), "answered", time.monotonic() - began))
        return Answer(fields)

    def _observe(self, exchange: Exchange) -> None:
        """An error of the observer is logged and never changes what became of the payment."""
        if self._observer is None:
            return
        try:
            self._observer(exchange)
        except Exception:
            log.exception("the observer of gateway exchanges failed")


class Inquiries:
    """Inquires like `PaypleClient.inquire`, with one authentication for many and at most so many a second.

    For one thread. Only inquiries may use an authentication again, for thirty minutes.
    """

    def __init__(self, client: PaypleClient, per_second: int) -> None:
        self._client = client
        self._interval = 1 / per_second
        self._keys: Authentication | None = None
        self._keys_end = 0.0
        self._next_at = 0.0

    def inquire(self, attempt_no: str, payment_date: date, pay_type: PayType) -> PaymentFound | None:
        """Look up a payment, as soon as it is its turn. Returns None if the gateway has none."""
        if self._keys is None or time.monotonic() > self._keys_end:
            self._keys = self._client.authenticate(Purpose.INQUIRY, attempt_no=attempt_no)
            self._keys_end = time.monotonic() + KEYS_LAST
        self._wait_for_turn()
        try:
            return self._client.inquire_with(self._keys, attempt_no, payment_date, pay_type)
        except Refused:
            self._keys = None  # perhaps they are the reason
            raise

    def _wait_for_turn(self) -> None:
        wait = self._next_at - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._next_at = time.monotonic() + self._interval


def _check_in_time(leave_by: float | None) -> None:
    """Raise NotSent if a call that moves money would leave too late for whoever waits for its answer."""
    if leave_by is not None and time.monotonic() > leave_by:
        raise NotSent("it is too late to send this")
