"""What the database itself refuses, on both engines: edges that the graph does not have, and changes of the journal."""

from itertools import product
from typing import cast

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shop.db import db
from shop.graph import GRAPHS, IllegalMove, Proof
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.services import moving
from shop.services.moving import State
from shop.states import OrderState
from tests.services.test_refunding import paid_order, refund
from tests.tools import guards
from tests.unit.test_graph import STATES
from tests.world import World

pytestmark = pytest.mark.both_engines
NOON = "2026-11-23 03:00:00.000000"
MODELS: dict[str, type[Order | Attempt | Refund | CashReceipt]] = {
    "orders": Order,
    "attempts": Attempt,
    "refunds": Refund,
    "cash_receipts": CashReceipt,
}
NEEDS = [(table, state.value, column) for table, walked in GRAPHS.items() for state, column in walked.needs.items()]


def full_set(world: World) -> None:
    """One row of each kind."""
    refund(world, paid_order(world, method="transfer"), 4_000)
    db.session.remove()


def set_columns(connection: Connection, table: str, **values: str | None) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(text(f"UPDATE {table} SET {sets}"), values)


def is_refused(table: str, before: str, after: str) -> bool:
    """Whether the database lets a row whose evidence is complete walk from one state to another."""
    complete = {column: NOON[:10] if column == "trade_date" else NOON for column in GRAPHS[table].needs.values()}
    with db.engine.connect() as connection:
        with guards.paused(connection, f"{table}_keep_to_the_graph", table):
            set_columns(connection, table, state=before, **complete)
        try:
            set_columns(connection, table, state=after)
        except IntegrityError:
            return True
        return False


def test_every_pair_of_states_is_refused_or_let_through_as_the_graph_says(world: World) -> None:
    """A graph that has changed without a migration fails here."""
    full_set(world)

    for table, walked in GRAPHS.items():
        pairs = {(before, after) for before in STATES[table] for after in STATES[table] if before is not after}
        refused = {(before, after) for before, after in pairs if is_refused(table, before, after)}
        assert pairs - refused == set(walked.edges), table


def test_a_state_without_its_evidence_is_refused(world: World) -> None:
    full_set(world)

    for table, state, column in NEEDS:
        with (
            db.engine.connect() as connection,
            pytest.raises(IntegrityError),
            guards.paused(connection, f"{table}_keep_to_the_graph", table),
        ):
            set_columns(connection, table, state=state, **{column: None})


def test_the_journal_is_only_ever_added_to(world: World) -> None:
    full_set(world)

    for statement in ("UPDATE journal SET event = 'x' WHERE id = 1", "DELETE FROM journal"):
        with db.engine.connect() as connection, pytest.raises(IntegrityError, match="only ever added to"):
            connection.execute(text(statement))


def test_the_journal_cannot_be_truncated(world: World, database_engine: str) -> None:
    if database_engine == "sqlite":
        return  # SQLite has no TRUNCATE; a DELETE without a condition is refused above
    with db.engine.connect() as connection, pytest.raises(DBAPIError, match="only ever added to"):
        connection.execute(text("TRUNCATE journal"))


def test_the_shop_refuses_the_same_before_it_asks_the_database(world: World) -> None:
    full_set(world)

    for table, walked in GRAPHS.items():
        row = db.session.scalars(db.select(MODELS[table])).one()
        strangers = set(STATES[table]) - {after for before, after in walked.edges if before is row.state}
        for after, proof in product(strangers, Proof):
            with pytest.raises(IllegalMove):
                moving.move(row, cast(State, after), proof)


def test_a_row_that_is_not_what_it_showed_is_not_moved(world: World) -> None:
    """A conditional update matches from the state that was seen, and from no other."""
    full_set(world)
    guards.drop()
    row = db.session.scalars(db.select(Order)).one()
    db.session.execute(text("UPDATE orders SET state = 'refunded'"))

    with pytest.raises(IllegalMove, match="any more"):
        moving.move(row, OrderState.REFUNDED, Proof.REFUND)
