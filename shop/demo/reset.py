"""The reset: shop and simulator are emptied and lived in again. Staff accounts and sessions stay."""

import fcntl
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete

from shop import clock
from shop.db import db, end_reading, transaction
from shop.demo import lived_in, shared_clock, snapshot
from shop.demo.lived_in import Event
from shop.demo.tools import client, simulator
from shop.extensions import settings
from shop.models import StaffMember, StaffSession
from shop.services import catalogue, sweep

KEPT = (StaffMember.__table__, StaffSession.__table__)


def reset() -> None:
    """Empty shop and simulator and let the last days happen again. One process at a time.

    :raises SimulatorAway: the simulator does not play along
    """
    end_reading()
    with (settings().instance / "reset.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _stop_clock()
        now = clock.now()
        _begin(now, lived_in.TODAY)
        if not snapshot.restore(_tables()):
            _make_older_days(now)
        _happen(now, lived_in.TODAY)
        shared_clock.move({"advance": _seconds(-clock.offset())})
        sweep.run(client())


def _make_older_days(now: datetime) -> None:
    _stop_clock()
    with transaction():
        for table in reversed(db.metadata.sorted_tables):
            if table not in KEPT:
                db.session.execute(delete(table))
    catalogue.seed_demo()
    _begin(now, lived_in.BEFORE)
    _happen(now, lived_in.BEFORE)
    _move_to(lived_in.TODAY[0].moment(now))
    sweep.run(client())
    snapshot.keep(_tables())


def _stop_clock() -> None:
    """Empty the simulator, which sets its clock to the machine's."""
    simulator().control("DELETE")
    clock.set_offset(0)


def _begin(now: datetime, events: Sequence[Event]) -> None:
    shared_clock.move({"ago": _seconds(now - events[0].moment(now))})


def _happen(now: datetime, events: Sequence[Event]) -> None:
    for event in events:
        _move_to(event.moment(now))
        if event.lines:
            event.act(lived_in.buyer_of(event), event.lines)
        else:
            sweep.run(client())


def _move_to(moment: datetime) -> None:
    shared_clock.move({"advance": _seconds(moment - clock.now())})


def _tables() -> list[str]:
    return [table.name for table in db.metadata.sorted_tables if table not in KEPT]


def _seconds(step: timedelta) -> int:
    """Whole seconds; no time at all where a moment has passed already."""
    return max(0, int(step.total_seconds()))
