"""Requests with next to no work on our side: only the server's work is worth measuring."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.bench.measuring import Measure, Sample

CONNECTIONS = 8
SLICE = 0.3
"""Seconds of full load, before the other side has its turn."""


class Exchange:
    """One prepared request over one connection that stays open. A status that is not expected stops the run."""

    def __init__(self, url: str, fields: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> None:
        prepared = requests.Request("POST" if fields else "GET", url, data=fields, headers=headers).prepare()
        place, body = urlsplit(url), prepared.body or b""
        head = {"Host": place.netloc} | dict(prepared.headers)
        lines = [f"{prepared.method} {prepared.path_url} HTTP/1.1", *(f"{name}: {text}" for name, text in head.items())]
        self.request = "\r\n".join([*lines, "", ""]).encode() + (body.encode() if isinstance(body, str) else body)
        self.place, self.url, self.status = (place.hostname or "", place.port or 80), url, b" %d " % status
        self.connection: socket.socket | None = None

    def __call__(self) -> bytes:
        answer = self._answer() or self._answer()  # the server has closed a connection that was idle
        status = answer.partition(b"\r\n")[0]
        assert self.status in status, f"{status!r} at {self.url}\n{answer[-500:]!r}"
        return answer

    def _answer(self) -> bytes:
        if self.connection is None:
            self.connection = socket.create_connection(self.place, timeout=60)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.connection.sendall(self.request)
            answer = _read(self.connection)
        except ConnectionError:
            answer = b""
        if not answer:
            self.connection.close()
            self.connection = None
        return answer


def rate_of(exchanges: list[Exchange], cpu: Callable[[], float]) -> Measure:
    """Requests per second with all connections busy."""

    def measure() -> Sample:
        before, started = cpu(), time.perf_counter()
        with ThreadPoolExecutor(len(exchanges)) as pool:
            count = sum(pool.map(_load, exchanges))
        return Sample(count / (time.perf_counter() - started), (cpu() - before) / count)

    return measure


def _load(exchange: Exchange) -> int:
    until, count = time.perf_counter() + SLICE, 0
    while time.perf_counter() < until:
        exchange()
        count += 1
    return count


def _read(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    while received and b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    if not received:
        return b""
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
