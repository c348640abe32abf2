"""The shop's way to the simulator, watched: where a worker may die, where another may come in, who else was dialled."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import BaseAdapter
from sqlalchemy import Connection, Engine, event

from shop.db import WRITES
from tests.payer import Application, WSGIAdapter


class Killed(BaseException):
    """The worker is gone, as with ``kill -9``: nothing of the shop may catch this."""


class Points:
    """The places between two effects: around a commit and around a call to the gateway."""

    def __init__(self) -> None:
        self.rest()

    def rest(self, dies_at: int = 0) -> None:
        """Nobody comes in, and nobody dies before so many further places have been passed."""
        self.dies_at = dies_at
        self.dies_after_call = False
        self.meanwhile: Callable[[], None] | None = None
        self.trouble: list[Exception] = []
        self.is_watched = False
        self.crossed = 0

    def reach(self, place: str) -> None:
        """A worker comes by. It may die here; or, at the gateway, somebody else may act first."""
        if not self.is_watched:
            return
        if place == "gateway before" and self.meanwhile:
            self._let_in(self.meanwhile)
        if self.dies_at:
            self.dies_at -= 1
            if not self.dies_at:
                self._die(place)
        if self.dies_after_call and place == "gateway after":
            self._die(place)

    def _die(self, place: str) -> None:
        self.is_watched = False
        raise Killed(place)

    def watch(self, engine: Engine) -> None:
        """Stand around every write transaction of a database."""
        event.listen(engine, "begin", lambda connection: self._at(connection, "commit done"))
        event.listen(engine, "commit", lambda connection: self._at(connection, "commit before"))

    def _at(self, connection: Connection, place: str) -> None:
        if connection.get_execution_options().get(WRITES, False):
            self.reach(place)

    def _let_in(self, act: Callable[[], None]) -> None:
        """Another worker, at the worst moment. Its own trouble is told later, not to the one who waits."""
        self.meanwhile, self.is_watched = None, False
        try:
            act()
        except Exception as trouble:  # noqa: BLE001 - whatever it is, it is told when the work is done
            self.trouble.append(trouble)
        finally:
            self.is_watched = True
            self.crossed += 1


class Wire(WSGIAdapter):
    """The one way out that the shop should use. ``intended`` says whether a call's intent stands in the database."""

    def __init__(self, simulator: Application, points: Points, intended: Callable[[str, dict[str, Any]], None]) -> None:
        super().__init__(simulator)
        self._points, self._intended = points, intended

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """One call, with its two points."""
        self._intended(request.path_url, json.loads(request.body or b"{}"))
        self._points.reach("gateway before")
        response = super().send(request, *args, **more)
        self._points.reach("gateway after")
        return response


class Canary(BaseAdapter):
    """Every other address. Nobody is there, and who dials it is written down."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Write it down and fail."""
        self._note(str(request.url))
        raise requests.ConnectionError("nobody is there")

    def close(self) -> None:
        """Nothing is open."""


def watched_session(wire: Wire, canary: Canary, gateway: str) -> requests.Session:
    """A session for the shop's client."""
    session = requests.Session()
    session.trust_env = False
    for prefix in ("http://", "https://"):
        session.mount(prefix, canary)
    session.mount(gateway + "/", wire)
    return session
