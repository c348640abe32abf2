"""A database that somebody else holds, that is full, or away: money that has moved is still known in the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
import requests
from flask import Flask, request_finished
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

from shop.db import UNAVAILABLE, db, transaction
from shop.extensions import client
from shop.rules.states import AttemptState, CashReceiptState, OrderState, RefundState
from shop.services import staff, sweep
from tests import staff as people
from tests.page import PAYER, Page, PageClient
from tests.payer import Pairs
from tests.tools.postgres import find_programs
from tests.world import World


@dataclass
class Holder:
    """A second connection, from outside the shop, that can keep everybody else from writing."""

    engine: str
    address: str
    _connections: list[Any] = field(default_factory=list)

    def hold(self) -> None:
        """Take the lock: on SQLite the one there is, on PostgreSQL that of each order."""
        if self._connections:
            return
        if self.engine == "sqlite":
            connection = sqlite3.connect(self.address, isolation_level=None, check_same_thread=False)
            connection.execute("BEGIN IMMEDIATE")
            self._connections.append(connection)
        else:
            other = psycopg.connect(self.address)
            other.execute("SELECT id FROM orders FOR UPDATE")
            other.execute("SELECT id FROM cash_receipts FOR UPDATE")
            self._connections.append(other)

    def let_go(self) -> None:
        """Give it back."""
        while self._connections:
            connection = self._connections.pop()
            connection.rollback()
            connection.close()


def become_impatient(connection: Any, _record: object) -> None:
    """Wait for a lock a twentieth of a second instead of five seconds."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA busy_timeout=50")
    else:
        connection.execute("SET lock_timeout = '50ms'")
        connection.commit()


@pytest.fixture
def holder(world: World, database_engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Holder]:
    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", become_impatient)
    address = db.engine.url.database or ""
    if database_engine == "postgresql":
        address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    holder = Holder(database_engine, address)
    yield holder
    holder.let_go()


def hold_after(world: World, holder: Holder, path: str) -> None:
    """Let somebody take the lock while the gateway's answer to such a call is on its way."""

    def answered(response: requests.Response, **_: object) -> None:
        if path in (response.request.url or "") and "_sim" not in (response.request.url or ""):
            holder.hold()

    world.gateway.hooks["response"].append(answered)


def authenticated(world: World, **choices: str) -> tuple[PageClient, str, str, Pairs]:
    """A buyer who comes back from the window."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    opening = buyer.start_attempt(order_no, 200, **choices)
    return buyer, order_no, opening["attempt_no"], world.payer().pay(opening["fields"])


def calls(world: World, op: str) -> int:
    return sum(1 for entry in world.control("GET", "ledger") if entry["op"] == op)


@pytest.mark.both_engines
def test_an_approval_that_cannot_be_written_is_a_page_that_checks_and_the_sweep_settles_it(
    world: World, holder: Holder
) -> None:
    buyer, order_no, attempt_no, claim = authenticated(world)
    hold_after(world, holder, "PayCardConfirmAct")

    assert world.deliver(claim).endswith(order_no)

    page = buyer.get(f"/orders/{order_no}")
    assert page.state == "checking"
    holder.let_go()
    world.advance(minutes=2)
    sweep.run(client())
    assert world.order(order_no).state is OrderState.PAID
    assert (calls(world, "confirm"), world.charged()) == (1, {attempt_no: 10_000})


@pytest.mark.both_engines
def test_a_lock_before_the_confirm_sends_nothing_and_the_same_result_pays_later(world: World, holder: Holder) -> None:
    buyer, order_no, attempt_no, claim = authenticated(world)
    holder.hold()

    assert world.deliver(claim).endswith(order_no)
    assert calls(world, "confirm") == 0
    assert buyer.get(f"/orders/{order_no}").state == "awaiting_payment"

    holder.let_go()
    world.deliver(claim)
    assert world.attempt(attempt_no).state is AttemptState.PAID


@pytest.mark.both_engines
def test_an_inquiry_whose_answer_cannot_be_written_is_asked_again(world: World, holder: Holder) -> None:
    buyer, order_no, attempt_no, claim = authenticated(world, work="PAY")
    hold_after(world, holder, "PayChkAct")

    assert world.deliver(claim).endswith(order_no)
    assert world.attempt(attempt_no).state is AttemptState.PREPARED

    holder.let_go()
    world.gateway.hooks["response"].clear()
    world.advance(minutes=3)
    assert buyer.get(f"/orders/{order_no}").state == "paid"


@pytest.mark.both_engines
def test_a_refund_that_cannot_be_written_stays_submitted_and_is_found_out(world: World, holder: Holder) -> None:
    staff.add(people.NAME, people.PASSWORD)
    officer = people.sign_in(world.browser())
    order_no = people.paid_order(world)
    form = people.fields_of(people.plan(officer, order_no)) | {"password": people.PASSWORD}
    hold_after(world, holder, "cPayCAct")

    officer.submit(f"/admin/orders/{order_no}/refunds", form, 503)

    assert [refund.state for refund in world.order(order_no).refunds] == [RefundState.SUBMITTED]
    holder.let_go()
    world.gateway.hooks["response"].clear()
    world.advance(minutes=2)
    sweep.run(client())
    world.advance(minutes=2)
    sweep.run(client())
    assert [refund.state for refund in world.order(order_no).refunds] == [RefundState.DONE]
    assert world.order(order_no).state is OrderState.REFUNDED


@pytest.mark.both_engines
def test_a_cash_receipt_that_cannot_be_written_is_not_issued_twice(world: World, holder: Holder) -> None:
    staff.add(people.NAME, people.PASSWORD)
    officer = people.sign_in(world.browser())
    order_no = people.paid_order(world, method="transfer")
    officer.get(f"/admin/orders/{order_no}")
    hold_after(world, holder, "TSREG")
    form = {"purpose": "personal", "identity": "01012345678", "password": people.PASSWORD}

    officer.submit(f"/admin/orders/{order_no}/cash-receipts", form, 503)

    assert [receipt.state for receipt in world.order(order_no).cash_receipts] == [CashReceiptState.REQUESTED]
    holder.let_go()
    world.gateway.hooks["response"].clear()
    world.advance(minutes=2)
    sweep.run(client())
    assert [receipt.state for receipt in world.order(order_no).cash_receipts] == [CashReceiptState.ISSUED]


class Disk:
    """The room that the database's file may take, as SQLite itself limits it."""

    LARGEST = 1_073_741_823

    def __init__(self, address: str) -> None:
        self.pages = self.LARGEST
        self._address = address
        db.session.remove()
        db.engine.dispose()
        event.listen(db.engine, "checkout", self._limit)

    def fill(self) -> None:
        """Leave no room: the file grows no further, and what it has is used up."""
        self.pages = 1
        with closing(sqlite3.connect(self._address, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA max_page_count={self.pages}")
            for size in (3000, 300, 1):
                with pytest.raises(sqlite3.OperationalError, match="full"):  # noqa: PT012 - until there is no room
                    while True:
                        values = "VALUES ('2026-01-01', '', '', 'filler', '', ?)"
                        columns = "(at, order_no, attempt_no, event, source, evidence)"
                        connection.execute(f"INSERT INTO journal {columns} {values}", ('"' + size * "x" + '"',))

    def empty(self) -> None:
        """Somebody made room."""
        self.pages = self.LARGEST

    def _limit(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={self.pages}")


def test_a_full_disk_takes_no_order_and_still_shows_the_shop(world: World) -> None:
    disk = Disk(db.engine.url.database or "")
    buyer = world.browser()
    buyer.add_to_cart()
    disk.fill()

    fields = PAYER | {"payer_phone": "01012345678"}
    page = buyer.submit("/orders", fields, 503)

    assert page.response.headers["Retry-After"] == "30"
    buyer.get("/products/test-product", status=200)
    disk.empty()
    assert "/orders/" in buyer.submit("/orders", fields).response.request.path


def test_a_disk_that_is_full_after_an_approval_loses_no_payment(world: World, holder: Holder) -> None:
    buyer, order_no, attempt_no, claim = authenticated(world)
    disk = Disk(holder.address)

    def answered(response: requests.Response, **_: object) -> None:
        if "PayCardConfirmAct" in (response.request.url or ""):
            disk.fill()

    world.gateway.hooks["response"].append(answered)

    assert world.deliver(claim).endswith(order_no)

    assert buyer.get(f"/orders/{order_no}").state == "checking"
    disk.empty()
    world.advance(minutes=2)
    sweep.run(client())
    assert world.order(order_no).state is OrderState.PAID
    assert (calls(world, "confirm"), world.charged()) == (1, {attempt_no: 10_000})


@pytest.mark.both_engines
@pytest.mark.parametrize("path", ["/", "/orders/20260101-ABCDEFGH", "/admin/orders?state=paid"])
def test_without_its_database_the_shop_says_so_in_one_plain_page(world: World, database_engine: str, path: str) -> None:
    staff.add(people.NAME, people.PASSWORD)
    officer = people.sign_in(world.browser())
    take_away(database_engine)

    response = officer.open(path)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert Page.checked(response, 503).values("reload", "href") == [""]


def test_without_its_database_the_shop_tells_programs_so_in_json(world: World) -> None:
    take_away("sqlite")

    answers = [
        world.browser().open("/healthz"),
        world.browser().post("/payments/webhook", {"PCD_PAY_OID": "x", "PCD_PAY_RST": "success"}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert answer.get_json()["error"]["code"] == "away"


def take_away(engine: str) -> None:
    """Make the database unreachable."""
    db.session.remove()
    name = db.engine.url.database or ""
    address = db.engine.url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    db.engine.dispose()
    if engine == "sqlite":
        Path(name).rename(name + ".away")
        Path(name).mkdir()
        return
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')


def test_threads_of_one_process_queue_for_sqlite_instead_of_failing(world: World) -> None:
    """SQLite itself has no patience here, so that only the queue lets the second writer wait."""
    event.listen(db.engine, "connect", lambda connection, _record: connection.execute("PRAGMA busy_timeout=0"))
    db.session.remove()
    db.engine.dispose()
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


@pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed; CI requires it")
@pytest.mark.parametrize("database_engine", ["postgresql"])
def test_a_page_that_is_ready_is_sent_though_its_connection_breaks(world: World) -> None:
    def cut(_app: Flask, **_: object) -> None:
        address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg.connect(address, autocommit=True)) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    with request_finished.connected_to(cut):
        world.browser().get("/products/test-product", status=200)

    world.browser().get("/products/test-product", status=200)


def only_read(engine: Engine, is_so: str) -> None:
    """What new connections find after a failover: a server that answers and takes no writes."""
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{engine.url.database}" SET default_transaction_read_only = {is_so}')


@pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed; CI requires it")
@pytest.mark.parametrize("database_engine", ["postgresql"])
def test_a_database_that_only_reads_is_away_and_is_back_without_a_restart(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, order_no, attempt_no, claim = authenticated(world)
    engine = db.engine

    def answered(response: requests.Response, **_: object) -> None:
        if "PayCardConfirmAct" in (response.request.url or ""):
            only_read(engine, "on")
            engine.dispose()

    world.gateway.hooks["response"].append(answered)

    assert world.deliver(claim).endswith(order_no)
    assert buyer.get(f"/orders/{order_no}").state == "checking"
    buyer.add_to_cart()
    buyer.submit("/orders", PAYER, 503)

    only_read(engine, "off")
    world.advance(minutes=2)
    sweep.run(client())
    assert world.order(order_no).state is OrderState.PAID
    assert (calls(world, "confirm"), world.charged()) == (1, {attempt_no: 10_000})


@pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed; CI requires it")
@pytest.mark.parametrize("database_engine", ["postgresql"])
def test_a_mistake_of_ours_is_not_taken_for_a_database_that_is_away(world: World) -> None:
    with pytest.raises(DBAPIError) as wrong:
        db.session.execute(text("SELECT 1/0"))
    with pytest.raises(DBAPIError) as after:
        db.session.execute(text("SELECT 1"))

    assert not isinstance(wrong.value, UNAVAILABLE)
    assert not isinstance(after.value, UNAVAILABLE)
