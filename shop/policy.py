"""The rules about money and states. Pure: facts in, decisions out; no database, no web, no network.

Who wants to know when an order counts as paid reads ``judge``; what may follow what stands in ``shop.graph``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from shop.errors import CannotPay
from shop.states import HOLDING, AttemptState, OrderState

if TYPE_CHECKING:
    from shop.payple import Method, PaymentFound

MOST_ATTEMPTS = 20
"""Per order. Nobody types a card number twenty times; a script does."""
MOST_CLAIMED_INQUIRIES = 5
"""How often a new claim makes us ask about an attempt at once; after that only the schedule does."""
MOST_WEBHOOKS = 5
"""How many webhooks make us ask about an attempt."""
MOST_SEARCHES = 6
"""So often we look for money that no order takes, less and less often and for a day, before "there is none" ends it; an
inquiry may show a payment late."""
SAME_ANSWERS = 3
"""Inquiries in a row that have to name a sum alike before we give back what one answer made doubtful: at the word of a
broken one we might ask for more than the gateway has, or leave something there."""
MOST_UNANSWERED = 8
"""Inquiries without any answer after which, once the time is over, a person has to look: some three days."""
REFUND_PATIENCE = timedelta(seconds=100)
"""A refund or a cash receipt call older than this has no living worker."""
UNPLACED = (AttemptState.ORPHANED, AttemptState.ATTENTION)
"""No order takes what was paid, if anything was."""
LATE = (AttemptState.DECLINED, AttemptState.EXPIRED)
"""Given up without money. News that comes late is still heard."""


def may_bring_money(state: AttemptState) -> bool:
    """Whether money may still come of an attempt, so that asking the gateway could tell something new."""
    return state not in (AttemptState.PAID, AttemptState.ORPHANED, AttemptState.ATTENTION)


@dataclass(frozen=True)
class Asked:
    """What we asked the gateway to collect, frozen when the attempt started. ``amount`` in won."""

    attempt_no: str
    amount: int
    method: Method


def mismatches(asked: Asked, found: PaymentFound) -> list[str]:
    """What in the answer contradicts the question: number, total, requested amount where it is told, method.

    Money that has already gone back, which some answers tell, pays nothing either.
    """
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


def next_inquiry(asked_before: int) -> timedelta:
    """How long to wait before asking about the same open attempt again."""
    steps = (5, 30, 120, 600, 3600, 86_400)
    return timedelta(seconds=steps[min(asked_before, len(steps) - 1)])


def next_receipt_question(paid_at: datetime, now: datetime, deadline: datetime) -> datetime | None:
    """When to ask again whether the payer has asked for a cash receipt; None: the window's time is over.

    It charges first and asks about the receipt then. Most people answer at once.
    """
    steps = [paid_at + timedelta(minutes=1), paid_at + timedelta(minutes=10), deadline]
    return min((step for step in steps if now < step <= deadline), default=None)


def days_to_search(opened: date, today: date) -> list[date]:
    """The trade dates under which a payment may be filed: the day the window was opened, to today, three at most."""
    days = (today - opened).days
    return [opened + timedelta(days=day) for day in range(max(0, min(days, 2)) + 1)]


def order_state(attempts: Collection[AttemptState], *, expired: bool) -> OrderState:
    """What an order is, given its attempts."""
    if AttemptState.PAID in attempts:
        return OrderState.PAID
    if AttemptState.ATTENTION in attempts:
        return OrderState.ATTENTION
    if any(state in attempts for state in HOLDING):
        return OrderState.CHECKING
    return OrderState.EXPIRED if expired else OrderState.AWAITING_PAYMENT


def refunded_state(charged: int, refunded: int) -> OrderState:
    """What a paid order is after refunds, in won."""
    if refunded <= 0:
        return OrderState.PAID
    return OrderState.REFUNDED if refunded >= charged else OrderState.PARTIALLY_REFUNDED


def insist_on_payable(state: OrderState, attempts: int, expires_at: datetime, now: datetime) -> None:
    """Whether a new attempt may start.

    :raises CannotPay: with the reason
    """
    reasons = {
        OrderState.CHECKING: CannotPay.Reason.CHECKING,
        OrderState.ATTENTION: CannotPay.Reason.ATTENTION,
        OrderState.EXPIRED: CannotPay.Reason.EXPIRED,
    }
    if state is not OrderState.AWAITING_PAYMENT:
        raise CannotPay(reasons.get(state, CannotPay.Reason.PAID))
    if now >= expires_at:
        raise CannotPay(CannotPay.Reason.EXPIRED)
    if attempts >= MOST_ATTEMPTS:
        raise CannotPay(CannotPay.Reason.TOO_MANY)
