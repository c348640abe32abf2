"""Leases: a job that runs once at a time, across workers and machines.

One who works renews it; one who is killed holds it no longer than ``LENGTH``.
Times are the caller's. A lease that ends later than any honest one could was taken by a clock that runs ahead, or
before ours was set back, and stops nobody.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.exc import IntegrityError

from shop import clock
from shop.db import db, transaction
from shop.models import Lease

LENGTH = timedelta(minutes=2)
"""It is renewed between any two rows. One row whose answers are slow may outlast it: then two jobs overlap, which harms
nobody, for each row has a guard of its own."""
FURTHEST = 2 * LENGTH
"""How far ahead an honest lease may end, clocks of machines being what they are."""


class Busy(Exception):
    """Somebody else holds the lease, until a moment."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class LeaseLost(Exception):
    """Our lease ran out and somebody else has taken over: stop."""


class HeldLease:
    """A lease of ours. ``renew`` it between two steps of the work."""

    def __init__(self, name: str, holder: str, watch: clock.Watch) -> None:
        self._ours = (Lease.name == name, Lease.holder == holder)
        self._watch = watch

    def renew(self) -> None:
        """Hold it for another while.

        :raises LeaseLost: somebody else has it
        """
        if not _change(*self._ours, until=self._watch.now() + LENGTH):
            raise LeaseLost

    def end(self, *, finished: bool) -> None:
        """Give it back; if the work was done to its end, say when."""
        now = self._watch.now()
        _change(*self._ours, until=now, **({"finished_at": now} if finished else {}))


@contextmanager
def held(name: str, now: datetime) -> Iterator[HeldLease]:
    """Hold a lease while the body runs. A body that ends with an exception has not finished.

    :raises Busy: somebody else holds it
    """
    holder = f"{socket.gethostname()[:40]} {os.getpid()} {secrets.token_hex(8)}"
    _take(name, holder, now)
    lease, finished = HeldLease(name, holder, clock.Watch(now)), False
    try:
        yield lease
        finished = True
    finally:
        lease.end(finished=finished)


def last_finished(name: str) -> datetime | None:
    """When a job was last done to its end; None: never."""
    lease = db.session.get(Lease, name)
    return lease.finished_at if lease else None


def _take(name: str, holder: str, now: datetime) -> None:
    free = or_(Lease.until <= now, Lease.until > now + FURTHEST)
    if _change(Lease.name == name, free, holder=holder, until=now + LENGTH):
        return
    try:
        with transaction():
            lease = db.session.get(Lease, name)
            if lease is not None:
                raise Busy(lease.until)
            db.session.add(Lease(name=name, holder=holder, until=now + LENGTH))
    except IntegrityError as error:  # somebody else has made the first row meanwhile
        raise Busy(now + LENGTH) from error


def _change(*where: ColumnElement[bool], **values: object) -> bool:
    """One conditional update in a transaction of its own."""
    with transaction():
        changed = db.session.connection().execute(update(Lease).where(*where).values(**values))
        return changed.rowcount == 1
