"""Where a request stands still: at a barrier, after telling its driver so."""

from __future__ import annotations

import json
from dataclasses import asdict

from flask import current_app

from shop.simulator import ledger, outgoing
from shop.simulator.barriers import Barrier, Barriers
from shop.simulator.ledger import Entry
from shop.simulator.outgoing import NotAnswered
from shop.simulator.runs import Run
from shop.simulator.views.requests import storage


def barriers() -> Barriers:
    """The barriers of this simulator."""
    kept: Barriers = current_app.extensions["simulator_barriers"]
    return kept


def pause(run: Run, op: str, phase: str, oid: str) -> None:
    """Go on at once, unless a barrier stands here."""
    barrier = barriers().reach(run.id, op, phase, oid)
    if barrier is None:
        return
    _tell_ledger(run, barrier, f"waits {phase} {op}")
    if barrier.notify_url:
        _notify(run, barrier)
    released = barriers().wait(barrier)
    _tell_ledger(run, barrier, "released" if released else f"went on after {barrier.seconds:g} s")


def _notify(run: Run, barrier: Barrier) -> None:
    body = json.dumps(asdict(barrier)).encode()
    try:
        status = outgoing.send("POST", barrier.notify_url, {"Content-Type": "application/json"}, body)
        _tell_ledger(run, barrier, f"told the driver: {status}")
    except NotAnswered as reason:
        _tell_ledger(run, barrier, f"the driver could not be told: {reason}")


def _tell_ledger(run: Run, barrier: Barrier, note: str) -> None:
    with storage().writing() as db:
        ledger.write(db, Entry(run.id, run.now(), "barrier", barrier.oid, note=f"#{barrier.id} {note}"))
