"""The simulator's webhooks on their way into the shop of a test's world: they leave when the test says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shop.simulator.webhooks import WebhookSender
from tests.payer import WSGIAdapter
from tests.world import SHOP, SIMULATOR, World, wire_names

ADDRESS = "/payments/webhook"


@dataclass
class Postbox:
    """The webhooks of one world, without a thread and without a socket."""

    world: World
    sender: WebhookSender

    @classmethod
    def of(cls, world: World) -> Postbox:
        adapter = world.gateway.get_adapter(SIMULATOR + "/")
        assert isinstance(adapter, WSGIAdapter)
        sender: WebhookSender = adapter._app.extensions["simulator_webhooks"]  # type: ignore[attr-defined]  # a Flask app
        postbox = cls(world, sender)
        sender.send = postbox._carry
        world.control("POST", "partners", {"webhook_url": SHOP + ADDRESS})
        return postbox

    def deliver(self) -> int:
        """Everything that is due at the simulator arrives; how many."""
        return self.sender.deliver_due()

    def forge(self, attempt_no: str, **fields: str) -> None:
        said = {
            "PAY_OID": attempt_no,
            "PAY_RST": "success",
            "PAY_CODE": "0000",
            "PAY_TYPE": "card",
            "PAY_TOTAL": "1000",
        }
        body = json.dumps(wire_names(said | fields))
        response = self.world.browser().post(ADDRESS, body, content_type="application/json")
        assert (response.status_code, response.get_json()) == (200, {"result": "success"})

    def set(self, **wishes: Any) -> None:
        """Hold, release, duplicate, shuffle or drop webhooks."""
        self.world.control("POST", "webhooks", wishes)

    def _carry(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> int:
        test_client = self.world.app.test_client()
        response = Context().run(
            test_client.open, urlsplit(url).path, base_url=SHOP, method=method, headers=dict(headers), data=body
        )
        return int(response.status_code)
