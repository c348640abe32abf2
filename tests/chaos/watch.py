"""Looks at every answer that anybody in a run gets: no server error, no traceback, no secret, no text become markup."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

MARKER = "<zz9>"
"""Put it into any field: it must never come back as markup."""
SERVER_ERROR = 500
SECONDS = 60.0
TRACEBACK = "Traceback (most recent call last)"
Trouble = Literal["losses", "outage"]
"""Servers are killed, so connections break; the database is away, so that a page may say 503, which is: later."""
NOT_LET_IN = re.compile(r"/orders/[^/]+/attempts$")
"""Where 502 as JSON is the documented answer: the gateway did not open a window, and nothing can have been paid."""


class Watch:
    """What was seen so far. Any thread may ask and tell."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._expected: Counter[Trouble] = Counter()
        self.secrets: set[str] = set()
        self.answers: Counter[int] = Counter()
        self.lost = 0
        self.found: list[tuple[str, str]] = []

    def session(self, address: str = "") -> requests.Session:
        """A browser, watched: every answer passes `look`, every lost connection is counted.

        Each has an address of its own, as people have: a shop may count what comes from one.
        """
        return _Session(self, address or new_address())

    @contextmanager
    def expecting(self, trouble: Trouble) -> Iterator[None]:
        """For a while this is no fault of the shop, and only counted. Several may expect the same at once."""
        with self._lock:
            self._expected[trouble] += 1
        try:
            yield
        finally:
            with self._lock:
                self._expected[trouble] -= 1

    def look(self, response: requests.Response) -> None:
        """One answer of the shop."""
        asked, text = response.request, response.text
        path = urlsplit(asked.url or "").path
        place = f"{asked.method} {path} -> {response.status_code}"
        with self._lock:
            self.answers[response.status_code] += 1
            is_later = self._expected["outage"] > 0 and response.status_code == requests.codes.unavailable
        if response.status_code >= SERVER_ERROR and not is_later and not _is_not_let_in(response, path):
            self.tell("I15", f"a server error: {place}")
        self.read(text, place)
        self.read(str(dict(response.headers)), f"the headers of {place}")

    def read(self, text: str, place: str) -> None:
        """Any text that leaves the shop: pages, headers, logs."""
        for error in {_error_of(rest) for rest in text.split(TRACEBACK)[1:]}:
            self.tell("I15", f"a traceback in {place}: {error}")
        if MARKER in text and not place.startswith("log"):
            self.tell("I15", f"text became markup in {place}")
        self.search(text, place)

    def search(self, text: str, place: str) -> None:
        """Any text that is kept or leaves the shop: no key, no password."""
        if any(secret in text for secret in self.secrets):
            self.tell("I12", f"a secret in {place}")

    def lose(self, asked: str, error: Exception) -> None:
        """A connection broke."""
        with self._lock:
            self.lost += 1
            expected = self._expected["losses"] > 0
        if not expected:
            self.tell("I15", f"no answer to {asked}: {type(error).__name__}")

    def tell(self, invariant: str, text: str) -> None:
        """Keep what must not happen, once."""
        with self._lock:
            if (invariant, text) not in self.found:
                self.found.append((invariant, text))

    def take(self) -> list[tuple[str, str]]:
        """What was found since the last time."""
        with self._lock:
            found, self.found = self.found, []
        return found


class _From(HTTPAdapter):
    """Connects from one address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *sizes: Any, **more: Any) -> None:
        super().init_poolmanager(*sizes, **more, source_address=(self._address, 0))


class _Session(requests.Session):
    """A session that looks nowhere but at the address it is given, waits a minute at most, and is watched."""

    def __init__(self, watch: Watch, address: str) -> None:
        super().__init__()
        self.trust_env = False
        self.address = address
        self.mount("http://", _From(address))
        self._watch = watch
        self.headers["Connection"] = "close"  # a kept connection may be closed by the server just when it is used

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **rest: Any) -> requests.Response:
        rest.setdefault("timeout", SECONDS)
        rest["allow_redirects"] = False  # what `get` of requests would set to True
        asked = f"{method!s} {urlsplit(str(url)).path}"
        try:
            response = super().request(method, url, *args, **rest)
        except requests.RequestException as error:
            self._watch.lose(asked, error)
            raise
        self._watch.look(response)
        return response


def _error_of(rest: str) -> str:
    """The line that ends a traceback and names the error."""
    return next((line[:200] for line in rest.splitlines()[1:] if line[:1].strip()), "cut off")


def new_address() -> str:
    """One of the sixteen million loopback addresses."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def timed(response: requests.Response) -> float:
    """Seconds until the headers of an answer were there."""
    return response.elapsed.total_seconds()


def wait_until(is_true: Any, seconds: float, pause: float = 0.02) -> bool:
    """Ask again and again until something is true; whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def _is_not_let_in(response: requests.Response, path: str) -> bool:
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    return response.status_code == requests.codes.bad_gateway and is_json and bool(NOT_LET_IN.search(path))
