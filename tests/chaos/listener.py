"""A small server on a loopback address of its own: a barrier's notify_url, or a canary that nobody must ever dial."""

from __future__ import annotations

import json
import socket
from threading import Condition, Thread
from typing import Self

from tests.tools.servers import free_ports

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SECONDS = 5.0
LARGEST = 65_536


class Listener:
    """Counts whoever connects, also those that say nothing, and keeps what they sent."""

    def __init__(self, address: str = "127.0.0.7", port: int = 0) -> None:
        self._server = socket.create_server((address, port or free_ports(1)[0]))
        self._heard = Condition()
        self.hits: list[bytes] = []
        self.port = int(self._server.getsockname()[1])
        self.url = f"http://{address}:{self.port}/"
        Thread(target=self._serve, name="listener", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def wait(self, count: int, seconds: float) -> bool:
        """Until so many have come in all; whether they came in time."""
        with self._heard:
            return self._heard.wait_for(lambda: len(self.hits) >= count, seconds)

    def bodies(self) -> list[dict[str, object]]:
        """The JSON objects that were posted."""
        found = []
        for hit in list(self.hits):
            _, _, body = hit.partition(b"\r\n\r\n")
            if body.startswith(b"{"):
                found.append(json.loads(body))
        return found

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(SECONDS)
            said = _read(connection)
            with self._heard:
                self.hits.append(said)
                self._heard.notify_all()
            if said:
                connection.sendall(ANSWER)


def _read(connection: socket.socket) -> bytes:
    """One request with its body; what breaks off is what came until then."""
    said = b""
    try:
        while len(said) < LARGEST and not _is_whole(said):
            piece = connection.recv(LARGEST)
            if not piece:
                break
            said += piece
    except OSError:
        pass
    return said


def _is_whole(said: bytes) -> bool:
    head, found, body = said.partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return len(body) >= int(lengths[0]) if lengths else True
