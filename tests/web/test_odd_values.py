"""Every address of the shop, with one odd value at a time in its path, query or form: never a 500.

The addresses come from the app, and the names that each of them reads from a first request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import pytest
from flask import Request
from sqlalchemy import text
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

from shop.db import db
from shop.services import orders
from tests.page import PAYER, PageClient
from tests.staff import NAME, PASSWORD, paid_order, refund
from tests.world import World

ODD = ("\0", "가" * 300, str(2**31), str(2**63))
ODD_DAYS = ("0001-01-01", "9999-12-31")
USUAL = PAYER | {
    "amount": "1",
    "answer": "refunded",
    "date": "2026-11-23",
    "delivery": "redirect",
    "first": "2026-11-23",
    "identity": "01012345678",
    "intent": "i" * 24,
    "last": "2026-11-23",
    "method": "card",
    "name": NAME,
    "password": PASSWORD,
    "product": "test-product",
    "purpose": "personal",
    "quantity": "1",
    "reason": "변심",
    "window": "popup",
    "work": "CERT",
}
"""What lets an address read on to its other names."""
WIRE = ("PCD_PAY_RST", "PCD_PAY_OID", "PCD_PAY_TOTAL", "PCD_PAY_TYPE", "PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAYER_ID")
"""What a result may hold: its address takes all fields there are and asks for none."""


class Recorded(ImmutableMultiDict[str, str]):
    """Fields that remember which of them were read."""

    names: ClassVar[set[str]] = set()

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return str(super().__getitem__(name))

    def getlist(self, name: str, *more: Any, **named: Any) -> list[Any]:  # type: ignore[override] # its has two shapes
        self.names.add(name)
        return list(super().getlist(name, *more, **named))


class RecordingRequest(Request):
    parameter_storage_class = Recorded


@dataclass
class Visit:
    """One address, and what is sent to it."""

    rule: Rule
    method: str
    places: dict[str, str]
    browser: PageClient
    cookie: str
    token: str

    def errors(self) -> Iterator[str]:
        """Each odd value that ends in a 500."""
        Recorded.names.clear()
        self._send(self.places, {})
        names = sorted(Recorded.names - {"csrf_token", "lang"}) + list(WIRE if "payments" in self.rule.rule else ())
        for name in names:
            for odd in (*ODD, *(ODD_DAYS if name in ("date", "last_day") else ())):
                yield from self._send(self.places, {name: odd})
        for name in self.rule.arguments:
            for odd in ODD:
                yield from self._send(self.places | {name: odd}, {})

    def _send(self, places: dict[str, str], odd: dict[str, str]) -> list[str]:
        self.browser.set_cookie("shop", self.cookie)
        fields = USUAL | {"order_no": self.places["order_no"]} | odd
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: quote(places.get(part[1], "1"), safe=""), self.rule.rule)
        if self.method == "GET":
            status = self.browser.open(f"{path}?{urlencode(fields)}").status_code
        else:
            status = self.browser.post(path, fields | {"csrf_token": self.token}).status_code
        return [f"{self.method} {path} {odd}"] if status >= 500 else []


def visits(world: World, officer: PageClient) -> Iterator[Visit]:
    """All but the reset of the demo, by a buyer who is also of the staff and has just entered the password again."""
    order_no = officer.place_order(quantity=3)
    refund(officer, paid_order(world), amount="1")
    officer.add_to_cart()
    world.app.request_class = RecordingRequest
    places = {"order_no": order_no, "slug": "test-product", "filename": "css/base.css"}
    cookie, token = officer.session_cookie(), officer.csrf_token()
    rules = [rule for rule in world.app.url_map.iter_rules() if not rule.rule.endswith("/reset")]
    for rule in sorted(rules, key=lambda rule: rule.endpoint == "admin.logout"):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield Visit(rule, method, places, officer, cookie, token)


@pytest.mark.stricter_engine
def test_no_value_is_too_odd_for_any_address(world: World, officer: PageClient) -> None:
    seen: set[str] = set()
    errors: list[str] = []
    for visit in visits(world, officer):
        errors += visit.errors()
        seen |= Recorded.names

    assert "\n".join(errors) == ""
    assert seen >= {"before", "after", "date", "name", "order_no", "intent", "payer_name", "quantity"}


@pytest.mark.stricter_engine
def test_a_staff_page_that_breaks_in_the_database_is_an_error_page_of_ours(
    world: World, officer: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL answers nothing more in a transaction that has failed, not even how many rows the desk has."""

    def broken(*_: object) -> None:
        db.session.execute(text("SELECT CAST('x' AS INTEGER)"))
        raise ValueError

    monkeypatch.setattr(orders, "search", broken)

    officer.get("/admin/orders", 500)
