"""A gateway between the shop and the simulator that can be made hostile: it passes calls on, and answers what it likes.

The effect of a call has happened before the hostile answer leaves. Every connection has a thread of its own, so that
any number of calls may hang.
"""

from __future__ import annotations

import json
import socket
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from threading import Event, Lock, Thread
from typing import Self

import requests

from tests.chaos.watch import MARKER
from tests.tools.servers import free_ports

KOREA = timezone(timedelta(hours=9))
ADDRESS = "127.0.0.9"
LONGEST = 90.0
"""Seconds; nobody waits longer for us."""
BIG = 64 * 1024 * 1024
BOMB = 200
"""MB."""
GZIP, DEFLATE = 31, 15
DEEP = 100_000
PLACES = {
    "auth": "/php/auth.php",
    "confirm": "ConfirmAct.php",
    "inquiry": "/php/PayChkAct.php",
    "cancel": "/cPayCAct.php",
    "receipt": "/tsAct.php",
}
Sending = Callable[["Leaving", bytes], None]


class Leaving:
    """A connection on which an answer leaves."""

    def __init__(self, connection: socket.socket, over: Event) -> None:
        self._connection, self._over = connection, over

    def send(self, *pieces: bytes) -> None:
        """As it is."""
        for piece in pieces:
            self._connection.sendall(piece)

    def drip(self, content: bytes, seconds: float = 1.0) -> None:
        """One byte at a time."""
        began = time.monotonic()
        for byte in content:
            self.send(bytes([byte]))
            if self._over.wait(seconds) or time.monotonic() - began > LONGEST:
                return

    def hang(self) -> None:
        """Say nothing until the other side, or we, have gone."""
        began = time.monotonic()
        self._connection.settimeout(0.5)
        while not self._over.is_set() and time.monotonic() - began < LONGEST:
            with suppress(TimeoutError):
                if not self._connection.recv(1024):
                    return


def head(length: int | None, kind: str = "application/json", status: str = "200 OK", *more: str) -> bytes:
    """The head of an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *more, "Connection: close"]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(body: bytes, kind: str = "application/json", status: str = "200 OK", *more: str) -> Sending:
    """A well-formed answer with this body."""
    return lambda leaving, _truth: leaving.send(head(len(body), kind, status, *more), body)


def made_of(change: Callable[[bytes], bytes], *more: str) -> Sending:
    """A well-formed answer with a body that is made of the true one."""

    def sending(leaving: Leaving, truth: bytes) -> None:
        body = change(truth)
        leaving.send(head(len(body), "application/json", "200 OK", *more), body)

    return sending


@cache
def _bomb(wbits: int) -> bytes:
    """Two hundred kilobytes that become 200 MB."""
    packer, piece = zlib.compressobj(wbits=wbits), b"0" * 2**20
    return b"".join([packer.compress(b'{"x": "'), *(packer.compress(piece) for _ in range(BOMB)), packer.flush()])


def _flood(leaving: Leaving, _truth: bytes) -> None:
    """64 MB, as the head says."""
    leaving.send(head(BIG), b'{"x": "')
    for _ in range(BIG // 65_536):
        leaving.send(b"0" * 65_536)


def _endless(leaving: Leaving, _truth: bytes) -> None:
    """Chunks without an end."""
    leaving.send(head(None, "application/json", "200 OK", "Transfer-Encoding: chunked"))
    for _ in range(BIG // 32_768):
        leaving.send(b"8000\r\n", b" " * 32_768, b"\r\n")


def _slow_body(leaving: Leaving, truth: bytes) -> None:
    """A head at once, the rest never."""
    leaving.send(head(len(truth)))
    leaving.drip(truth)


def _long_head(leaving: Leaving, truth: bytes) -> None:
    """One line of a head that is longer than any reader wants."""
    leaving.send(head(len(truth), "application/json", "200 OK", "X: " + "y" * 200_000), truth)


def _many_heads(leaving: Leaving, _truth: bytes) -> None:
    """Head lines without an end."""
    leaving.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(5_000):
        leaving.send(f"X-Head-{number}: {'y' * 200}\r\n".encode())
    leaving.send(b"Content-Length: 2\r\n\r\n{}")


def _changed(truth: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(truth or b"{}") | changes).encode()


def _with_more(truth: bytes, member: bytes) -> bytes:
    return truth.rstrip()[:-1] + b", " + member + b"}"


def _wrapped(truth: bytes, wrap: Callable[[object], object]) -> bytes:
    return json.dumps({name: wrap(value) for name, value in json.loads(truth or b"{}").items()}).encode()


def _twice(truth: bytes) -> bytes:
    return b'{"result": "error", "PCD_PAY_RST": "error", ' + truth.strip()[1:]


def unpaid_yes(total: int, moment: datetime) -> Sending:
    """To a confirm that was refused: everything that a yes says, and no code that is one."""
    paid_at = moment.astimezone(KOREA).strftime("%Y%m%d%H%M%S")
    amounts = dict.fromkeys(("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL"), str(total))
    said = {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "10000", "PCD_PAY_TIME": paid_at, **amounts}
    return made_of(lambda truth: _changed(truth, **said))


HOSTILE: dict[str, Sending] = {
    "html": whole(b"<html><h1>Service Unavailable</h1></html>", "text/html"),
    "html 500": whole(b"<html><script>alert(1)</script></html>", "text/html", "500 Oops"),
    "empty": whole(b""),
    "64 MB": _flood,
    "endless chunks": _endless,
    "1 B/s": lambda leaving, truth: leaving.drip(head(len(truth)) + truth),
    "1 B/s of body": _slow_body,
    "gzip bomb": made_of(lambda _truth: _bomb(GZIP), "Content-Encoding: gzip"),
    "deflate bomb": made_of(lambda _truth: _bomb(DEFLATE), "Content-Encoding: deflate"),
    "gzip in name only": made_of(lambda truth: truth, "Content-Encoding: gzip"),
    "bad UTF-8": made_of(lambda truth: truth.replace(b"success", b"succ\xff\xfess")),
    "lone surrogate": made_of(lambda truth: _changed(truth, PCD_PAY_MSG="\ud800", result_msg="\udfff")),
    "UTF-16": made_of(lambda truth: truth.decode().encode("utf-16")),
    "NUL": made_of(lambda truth: _changed(truth, PCD_PAY_OID="a\x00b", PCD_PAY_MSG="\x00", AuthKey="\x00")),
    "wrong types": made_of(partial(_wrapped, wrap=lambda value: [value])),
    "objects": made_of(partial(_wrapped, wrap=lambda value: {"x": value})),
    "deep": made_of(lambda _truth: b"[" * DEEP + b"]" * DEEP),
    "deep inside": made_of(lambda truth: _with_more(truth, b'"x": ' + b'{"x":' * DEEP + b"1" + b"}" * DEEP)),
    "duplicate keys": made_of(_twice),
    "huge number": made_of(lambda truth: _with_more(truth, b'"PCD_PAY_TOTAL": ' + b"9" * 100_000)),
    "no number": made_of(lambda truth: _with_more(truth, b'"PCD_PAY_TOTAL": NaN, "PCD_PAY_AMOUNT": -Infinity')),
    "marker": made_of(lambda truth: _changed(truth, PCD_PAY_MSG=MARKER, PCD_PAY_CARDNAME=MARKER)),
    "too little": lambda leaving, truth: leaving.send(head(len(truth) + 1_000), truth),
    "many heads": _many_heads,
    "long head": _long_head,
    "no HTTP": lambda leaving, _truth: leaving.send(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "redirect": whole(b"", "text/html", "302 Found", "Location: http://127.0.0.66:9/"),
}  # fmt: skip


class HostileGateway:
    """Listens on an address of its own. `arm` decides what the next call of a kind is answered."""

    def __init__(self, simulator_url: str) -> None:
        self._server = socket.create_server((ADDRESS, free_ports(1)[0]), backlog=128)
        self._behind = simulator_url
        self._over = Event()
        self._lock = Lock()
        self._armed: dict[str, list[Sending]] = {}
        self.hangs = Event()
        self.url = f"http://{ADDRESS}:{self._server.getsockname()[1]}"
        Thread(target=self._serve, name="hostile gateway", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.close()

    def arm(self, op: str, sending: Sending, times: int = 1) -> None:
        """The next such calls are answered like this."""
        with self._lock:
            self._armed.setdefault(op, []).extend([sending] * times)

    def disarm(self) -> None:
        """Honest from now on."""
        self.hangs.clear()
        with self._lock:
            self._armed.clear()

    def told_by(self, fields: dict[str, str]) -> dict[str, str]:
        """What the simulator said, as if we had said it."""
        return {name: value.replace(self._behind, self.url) for name, value in fields.items()}

    def tells(self, fields: dict[str, str]) -> dict[str, str]:
        """What we said, as the simulator would have said it: windows are opened there."""
        return {name: value.replace(self.url, self._behind) for name, value in fields.items()}

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, requests.RequestException):
            connection.settimeout(LONGEST)
            said = _read(connection)
            if not said:
                return
            leaving = Leaving(connection, self._over)
            if self.hangs.is_set():
                leaving.hang()
                return
            path, truth = self._pass_on(said)
            sending = self._next(path) or made_of(lambda body: body)
            sending(leaving, truth)

    def _next(self, path: str) -> Sending | None:
        op = next((name for name, part in PLACES.items() if part in path), "")
        with self._lock:
            waiting = self._armed.get(op)
            return waiting.pop(0) if waiting else None

    def _pass_on(self, said: bytes) -> tuple[str, bytes]:
        """Ask the simulator, and answer where and what it said, its own address replaced by ours."""
        lines, _, body = said.partition(b"\r\n\r\n")
        first, *rest = lines.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name: value.strip() for name, _, value in (line.partition(":") for line in rest)}
        passed = {
            name: value for name, value in headers.items() if name.lower() in ("content-type", "referer", "accept")
        }
        answer = requests.request(
            method,
            self._behind + path,
            data=body.replace(self.url.encode(), self._behind.encode()),
            headers=passed,
            timeout=LONGEST,
            allow_redirects=False,
        )
        return path, answer.content.replace(self._behind.encode(), self.url.encode())


def _read(connection: socket.socket) -> bytes:
    """One request with its body, or nothing."""
    said = b""
    while b"\r\n\r\n" not in said:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        said += piece
    top, _, body = said.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in top.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = (int(lengths[0]) if lengths else 0) - len(body)
    while missing > 0:
        piece = connection.recv(65_536)
        if not piece:
            break
        said, missing = said + piece, missing - len(piece)
    return said
