"""Webhooks as they arrive: kept before they are acknowledged, each once, and never more than there is room for.

Nothing is decided here and nobody is asked: ``hearing`` does that later, outside of the request.
"""

import logging
from datetime import datetime
from threading import Lock

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from shop import policy
from shop.db import db, in_turn, release, transaction
from shop.models import Attempt, Webhook
from shop.payple import MalformedClaim, WebhookMessage
from shop.services import journal
from shop.services.seldom import Seldom
from shop.states import Source

LONGEST_NUMBER = 30
strangers = Seldom(logging.getLogger(__name__))
_writing = Lock()
"""One thread of a process writes at a time: in a storm they would keep each other, and the buyers, off SQLite."""
TURN_SECONDS = 2.0
"""While another program locks the database, no more threads than one stand before it for long. A webhook that was not
acknowledged is sent again."""


def receive(body: bytes, *, now: datetime) -> bool:
    """Keep what was posted. True: money, or a cash receipt, may still come of its attempt, so somebody has to hear it.

    What can never be understood, or is not about us, is acknowledged all the same: sent again it would be no better.
    """
    try:
        message = WebhookMessage.from_body(body)
    except MalformedClaim as error:
        strangers.note(f"a webhook could not be read ({error})")
        return False
    attempt_id = _attempt_id(message)
    if attempt_id is None:
        strangers.note("a webhook is about no attempt of ours")
    if _came_before(message) or not _has_room(message, known=attempt_id is not None):
        return False
    try:
        return _keep(message, attempt_id, now)
    except IntegrityError:  # the same one came in the same moment
        _came_before(message)
        return False


def prune(now: datetime) -> None:
    """Let go of what nobody will look up any more."""
    known = and_(Webhook.known, Webhook.received_at < now - policy.WEBHOOKS_KEPT)
    unknown = and_(~Webhook.known, Webhook.received_at < now - policy.UNKNOWN_WEBHOOKS_KEPT)
    with transaction():
        db.session.connection().execute(delete(Webhook).where(or_(known, unknown)))


def _attempt_id(message: WebhookMessage) -> int | None:
    number = message.claim.attempt_no
    found = db.session.scalar(select(Attempt.id).where(Attempt.attempt_no == number)) if number else None
    release()
    return found


def _came_before(message: WebhookMessage) -> bool:
    """Whether exactly this is here already; then it is only counted, and not for ever."""
    same = (
        Webhook.attempt_no == message.claim.attempt_no[:LONGEST_NUMBER],
        Webhook.kind == message.kind,
        Webhook.digest == message.digest,
    )
    deliveries = db.session.scalar(select(Webhook.deliveries).where(*same))
    release()
    if deliveries is not None and deliveries < policy.MOST_COUNTED:
        with in_turn(_writing, TURN_SECONDS), transaction():
            again = update(Webhook).where(*same).values(deliveries=Webhook.deliveries + 1)
            db.session.connection().execute(again)
    return deliveries is not None


def _has_room(message: WebhookMessage, *, known: bool) -> bool:
    """Whoever makes webhooks up must not fill the disk. What is lost here the sweep finds out by itself."""
    limits: list[tuple[ColumnElement[bool], int]] = [(~Webhook.known, policy.MOST_UNKNOWN_WEBHOOKS)]
    if known:
        limits = [
            (Webhook.attempt_no == message.claim.attempt_no, policy.MOST_WEBHOOKS),
            (Webhook.next_try_at.is_not(None), policy.MOST_UNHEARD_WEBHOOKS),
        ]
    counts = [(db.session.scalar(select(func.count()).where(which)) or 0, most) for which, most in limits]
    release()
    has_room = all(count < most for count, most in counts)
    if not has_room:
        strangers.note("a webhook was acknowledged and not kept, because too many are here")
    return has_room


def _keep(message: WebhookMessage, attempt_id: int | None, now: datetime) -> bool:
    """Write it down, and beside the attempt's other events what was said of it."""
    with in_turn(_writing, TURN_SECONDS), transaction():
        attempt = db.session.get_one(Attempt, attempt_id) if attempt_id is not None else None
        is_news = attempt is not None and (policy.may_bring_money(attempt.state) or attempt.may_get_receipt)
        row = Webhook(
            attempt_no=message.claim.attempt_no[:LONGEST_NUMBER],
            kind=message.kind,
            digest=message.digest,
            known=attempt is not None,
            body=message.masked,
            received_at=now,
            next_try_at=now + policy.WEBHOOK_GRACE if is_news else None,
            heard_at=None if is_news else now,
        )
        db.session.add(row)
        if attempt is not None:
            evidence = _evidence(message)
            journal.note(
                "webhook",
                at=now,
                order=attempt.order,
                attempt_no=attempt.attempt_no,
                source=Source.WEBHOOK,
                evidence=evidence,
            )
        return is_news


def _evidence(message: WebhookMessage) -> dict[str, object]:
    """What a person wants to see of it: that somebody said so, never that it is so."""
    claim = message.claim
    return {
        "kind": message.kind.value,
        "result": claim.result,
        "code": claim.code,
        "amount": claim.amount,
        "refunded": message.refunded_amount,
    }
