"""A merchant's webhook address on this machine: it answers as told and remembers what came."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl


@dataclass
class Receiver:
    """`statuses` are answered in turn, the last one for ever; `came` also hands every message to who waits for it."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    seen: list[tuple[str, str]] = field(default_factory=list)
    came: Queue[dict[str, str]] = field(default_factory=Queue)

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.seen]

    @property
    def messages(self) -> list[dict[str, str]]:
        """What was posted, read as what it says it is."""
        return [_read(body) for method, body in self.seen if method == "POST"]

    def next_status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


def _read(body: str) -> dict[str, str]:
    message: dict[str, str] = json.loads(body) if body.startswith("{") else dict(parse_qsl(body, True))
    return message


@contextmanager
def receiving() -> Iterator[Receiver]:
    """An open webhook address."""
    receiver = Receiver()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(receiver)) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/webhook"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield receiver
        server.shutdown()


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            receiver.seen.append(("HEAD", ""))
            self._answer()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            receiver.seen.append(("POST", body))
            self._answer()
            receiver.came.put(_read(body))

        def log_message(self, *_: Any) -> None:
            """Be silent."""

        def _answer(self) -> None:
            self.send_response(receiver.next_status())
            self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler
