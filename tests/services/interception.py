"""Act while a call of the shop is on its way to the simulator."""

from collections.abc import Callable
from typing import Any

import requests

from tests.world import World

Forward = Callable[[], requests.Response]


def intercept(world: World, pass_on: Callable[[str, Forward], requests.Response]) -> None:
    """From now on `pass_on` gets the address of every call, and what forwards it to the simulator."""
    send = requests.Session.send

    def sent(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        return pass_on(request.url or "", lambda: send(session, request, **more))

    world.monkeypatch.setattr(requests.Session, "send", sent)


def act_before(world: World, path: str, act: Callable[[], object]) -> None:
    """Do this once, before the next call to such an address reaches the gateway."""
    waiting = [act]

    def interrupted(url: str, forward: Forward) -> requests.Response:
        if path in url and waiting:
            with world.app.app_context():
                waiting.pop()()
        return forward()

    intercept(world, interrupted)


def act_after(world: World, path: str, act: Callable[[], object]) -> None:
    """Do this once the gateway has answered the next such call, before the shop reads the answer."""
    waiting = [act]

    def answered(url: str, forward: Forward) -> requests.Response:
        response = forward()
        if path in url and waiting:
            waiting.pop()()
        return response

    intercept(world, answered)
