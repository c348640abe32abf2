"""Whose turn it is to inquire about an attempt, and when the next is: taken in one transaction, so that only one asks.

These write the schedule of an attempt, never its state.
"""

from datetime import datetime

from shop import policy
from shop.db import db, release, transaction
from shop.models import Attempt
from shop.services.attempt_facts import AttemptFacts
from shop.services.recording import locked_attempt
from shop.states import AttemptState


def ask_now(facts: AttemptFacts, now: datetime) -> None:
    """Bring the next inquiry about an open window forward, a few times at most."""
    with transaction():
        attempt = locked_attempt(facts)
        if attempt.state is AttemptState.PREPARED and attempt.inquiries < policy.MOST_CLAIMED_INQUIRIES:
            attempt.next_inquiry_at = now


def ask_at_once(facts: AttemptFacts, now: datetime) -> None:
    """A person wants to know: the next inquiry is due now and does not count, unless a confirm is under way."""
    with transaction():
        attempt = locked_attempt(facts)
        began = attempt.confirming_at if attempt.state is AttemptState.CONFIRMING else None
        is_busy = began is not None and now - began < policy.CONFIRM_PATIENCE
        if attempt.state is not AttemptState.PAID and attempt.state not in policy.UNPLACED and not is_busy:
            attempt.next_inquiry_at = now
            attempt.inquiries = max(0, attempt.inquiries - 1)


def lease_inquiry(facts: AttemptFacts, now: datetime) -> bool:
    """Take the right to ask about this attempt now. Only one asks, and less and less often."""
    with transaction():
        attempt = locked_attempt(facts)
        if attempt.next_inquiry_at is None or attempt.next_inquiry_at > now:
            return False
        late = attempt.state in policy.LATE
        wait = policy.next_late_inquiry(attempt.inquiries + 1) if late else policy.next_inquiry(attempt.inquiries)
        attempt.next_inquiry_at = now + wait if wait else None
        if attempt.next_inquiry_at and now <= facts.over_at < attempt.next_inquiry_at:
            attempt.next_inquiry_at = facts.over_at + policy.next_inquiry(0)  # then "nothing found" frees the order
        else:
            attempt.inquiries += 1
        return True


def lease_search(facts: AttemptFacts, now: datetime) -> bool:
    """Take the right to look for money that no order takes and nobody returns, less and less often."""
    with transaction():
        attempt = locked_attempt(facts)
        due = attempt.next_inquiry_at
        if due is None or due > now or attempt.state not in policy.UNPLACED or attempt.refunds:
            return False
        attempt.inquiries = policy.searches_made(attempt.inquiries, now - due)
        attempt.next_inquiry_at = now + policy.next_inquiry(attempt.inquiries)
        return True


def end_search(facts: AttemptFacts) -> None:
    """The gateway says that it has no money of this attempt. It may show some late, so only the last answer counts."""
    with transaction():
        attempt = locked_attempt(facts)
        if attempt.inquiries >= policy.MOST_SEARCHES:
            attempt.next_inquiry_at = None


def wants_search(facts: AttemptFacts) -> bool:
    """Whether it is not known yet what has to go back of an attempt that no order takes."""
    attempt = db.session.get_one(Attempt, facts.id)
    db.session.refresh(attempt)
    wants = attempt.state in policy.UNPLACED and attempt.next_inquiry_at is not None and not attempt.refunds
    release()
    return wants
