"""What settling needs to know of an attempt, copied before the network is used."""

from dataclasses import dataclass
from datetime import date, datetime

from shop import policy
from shop.models import Attempt
from shop.payple import Work
from shop.policy import Asked
from shop.states import AttemptState


@dataclass(frozen=True)
class AttemptFacts:
    """What settling needs to know of an attempt, read before the network is used and never refreshed since."""

    id: int
    order_id: int
    order_no: str
    asked: Asked
    work: Work
    state: AttemptState
    started_at: datetime
    deadline_at: datetime
    confirming_at: datetime | None
    is_claimed: bool
    claim_refused: str
    inquiries: int
    trade_days: tuple[date, ...]
    receipt_asked: bool
    receipt_is_open: bool

    @property
    def attempt_no(self) -> str:
        """Our number for this try."""
        return self.asked.attempt_no

    @property
    def over_at(self) -> datetime:
        """From when on no payment can come of it any more."""
        late = self.deadline_at if self.confirming_at is None else self.confirming_at + policy.CONFIRM_GRACE
        return max(self.deadline_at, late)

    def is_over(self, now: datetime) -> bool:
        """Whether no payment can come of it any more."""
        return now > self.over_at


def facts_of(attempt: Attempt) -> AttemptFacts:
    """Copy what may be needed while no transaction is open."""
    return AttemptFacts(
        id=attempt.id,
        order_id=attempt.order_id,
        order_no=attempt.order.order_no,
        asked=Asked(attempt.attempt_no, attempt.amount, attempt.method),
        work=attempt.work,
        state=attempt.state,
        started_at=attempt.started_at,
        deadline_at=attempt.deadline_at,
        confirming_at=attempt.confirming_at,
        is_claimed=attempt.claimed_at is not None,
        claim_refused=attempt.claim_refused,
        inquiries=attempt.inquiries,
        trade_days=tuple(attempt.trade_days),
        receipt_asked=attempt.cash_receipt_asked,
        receipt_is_open=attempt.may_get_receipt or attempt.awaits_receipt,
    )
