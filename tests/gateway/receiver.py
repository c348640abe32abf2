"""A merchant's webhook address on this machine: it answers as a test says and remembers what came."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from urllib.parse import parse_qsl

from tests.loopback import Loopback, answering, loopback


class Receiver:
    """`statuses` are answered in turn, the last one for ever; `came` also hands every message to who waits for it."""

    def __init__(self, server: Loopback) -> None:
        self.url = f"{server.address}/webhook"
        self.statuses = [200]
        self.came: Queue[dict[str, str]] = Queue()
        self._server = server

    @property
    def seen(self) -> list[tuple[str, str]]:
        """The method and the body of each request."""
        return [
            (sent.partition(" ")[0], sent.partition("\r\n\r\n")[2]) for sent in map(bytes.decode, self._server.requests)
        ]

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.seen]

    @property
    def messages(self) -> list[dict[str, str]]:
        """What was posted, read as what it says it is."""
        return [_read(body) for method, body in self.seen if method == "POST"]

    def answer(self, connection: socket.socket) -> None:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        answering(b"", f"{status} -", f"Location: {self.url}")(connection)
        method, body = self.seen[-1]
        if method == "POST":
            self.came.put(_read(body))


def _read(body: str) -> dict[str, str]:
    message: dict[str, str] = json.loads(body) if body.startswith("{") else dict(parse_qsl(body, True))
    return message


@contextmanager
def receiving() -> Iterator[Receiver]:
    """An open webhook address."""
    with loopback() as server:
        receiver = Receiver(server)
        server.behaviours.append(receiver.answer)
        yield receiver
