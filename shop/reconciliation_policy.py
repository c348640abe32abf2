"""The rules of reconciliation: our rows about one attempt against the gateway's answer about it.

Pure: facts in, findings out; no database, no web, no network.
What an answer does not tell is not compared. What has just happened may be known to one side only, and is no
difference yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shop.states import AttemptState, DifferenceKind

if TYPE_CHECKING:
    from shop.payple import PaymentFound

LONGEST_PERIOD = timedelta(days=31)
NEWS_TAKES = timedelta(minutes=2)
"""A payment younger than this may be known to the gateway only: its result is on the way."""
NOTHING = "-"
_UNPLACED = (AttemptState.ORPHANED, AttemptState.ATTENTION)


@dataclass(frozen=True)
class OurSide:
    """What our rows say of an attempt, in won. ``charged`` None: we know of no money that is this attempt's.

    ``lost_refund`` is the amount of a refund without an answer.
    ``receipt`` is what the cash receipt covers, 0 without one. None: one is being issued or cancelled just now.
    """

    state: AttemptState
    asked: int
    charged: int | None
    refunded: int = 0
    lost_refund: int | None = None
    refund_under_way: bool = False
    receipt: int | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that does not agree, as both sides say it."""

    kind: DifferenceKind
    ours: str
    theirs: str


def compare(ours: OurSide, theirs: PaymentFound | None, now: datetime) -> list[Finding]:
    """Everything that does not agree about one attempt."""
    if theirs is None:
        return [] if ours.charged is None else [Finding(DifferenceKind.UNKNOWN_THERE, str(ours.charged), NOTHING)]
    if ours.charged is None:
        return list(_without_money(ours, theirs, now))
    return [*_amounts(ours, theirs), *_returns(ours, theirs), *_receipts(ours, theirs)]


def _without_money(ours: OurSide, theirs: PaymentFound, now: datetime) -> Iterator[Finding]:
    if ours.state in _UNPLACED:
        yield Finding(DifferenceKind.UNRETURNED, NOTHING, str(theirs.charged))
    elif now - theirs.paid_at >= NEWS_TAKES:
        yield Finding(DifferenceKind.PAID_THERE, ours.state.value, str(theirs.charged))


def _amounts(ours: OurSide, theirs: PaymentFound) -> Iterator[Finding]:
    """The total that was asked for, and what was charged of it."""
    if ours.state is AttemptState.PAID and theirs.amount != ours.asked:
        yield Finding(DifferenceKind.AMOUNT, str(ours.asked), str(theirs.amount))
    elif theirs.charged != ours.charged:
        yield Finding(DifferenceKind.AMOUNT, str(ours.charged), str(theirs.charged))


def _returns(ours: OurSide, theirs: PaymentFound) -> Iterator[Finding]:
    """What went back in all, where the answer tells. A refund that is being sent is compared the next time."""
    told, back = theirs.refunded_amount, ours.refunded
    if told is None or (ours.refund_under_way and ours.lost_refund is None):
        return
    if ours.lost_refund is not None:
        yield Finding(DifferenceKind.REFUNDED, f"{back} (+{ours.lost_refund}?)", str(told))
    elif told != back:
        yield Finding(DifferenceKind.REFUNDED, str(back), str(told))


def _receipts(ours: OurSide, theirs: PaymentFound) -> Iterator[Finding]:
    """A receipt here and there, where the answer tells of receipts at all, and its amount where it tells that."""
    transfer = theirs.transfer
    if transfer is None or ours.receipt is None:
        return
    tells = transfer.cash_receipt_requested or transfer.cash_receipt_issued
    if tells and transfer.cash_receipt_issued != (ours.receipt > 0):
        said = {True: "issued", False: NOTHING}
        yield Finding(DifferenceKind.RECEIPT, said[ours.receipt > 0], said[transfer.cash_receipt_issued])
    elif transfer.cash_receipt_issued and transfer.cash_receipt_amount not in (None, ours.receipt):
        sums = f"issued {ours.receipt}", f"issued {transfer.cash_receipt_amount}"
        yield Finding(DifferenceKind.RECEIPT, *sums)
