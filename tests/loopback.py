"""A tiny server on real sockets that behaves as badly as a test tells it to."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("loopback_tls.pem")

Behaviour = Callable[[socket.socket], None]


@dataclass
class Loopback:
    """Listens on a free port and plays one behaviour per request; the last one goes on for ever."""

    behaviours: list[Behaviour]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    tls: bool = False
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    address: str = ""

    def __post_init__(self) -> None:
        scheme = "https" if self.tls else "http"
        self.address = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, accepted: socket.socket) -> None:
        with suppress(OSError), self._secured(accepted) as connection:
            while request := read_request(connection):
                self.requests.append(request)
                behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
                behaviour(connection)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if not self.tls:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        return context.wrap_socket(connection, server_side=True)

    def bodies(self) -> list[dict[str, str]]:
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]

    def headers(self) -> dict[str, str]:
        """The headers of the last request, names in lower case."""
        lines = self.requests[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    def drip(self, connection: socket.socket, content: bytes) -> None:
        """One byte at a time, each soon enough to satisfy a read timeout."""
        for byte in content:
            connection.sendall(bytes([byte]))
            if self.over.wait(0.05):
                return


@contextmanager
def loopback(*behaviours: Behaviour, tls: bool = False) -> Iterator[Loopback]:
    server = Loopback(list(behaviours), tls=tls)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()


def read_request(connection: socket.socket) -> bytes:
    """One whole request, or nothing once the client has hung up."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(body: bytes | Mapping[str, object], status: str = "200 OK", *headers: str) -> Behaviour:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def behaviour(connection: socket.socket) -> None:
        connection.sendall(head_of(len(content), status, *headers) + content)

    return behaviour


def head_of(length: int, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {length}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
