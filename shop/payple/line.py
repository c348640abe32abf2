"""A line to the gateway that knows whether anything was said on it, and that another thread can cut.

`requests` limits the pause between two bytes, not the whole call, and one of its errors may mean "never sent"
or "sent and lost". Both matter when money moves. So every connection shows its socket to the call that uses
it just before the first byte leaves.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_thread = threading.local()


class Line:
    """The socket of one call. `with line:` makes it the current thread's."""

    def __init__(self, *, said: bool = False) -> None:
        self.said = said  # True once request bytes may have left this machine
        self._socket: socket.socket | None = None
        self._is_cut = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        _thread.line = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _thread.line = None
        with self._lock:
            self._socket = None  # it may serve another call from now on

    def speak(self, connected: socket.socket) -> None:
        """Note that bytes are about to leave. Raises ConnectionAbortedError on a line that was cut."""
        with self._lock:
            if self._is_cut:
                raise ConnectionAbortedError("the call was given up before it was sent")
            self._socket, self.said = connected, True

    def cut(self) -> bool:
        """Give the call up: nothing more is sent or received. Returns whether anything was said."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # wakes the thread that reads
            return self.said


class _Announcing(HTTPConnection):
    """Connects first, tells the line, then sends."""

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        line = getattr(_thread, "line", None)
        if isinstance(line, Line):
            line.speak(self.sock)
        super().send(data)


class _AnnouncingTls(_Announcing, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Announcing


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _AnnouncingTls


class LineAdapter(HTTPAdapter):
    """An adapter whose connections tell the current Line before they send. It never retries by itself."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
