"""Carries one JSON message to the gateway and brings one JSON object back, or raises NotSent or OutcomeUnknown.

No redirects, no cookies, no proxies from the environment, certificates always verified, answers bounded in size.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from .errors import GatewayError, NotSent, OutcomeUnknown
from .masking import Mask
from .messages import read_object

_ANSWER_LIMIT = 256 * 1024  # bytes; a real answer has about two thousand
_PIECE = 16 * 1024


@dataclass(frozen=True)
class Exchange:
    """A call for the caller's log: without keys, tokens, names, phone, card or account numbers."""

    operation: str  # the method of PaypleClient: authenticate, confirm, charge, inquire, refund, ...
    attempt_no: str
    path: str
    request: dict[str, object]
    response: dict[str, object] | str  # the fields of the answer, or why there are none
    outcome: Literal["answered", "not_sent", "unknown"]  # "answered" may still be a no
    seconds: float
    at: datetime  # UTC, when it began

    @classmethod
    def of(
        cls,
        operation: str,
        attempt_no: str,
        url: str,
        request: Mapping[str, str],
        response: Mapping[str, object] | GatewayError,
        began: float,
    ) -> Exchange:
        """Mask and time a call that began at `began` (time.monotonic)."""
        seconds = time.monotonic() - began
        at, path = datetime.now(UTC) - timedelta(seconds=seconds), urlsplit(url).path
        if isinstance(response, GatewayError):
            asked = Mask(request).fields(request)
            outcome: Literal["not_sent", "unknown"] = "not_sent" if isinstance(response, NotSent) else "unknown"
            return cls(operation, attempt_no, path, asked, response.message, outcome, seconds, at)
        mask = Mask(request, response)
        return cls(operation, attempt_no, path, mask.fields(request), mask.fields(response), "answered", seconds, at)


Observer = Callable[[Exchange], None]


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, between two pieces of the answer, and until the whole answer is there."""

    connect: float = 3.0
    read: float = 30.0
    total: float = 35.0


class Transport:
    """Sends at most `max_calls` messages at a time, from any thread.

    Half as many more wait for a connect timeout. Any further call raises NotSent at once, so that a gateway that hangs
    does not use up the threads of the caller.
    """

    def __init__(self, referer: str, timeouts: Timeouts, max_calls: int, http: requests.Session | None = None) -> None:
        self._headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache",
            "Accept-Encoding": "identity",
            "Referer": referer,
        }
        self._timeouts = timeouts
        self._http = http or _session(max_calls)
        self._places = threading.BoundedSemaphore(max_calls + max(1, max_calls // 2))
        self._slots = threading.BoundedSemaphore(max_calls)

    def post(self, url: str, message: Mapping[str, str]) -> dict[str, object]:
        """Send one message. Raises NotSent if the connection was not made, else OutcomeUnknown."""
        body = json.dumps(message, ensure_ascii=False).encode()
        with self._slot():
            deadline = time.monotonic() + self._timeouts.total
            try:
                with self._send(url, body) as response:
                    return read_object(_read(response, deadline))
            except GatewayError:
                raise
            except Exception as error:
                if _never_connected(error):
                    raise NotSent("the gateway could not be reached") from error
                raise OutcomeUnknown("the gateway's answer was lost") from error

    def _send(self, url: str, body: bytes) -> requests.Response:
        limits = (self._timeouts.connect, min(self._timeouts.read, self._timeouts.total))
        return self._http.post(
            url, data=body, headers=self._headers, timeout=limits, stream=True, allow_redirects=False, verify=True
        )

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """Hold one of the calls that may run at a time. Raises NotSent if none is free in time."""
        busy = NotSent("too many calls to the gateway are open")
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._slots.acquire(timeout=self._timeouts.connect):
                raise busy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


def _session(connections: int) -> requests.Session:
    http = requests.Session()
    http.trust_env = False
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        http.mount(scheme, HTTPAdapter(pool_maxsize=connections))
    return http


def _never_connected(error: Exception) -> bool:
    """Return whether no connection was made: it timed out, it was refused, or the host has no address."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _read(response: requests.Response, deadline: float) -> bytes:
    """Return the body of a plain 200. Raises OutcomeUnknown for another status, compression, too much or too late."""
    if response.status_code != requests.codes.ok:
        raise OutcomeUnknown(f"the gateway answered HTTP {response.status_code}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise OutcomeUnknown("the gateway's answer is compressed although it was asked not to")
    body = bytearray()
    while piece := response.raw.read1(_PIECE):
        body += piece
        if len(body) > _ANSWER_LIMIT:
            raise OutcomeUnknown("the gateway's answer is too large")
        if time.monotonic() > deadline:
            raise OutcomeUnknown("the gateway did not answer in time")
    return bytes(body)
