"""Carries one JSON message to the gateway and brings one JSON object back, or raises NotSent or OutcomeUnknown.

No redirects, no cookies, no proxies from the environment, certificates always verified, answers bounded in size.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Literal

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from .errors import GatewayError, NotSent, OutcomeUnknown

_ANSWER_LIMIT = 256 * 1024  # bytes; a real answer has about two thousand
_PIECE = 16 * 1024


Outcome = Literal["answered", "not_sent", "unknown"]
"""Of a call. An answer may be a no."""


@dataclass(frozen=True)
class Exchange:
    """A call for the caller's log: without keys, tokens, names, phone, card or account numbers."""

    operation: str  # the method of PaypleClient: authenticate, confirm, charge, inquire, refund, ...
    attempt_no: str
    path: str
    request: dict[str, object]
    response: dict[str, object] | str  # the fields of the answer, or why there are none
    outcome: Outcome
    seconds: float


Observer = Callable[[Exchange], None]


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, between two pieces of the answer, and until the whole answer is there."""

    connect: float = 3.0
    read: float = 30.0
    total: float = 35.0


class Transport:
    """Sends at most `max_calls` messages at a time, from any thread. Any further call raises NotSent at once.

    So a gateway that hangs does not use up the threads of the caller.
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
        self._slots = threading.BoundedSemaphore(max_calls)

    def post(self, url: str, message: Mapping[str, str]) -> dict[str, object]:
        """Send one message. Raises NotSent if the connection was not made, else OutcomeUnknown."""
        if not self._slots.acquire(blocking=False):
            raise NotSent("too many calls to the gateway are open")
        deadline = time.monotonic() + self._timeouts.total
        try:
            with self._send(url, json.dumps(message, ensure_ascii=False).encode()) as response:
                return _read(response, deadline)
        except GatewayError:
            raise
        except Exception as error:
            if _never_connected(error):
                raise NotSent("the gateway could not be reached") from error
            raise OutcomeUnknown("the gateway's answer was lost") from error
        finally:
            self._slots.release()

    def _send(self, url: str, body: bytes) -> requests.Response:
        limits = (self._timeouts.connect, min(self._timeouts.read, self._timeouts.total))
        return self._http.post(
            url, data=body, headers=self._headers, timeout=limits, stream=True, allow_redirects=False, verify=True
        )


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


def _read(response: requests.Response, deadline: float) -> dict[str, object]:
    """Return the JSON object of an answer, whatever its content type says. Raises OutcomeUnknown."""
    if response.status_code != requests.codes.ok:
        raise OutcomeUnknown(f"the gateway answered HTTP {response.status_code}")
    body = bytearray()
    while piece := response.raw.read1(_PIECE):
        body += piece
        if len(body) > _ANSWER_LIMIT:
            raise OutcomeUnknown("the gateway's answer is too large")
        if time.monotonic() > deadline:
            raise OutcomeUnknown("the gateway did not answer in time")
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise OutcomeUnknown("the gateway's answer is not readable JSON") from error
    if not isinstance(answer, dict):
        raise OutcomeUnknown("the gateway's answer is not a JSON object")
    return answer
