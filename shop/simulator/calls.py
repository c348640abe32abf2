"""The frame of every call between servers: one transaction, barriers and faults around it, the answer or its loss."""

import errno
import select
import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

from flask import Response, request

from shop.simulator import ledger
from shop.simulator.control import barriers, faults
from shop.simulator.control.faults import Broken, Manner
from shop.simulator.fields import Fields
from shop.simulator.ledger import Details
from shop.simulator.messages import as_json, refusal
from shop.simulator.payment import Payment
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.runs import Run
from shop.simulator.web import database, settings

# On, and zero seconds: the close is a reset.
RESET = struct.pack("ii", 1, 0)


class Refused(Exception):
    """A request that broke a rule; `oid` is the number of the payment that it was about."""

    def __init__(self, rule: Rule | str, oid: str = "") -> None:
        super().__init__(rule)
        self.rule = RULES[rule] if isinstance(rule, str) else rule
        self.oid = oid


@dataclass
class Call:
    """One request in its transaction.

    `follows` is the ledger line of the authentication that it used, `note` goes into its own line.
    """

    op: str
    db: sqlite3.Connection
    run: Run
    asked: Fields
    origin: str
    follows: int | None = None
    note: str = ""

    def write(self, payment: Payment | None = None, **details: Unpack[Details]) -> int:
        """Write the ledger line of this request, about a payment if there is one, and answer its number."""
        details = {"asked": self.asked, "follows": self.follows, "note": self.note, **details}
        return ledger.write(self.db, self.run, self.op, payment, **details)

    def write_refusal(self, rule: Rule, answered: Fields) -> None:
        """Write the ledger line of this request, which broke a rule; its code is the one that was answered."""
        code, oid = answered.get("PCD_PAY_CODE", rule.code), answered.get("PCD_PAY_OID", "")
        self.write(outcome="refused", oid=oid, code=code, rule=rule.id, answered=answered)


@dataclass(frozen=True)
class Answer:
    """`lost`: the effect has happened as the scenario wants it, and the answer never leaves; `seconds`: it is late."""

    fields: Fields = field(default_factory=dict)
    lost: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """How an operation words a refusal: with the code of a method, and members of the request besides."""

    method: str = ""
    more: Fields = field(default_factory=dict)
    is_monthly_card: bool = False
    worded: Callable[[Rule], Fields] | None = None

    def fields(self, refused: Refused) -> Fields:
        """The answer to a refused request."""
        rule = refused.rule
        if self.worded:
            return self.worded(rule)
        if self.is_monthly_card and rule.monthly_code:
            rule = replace(rule, code=rule.monthly_code)
        oid = {"PCD_PAY_OID": refused.oid} if refused.oid else {}
        return refusal(rule, self.method, **self.more | oid)


def serve(
    op: str, run: Run, asked: Fields, act: Callable[[Call], Answer], wording: Refusal, oid: str | None = None
) -> Response:
    """Do one operation in one transaction and answer; an armed fault breaks it before the effect or after it."""
    number = asked.get("PCD_PAY_OID", "") if oid is None else oid
    barriers.pause(run, op, "before", number)
    fault = faults.take(run, op, number, asked)
    if fault and fault.phase == "before":
        return _leave(faults.broken(fault, {}), fault.seconds)
    with database().writing() as db:
        answer = _act(Call(op, db, run, asked, settings().origin), act, wording)
    barriers.pause(run, op, "after", number)
    if fault:
        return _leave(faults.broken(fault, answer.fields), fault.seconds)
    whole = faults.whole(as_json(answer.fields, run.policy))
    return _leave(Broken(manner=Manner.NOTHING) if answer.lost else whole, answer.seconds)


def _act(call: Call, act: Callable[[Call], Answer], wording: Refusal) -> Answer:
    try:
        return act(call)
    except Refused as refused:
        answered = wording.fields(refused)
        call.write_refusal(refused.rule, answered)
        return Answer(answered)


@dataclass(frozen=True)
class Connection:
    """The caller's connection, which gunicorn has at hand; in process there is none, and the test's adapter is told."""

    environ: dict[str, Any]

    @property
    def socket(self) -> socket.socket | None:
        found = self.environ.get("gunicorn.socket")
        return found if isinstance(found, socket.socket) else None

    def wait(self, seconds: float) -> None:
        """Let time pass, but not for a caller who has hung up: then the thread is free at once."""
        if self.socket and seconds:
            select.select([self.socket], [], [], seconds)
        else:
            time.sleep(seconds)

    def close(self) -> None:
        """Close without a byte."""
        tell_adapter = self.environ.get("simulator.hang_up")
        if tell_adapter:
            tell_adapter()
        elif self.socket:
            self.socket.shutdown(socket.SHUT_RDWR)

    def cut(self, *, reset: bool) -> None:
        """Close in the middle of a body. The error makes gunicorn drop the connection instead of keeping it alive."""
        tell_adapter = self.environ.get("simulator.hang_up")
        if tell_adapter:
            tell_adapter()
            return
        if self.socket and reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.socket.close()  # before gunicorn says goodbye properly
        raise ConnectionResetError(errno.ECONNRESET, "cut by a fault")


def _leave(broken: Broken, seconds: float) -> Response:
    """Send an answer or what a fault has made of it; `seconds` is how long it takes, or drips at most."""
    connection = Connection(dict(request.environ))
    if broken.manner is Manner.DRIP:
        return _stream(broken, _drip(broken.body, connection, seconds))
    connection.wait(seconds)
    if broken.manner is Manner.NOTHING:
        connection.close()
        return Response(status=200)
    if broken.manner is not Manner.WHOLE:
        return _stream(broken, _half(broken.body, connection, reset=broken.manner is Manner.RESET))
    response = Response(broken.body, broken.status, content_type=broken.content_type)
    if broken.location:
        response.headers["Location"] = broken.location
    return response


def _stream(broken: Broken, pieces: Iterator[bytes]) -> Response:
    response = Response(pieces, broken.status, content_type=broken.content_type)
    response.headers["Content-Length"] = str(len(broken.body))
    return response


def _half(body: bytes, connection: Connection, *, reset: bool) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    connection.cut(reset=reset)


def _drip(body: bytes, connection: Connection, seconds: float) -> Iterator[bytes]:
    over = time.monotonic() + seconds
    for byte in body:
        if time.monotonic() >= over:
            connection.cut(reset=False)
            return
        yield bytes([byte])
        connection.wait(min(1.0, seconds))
