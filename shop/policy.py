"""The rules about money and states. Pure: facts in, decisions out; no database, no web, no network.

Who wants to know when an order counts as paid reads ``judge``; what may follow what stands in ``shop.graph``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from shop.errors import CannotPay
from shop.graph import Proof
from shop.states import HOLDING, AttemptState, OrderState

if TYPE_CHECKING:
    from shop.payple import Method, PaymentFound, Refused, Work

ATTEMPT_LIFETIME = timedelta(minutes=40)
"""30 minutes from the authentication to the window's end, then 10 to confirm: later no payment can come of it."""
MOST_ATTEMPTS = 20
"""Per order. Nobody types a card number twenty times; a script does."""
MOST_CLAIMS = 5
"""Pairs of keys that we try per attempt; the real one is normally the first."""
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
CONFIRM_PATIENCE = timedelta(seconds=60)
"""A confirm older than this has no living worker behind it: the total deadline of a call is shorter."""
REFUND_PATIENCE = timedelta(seconds=100)
"""The same for a refund, or for a cash receipt: each is two calls, since it needs an authentication of its own."""
KEYS_WAIT = timedelta(seconds=60)
"""Keys that wait for the confirm before them do not outlive the worker that was to try them."""
CONFIRM_GRACE = timedelta(minutes=15)
"""After our confirm left: the gateway takes one for ten minutes, and shows it to an inquiry soon after."""

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


@dataclass(frozen=True)
class Verdict:
    """What an answer of the gateway means for an attempt.

    ``proof`` is the kind of answer it rests on. ``reasons`` names what did not agree; ``asks_again`` marks a "nobody
    has paid" that may not be the last word.
    """

    state: AttemptState
    proof: Proof
    code: str = ""
    message: str = ""
    reasons: tuple[str, ...] = ()
    found: PaymentFound | None = None
    asks_again: bool = False


def judge(asked: Asked, found: PaymentFound, proof: Proof) -> Verdict:
    """Decide what the gateway's own word about a payment means: ours and paid, or money that does not fit."""
    reasons = tuple(mismatches(asked, found))
    state = AttemptState.ATTENTION if reasons else AttemptState.PAID
    return Verdict(state, proof, found.code, found.message, reasons, found)


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


def one_answer_is_enough(asked: Asked, found: PaymentFound) -> bool:
    """Whether money goes back at the word of one answer: at most its method is not what we asked for.

    It is about this attempt, names our sum, charged whole but for a discount, and nothing of it returned yet.
    """
    is_whole = found.charged_amount is None or found.charged_amount + (found.discount or 0) == asked.amount
    return is_whole and set(mismatches(asked, found)) <= {"method"}


def odd_sums(found: PaymentFound) -> bool:
    """Charged plus discount is not the requested amount: worth a look, but the total decides."""
    if found.requested_amount is None or found.charged_amount is None:
        return False
    return found.charged_amount + (found.discount or 0) != found.requested_amount


def after_refusal(refused: Refused, *, blames_claim: bool) -> Verdict:
    """What a definite no to our confirm means.

    If it blames the keys that a browser gave us, only the claim has failed: a forged one must not kill a live attempt.
    A declined one is asked about later: a browser may have opened another window, which pays at once, under its number.
    """
    state = AttemptState.PREPARED if blames_claim else AttemptState.DECLINED
    return Verdict(state, Proof.CONFIRM, refused.code, refused.message, asks_again=True)


def nothing_found(state: AttemptState, work: Work, *, is_over: bool) -> AttemptState | None:
    """What it means that the gateway knows no such payment; None: nothing new.

    While a payment can still come of it, a lost confirm stays unknown; a window that pays at once has either paid or
    not, so the buyer may try again. Once its time ``is_over``, nobody has paid: we stop waiting, but ask again later.
    """
    if state in LATE:
        return None
    if not is_over:
        return AttemptState.PREPARED if state is AttemptState.UNKNOWN and work == "PAY" else None
    return AttemptState.DECLINED if state is not AttemptState.PREPARED and work == "CERT" else AttemptState.EXPIRED


def next_inquiry(asked_before: int) -> timedelta:
    """How long to wait before asking about the same open attempt again."""
    steps = (5, 30, 120, 600, 3600, 86_400)
    return timedelta(seconds=steps[min(asked_before, len(steps) - 1)])


def searches_made(asked_before: int, overdue: timedelta) -> int:
    """The count with the search that is made now: it stands for all that were due meanwhile, but not for the last one.

    So a sweep that stood still for a day does not ask one after the other what it has missed.
    """
    count = asked_before + 1
    while count < MOST_SEARCHES - 1 and overdue >= next_inquiry(count):
        overdue -= next_inquiry(count)
        count += 1
    return count


def next_late_inquiry(asked_before: int) -> timedelta | None:
    """An inquiry may show a payment late: ask twice more about what we gave up, an hour and a day after."""
    steps = (timedelta(hours=1), timedelta(days=1))
    return steps[asked_before] if asked_before < len(steps) else None


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
