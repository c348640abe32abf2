"""The frame of every call between servers: one transaction, barriers and faults around it, the answer or its loss."""

import errno
import select
import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from shop.simulator import ledger, runs
from shop.simulator.control import barriers, faults
from shop.simulator.control.faults import KINDS, Broken, Manner
from shop.simulator.fields import Fields
from shop.simulator.messages import as_json
from shop.simulator.payment import Payment
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.runs import Run
from shop.simulator.web import database

# On, and zero seconds: the close is a reset.
RESET = struct.pack("ii", 1, 0)
PIECEMEAL = (Manner.RESET, Manner.CLOSED_EARLY, Manner.DRIP)


class Refused(Exception):
    """A request that broke a rule; `oid` is the number of the payment that it was about."""

    def __init__(self, rule: Rule | str, oid: str = "") -> None:
        super().__init__(rule)
        self.rule = RULES[rule] if isinstance(rule, str) else rule
        self.oid = oid


def refuse_if(condition: object, rule: str, oid: str = "") -> None:
    if condition:
        raise Refused(rule, oid)


@dataclass
class Call:
    """One request in its transaction.

    `follows` is the ledger line of the authentication that it used, `note` goes into its own line.
    """

    op: str
    db: sqlite3.Connection
    run: Run
    asked: Fields
    follows: int | None = None
    note: str = ""

    @property
    def oid(self) -> str:
        return self.asked.get("PCD_PAY_OID", "")

    def write(self, payment: Payment | None = None, **details: Any) -> int:
        """Write the ledger line of this request, about a payment if there is one, and answer its number."""
        details = {"asked": self.asked, "follows": self.follows, "note": self.note, **details}
        return ledger.write(self.db, self.run, self.op, payment, **details)

    def write_refusal(self, rule: Rule, answered: Fields) -> None:
        code, oid = answered.get("PCD_PAY_CODE", rule.code), answered.get("PCD_PAY_OID", "")
        self.write(outcome="refused", oid=oid, code=code, rule=rule.id, answered=answered)


@dataclass(frozen=True)
class Answer:
    """`lost`: the effect has happened as the scenario wants it, and the answer never leaves; `seconds`: it is late."""

    fields: Fields
    lost: bool = False
    seconds: float = 0.0


Act = Callable[[Call], Answer]
Refuse = Callable[[Call, Refused], Fields]


def serve(op: str, run: Run, asked: Fields, act: Act, refuse: Refuse, oid: str | None = None) -> Response:
    """Do one operation in one transaction and answer; an armed fault breaks it before the effect or after it."""
    number = asked.get("PCD_PAY_OID", "") if oid is None else oid
    barriers.pause(run, op, "before", number)
    fault = faults.take(run, op, number, asked)
    if fault and fault.phase == "before":
        return _leave(KINDS[fault.kind].broken({}), fault.seconds)
    with database().writing() as db:
        call = Call(op, db, run, asked)
        try:
            answer = act(call)
        except Refused as refused:
            answer = Answer(refuse(call, refused))
            call.write_refusal(refused.rule, answer.fields)
    barriers.pause(run, op, "after", number)
    if fault:
        return _leave(KINDS[fault.kind].broken(answer.fields), fault.seconds)
    manner = Manner.NOTHING if answer.lost else Manner.WHOLE
    return _leave(Broken(faults.whole(as_json(answer.fields, run.policy)), manner=manner), answer.seconds)


def explain_to_browsers() -> Response | None:
    """Write down a page's request: without CORS its preflight fails, or its answer cannot be read."""
    is_preflight = "Access-Control-Request-Method" in request.headers
    is_simple = request.method == "POST" and request.headers.get("Sec-Fetch-Mode") == "cors"
    if request.path.startswith("/_sim") or not (is_preflight or is_simple):
        return None
    page = request.headers.get("Origin", "")
    with database().writing() as db:
        note = f"{page} → {request.path}"
        run = runs.by_id_or_default(db, "")
        ledger.write(db, run, "browser", outcome="refused", rule="servers_only", note=note)
    return Response(status=204) if is_preflight else None


class Connection:
    """The caller's connection under gunicorn; in process a function of the test adapter stands for it."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = request.environ.get("gunicorn.socket")
        self.tell_adapter = request.environ.get("simulator.hang_up", lambda: None)

    def wait(self, seconds: float) -> None:
        """Wait, but at most until the caller closes the connection."""
        if self.socket and seconds:
            select.select([self.socket], [], [], seconds)
        else:
            time.sleep(seconds)

    def close(self) -> None:
        self.tell_adapter()
        if self.socket:
            self.socket.shutdown(socket.SHUT_RDWR)

    def cut(self, *, reset: bool = False) -> None:
        """Close in the middle of a body. The error makes gunicorn drop the connection instead of keeping it alive."""
        self.tell_adapter()
        if self.socket and reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.socket.close()  # before gunicorn closes it without a reset
        if self.socket:
            raise ConnectionResetError(errno.ECONNRESET, "cut by a fault")


def _leave(broken: Broken, seconds: float) -> Response:
    """Send an answer or what a fault has made of it; `seconds` is how long it takes, or drips at most."""
    connection, body = Connection(), broken.body
    if broken.manner is not Manner.DRIP:
        connection.wait(seconds)
    if broken.manner is Manner.NOTHING:
        connection.close()
        body = b""
    pieces = _pieces(broken, connection, seconds) if broken.manner in PIECEMEAL else body
    response = Response(pieces, broken.status, content_type=broken.content_type)
    response.headers["Content-Length"] = str(len(body))
    if broken.location:
        response.headers["Location"] = broken.location
    return response


def _pieces(broken: Broken, connection: Connection, seconds: float) -> Iterator[bytes]:
    if broken.manner is not Manner.DRIP:
        yield broken.body[: len(broken.body) // 2]
        connection.cut(reset=broken.manner is Manner.RESET)
        return
    over = time.monotonic() + seconds
    for byte in broken.body:
        if time.monotonic() >= over:
            connection.cut()
            return
        yield bytes([byte])
        connection.wait(min(1.0, seconds))
