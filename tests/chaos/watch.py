"""Reads every answer that anybody in a run gets: server errors, tracebacks, secrets, text that became markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests

MARKER = "<zz9>"
"""Put it into any field: it must never come back as markup."""
SECONDS = 60.0
TRACEBACK = "Traceback (most recent call last)"
NOT_LET_IN = re.compile(r"/orders/[^/]+/attempts$")
"""Where 502 as JSON is the documented answer: the gateway did not open a window, and nothing can have been paid."""


class Watch:
    """What was seen so far. Any thread may ask and tell."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kills = 0
        self.secrets: set[str] = set()
        self.found: list[tuple[str, str]] = []

    def session(self) -> requests.Session:
        return _Session(self)

    @contextmanager
    def expecting_lost_connections(self) -> Iterator[None]:
        """While servers are killed or stalled, a lost connection is no violation."""
        with self._lock:
            self._kills += 1
        try:
            yield
        finally:
            with self._lock:
                self._kills -= 1

    def look(self, response: requests.Response) -> None:
        path = urlsplit(response.request.url or "").path
        place = f"{response.request.method} {path} -> {response.status_code}"
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        is_not_let_in = response.status_code == requests.codes.bad_gateway and is_json and NOT_LET_IN.search(path)
        if response.status_code >= requests.codes.server_error and not is_not_let_in:
            self.tell("I10", f"a server error: {place}")
        if MARKER in response.text:
            self.tell("I10", f"text became markup in {place}")
        self.read(response.text + str(dict(response.headers)), place)

    def read(self, text: str, place: str) -> None:
        for rest in text.split(TRACEBACK)[1:]:
            error = next((line[:200] for line in rest.splitlines()[1:] if line[:1].strip()), "cut off")
            self.tell("I10", f"a traceback in {place}: {error}")
        if any(secret in text for secret in self.secrets):
            self.tell("I9", f"a secret in {place}")

    def lose(self, asked: str, error: Exception) -> None:
        if not self._kills:
            self.tell("I10", f"no answer to {asked}: {type(error).__name__}")

    def tell(self, invariant: str, text: str) -> None:
        """Keep what must not happen, once."""
        with self._lock:
            if (invariant, text) not in self.found:
                self.found.append((invariant, text))

    def take(self) -> list[tuple[str, str]]:
        with self._lock:
            found, self.found = self.found, []
        return found


class _Session(requests.Session):
    """Follows no redirect, waits a minute at most, and is watched."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.trust_env = False
        self._watch = watch
        self.headers["Connection"] = "close"  # a kept connection may be closed by the server just when it is used

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **rest: Any) -> requests.Response:
        rest.setdefault("timeout", SECONDS)
        rest["allow_redirects"] = False
        try:
            response = super().request(method, url, *args, **rest)
        except requests.RequestException as error:
            self._watch.lose(f"{method!s} {urlsplit(str(url)).path}", error)
            raise
        self._watch.look(response)
        return response
