"""The demo in one process: the shop, the simulator, and the machine's own time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from shop import clock
from shop.db import db
from shop.factory import create_app
from shop.services import staff
from shop.simulator import SimulatorSettings
from tests import world
from tests.page import PageClient
from tests.payer import wsgi_session
from tests.tools.simulators import fresh_simulator

STAFF = {"ADMIN_USERNAME": "staff", "ADMIN_PASSWORD": "correct horse battery"}


@dataclass
class Demo:
    app: Flask
    simulator: Flask

    def browser(self) -> PageClient:
        return PageClient(self.app)

    def owner(self, made: dict[str, Any]) -> PageClient:
        """The browser of an order that was made."""
        browser = self.browser()
        for cookie in made["cookies"]:
            browser.set_cookie(cookie["name"], cookie["value"])
        return browser

    def post(self, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
        """Post JSON as a program does; answers the JSON."""
        response = self.browser().post(f"/_demo/{path}", json=body, **more)
        assert response.status_code == status, response.text
        return response.get_json()

    def make(self, state: str, **wish: Any) -> dict[str, Any]:
        """Make an order; answers it as the API shows it."""
        made = self.post("orders", {"state": state} | wish, 201)
        return self.show(made["order_no"])

    def show(self, order_no: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.browser().open(f"/_demo/orders/{order_no}").get_json()
        return shown

    def control(self, path: str) -> Any:
        return self.simulator.test_client().get(f"/_sim/{path}").get_json()


@pytest.fixture
def demo(database_url: str, filled_database: Path, tmp_path: Path) -> Iterator[Demo]:
    is_file = database_url.startswith("sqlite")
    if is_file:
        (tmp_path / "shop.sqlite").write_bytes(filled_database.read_bytes())
    settings = world.shop_settings(database_url, tmp_path, **STAFF)
    simulator = fresh_simulator(SimulatorSettings(tmp_path / "simulator.sqlite", origin=world.SIMULATOR))
    app = create_app(settings, http=wsgi_session(simulator, world.SIMULATOR))
    if not is_file:
        world.migrate(app)
    with app.app_context():
        staff.add(STAFF["ADMIN_USERNAME"], STAFF["ADMIN_PASSWORD"])
    yield Demo(app, simulator)
    clock.keep_offset_in(None)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
