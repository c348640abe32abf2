"""Refunds that people decide: a lost answer that somebody has looked up, a repeat, a refund made past the shop.

What is decided here rests on evidence from outside or on the gateway's later word, and whoever said so is written down.
"""

import secrets
from datetime import datetime

from sqlalchemy import select

from shop import refund_policy
from shop.db import db, transaction
from shop.errors import NotFound, RefundRefused
from shop.graph import Proof
from shop.models import Attempt, Refund
from shop.money import Won
from shop.payple import PaypleClient
from shop.services import moving, recording, refund_rows, refunding, told
from shop.services.journal import Actor
from shop.services.refunding import RefundWish
from shop.states import RefundState, Source


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
    refunding.send(again, client, now=now)
    return db.session.get_one(Refund, again)


def adopt(attempt_no: str, returned: Won, *, by: str, now: datetime) -> bool:
    """Follow the gateway's own answer about how much of a paid attempt has gone back in all, in won.

    It decides a refund whose answer was lost; what went back past the shop becomes a refund of ours. False: our rows
    cannot explain it, or it is too early to say that nothing went back, so a person has to.
    """
    attempt = db.session.scalars(select(Attempt).where(Attempt.attempt_no == attempt_no)).one()
    done = sum(refund.amount for refund in attempt.refunds if refund.state is RefundState.DONE)
    lost = next((refund for refund in attempt.refunds if refund.state is RefundState.UNKNOWN), None)
    if lost is not None and returned == done and not refund_policy.would_show(lost.submitted_at, now):
        return False
    if lost is not None and returned in (done, done + lost.amount):
        _decide(lost.id, was_refunded=returned > done, by=by, now=now, proof=Proof.INQUIRY)
        return True
    if attempt.is_refunding or returned <= done:
        return False
    return _adopt(attempt.order_id, Won(returned - done), done, by, now)


def _again(refund_id: int, by: str, now: datetime) -> int:
    """The refund to send: this one, or its successor where the gateway has refused this one."""
    with transaction():
        refund = db.session.get(Refund, refund_id)
        if refund is None:
            raise NotFound
        recording.lock_order(refund.order_id)
        db.session.refresh(refund)
        if not refund.can_be_repeated:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        if refund.state is not RefundState.REFUSED:
            return refund.id
        successor = next((later for later in refund.attempt.refunds if later.id > refund.id), None)
        if successor is None:
            successor = _successor(refund, now)
            step = moving.born(successor, Proof.INTENT)
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


def _decide(refund_id: int, *, was_refunded: bool, by: str, now: datetime, proof: Proof = Proof.STAFF) -> Refund:
    actor = Actor(Source.STAFF, by)
    with transaction():
        refund = refund_rows.locked(refund_id)
        if refund.state is not RefundState.UNKNOWN:
            raise RefundRefused(RefundRefused.Reason.NOT_UNKNOWN)
        state = RefundState.DONE if was_refunded else RefundState.REFUSED
        step = moving.move(refund, state, proof, settled_at=now, decided_by=by)
        refund_rows.note(refund, "refund_decided", step, now, {"was_refunded": was_refunded}, actor)
        if was_refunded:
            refunding.change_receipt(refund, Proof.STAFF, settled=False, now=now, actor=actor)
    return refund


def _adopt(order_id: int, amount: Won, done_before: int, by: str, now: datetime) -> bool:
    """A refund that was made at the gateway, past the shop: it walks the same states as one of ours, at once.

    Its cash receipt is the gateway's matter, as in its own cancels; where that left another one, reconciling tells.
    """
    wish = RefundWish(amount, Won(0), told.OUTSIDE, f"outside-{secrets.token_urlsafe(12)}")
    actor = Actor(Source.STAFF, by)
    with transaction():
        order = recording.lock_order(order_id)
        db.session.refresh(order)
        paid = refunding.facts(order)
        if paid is None or paid.gone != done_before or amount > paid.refundable:
            return False
        refund = refunding.row_of(order, wish, refunding.plan(order, amount), by, now)
        refund_rows.note(refund, "refund_reserved", moving.born(refund, Proof.INTENT), now)
        step = moving.move(refund, RefundState.SUBMITTED, Proof.INTENT, submitted_at=now)
        refund_rows.note(refund, "refund_submitted", step, now, {"outside": True})
        step = moving.move(refund, RefundState.DONE, Proof.INQUIRY, settled_at=now, decided_by=by)
        refund_rows.note(refund, "refund_done", step, now, {"outside": True})
        refunding.change_receipt(refund, Proof.CANCEL, settled=True, now=now, actor=actor)
        return True
