"""One payment as the simulator knows it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Where a payment stands."""

    OPENED = "opened"
    AUTHENTICATED = "authenticated"
    APPROVED = "approved"
    PARTIALLY_CANCELLED = "partially_cancelled"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    CLOSED = "closed"
    EXPIRED = "expired"


CHARGED = (State.APPROVED, State.PARTIALLY_CANCELLED, State.CANCELLED)


@dataclass(frozen=True)
class Instrument:
    """What the payer paid with, already masked: a card (`name` is the issuer), or an account (`name` is the bank).

    `likeness` is a fingerprint by which the same card or account is known again; blank for an app card. `mark` is
    the four digits of a test number that name a scenario.
    """

    name: str
    number: str
    code: str = ""
    holder: str = "personal"
    likeness: str = ""
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
class Payment:
    """`asked` is the window's call as sent, `result` what the window delivers, `answer` what the confirm answered."""

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
        wished = self.asked.get("PCD_SIMPLE_FLAG") == "Y" and bool(self.asked.get("PCD_PAYER_ID"))
        return wished and not self.is_app_card and not self.is_registration

    @property
    def refunded_total(self) -> int:
        """What has gone back so far."""
        return sum(cancellation.amount for cancellation in self.cancellations)

    @property
    def refunded_tax(self) -> int:
        """The VAT in what has gone back."""
        return sum(cancellation.tax for cancellation in self.cancellations)

    @property
    def remainder(self) -> int:
        """What can still go back."""
        return self.total - self.refunded_total

    @property
    def waits_for_receipt(self) -> bool:
        """The payer has paid or authenticated and is asked about the cash receipt."""
        return not self.is_over and self.state in (*CHARGED, State.AUTHENTICATED) and self.receipt.state == "requested"

    @property
    def is_over(self) -> bool:
        """The window has nothing left to ask."""
        return bool(self.result) or self.undelivered


def new_key(length: int = 32) -> str:
    """An unguessable value for addresses and forms."""
    return secrets.token_urlsafe(length)
