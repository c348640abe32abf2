"""The rules about cash receipts. Pure: facts in, decisions out."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from shop import clock
from shop.payple import ReceiptPurpose, TransferPayment
from shop.rules.states import CashReceiptState

JOBS = (CashReceiptState.REQUESTED, CashReceiptState.CANCEL_DUE)
"""States in which something is left to do."""
COVERING = (CashReceiptState.ISSUED, CashReceiptState.CANCEL_DUE)
"""States in which the receipt stands at the tax office."""
MORNING = time(9, 0, tzinfo=clock.KOREA)
"""The tax office takes a cancel from the day after the payment."""
IDENTITIES = {
    ReceiptPurpose.PERSONAL: re.compile(r"01[016789][0-9]{7,8}|[0-9]{13,19}"),
    ReceiptPurpose.COMPANY: re.compile(r"[0-9]{10}"),
}
"""Income deduction by phone or cash-receipt card, expense proof by business number. Digits only."""


class LastCall(StrEnum):
    """What the last issue or cancel of a job has left open. An inquiry checks it before the job goes on."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    REFUSED = "refused"


@dataclass(frozen=True)
class ReceiptWish:
    """Whom a receipt is for. ``identity`` is personal data."""

    purpose: ReceiptPurpose
    identity: str

    @property
    def is_valid(self) -> bool:
        return IDENTITIES[self.purpose].fullmatch(self.identity) is not None


@dataclass(frozen=True)
class Coverage:
    """What a receipt covers, and for how much another is issued after its cancel, in won."""

    state: CashReceiptState
    amount: int
    reissue: int = 0


def after_refund(before: Coverage, rest: int, *, is_adjusted: bool) -> Coverage:
    """Return what a refund makes of a receipt. ``rest`` is what remains paid, in won.

    ``is_adjusted``: the gateway has cancelled or reduced the receipt with the refund. Otherwise it stands as before.
    """
    if is_adjusted and rest == 0:
        return Coverage(CashReceiptState.CANCELLED, 0)
    if before.state is CashReceiptState.CANCEL_DUE:
        return replace(before, reissue=min(before.reissue, rest))
    if is_adjusted:
        return Coverage(CashReceiptState.ISSUED, rest)
    return Coverage(CashReceiptState.CANCEL_DUE, before.amount, rest)


def after_check(
    state: CashReceiptState, found: TransferPayment, earlier: Collection[str], *, may_fail: bool
) -> CashReceiptState:
    """Return what an inquiry makes of a job. In an unchanged state its call is made again.

    The number of an ``earlier`` receipt of the payment says nothing about this one.
    """
    if state is CashReceiptState.CANCEL_DUE:
        return state if found.cash_receipt_issued else CashReceiptState.CANCELLED
    if found.cash_receipt_issued and found.cash_receipt_number not in earlier:
        return CashReceiptState.ISSUED
    return CashReceiptState.FAILED if may_fail else state


def next_morning(now: datetime) -> datetime:
    """Return nine o'clock of the next day in Korea."""
    return datetime.combine(clock.korea_date(now) + timedelta(days=1), MORNING)
