"""What the question about a late cash receipt needs of an attempt, copied before the network is used."""

from dataclasses import dataclass
from datetime import date, datetime

from shop.models import Attempt
from shop.payple import flow
from shop.rules.refund import Asked
from shop.rules.states import AttemptState


@dataclass(frozen=True)
class AttemptFacts:
    """Read before the network is used and never refreshed since."""

    id: int
    order_id: int
    asked: Asked
    state: AttemptState
    started_at: datetime
    deadline_at: datetime
    trade_date: date | None
    receipt_is_open: bool

    @property
    def attempt_no(self) -> str:
        """Our number for this attempt."""
        return self.asked.attempt_no

    def days_to_ask(self, now: datetime) -> list[date]:
        """Return the days under which the payment may be filed."""
        return [self.trade_date] if self.trade_date else flow.days_to_ask(self.started_at, now)


def facts_of(attempt: Attempt) -> AttemptFacts:
    """Copy what may be needed while no transaction is open."""
    return AttemptFacts(
        id=attempt.id,
        order_id=attempt.order_id,
        asked=Asked(attempt.attempt_no, attempt.amount, attempt.method),
        state=attempt.state,
        started_at=attempt.started_at,
        deadline_at=attempt.deadline_at,
        trade_date=attempt.trade_date,
        receipt_is_open=attempt.may_get_receipt or attempt.awaits_receipt,
    )
