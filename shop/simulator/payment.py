"""One payment, from the opened window to the last refund."""

import secrets
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shop.simulator import clock, store
from shop.simulator.fields import Fields, contained_tax, month_of
from shop.simulator.policy import Policy
from shop.simulator.runs import Run
from shop.simulator.store import Row

WINDOW_LIMIT = timedelta(minutes=3)


class State(StrEnum):
    OPENED = "opened"
    AUTHENTICATED = "authenticated"
    APPROVED = "approved"
    PARTIALLY_CANCELLED = "partially_cancelled"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    CLOSED = "closed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Instrument:
    """What the payer paid with, already masked: a card (`name` is the issuer), or an account (`name` is the bank).

    `fingerprint` tells whether two are the same; blank for an app card. `mark` is the four digits of a test number
    that name a scenario.
    """

    name: str
    number: str
    code: str = ""
    holder: str = "personal"
    fingerprint: str = ""
    mark: str = ""


@dataclass(frozen=True)
class CashReceipt:
    """A transfer's cash receipt: none, or requested, then skipped, or answered and, once money has moved, issued.

    An issued one may be cancelled; `blocked_until` is the Korea date before which the tax office takes no cancellation.
    """

    state: str = "none"
    use: str = ""
    number: str = ""
    amount: int = 0
    blocked_until: str = ""


@dataclass(frozen=True)
class Cancellation:
    """Money that went back, in won; `tax` is the VAT in it, `trade_key` the acquirer's (cards)."""

    amount: int
    tax: int
    at: datetime
    trade_key: str = ""


@dataclass(frozen=True)
class Payment(Row):
    """`asked` is the window's call as sent, `result` what the window delivers, `answer` what the confirm answered."""

    table = "payments"

    token: str
    run: str
    oid: str
    method: str
    work: str
    total: int
    goods: str
    tax: int
    asked: dict[str, str]
    page_origin: str
    opened_at: datetime
    state: State = State.OPENED
    scenario: str = ""
    instrument: Instrument | None = None
    receipt: CashReceipt = field(default_factory=CashReceipt)
    instalment_months: int = 0
    payer_name: str = ""
    payer_id: str = ""
    result_key: str = ""
    request_key: str = ""
    authenticated_at: datetime | None = None
    approved_at: datetime | None = None
    trade_key: str = ""
    approval_no: str = ""
    slip_key: str = ""
    cancellations: tuple[Cancellation, ...] = ()
    answer: dict[str, str] = field(default_factory=dict)
    result: dict[str, str] = field(default_factory=dict)
    undelivered: bool = False
    link: str = ""

    @property
    def is_app_card(self) -> bool:
        """Paid in the issuer's app (PCD_CARD_VER 02): instalments, but no billing key."""
        return self.method == "card" and self.asked.get("PCD_CARD_VER") == "02"

    @property
    def is_registration(self) -> bool:
        """PCD_PAY_WORK=AUTH registers a card or an account; there is no amount."""
        return self.work == "AUTH"

    @property
    def has_known_instrument(self) -> bool:
        """The password window: the payer pays with the billing key that the call names."""
        names_key = self.asked.get("PCD_SIMPLE_FLAG") == "Y" and bool(self.asked.get("PCD_PAYER_ID"))
        return names_key and not self.is_app_card and not self.is_registration

    @property
    def refunded_total(self) -> int:
        return sum(cancellation.amount for cancellation in self.cancellations)

    @property
    def refunded_tax(self) -> int:
        return sum(cancellation.tax for cancellation in self.cancellations)

    @property
    def remainder(self) -> int:
        return self.total - self.refunded_total

    @property
    def waits_for_receipt(self) -> bool:
        """The payer has paid or authenticated and is asked about the cash receipt."""
        is_past_form = self.state is State.AUTHENTICATED or self.approved_at is not None
        return not self.is_over and is_past_form and self.receipt.state == "requested"

    @property
    def is_over(self) -> bool:
        return bool(self.result) or self.undelivered

    def is_window_over(self, now: datetime) -> bool:
        """Three minutes in the card window; Payple documents none for transfers."""
        return self.method == "card" and self.state is State.OPENED and now - self.opened_at > WINDOW_LIMIT

    def is_confirm_over(self, now: datetime, minutes: int) -> bool:
        if self.state is not State.AUTHENTICATED or self.authenticated_at is None or self.is_registration:
            return False
        return now - self.authenticated_at > timedelta(minutes=minutes)

    def state_at(self, now: datetime, policy: Policy) -> State:
        """The state to show: a deadline passes without a change of the row."""
        is_expired = self.is_window_over(now) or self.is_confirm_over(now, policy.confirm_minutes)
        return State.EXPIRED if is_expired else self.state

    def has_date(self, date: str, policy: Policy) -> bool:
        """Whether yyyyMMdd is the payment's Korea date, as the policy `date_rule` reads it."""
        dates = {"approval": clock.trade_date(self.approved_at), "opening": clock.trade_date(self.opened_at)}
        return date in (dates.values() if policy.date_rule == "either" else [dates[policy.date_rule]])


def opened(asked: Fields, run: Run, page_origin: str = "") -> Payment:
    """A payment that has just been asked for; the fields have been checked."""
    method, work = asked["PCD_PAY_TYPE"], asked["PCD_PAY_WORK"]
    has_amount = work != "AUTH"
    wants_receipt = method == "transfer" and asked.get("PCD_TAXSAVE_FLAG") == "Y" and has_amount
    return Payment(
        token=new_key(),
        run=run.id,
        oid=asked["PCD_PAY_OID"],
        method=method,
        work=work,
        total=int(asked["PCD_PAY_TOTAL"]) if has_amount else 0,
        goods=asked.get("PCD_PAY_GOODS", ""),
        tax=contained_tax(asked) if has_amount else 0,
        asked=asked,
        page_origin=page_origin,
        opened_at=run.now(),
        receipt=CashReceipt("requested" if wants_receipt else "none"),
        payer_name=asked.get("PCD_PAYER_NAME", ""),
    )


def save(db: sqlite3.Connection, payment: Payment) -> None:
    store.save(db, payment, token=payment.token)


def completed(db: sqlite3.Connection, run: str, oid: str) -> Payment | None:
    found = store.select(db, Payment, run=run, oid=oid)
    return next((payment for payment in found if payment.approved_at), None)


def is_month_paid(db: sqlite3.Connection, run: str, payer_id: str, asked: Fields) -> bool:
    """Whether this billing key has paid the month of a monthly payment; a payment refunded in full does not count."""
    month = _year_and_month(asked)
    if not month or not payer_id:
        return False
    paid = store.select(db, Payment, run=run, payer_id=payer_id)
    return any(one.approved_at and one.remainder and month == _year_and_month(one.asked) for one in paid)


def _year_and_month(asked: Fields) -> tuple[str, str] | None:
    """Official samples send months of one digit, too."""
    month = month_of(asked)
    return (month["PCD_PAY_YEAR"], month["PCD_PAY_MONTH"].zfill(2)) if month else None


def by_oid(db: sqlite3.Connection, run: str, oid: str) -> Payment | None:
    """The payment with this number: the completed one, else the newest."""
    return completed(db, run, oid) or store.find(db, Payment, run=run, oid=oid)


def by_request_key(db: sqlite3.Connection, request_key: str) -> Payment | None:
    return store.find(db, Payment, request_key=request_key) if request_key else None


def new_key() -> str:
    return secrets.token_urlsafe(32)


def trade_key(now: datetime) -> str:
    """The acquirer's key of an approval or a cancellation: 24 digits that begin with the time."""
    return clock.stamp(now) + digits(10)


def digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))
