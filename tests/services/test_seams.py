"""Where parts of the shop meet: what one of them knows must not be lost because another was faster, slower or dead."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from shop.db import db
from shop.models import Refund
from shop.services import refunding, sweep
from shop.states import RefundState
from shop.views.shop import client
from tests import world as worlds
from tests.services.test_refunding import paid_order, refund, returned
from tests.world import World

LONG_CALL = timedelta(seconds=75)
"""A refund is two calls, and each may take its whole deadline."""


def meanwhile(world: World, path: str, act: Callable[[], object]) -> None:
    """Do this once, while the next call to such an address is on its way to the gateway."""
    send, waiting = requests.Session.send, [act]

    def interrupted(session: requests.Session, request: requests.PreparedRequest, **more: object) -> requests.Response:
        if path in (request.url or "") and waiting:
            with world.app.app_context():
                waiting.pop()()
        return send(session, request, **more)  # type: ignore[arg-type]  # passed on as they came

    world.monkeypatch.setattr(requests.Session, "send", interrupted)


# --- refunds whose worker is slow -----------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_partial_refund_that_takes_its_time_is_not_taken_for_lost(world: World) -> None:
    """Else a person could decide that nothing went back, in the very moment in which it does."""
    order_no, seen = paid_order(world), []

    def pass_by() -> None:
        sweep.run(client(), now=worlds.now() + LONG_CALL)
        seen.append(db.session.scalars(select(Refund)).one().state)

    meanwhile(world, "cPayCAct", pass_by)

    done = refund(world, order_no, 4_000)

    assert (seen, done.state) == ([RefundState.SUBMITTED], RefundState.DONE)
    assert world.order(order_no).refunded == 4_000


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [4_000, 10_000])
def test_the_gateways_yes_to_a_refund_counts_however_late_its_worker_writes_it(world: World, amount: int) -> None:
    """The worker was stopped for an hour: the sweep has given it up, and nobody has decided yet."""
    order_no = paid_order(world)
    meanwhile(world, "cPayCAct", lambda: refunding.give_up_dead(worlds.now() + timedelta(hours=1)))

    done = refund(world, order_no, amount)

    assert (done.state, world.order(order_no).refunded, returned(world, order_no)) == (RefundState.DONE, amount, amount)
