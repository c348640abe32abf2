"""Hear what webhooks have told: ask the gateway about the attempts that they name, outside of any request.

The listener of a server does it within seconds; what it does not get to, the sweep does. A conditional update decides
who hears a webhook, across workers and machines, and for how long: if that worker dies, another one takes it.
"""

import logging
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select, update

from shop import clock, policy
from shop.db import db, release, transaction
from shop.models import Webhook
from shop.payple import Inquiries, PaypleClient
from shop.services import claim_keys, settlement, webhooks
from shop.states import Source

log = logging.getLogger(__name__)
BATCH = 100
"""Attempts per round."""


def drain(client: PaypleClient, *, now: datetime) -> list[str]:
    """Hear everything that is due. Returns the numbers of the attempts that were heard of."""
    return list(steps(client, now=now))


def steps(client: PaypleClient, *, now: datetime, asking: Inquiries | None = None) -> Iterator[str]:
    """The same, one attempt per step and the oldest first: one question each, however many webhooks told of it.

    Ends early when the gateway does not answer.
    """
    watch = clock.Watch(now)
    for attempt_no in _due(now):
        until = watch.now() + policy.WEBHOOK_PATIENCE
        if not _take(attempt_no, watch.now(), until):
            continue
        try:
            is_answered = settlement.look(attempt_no, client, source=Source.WEBHOOK, now=watch.now(), asking=asking)
        except Exception:  # one that fails must not keep the others waiting; it is taken again later
            release()
            log.exception("a webhook about %s could not be heard", attempt_no)
            continue
        _finish(attempt_no, until, watch.now())
        yield attempt_no
        if not is_answered:
            break


def tidy(now: datetime) -> None:
    """Let go of old webhooks, and of keys whose worker died before it tried them."""
    webhooks.prune(now)
    claim_keys.drop_old(now)


def seconds_until_next(now: datetime) -> float | None:
    """How long until something is due; None while nothing waits."""
    due = db.session.scalar(select(func.min(Webhook.next_try_at)))
    release()
    return None if due is None else (due - now).total_seconds()


def _due(now: datetime) -> list[str]:
    release()  # whatever the caller has read: this has to be what is there now
    query = select(Webhook.attempt_no).where(Webhook.next_try_at <= now).group_by(Webhook.attempt_no)
    found = list(db.session.scalars(query.order_by(func.min(Webhook.next_try_at)).limit(BATCH)))
    release()
    return found


def _take(attempt_no: str, now: datetime, until: datetime) -> bool:
    """Take everything that was told of an attempt, for a while. False: somebody else is hearing it."""
    with transaction():
        due = (Webhook.attempt_no == attempt_no, Webhook.next_try_at <= now)
        taken = db.session.connection().execute(update(Webhook).where(*due).values(next_try_at=until))
        return taken.rowcount > 0


def _finish(attempt_no: str, until: datetime, now: datetime) -> None:
    """What we took is heard, unless somebody had to take it over."""
    with transaction():
        ours = (Webhook.attempt_no == attempt_no, Webhook.next_try_at == until)
        heard = update(Webhook).where(*ours).values(next_try_at=None, heard_at=now)
        db.session.connection().execute(heard)
