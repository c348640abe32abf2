"""What happens to the shop's calls on their way to the simulator: somebody comes in between, or an answer is changed.

For what the simulator's own faults and barriers cannot do in one process.
"""

from collections.abc import Callable
from typing import Any

import requests

from tests.payer import set_body
from tests.world import World

GoOn = Callable[[], requests.Response]


def intercept(world: World, pass_on: Callable[[str, GoOn], requests.Response]) -> None:
    """Every call comes by here from now on, with its address; it reaches the simulator only if it is let go on."""
    send = requests.Session.send

    def sent(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        return pass_on(request.url or "", lambda: send(session, request, **more))

    world.monkeypatch.setattr(requests.Session, "send", sent)


def meanwhile(world: World, path: str, act: Callable[[], object]) -> None:
    """Do this once, while the next call to such an address is on its way to the gateway."""
    waiting = [act]

    def interrupted(url: str, go_on: GoOn) -> requests.Response:
        if path in url and waiting:
            with world.app.app_context():
                waiting.pop()()
        return go_on()

    intercept(world, interrupted)


def reword(world: World, path: str, change: Callable[[requests.Response], bytes]) -> None:
    """The gateway does as it is told at such an address, and then answers with these bytes instead."""

    def reworded(url: str, go_on: GoOn) -> requests.Response:
        response = go_on()
        if path in url:
            set_body(response, change(response))
        return response

    intercept(world, reworded)
