"""A database that somebody else holds or that is away: money that has moved is still known in the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
from flask import Flask, request_finished
from sqlalchemy import Engine, event

from shop.db import db, transaction
from shop.services import staff
from tests import staff as people
from tests.page import PAYER, Page, PageClient
from tests.services.interception import act_after
from tests.tools.postgres import find_programs
from tests.world import World

CONFIRM, INQUIRY, CANCEL, ISSUE_RECEIPT = "PayCardConfirmAct", "PayChkAct", "cPayCAct", "TSREG"
pytestmark = pytest.mark.own_database
HAS_POSTGRESQL = find_programs() is not None
on_postgresql = pytest.mark.parametrize(
    "database_engine",
    [pytest.param("postgresql", marks=pytest.mark.skipif(not HAS_POSTGRESQL, reason="PostgreSQL is not installed"))],
)


def connect_to_postgresql(engine: Engine, database: str | None = None) -> psycopg.Connection:
    url = engine.url.set(drivername="postgresql", database=database or engine.url.database)
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def forget_connections() -> None:
    db.session.remove()
    db.engine.dispose()


class Blocker:
    """A connection from outside the shop that keeps everybody else from writing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None

    def hold(self) -> None:
        """Take the one lock of SQLite, or that of every row on PostgreSQL."""
        if self._engine.dialect.name == "sqlite":
            path = self._engine.url.database or ""
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("BEGIN IMMEDIATE")
        else:
            self._connection = connect_to_postgresql(self._engine)
            for statement in ("BEGIN", "SELECT id FROM orders FOR UPDATE"):
                self._connection.execute(statement)

    def release(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


@pytest.fixture
def blocker(world: World) -> Iterator[Blocker]:
    """Somebody who can take the lock, and a shop that waits for it a twentieth of a second instead of five."""
    forget_connections()
    statements = {"sqlite": "PRAGMA busy_timeout=50", "postgresql": "SET lock_timeout = '50ms'"}
    statement = statements[db.engine.dialect.name]

    def connected(connection: Any, _record: object) -> None:
        connection.execute(statement)
        connection.commit()

    event.listen(db.engine, "connect", connected)
    blocker = Blocker(db.engine)
    yield blocker
    blocker.release()


@pytest.fixture
def officer(world: World) -> PageClient:
    staff.add(people.NAME, people.PASSWORD)
    return people.sign_in(world.browser())


@pytest.mark.both_engines
@pytest.mark.parametrize(("work", "path", "shown"), [("CERT", CONFIRM, "checking"), ("PAY", INQUIRY, "prepared")])
def test_a_payment_that_cannot_be_written_is_settled_later(
    world: World, blocker: Blocker, work: str, path: str, shown: str
) -> None:
    purchase = world.purchase(work=work)
    claim = purchase.claim()
    act_after(world, path, blocker.hold)

    assert world.deliver(claim).endswith(purchase.order_no)

    assert shown in (purchase.page().state, purchase.attempt.state)
    blocker.release()
    world.sweep(minutes=3)
    assert (purchase.states, world.charged()) == (("paid", "paid"), {purchase.attempt_no: 1000})
    assert world.calls("confirm") == (1 if work == "CERT" else 0)


@pytest.mark.both_engines
def test_a_lock_before_the_confirm_sends_nothing_and_the_same_result_pays_later(world: World, blocker: Blocker) -> None:
    purchase = world.purchase()
    claim = purchase.claim()
    blocker.hold()

    assert world.deliver(claim).endswith(purchase.order_no)
    assert (world.calls("confirm"), purchase.page().state) == (0, "awaiting_payment")

    blocker.release()
    world.deliver(claim)
    assert purchase.states == ("paid", "paid")


@on_postgresql
def test_a_database_that_only_reads_is_away_and_is_back_without_a_restart(world: World) -> None:
    """What new connections find after a failover: a server that answers and takes no writes."""
    buyer, engine = world.browser(), db.engine
    buyer.add_to_cart()

    def only_read(is_so: str) -> None:
        with closing(connect_to_postgresql(engine)) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{engine.url.database}" SET default_transaction_read_only = {is_so}')

    only_read("on")
    engine.dispose()
    buyer.submit("/orders", PAYER, 503)
    only_read("off")

    assert buyer.submit("/orders", PAYER).state == "awaiting_payment"


def take_away(engine: str) -> None:
    name = db.engine.url.database or ""
    forget_connections()
    if engine == "sqlite":
        Path(name).rename(name + ".away")
        Path(name).mkdir()
        return
    with closing(connect_to_postgresql(db.engine, "postgres")) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')


@pytest.mark.both_engines
def test_without_its_database_the_shop_says_so(officer: PageClient, database_engine: str) -> None:
    take_away(database_engine)

    for path in ("/", "/orders/20260101-ABCDEFGH", "/admin/orders?state=paid"):
        response = officer.open(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
        assert Page.checked(response, 503).values("reload", "href") == [""]
    webhook = officer.post("/payments/webhook", {"PCD_PAY_OID": "x", "PCD_PAY_RST": "success"})
    for answer in (officer.open("/healthz"), webhook):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert answer.get_json()["error"]["code"] == "away"


def test_threads_of_one_process_queue_for_sqlite_instead_of_failing(world: World) -> None:
    """SQLite itself has no patience here, so that only the queue lets the second writer wait."""
    event.listen(db.engine, "connect", lambda connection, _record: connection.execute("PRAGMA busy_timeout=0"))
    forget_connections()
    writes, may_end = Event(), Event()

    def hold() -> None:
        with world.app.app_context(), transaction():
            writes.set()
            may_end.wait(10)

    def write() -> bool:
        writes.wait(10)
        with world.app.app_context(), transaction():
            return True

    with ThreadPoolExecutor(2) as threads:
        held, written = threads.submit(hold), threads.submit(write)
        early = wait([written], timeout=0.2).done
        may_end.set()

        assert (early, held.result(10), written.result(10)) == (set(), None, True)


@on_postgresql
def test_a_page_that_is_ready_is_sent_though_its_connection_breaks(world: World) -> None:
    def cut(_app: Flask, **_: object) -> None:
        with closing(connect_to_postgresql(db.engine)) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    with request_finished.connected_to(cut):
        world.browser().get("/products/test-product", status=200)

    world.browser().get("/products/test-product", status=200)


@on_postgresql
@pytest.mark.usefixtures("blocker")
def test_an_order_of_an_unlimited_product_waits_for_no_other(world: World) -> None:
    with connect_to_postgresql(db.engine) as other, other.transaction():
        other.execute("SELECT id FROM products FOR NO KEY UPDATE")  # as another order's UPDATE does

        assert world.purchase().order.state == "awaiting_payment"
