"""The simulator's webhooks on their way into the shop of a test's world: they leave when the test says so."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from shop import clock, policy
from shop.db import db
from shop.models import Webhook
from shop.services import hearing
from shop.simulator.postman import Postman
from shop.views.shop import client
from tests.payer import WSGIAdapter
from tests.world import SHOP, SIMULATOR, World

ADDRESS = "/payments/webhook"


@dataclass
class Postbox:
    """Registers the shop at the simulator; `deliver` is the postman's round, `hear` the listener's."""

    world: World
    postman: Postman

    @classmethod
    def of(cls, world: World) -> Postbox:
        """The postman of this world's simulator, without a thread and without a socket."""
        adapter = world.gateway.get_adapter(SIMULATOR + "/")
        assert isinstance(adapter, WSGIAdapter)
        postman: Postman = adapter._app.extensions["simulator_postman"]  # type: ignore[attr-defined]  # a Flask app
        postbox = cls(world, postman)
        postman._send = postbox._carry
        world.control("POST", "partners", {"webhook_url": SHOP + ADDRESS})
        return postbox

    def deliver(self) -> int:
        """Everything that is due at the simulator arrives; how many."""
        return self.postman.deliver_due()

    def hear(self) -> list[str]:
        """Once the browser has had its moment, what has arrived is heard."""
        self.world.advance(seconds=policy.WEBHOOK_GRACE.total_seconds())
        return hearing.drain(client(), now=clock.now())

    def rows(self) -> list[Webhook]:
        """What the shop has kept."""
        db.session.rollback()
        return list(db.session.scalars(select(Webhook).order_by(Webhook.id)))

    def bench(self, **wishes: Any) -> None:
        """Hold, release, duplicate, shuffle, drop."""
        self.world.control("POST", "webhooks", wishes)

    def _carry(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> int:
        test_client = self.world.app.test_client()
        response = Context().run(
            test_client.open, urlsplit(url).path, base_url=SHOP, method=method, headers=dict(headers), data=body
        )
        return int(response.status_code)
