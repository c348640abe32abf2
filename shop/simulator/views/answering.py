"""How an answer leaves a server call: as it is, broken by a fault, or not at all."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Callable

from flask import Response, request

from shop.simulator import faults, ledger
from shop.simulator.answer import Answer
from shop.simulator.faults import KINDS, Broken, Fault
from shop.simulator.ledger import Entry
from shop.simulator.runs import Run
from shop.simulator.views.requests import storage

Act = Callable[[sqlite3.Connection], Answer]


def answering(op: str, run: Run, oid: str, asked: dict[str, str], act: Act) -> Response:
    """Do an act in one transaction and answer; an armed fault breaks it before the effect or after it."""
    fault = _armed_fault(op, run, oid, asked)
    if fault and fault.phase == "before":
        return _break(fault, {})
    with storage().writing() as db:
        answer = act(db)
    if fault:
        return _break(fault, answer.fields)
    return _leave(Broken(lost=True)) if answer.lost else _leave(Broken(_as_json(answer.fields)))


def hang_up() -> Response:
    """Close the connection without a byte. In process there is none, and the caller's adapter is told instead."""
    tell_adapter = request.environ.get("simulator.hang_up")
    connection = request.environ.get("gunicorn.socket")
    if tell_adapter:
        tell_adapter()
    elif isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=200)


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
    time.sleep(fault.seconds)
    return _leave(KINDS[fault.kind].break_answer(fields))


def _leave(broken: Broken) -> Response:
    if broken.lost:
        return hang_up()
    return Response(broken.body, broken.status, content_type=broken.content_type)


def _as_json(fields: dict[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=False)
