"""How bytes leave: whole, not at all, half, or one each second. Under gunicorn the connection itself is at hand."""

from __future__ import annotations

import errno
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from shop.simulator.fault_kinds import Broken, Manner

# On, and zero seconds: the close is a reset.
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Connection:
    """The caller's connection; in process there is none, and the caller's adapter is told instead."""

    environ: dict[str, Any]

    @property
    def socket(self) -> socket.socket | None:
        """The socket of this request, if it came over one."""
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


def leave(broken: Broken, seconds: float = 0.0) -> Response:
    """Send what a fault has made of an answer; `seconds` is how long it takes, or drips at most."""
    connection = Connection(dict(request.environ))
    if broken.manner is Manner.DRIP:
        return _stream(broken, _drip(broken.body, connection, seconds))
    connection.wait(seconds)
    if broken.manner is Manner.NOTHING:
        connection.close()
        return Response(status=200)
    if broken.manner is Manner.WHOLE:
        response = Response(broken.body, broken.status, content_type=broken.content_type)
        if broken.location:
            response.headers["Location"] = broken.location
        return response
    return _stream(broken, _half(broken.body, connection, reset=broken.manner is Manner.RESET))


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
