"""Moving to another database, from each engine to each: everything arrives, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import func, select

from shop import clock
from shop.db import db
from shop.factory import create_app
from shop.models import JournalEntry, Order
from shop.services import ledger, staff
from tests import staff as people
from tests import world as worlds
from tests.page import PageClient
from tests.tools.postgres import Cluster
from tests.world import World

pytestmark = pytest.mark.both_engines
ENGINES = ["sqlite", "postgresql"]


@pytest.fixture(params=ENGINES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of either engine."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path / 'target.sqlite'}"
        else:
            cluster: Cluster = request.getfixturevalue("postgresql_cluster")
            yield stack.enter_context(cluster.fresh_database())


@pytest.fixture
def traded(world: World) -> World:
    """A shop in which something has happened."""
    staff.add(people.NAME, people.PASSWORD, now=clock.now())
    officer = people.sign_in(world.browser())
    people.refund(officer, people.paid_order(world), amount="3000")
    people.paid_order(world, method="transfer", cash_receipt="y")
    world.browser().place_order(payer_name="이름🌸")
    return world


def migrated(target: str, tmp_path: Path) -> None:
    app = create_app(worlds.shop_settings(target, tmp_path))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


def rows(world: World) -> list[str]:
    """Every value there is; engines answer rows in an order of their own."""
    return sorted(world.dump().splitlines())


def copy(world: World, target: str) -> tuple[int, str]:
    """Run the command; its exit status and what it says."""
    db.session.remove()
    outcome = world.app.test_cli_runner().invoke(args=["copy-to", target])
    return outcome.exit_code, outcome.output


def test_everything_arrives_and_the_shop_goes_on_there(traded: World, target: str, tmp_path: Path) -> None:
    migrated(target, tmp_path)
    before, books = rows(traded), list(ledger.lines())

    status, said = copy(traded, target)

    assert status == 0, said
    assert json.loads(said)["orders"] == 3
    moved = create_app(worlds.shop_settings(target, tmp_path), http=traded.gateway)
    with moved.app_context():
        there = World(moved, traded.gateway, traded.monkeypatch, traded.ahead)
        assert (rows(there), list(ledger.lines())) == (before, books)
        highest = db.session.scalar(select(func.max(Order.id)))
        buyer = PageClient(moved)
        order_no = people.pay(there, buyer, buyer.place_order())
        assert there.order(order_no).id == (highest or 0) + 1
        assert buyer.get(f"/orders/{order_no}").state == "paid"
        db.session.remove()
        db.engine.dispose()


def test_a_database_without_our_schema_is_refused(traded: World, target: str) -> None:
    status, said = copy(traded, target)

    assert status == 1
    assert "its schema is not there" in said


def test_a_database_that_is_not_empty_is_refused_and_stays_as_it_is(traded: World, target: str, tmp_path: Path) -> None:
    app = create_app(worlds.shop_settings(target, tmp_path))
    worlds.migrate(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()

    status, said = copy(traded, target)

    assert status == 1
    assert "not empty: there are rows in products" in said


def test_a_copy_that_differs_is_given_up(traded: World, target: str, tmp_path: Path) -> None:
    """Something else writes into the new database meanwhile, such as a trigger that somebody left there."""
    migrated(target, tmp_path)
    app = create_app(worlds.shop_settings(target, tmp_path))
    with app.app_context():
        _plant_trigger()

    status, said = copy(traded, target)

    assert status == 1
    assert "has not as many rows" in said
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(JournalEntry)) == 0
        db.session.remove()
        db.engine.dispose()


def _plant_trigger() -> None:
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "CREATE TRIGGER loses AFTER INSERT ON order_lines BEGIN DELETE FROM order_lines WHERE id = NEW.id; END"
            )
        else:
            connection.exec_driver_sql("CREATE RULE loses AS ON INSERT TO order_lines DO INSTEAD NOTHING")
    db.session.remove()
    db.engine.dispose()


@pytest.mark.parametrize(
    "address",
    [
        *("", "nonsense", "here", "sqlite:////no/such/folder/shop.sqlite"),
        *("oracle://kim:hidden@localhost/shop", "nosuch://kim:hidden@localhost/shop"),
        "postgresql://kim:hidden@127.0.0.1:1/shop",
    ],
)
def test_an_address_that_leads_nowhere_else_is_refused(world: World, address: str) -> None:
    url = db.engine.url.render_as_string(hide_password=False)

    status, said = copy(world, url if address == "here" else address)

    assert status == 1
    assert "Nothing was copied" in said
    assert "hidden" not in said
