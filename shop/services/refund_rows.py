"""Rows of refunds: held with their order, and every step that they take written down."""

from datetime import datetime

from shop.db import db
from shop.models import Refund
from shop.rules.states import Source
from shop.services import journal, transitions
from shop.services.journal import ITSELF, Actor
from shop.services.moving import Step


def locked(refund_id: int) -> Refund:
    """The refund as it is now, with its order held."""
    refund = db.session.get_one(Refund, refund_id)
    transitions.lock_order(refund.order_id)
    db.session.refresh(refund)
    return refund


def note(
    refund: Refund,
    event: str,
    step: Step | None,
    now: datetime,
    evidence: dict[str, object] | None = None,
    actor: Actor | None = None,
) -> None:
    """Let the order show what the refund has become, and write it down."""
    actor = actor or wanted_by(refund)
    transitions.follow(refund.order)
    journal.note(
        event,
        at=now,
        order=refund.order,
        attempt_no=refund.attempt.attempt_no,
        source=actor.source,
        row=refund,
        step=step,
        evidence=_asked(refund) | (evidence or {}) | {"by": actor.by},
    )


def wanted_by(refund: Refund) -> Actor:
    """Who wanted this refund."""
    return ITSELF if refund.is_orphan else Actor(Source.STAFF, refund.requested_by)


def _asked(refund: Refund) -> dict[str, object]:
    return {"amount": refund.amount, "vat": refund.vat, "full": refund.is_full}
