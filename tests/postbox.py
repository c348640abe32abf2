"""The simulator's webhooks on their way into the shop of a test's world: they leave when the test says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shop.extensions import client
from shop.services import sweep
from shop.simulator.webhooks import WebhookSender
from tests.payer import WSGIAdapter
from tests.world import SHOP, SIMULATOR, World

ADDRESS = "/payments/webhook"


@dataclass
class Postbox:
    """Registers the shop at the simulator; `deliver` is the postman's round."""

    world: World
    postman: WebhookSender

    @classmethod
    def of(cls, world: World) -> Postbox:
        """The postman of this world's simulator, without a thread and without a socket."""
        adapter = world.gateway.get_adapter(SIMULATOR + "/")
        assert isinstance(adapter, WSGIAdapter)
        postman: WebhookSender = adapter._app.extensions["simulator_webhooks"]  # type: ignore[attr-defined]  # a Flask app
        postbox = cls(world, postman)
        postman.send = postbox._carry
        world.control("POST", "partners", {"webhook_url": SHOP + ADDRESS})
        return postbox

    def deliver(self) -> int:
        """Everything that is due at the simulator arrives; how many."""
        return self.postman.deliver_due()

    def say(self, attempt_no: str, **fields: str) -> None:
        """Post a webhook that the simulator did not send."""
        body = {
            "PCD_PAY_OID": attempt_no,
            "PCD_PAY_RST": "success",
            "PCD_PAY_CODE": "0000",
            "PCD_PAY_TYPE": "card",
            "PCD_PAY_TOTAL": "1000",
        }
        response = self.world.browser().post(ADDRESS, json.dumps(body | fields), content_type="application/json")
        assert (response.status_code, response.get_json()) == (200, {"result": "success"})

    def sweep(self, seconds: float = 6, **units: float) -> list[str]:
        """The next sweep; which attempts it asked about."""
        self.world.advance(seconds=seconds, **units)
        return sweep.run(client()).asked

    def bench(self, **wishes: Any) -> None:
        """Hold, release, duplicate, shuffle, drop."""
        self.world.control("POST", "webhooks", wishes)

    def _carry(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> int:
        test_client = self.world.app.test_client()
        response = Context().run(
            test_client.open, urlsplit(url).path, base_url=SHOP, method=method, headers=dict(headers), data=body
        )
        return int(response.status_code)
