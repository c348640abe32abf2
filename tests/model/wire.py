"""The shop's way to the simulator, watched: where a worker may die, where another may act, what else is called."""

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
    """The places around a commit and around a call to the gateway."""

    def __init__(self) -> None:
        self.reset()

    def reset(self, dies_at: int = 0) -> None:
        """Nobody else acts, and nobody dies before so many further places have been passed."""
        self.dies_at = dies_at
        self.dies_after_call = False
        self.meanwhile: Callable[[], object] | None = None
        self.trouble: list[Exception] = []
        self.is_watched = False

    def reach(self, place: str) -> None:
        """A worker comes by. It may die here; or, at the gateway, somebody else may act first."""
        if not self.is_watched:
            return
        if place == "gateway before" and self.meanwhile:
            self._act_meanwhile(self.meanwhile)
        is_last = self.dies_at == 1
        self.dies_at = max(0, self.dies_at - 1)
        if is_last or (self.dies_after_call and place == "gateway after"):
            self.is_watched = False
            raise Killed(place)

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "begin", lambda connection: self._at(connection, "commit done"))
        event.listen(engine, "commit", lambda connection: self._at(connection, "commit before"))

    def _at(self, connection: Connection, place: str) -> None:
        if connection.get_execution_options().get(WRITES, False):
            self.reach(place)

    def _act_meanwhile(self, act: Callable[[], object]) -> None:
        """Let another worker act. Its own trouble is told later, not to the one who waits."""
        self.meanwhile, self.is_watched = None, False
        try:
            act()
        except Exception as trouble:  # noqa: BLE001 - whatever it is, it is told when the work is done
            self.trouble.append(trouble)
        finally:
            self.is_watched = True


class Wire(WSGIAdapter):
    """The one way out that the shop should use. ``check_intent`` gets the path and body of each call."""

    def __init__(self, simulator: Application, points: Points, check_intent: Callable[[str, Any], None]) -> None:
        super().__init__(simulator)
        self._points, self._check_intent = points, check_intent

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        self._check_intent(request.path_url, json.loads(request.body or b"{}"))
        self._points.reach("gateway before")
        response = super().send(request, *args, **more)
        self._points.reach("gateway after")
        return response


class Canary(BaseAdapter):
    """Every other address: nobody is there, and who calls it is noted."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self._note(str(request.url))
        raise requests.ConnectionError("nobody is there")

    def close(self) -> None:
        """Nothing is open."""
