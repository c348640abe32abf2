"""Refunds that people decide: a lost answer that somebody has looked up, a repeat, a refund made past the shop.

What is decided here rests on evidence from outside or on the gateway's later word, and whoever said so is written down.
"""

from datetime import datetime

from shop.db import db, transaction
from shop.errors import NotFound, RefundRefused
from shop.models import Refund
from shop.payple import PaypleClient
from shop.rules.states import RefundState, Source
from shop.services import cash_receipts, moving, refund_rows, refunds, transitions
from shop.services.journal import Actor

OUTSIDE = "cancelled at the gateway"
"""The reason of a refund that was made past the shop."""


def decide(refund_id: int, *, was_refunded: bool, by: str, now: datetime) -> Refund:
    """A person settles a refund whose answer was lost, by evidence from outside. Their name is kept.

    :raises NotFound: no such refund
    :raises RefundRefused: it is not unknown (any more), or will still be asked again by itself
    """
    refund = db.session.get(Refund, refund_id)
    if refund is None:
        raise NotFound
    if not refund.awaits_person:
        raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
    return _decide(refund_id, was_refunded=was_refunded, by=by, now=now)


def repeat(refund_id: int, *, by: str, client: PaypleClient, now: datetime) -> Refund:
    """Send a full cancel again at once. Safe: where the first one worked, the gateway refuses the second.

    One of the shop's own that the gateway has refused for good is begun anew, and stays in the books as refused.

    :raises NotFound: no such refund
    :raises RefundRefused: it must not be repeated
    """
    again = _again(refund_id, by, now)
    refunds.send(again, client, now=now)
    return db.session.get_one(Refund, again)


def record_returned_elsewhere(refund_id: int, *, by: str, now: datetime) -> Refund:
    """Record that a person has returned money whose cancel the gateway refused. It is not sent again.

    :raises RefundRefused: it is not refused, or has been sent again meanwhile
    """
    actor = Actor(Source.STAFF, by)
    with transaction():
        refund = refund_rows.locked(refund_id)
        if not refund.is_refused_return or refund.attempt.refunds[-1].id != refund.id:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        refund.returned_elsewhere_by = by
        refund_rows.note(refund, "returned_elsewhere", None, now, actor=actor)
        cash_receipts.follow_refund(refund, actor)
    return refund


def _again(refund_id: int, by: str, now: datetime) -> int:
    """The refund to send: this one, or its successor where the gateway has refused this one."""
    with transaction():
        refund = db.session.get(Refund, refund_id)
        if refund is None:
            raise NotFound
        transitions.lock_order(refund.order_id)
        db.session.refresh(refund)
        if not refund.can_be_repeated:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        if refund.state is not RefundState.REFUSED:
            return refund.id
        successor = next((later for later in refund.attempt.refunds if later.id > refund.id), None)
        if successor is None:
            successor = _successor(refund, now)
            step = moving.create(successor)
            refund_rows.note(successor, "refund_reserved", step, now, actor=Actor(Source.STAFF, by))
        return successor.id


def _successor(refused: Refund, now: datetime) -> Refund:
    return Refund(
        intent=f"again-{refused.id}",
        order_id=refused.order_id,
        attempt_id=refused.attempt_id,
        amount=refused.amount,
        vat=refused.vat,
        sends_vat=refused.sends_vat,
        is_full=True,
        reason=refused.reason,
        reserved_at=now,
        next_try_at=now,
    )


def _decide(refund_id: int, *, was_refunded: bool, by: str, now: datetime) -> Refund:
    actor = Actor(Source.STAFF, by)
    with transaction():
        refund = refund_rows.locked(refund_id)
        if refund.state is not RefundState.UNKNOWN:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        state = RefundState.DONE if was_refunded else RefundState.REFUSED
        step = moving.move(refund, state, settled_at=now, decided_by=by)
        refund_rows.note(refund, "refund_decided", step, now, {"was_refunded": was_refunded}, actor)
        if was_refunded:
            cash_receipts.follow_refund(refund, actor)
    return refund
