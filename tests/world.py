"""A small world for tests: the real shop and the real simulator in one process, joined by the real client's wire."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest
import requests
from flask import Flask
from flask_migrate import Migrate, upgrade
from sqlalchemy import select

from shop import clock
from shop.db import db
from shop.extensions import client
from shop.factory import create_app
from shop.models import Attempt, JournalEntry, Order, Product, Refund
from shop.rules.money import Won
from shop.schema import MIGRATIONS
from shop.services import catalogue, refunds, sweep
from shop.services.refunds import RefundWish
from shop.settings import Settings
from shop.simulator import SimulatorSettings
from tests.page import Page, PageClient
from tests.payer import Pairs, Payer, Window, wsgi_session
from tests.tools.simulators import fresh_simulator

Result = TypeVar("Result")

SHOP = "http://localhost:8000"
SIMULATOR = "http://127.0.0.1:8001"


@dataclass
class World:
    """Shop, simulator and their clocks. Rows are read in an application context that stays open for the test."""

    app: Flask
    gateway: requests.Session
    monkeypatch: pytest.MonkeyPatch
    ahead: timedelta = field(default_factory=timedelta)

    def browser(self) -> PageClient:
        return PageClient(self.app)

    def purchase(self, slug: str = "test-product", quantity: int = 1, **choices: Any) -> Purchase:
        """A new buyer with an order and a payment window that can be opened."""
        buyer = self.browser()
        return Purchase(self, buyer, buyer.place_order(slug, quantity)).start(**choices)

    def payer(self) -> Payer:
        return Payer(self.gateway, page_url=f"{SHOP}/orders/some", simulator=SIMULATOR)

    def advance(self, **units: float) -> None:
        """Let time pass for the shop and for the simulator alike."""
        step = timedelta(**units)
        self.ahead += step
        ahead = self.ahead
        self.monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + ahead)
        self.control("POST", "clock", {"advance": step.total_seconds()})

    def sweep(self, times: int = 1, **units: float) -> sweep.Report:
        """Let time pass and sweep; answers the last report."""
        self.advance(**units)
        for _ in range(times - 1):
            self.sweep()
        db.session.rollback()
        return sweep.run(client())

    def all_at_once(self, width: int, act: Callable[[int], Result]) -> list[Result]:
        """Run an act in so many threads that start together, each in an application context of its own."""
        barrier = Barrier(width)

        def run(number: int) -> Result:
            with self.app.app_context():
                barrier.wait()
                return act(number)

        db.session.remove()
        with ThreadPoolExecutor(width) as threads:
            return list(threads.map(run, range(width)))

    def policy(self, **choices: Any) -> None:
        self.control("POST", "policy", choices)

    def fault(self, op: str, kind: str | list[str], **more: Any) -> None:
        self.control("POST", "faults", {"op": op, "kind": kind} | more)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        response = self.gateway.request(method, f"{SIMULATOR}/_sim/{path}".rstrip("/"), json=body)
        assert response.ok, response.text
        return response.json() if response.content else None

    def asked(self, path: str) -> list[dict[str, Any]]:
        """What the simulator's ledger says was asked of it at a path."""
        entries = self.control("GET", "ledger")
        return [entry for entry in entries if path in str(entry)]

    def calls(self, *operations: str) -> int:
        kinds = operations or ("auth", "inquiry", "confirm", "cancel", "receipt", "receipt_cancel")
        return sum(1 for entry in self.control("GET", "ledger") if entry["op"] in kinds)

    def charged(self) -> dict[str, int]:
        """Won that really moved, by attempt number, as the simulator's own books have it."""
        payments = self.control("GET", "payments")
        moved = ("approved", "partially_cancelled", "cancelled")
        return {row["oid"]: int(row["total"]) for row in payments if row["state"] in moved}

    def order(self, order_no: str) -> Order:
        db.session.rollback()
        return db.session.scalars(select(Order).where(Order.order_no == order_no)).one()

    def attempt(self, attempt_no: str) -> Attempt:
        db.session.rollback()
        return db.session.scalars(select(Attempt).where(Attempt.attempt_no == attempt_no)).one()

    def stock(self, slug: str) -> int | None:
        db.session.rollback()
        return db.session.scalars(select(Product.stock).where(Product.slug == slug)).one()

    def events(self, attempt_no: str) -> list[str]:
        db.session.rollback()
        query = select(JournalEntry.event).where(JournalEntry.attempt_no == attempt_no).order_by(JournalEntry.id)
        return list(db.session.scalars(query))

    def dump(self, *, only: Collection[str] = (), without: Collection[tuple[str, str]] = ()) -> str:
        """Every value of the database as text, but for some columns."""
        db.session.rollback()
        tables = [table for table in db.metadata.sorted_tables if not only or table.name in only]
        columns = [column for table in tables for column in table.columns if (table.name, column.name) not in without]
        return "\n".join(str(value) for column in columns for value in db.session.scalars(select(column)))

    def deliver(self, claim: Pairs) -> str:
        """Post a result as a browser without our cookie would; answers where it is sent."""
        response = self.browser().post("/payments/result", claim)
        assert response.status_code == 303, response.text
        assert "Set-Cookie" not in response.headers
        return str(response.headers["Location"])


@dataclass(frozen=True)
class Purchase:
    """A buyer's order and its latest attempt to pay. Rows are as they are in the database now."""

    world: World
    buyer: PageClient
    order_no: str
    attempt_no: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def start(self, **choices: Any) -> Purchase:
        opening = self.buyer.start_attempt(self.order_no, **choices)
        return replace(self, attempt_no=opening["attempt_no"], fields=opening["fields"])

    def refused_start(self, **choices: Any) -> str:
        """Try to start another attempt; answers why the shop refuses."""
        return str(self.buyer.start_attempt(self.order_no, 409, **choices)["error"]["code"])

    def open(self, **changed: str) -> Window:
        """Open the window, with fields that a browser has changed."""
        return self.world.payer().open(self.fields | wire_names(changed))

    def claim(self, scenario: str = "", *, cash_receipt: bool = True, **changed: Any) -> Pairs:
        """Go through the window; answers what the browser would deliver."""
        return self.world.payer().pay(self.fields | wire_names(changed), scenario, cash_receipt=cash_receipt)

    def forged(self, result: str = "success", **fields: str) -> Pairs:
        return list(wire_names({"PAY_OID": self.attempt_no, "PAY_RST": result} | fields).items())

    def pay(self, scenario: str = "", *, cash_receipt: bool = True) -> Purchase:
        self.world.deliver(self.claim(scenario, cash_receipt=cash_receipt))
        return self

    def page(self) -> Page:
        return self.buyer.get(f"/orders/{self.order_no}")

    @property
    def order(self) -> Order:
        return self.world.order(self.order_no)

    @property
    def attempt(self) -> Attempt:
        return self.world.attempt(self.attempt_no)

    @property
    def states(self) -> tuple[str, str]:
        return self.order.state.value, self.attempt.state.value

    @property
    def events(self) -> list[str]:
        return self.world.events(self.attempt_no)

    @property
    def payments(self) -> list[dict[str, Any]]:
        numbers = {attempt.attempt_no for attempt in self.order.attempts}
        return [row for row in self.world.control("GET", "payments") if row["oid"] in numbers]

    @property
    def returned(self) -> int:
        """Won that went back, as the simulator has it."""
        return sum(int(row["refunded_total"]) for row in self.payments)

    @property
    def covered(self) -> int:
        """Won that an active cash receipt covers, as the simulator has it."""
        return sum(int(row["cash_receipt_amount"]) for row in self.payments if row["cash_receipt"] == "issued")

    def wish(self, amount: int, *, key: str = "", seen: int | None = None) -> RefundWish:
        """A refund form of somebody who sees the balance as it is now."""
        facts = refunds.facts(self.order)
        assert facts is not None
        key = key or f"key-{clock.now().timestamp()}"
        return RefundWish(Won(amount), Won(facts.refundable if seen is None else seen), "변심", key)

    def refund(self, amount: int, *, key: str = "", seen: int | None = None) -> Refund:
        return refunds.request(self.order_no, self.wish(amount, key=key, seen=seen), by="kim", client=client())


def wire_names(fields: dict[str, str]) -> dict[str, str]:
    return {f"PCD_{name}": value for name, value in fields.items()}


def changed(claim: Pairs, **fields: str) -> Pairs:
    """The same claim with other values."""
    return list((dict(claim) | wire_names(fields)).items())


def shop_settings(database_url: str, tmp_path: Path, **values: str) -> Settings:
    """Settings of a shop in simulator mode, whose sweep does not wait between two questions."""
    environ = {"SECRET_KEY": "s" * 40, "DATABASE_URL": database_url, "PAYPLE_INQUIRIES_PER_SECOND": "1000"} | values
    return Settings.from_env(environ, tmp_path)


def migrate(app: Flask) -> None:
    """Bring an empty database up to date and fill it with the demo catalogue."""
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    with app.app_context():
        upgrade()
        catalogue.seed_demo()


@contextmanager
def open_world(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filled: Path | None = None
) -> Iterator[World]:
    """Build the world; ``filled`` is a migrated SQLite file to start from, which saves the migration."""
    simulator = fresh_simulator(SimulatorSettings(tmp_path / "simulator.sqlite", origin=SIMULATOR))
    gateway = wsgi_session(simulator, SIMULATOR)
    if filled is not None:
        shutil.copy(filled, tmp_path / "shop.sqlite")
    app = create_app(settings, http=gateway)
    app.testing = False
    if filled is None:
        migrate(app)
    with app.app_context():
        world = World(app, gateway, monkeypatch)
        world.advance(seconds=_until_noon(datetime.now(UTC)).total_seconds())
        yield world
        db.session.remove()
        db.engine.dispose()


def _until_noon(moment: datetime) -> timedelta:
    """A world begins at noon in Korea: who lets an hour pass meets midnight only on purpose."""
    noon = clock.korea_time(moment).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon - moment if noon > moment else noon + timedelta(days=1) - moment


def scarce_product(world: World, stock: int) -> str:
    """A product of which only so many are left; answers its slug."""
    db.session.rollback()
    product = db.session.scalars(select(Product).where(Product.stock > stock).order_by(Product.id)).first()
    assert product is not None
    slug, product.stock = product.slug, stock
    db.session.commit()
    return slug


def now() -> datetime:
    return clock.now()


def korea_now() -> datetime:
    return clock.korea_time(now())
