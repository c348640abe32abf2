"""The keys that browsers gave us for a confirm: each pair is tried once, few per attempt, and one after the other.

All but the last happens inside the caller's transaction, with the order locked.
"""

import hashlib
from datetime import datetime

from sqlalchemy import delete, func, select

from shop import policy
from shop.db import db, transaction
from shop.models import KeptClaim, TriedClaim
from shop.payple import Claim


def may_try(attempt_id: int, claim: Claim) -> bool:
    """Whether these keys are new, for this attempt and for every other, and it has tries left."""
    tries = select(func.count()).where(TriedClaim.attempt_id == attempt_id)
    known = select(TriedClaim.id).where(TriedClaim.digest == _digest(claim))
    return (db.session.scalar(tries) or 0) < policy.MOST_CLAIMS and db.session.scalar(known.limit(1)) is None


def mark_tried(attempt_id: int, claim: Claim) -> None:
    """Use a try up. The index lets the same keys in only once."""
    db.session.add(TriedClaim(attempt_id=attempt_id, digest=_digest(claim)))


def forget(attempt_id: int, claim: Claim) -> None:
    """Give a try back: its keys never left this machine."""
    tried = (TriedClaim.attempt_id == attempt_id, TriedClaim.digest == _digest(claim))
    db.session.connection().execute(delete(TriedClaim).where(*tried))


def keep(attempt_id: int, claim: Claim, now: datetime) -> bool:
    """Let new keys wait for the confirm that is under way. False: they are not new, or enough wait already."""
    waiting = db.session.scalars(select(KeptClaim).where(KeptClaim.attempt_id == attempt_id)).all()
    tried = db.session.scalar(select(func.count()).where(TriedClaim.attempt_id == attempt_id)) or 0
    known = {(kept.request_key, kept.auth_key) for kept in waiting}
    has_keys = bool(claim.request_key and claim.auth_key) and (claim.request_key, claim.auth_key) not in known
    if not has_keys or len(waiting) + tried >= policy.MOST_CLAIMS or not may_try(attempt_id, claim):
        return False
    kept = KeptClaim(
        attempt_id=attempt_id,
        kept_at=now,
        request_key=claim.request_key,
        auth_key=claim.auth_key,
        payer_id=claim.payer_id,
        confirm_url=claim.confirm_url,
    )
    db.session.add(kept)
    return True


def take_kept(attempt_id: int) -> Claim | None:
    """Take the keys that have waited longest out of the database."""
    query = select(KeptClaim).where(KeptClaim.attempt_id == attempt_id).order_by(KeptClaim.id).limit(1)
    kept = db.session.scalar(query)
    if kept is None:
        return None
    db.session.delete(kept)
    return Claim(
        result="success",
        request_key=kept.request_key,
        auth_key=kept.auth_key,
        payer_id=kept.payer_id,
        confirm_url=kept.confirm_url,
    )


def drop_kept(attempt_id: int) -> None:
    """Nothing more is confirmed for this attempt, so nobody needs these keys."""
    db.session.connection().execute(delete(KeptClaim).where(KeptClaim.attempt_id == attempt_id))


def drop_old(now: datetime) -> None:
    """Keys do not outlive the worker that was to try them."""
    with transaction():
        old = KeptClaim.kept_at < now - policy.KEYS_WAIT
        db.session.connection().execute(delete(KeptClaim).where(old))


def _digest(claim: Claim) -> str:
    return hashlib.sha256(f"{claim.request_key}\n{claim.auth_key}".encode()).hexdigest()
