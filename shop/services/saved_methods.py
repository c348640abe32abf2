"""Cards and accounts that buyers save, and their billing keys."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from shop import clock
from shop.db import db, read_column, transaction
from shop.errors import NotFound
from shop.models import Attempt, SavedMethod, Subscription
from shop.payple import GatewayError, PaymentFound, PaypleClient
from shop.payple.backoff import backoff
from shop.payple.store import CLAIM
from shop.rules.states import AttemptState, SubscriptionState
from shop.services.orders import Visitor

KEPT = timedelta(days=365)
"""How long a key is kept. Its browser may be gone by then, and nobody else can delete it."""
_OFFERED = (
    select(SavedMethod)
    .where(SavedMethod.visitor == bindparam("visitor"), SavedMethod.is_offered, SavedMethod.deleted_at.is_(None))
    .order_by(SavedMethod.id.desc())
)
"""Built once, because every payment runs it."""


def saved_by(visitor: Visitor) -> list[SavedMethod]:
    if not visitor.mark:
        return []
    return [row for row in db.session.scalars(_OFFERED, {"visitor": visitor.mark}) if row.billing_key]


def save(attempt: Attempt, found: PaymentFound) -> SavedMethod | None:
    """Save what an attempt was paid with, if its buyer wishes so or the order is a subscription's."""
    visitor = attempt.saves_for or (attempt.order.visitor if attempt.order.month else "")
    if not (visitor and attempt.state is AttemptState.PAID and found.billing_key):
        return None
    mine = {"visitor": visitor, "fingerprint": _fingerprint(found.billing_key)}
    with suppress(IntegrityError), db.session.begin_nested():
        return _save(attempt, found, mine)
    return db.session.scalar(select(SavedMethod).filter_by(**mine))  # the same card pays another order just now


def _save(attempt: Attempt, found: PaymentFound, mine: dict[str, str]) -> SavedMethod:
    now = clock.now()
    known = db.session.scalar(select(SavedMethod).filter_by(**mine).with_for_update())
    row = known or SavedMethod(**mine, is_offered=False, next_check_at=now + KEPT)
    row.is_offered = bool(attempt.saves_for) or (row.is_offered and row.deleted_at is None)
    row.method, row.billing_key = attempt.method, found.billing_key
    row.issuer = attempt.card_issuer or attempt.bank_name
    row.number = attempt.card_number or attempt.account
    row.saved_at, row.deleted_at = now, None
    db.session.add(row)
    return row


def delete(visitor: Visitor, saved_id: int, client: PaypleClient) -> None:
    """Offer a card or an account no longer, or raise NotFound. It is deregistered unless a subscription needs it."""
    with transaction():
        row = db.session.get(SavedMethod, saved_id, with_for_update=True)
        if row is None or not visitor.mark or row.visitor != visitor.mark:
            raise NotFound
        row.is_offered = False
        delete_unneeded(row)
    handle_due(saved_id, client)


def delete_unneeded(row: SavedMethod) -> None:
    """Have it deregistered if it is neither offered nor charged by a subscription."""
    db.session.flush()
    db.session.refresh(row, with_for_update=True)
    live = Subscription.saved_method_id == row.id, Subscription.state != SubscriptionState.STOPPED
    if not row.is_offered and db.session.scalar(select(Subscription.id).where(*live).limit(1)) is None:
        row.deleted_at, row.next_check_at, row.checks = clock.now(), clock.now(), 0


def check_now(saved_id: int, client: PaypleClient) -> None:
    """Ask the gateway at once whether a key is registered."""
    _make_due(SavedMethod.id == saved_id)
    handle_due(saved_id, client)


def check_soon(billing_key: str) -> None:
    """Have the sweep ask whether a key is registered."""
    _make_due(SavedMethod.fingerprint == _fingerprint(billing_key))


def _make_due(these: ColumnElement[bool]) -> None:
    now = clock.now()
    with transaction():
        later = update(SavedMethod).where(these, SavedMethod.next_check_at > now)
        db.session.connection().execute(later.values(next_check_at=now, checks=0))


def due() -> list[int]:
    query = select(SavedMethod.id).where(SavedMethod.next_check_at <= clock.now())
    return read_column(query.order_by(SavedMethod.next_check_at, SavedMethod.id))


def handle_due(saved_id: int, client: PaypleClient) -> None:
    """Ask about a key if that is due, and deregister one that nobody has saved any more."""
    job = _claim(saved_id)
    if job is None:
        return
    try:
        is_registered = bool(job.billing_key) and client.find_billing_key(job.billing_key) is not None
        if is_registered and job.is_unused:
            client.delete_billing_key(job.billing_key)
    except GatewayError:
        return  # its next check has a date
    with transaction():
        row = db.session.get(SavedMethod, saved_id)
        if row and (job.is_deleted or not is_registered):
            paying = update(Subscription).where(Subscription.saved_method_id == saved_id)
            db.session.execute(paying.values(saved_method_id=None))  # locked before what pays them
            db.session.delete(row)
        elif row and row.deleted_at is None:
            row.next_check_at = row.saved_at + KEPT


@dataclass(frozen=True)
class _Job:
    """``is_unused``: no browser has saved the same card or account."""

    billing_key: str = field(repr=False)
    is_deleted: bool
    is_unused: bool


def _claim(saved_id: int) -> _Job | None:
    now = clock.now()
    with transaction():
        row = db.session.get(SavedMethod, saved_id, with_for_update=True)
        if row is None or row.next_check_at > now:
            return None
        row.next_check_at, row.checks = now + max(CLAIM, backoff(row.checks)), row.checks + 1
        row.deleted_at = row.deleted_at or (now if now >= row.saved_at + KEPT else None)
        db.session.flush()
        same = (SavedMethod.fingerprint == row.fingerprint, SavedMethod.deleted_at.is_(None))
        is_used = db.session.scalar(select(SavedMethod.id).where(*same).limit(1)) is not None
        return _Job(row.billing_key, row.deleted_at is not None, not is_used)


def _fingerprint(billing_key: str) -> str:
    return hashlib.sha256(billing_key.encode()).hexdigest()
