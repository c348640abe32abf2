"""How an answer leaves a server call: as it is, broken by a fault, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from flask import Response

from shop.simulator import faults, ledger
from shop.simulator.answer import Answer
from shop.simulator.fault_kinds import KINDS, Broken, Manner, whole
from shop.simulator.faults import Fault
from shop.simulator.ledger import Entry
from shop.simulator.runs import Run
from shop.simulator.views.leaving import leave
from shop.simulator.views.pausing import pause
from shop.simulator.views.requests import storage
from shop.simulator.wording import as_json

Act = Callable[[sqlite3.Connection], Answer]


def answering(op: str, run: Run, oid: str, asked: dict[str, str], act: Act) -> Response:
    """Do an act in one transaction and answer; an armed fault breaks it before the effect or after it."""
    pause(run, op, "before", oid)
    fault = _armed_fault(op, run, oid, asked)
    if fault and fault.phase == "before":
        return _break(fault, {})
    with storage().writing() as db:
        answer = act(db)
    pause(run, op, "after", oid)
    if fault:
        return _break(fault, answer.fields)
    return leave(
        Broken(manner=Manner.NOTHING) if answer.lost else whole(as_json(answer.fields, run.policy)), answer.seconds
    )


def _armed_fault(op: str, run: Run, oid: str, asked: dict[str, str]) -> Fault | None:
    with storage().reading() as db:
        if not faults.armed(db, run.id):
            return None
    with storage().writing() as db:
        fault = faults.take(db, run.id, op, oid)
        if fault:
            note = f"{fault.kind} {fault.phase} {op}"
            ledger.write(db, Entry(run.id, run.now(), "fault", oid=oid, outcome="fault", note=note, asked=asked))
    return fault


def _break(fault: Fault, fields: dict[str, str]) -> Response:
    return leave(KINDS[fault.kind].break_answer(fields), fault.seconds)
