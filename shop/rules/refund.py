"""The rules about refunds and cash receipts. Pure: facts in, plans out; no database, no web, no network.

A plan can be shown before the button is pressed, and is the same when it is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shop import clock
from shop.payple import Method, PaymentFound
from shop.rules.money import Tax, TaxBreakdown, Won, contained_vat
from shop.rules.states import AttemptState

RECEIPT_HOUR = time(9, 0, tzinfo=clock.KOREA)
"""When what is due "the next day" is done: the tax office takes cancellations from the day after the payment."""

NOTHING = Won(0)


class RefundTooLarge(ValueError):
    """More than is left, or nothing. Carries what is left, in won."""

    def __init__(self, refundable: Won) -> None:
        super().__init__(f"refundable: {refundable}")
        self.refundable = refundable


@dataclass(frozen=True)
class PaidFacts:
    """A paid attempt as the gateway told it, and what has been returned since. Refunds in flight count as gone."""

    paid: TaxBreakdown
    charged: Won
    gone: Won = NOTHING
    gone_vat: Won = NOTHING
    receipt: Won | None = None

    @property
    def refundable(self) -> Won:
        """What is left: never more than was charged, even if the gateway gave a discount on the total."""
        return Won(max(0, min(self.paid.total, self.charged) - self.gone))

    @property
    def vat_left(self) -> Won:
        """The tax that has not been returned yet."""
        return Won(max(0, self.paid.vat - self.gone_vat))


@dataclass(frozen=True)
class RefundPlan:
    """What a refund does: money, tax, cash receipt. ``receipt_after`` None: there is no receipt to change."""

    amount: Won
    vat: Won
    sends_vat: bool
    remainder: Won
    receipt_after: Won | None

    @property
    def is_full(self) -> bool:
        """Everything that was left goes back: only such a call may be repeated when its answer is lost."""
        return self.remainder == 0


def plan_refund(facts: PaidFacts, amount: Won, vat: Won | None = None) -> RefundPlan:
    """Work out a refund of ``amount`` won. ``vat`` is its tax part where the refunded goods are known.

    :raises RefundTooLarge: nothing, or more than is left
    """
    if not 0 < amount <= facts.refundable:
        raise RefundTooLarge(facts.refundable)
    remainder = Won(facts.refundable - amount)
    part = vat_part(facts, amount) if vat is None else vat
    after = None if facts.receipt is None else Won(max(0, facts.receipt - amount))
    return RefundPlan(amount, _bounded(part, amount, remainder, facts.vat_left), facts.paid.is_mixed, remainder, after)


def vat_part(facts: PaidFacts, amount: Won) -> Won:
    """The tax inside a part of the payment, in proportion, rounded half up."""
    whole = facts.paid.total
    return Won((2 * amount * facts.paid.vat + whole) // (2 * whole))


def vat_of_goods(parts: Iterable[tuple[Won, Tax]]) -> Won:
    """The tax inside refunded goods: contained in the taxable ones, none in the exempt ones."""
    return contained_vat(Won(sum(amount for amount, tax in parts if tax is Tax.TAXABLE)))


def _bounded(vat: Won, amount: Won, remainder: Won, vat_left: Won) -> Won:
    """Never more tax than is left or than the amount; and never so little that what remains holds more tax than money.

    The last part takes all that is left.
    """
    least = max(0, vat_left - remainder)
    return Won(max(least, min(vat, amount, vat_left)))


@dataclass(frozen=True)
class ReceiptDue:
    """What we owe the tax office: a cancel, and a new receipt for what remains (0: none), not before ``due_at``."""

    due_at: datetime
    reissue: Won


def receipt_owed(plan_after: Won | None, now: datetime, *, settled: bool) -> ReceiptDue | None:
    """What a refund leaves to do for the cash receipt.

    If the gateway settled the receipt itself (cancelled or reduced it), nothing. Otherwise nothing has changed at the
    tax office, so the receipt is cancelled and issued again for the rest, from the next day on.
    """
    if plan_after is None or settled:
        return None
    return ReceiptDue(next_receipt_day(now), plan_after)


@dataclass(frozen=True)
class Returned:
    """A refund that is done, and what its answer told of the cash receipt: nothing, or whether it was settled."""

    amount: Won
    is_answered: bool
    speaks: bool
    settled: bool


@dataclass(frozen=True)
class LateReceipt:
    """A receipt that is found after refunds: what it covers at the tax office, and what it should, in won."""

    covers: Won
    target: Won


def receipt_found_late(charged: Won, returned: Iterable[Returned]) -> LateReceipt:
    """Work out what a receipt covers of which we learn only after these refunds, oldest first.

    Before the first answer that speaks of a receipt there was none: it was issued for what remained. After that it has
    become less only where the gateway says so.
    """
    covers = target = charged
    is_there = False
    for refund in returned:
        is_there = is_there or refund.speaks
        was_before = refund.is_answered and not is_there
        covers = Won(covers - refund.amount) if refund.settled or was_before else covers
        target = Won(max(0, target - refund.amount))
    return LateReceipt(covers if covers > 0 else charged, target)


def next_receipt_day(now: datetime) -> datetime:
    """Nine in the morning of the next Korean day."""
    tomorrow: date = clock.korea_date(now) + timedelta(days=1)
    return datetime.combine(tomorrow, RECEIPT_HOUR)


def next_receipt_try(tries: int, now: datetime) -> datetime:
    """A failed receipt job is tried again hourly at first, then daily; it stays visible until it is done."""
    hourly = 3
    return now + timedelta(hours=1) if tries < hourly else next_receipt_day(now)


def next_inquiry(tries: int) -> timedelta:
    """How long to wait before a full cancel whose answer was lost is sent again."""
    steps = (5, 30, 120, 600, 3600, 86_400)
    return timedelta(seconds=steps[min(tries, len(steps) - 1)])


MOST_CLAIMED_INQUIRIES = 5
MOST_UNANSWERED = 8
REFUND_PATIENCE = timedelta(seconds=100)
"""A refund or a cash receipt call older than this has no living worker."""
UNPLACED = (AttemptState.ORPHANED, AttemptState.ATTENTION)


@dataclass(frozen=True)
class Asked:
    """What we asked the gateway to collect, frozen when the attempt started. ``amount`` in won."""

    attempt_no: str
    amount: int
    method: Method


def mismatches(asked: Asked, found: PaymentFound) -> list[str]:
    """What in the answer contradicts the question."""
    told = {
        "attempt_no": (found.attempt_no, asked.attempt_no),
        "amount": (found.amount, asked.amount),
        "requested_amount": (
            asked.amount if found.requested_amount is None else found.requested_amount,
            asked.amount,
        ),
        "method": (found.method, asked.method),
        "refunded": (found.refunded_amount or 0, 0),
    }
    return [name for name, (theirs, ours) in told.items() if theirs != ours]


def next_receipt_question(paid_at: datetime, now: datetime, deadline: datetime) -> datetime | None:
    """When to ask again whether the payer has asked for a cash receipt; None: the window's time is over."""
    steps = [paid_at + timedelta(minutes=1), paid_at + timedelta(minutes=10), deadline]
    return min((step for step in steps if now < step <= deadline), default=None)
