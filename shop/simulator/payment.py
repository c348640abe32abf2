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
    DECLINED = "declined"
    CLOSED = "closed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Instrument:
    """What the payer paid with, already masked: a card (`name` is the issuer), or an account (`name` is the bank)."""

    name: str
    number: str
    code: str = ""
    holder: str = "personal"


@dataclass(frozen=True)
class CashReceipt:
    """A transfer's cash receipt: none, or requested, then skipped, or answered and, once money has moved, issued."""

    state: str = "none"
    use: str = ""
    number: str = ""
    amount: int = 0


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
    payer_name: str = ""
    payer_id: str = ""
    result_key: str = ""
    request_key: str = ""
    authenticated_at: datetime | None = None
    approved_at: datetime | None = None
    trade_key: str = ""
    approval_no: str = ""
    slip_key: str = ""
    refunded_total: int = 0
    answer: dict[str, str] = field(default_factory=dict)
    result: dict[str, str] = field(default_factory=dict)
    undelivered: bool = False

    @property
    def waits_for_receipt(self) -> bool:
        """The payer has paid or authenticated and is asked about the cash receipt."""
        return (
            not self.is_over
            and self.state in (State.APPROVED, State.AUTHENTICATED)
            and self.receipt.state == "requested"
        )

    @property
    def is_over(self) -> bool:
        """The window has nothing left to ask."""
        return bool(self.result) or self.undelivered


def new_key(length: int = 32) -> str:
    """An unguessable value for addresses and forms."""
    return secrets.token_urlsafe(length)
