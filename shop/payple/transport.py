"""Carries one JSON message to the gateway and brings one JSON object back, or says plainly how it failed.

No redirects, no cookies, no proxies from the environment, certificates always verified, answers bounded in
size, and a total deadline that also holds against a server that sends one byte per second.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests

from .answers import read_object
from .errors import GatewayError, NotSent, OutcomeUnknown
from .line import Line, LineAdapter

_ANSWER_LIMIT = 256 * 1024  # bytes; a real answer has about two thousand
_PIECE = 16 * 1024


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, between two pieces of the answer, and for the whole call."""

    connect: float = 3.0
    read: float = 30.0
    total: float = 35.0


class Transport:
    """A pooled way to the gateway for at most `max_calls` calls at a time, safe for threads and forks.

    Half as many more may wait, as long as a connection may take; any further call is told at once that nothing was
    sent. A burst gets through, and callers of a gateway that hangs do not pile up until no thread is left for pages.
    """

    def __init__(self, referer: str, timeouts: Timeouts, max_calls: int, http: requests.Session | None = None) -> None:
        """With a session of the caller's own, everything but its ConnectTimeout counts as perhaps sent."""
        self._headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache",
            "Accept-Encoding": "identity",
            "Referer": referer,
        }
        self._timeouts = timeouts
        self._max_calls = max_calls
        self._given = http
        self._crew: _Crew | None = None
        self._lock = threading.Lock()

    def post(self, url: str, message: Mapping[str, str]) -> dict[str, object]:
        """Send one message. Raises NotSent if nothing left this machine, else OutcomeUnknown."""
        crew = self._present_crew()
        if not crew.has_room(self._timeouts.connect):
            raise NotSent("too many calls to the gateway are open")
        line = Line(said=self._given is not None)
        body = json.dumps(message, ensure_ascii=False).encode()
        try:
            call = crew.threads.submit(self._talk, crew, line, url, body)
        except RuntimeError as error:  # the machine has no thread to spare
            crew.slots.release()
            raise _given_up(line) from error
        done, _ = wait([call], timeout=self._timeouts.total)
        if done:
            return call.result()
        raise _given_up(line)

    def _talk(self, crew: _Crew, line: Line, url: str, body: bytes) -> dict[str, object]:
        """The call itself, in a thread of its own so that the deadline can be kept. Its slot is free when it ends."""
        try:
            with line, self._send(crew.http, url, body) as response:
                return read_object(_read(response))
        except requests.ConnectTimeout as error:
            raise NotSent("the gateway could not be reached in time") from error
        except GatewayError:
            raise
        except Exception as error:  # whatever it was: once bytes have left, money may have moved
            if line.said:
                raise OutcomeUnknown("the gateway's answer was lost") from error
            raise NotSent("the gateway could not be reached") from error
        finally:
            crew.slots.release()

    def _send(self, http: requests.Session, url: str, body: bytes) -> requests.Response:
        limits = (self._timeouts.connect, self._timeouts.read)
        return http.post(
            url, data=body, headers=self._headers, timeout=limits, stream=True, allow_redirects=False, verify=True
        )

    def _present_crew(self) -> _Crew:
        """This process's threads and connections: neither survives a fork."""
        with self._lock:
            if self._crew is None or self._crew.pid != os.getpid():
                http = self._given or _session(self._max_calls)
                self._crew = _Crew(
                    os.getpid(),
                    http,
                    ThreadPoolExecutor(self._max_calls, "payple"),
                    threading.BoundedSemaphore(self._max_calls),
                    threading.BoundedSemaphore(max(1, self._max_calls // 2)),
                )
            return self._crew


@dataclass(frozen=True)
class _Crew:
    pid: int
    http: requests.Session
    threads: ThreadPoolExecutor
    slots: threading.BoundedSemaphore
    bench: threading.BoundedSemaphore

    def has_room(self, patience: float) -> bool:
        """Take a slot: a free one, or after some seconds on the bench where that has a place."""
        if self.slots.acquire(blocking=False):
            return True
        if not self.bench.acquire(blocking=False):
            return False
        try:
            return self.slots.acquire(timeout=patience)
        finally:
            self.bench.release()


def _given_up(line: Line) -> GatewayError:
    """Stop waiting: what is not on the wire by now never will be."""
    if line.cut():
        return OutcomeUnknown("the gateway did not answer in time")
    return NotSent("the gateway could not be reached in time")


def _session(connections: int) -> requests.Session:
    http = requests.Session()
    http.trust_env = False
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        http.mount(scheme, LineAdapter(pool_maxsize=connections))
    return http


def _read(response: requests.Response) -> bytes:
    """The whole body of a plain 200. Raises OutcomeUnknown for another status, compression, or too much."""
    if response.status_code != requests.codes.ok:
        raise OutcomeUnknown(f"the gateway answered HTTP {response.status_code}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise OutcomeUnknown("the gateway's answer is compressed although it was asked not to")
    body = bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if len(body) > _ANSWER_LIMIT:
            raise OutcomeUnknown("the gateway's answer is too large")
    return bytes(body)
