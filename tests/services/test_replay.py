"""The journal alone is enough: replay rebuilds every state, and names exactly the row that somebody has changed."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import event, insert, select, text

from shop.db import db
from shop.graph import GRAPHS, Proof
from shop.models import JournalEntry
from shop.services import replaying
from shop.services.replaying import Report
from shop.states import Source
from tests.services.journeys import JOURNEYS
from tests.services.test_refunding import paid_order, refund
from tests.tools import guards
from tests.world import World


def replay() -> Report:
    db.session.remove()
    return replaying.run()


def walked_edges() -> set[tuple[str, str, str, str]]:
    """Every edge in the journal, those of the orders included, which stand beside what moved them."""
    db.session.remove()
    found: set[tuple[str, str, str, str]] = set()
    orders: dict[str, str] = {}
    for entry in db.session.scalars(select(JournalEntry).where(JournalEntry.order_no > "").order_by(JournalEntry.id)):
        row, step, order = entry.evidence["row"], entry.evidence.get("step"), str(entry.evidence["order"])
        if step:
            start = GRAPHS[row["table"]].start
            found.add((row["table"], step["before"] or start, step["after"], step["proof"]))
        before = orders.get(entry.order_no, order)
        if before != order and row["table"] != "orders":
            proof = {"attempts": Proof.ATTEMPT, "refunds": Proof.REFUND}[row["table"]]
            found.add(("orders", before, order, proof))
        orders[entry.order_no] = order
    return found


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
def test_replay_agrees_after_every_journey(world: World, journey: Callable[[World], None]) -> None:
    journey(world)

    report = replay()

    assert report.differences == []
    assert report.orders
    assert report.events


def test_every_edge_of_the_graph_is_walked_by_a_journey(world: World) -> None:
    """An edge, or a proof, that nobody needs would be a hole in the fence."""
    for journey in JOURNEYS:
        world.control("DELETE", "faults")
        world.control("POST", "policy", {"receipt_on_refund": "settled", "inquiry_lag_seconds": 0})
        journey(world)

    whole = {
        (table, before, after, proof)
        for table, walked in GRAPHS.items()
        for (before, after), proofs in walked.edges.items()
        for proof in proofs
    }
    missing = whole - walked_edges()
    assert missing == set(), sorted(missing)


# --- who did it, and on what ground ----------------------------------------------------------------------------------


def test_every_change_names_its_proof_and_who_made_it(world: World) -> None:
    for journey in JOURNEYS[:-1]:
        world.control("DELETE", "faults")
        journey(world)

    kinds: set[str] = set()
    for entry in db.session.scalars(select(JournalEntry).where(JournalEntry.order_no > "")):
        kinds.add(entry.event)
        assert entry.source in set(Source), entry.event
        assert (entry.source == Source.STAFF) == bool(entry.evidence.get("by")), (entry.event, entry.source)
        assert entry.evidence["row"], entry.event
        if entry.event not in SAME_STATE:
            assert entry.evidence["step"]["proof"] in set(Proof), entry.event

    assert kinds == {event for event in KINDS if event != "state_recorded"}


SAME_STATE = {"claim", "charge_known", "receipt_reduced", "receipt_cancel_due", "receipt_requested"}
"""These may also tell of a change that leaves the state as it is; replay checks their edges where they have one."""
KINDS = {
    *("order_placed", "order_expired", "attempt_started", "claim", "confirming", "attention_closed", "state_recorded"),
    *("paid", "declined", "expired", "unknown", "prepared", "orphaned", "attention"),
    *("refund_reserved", "refund_submitted", "refund_done", "refund_refused", "refund_unknown", "refund_decided"),
    *("receipt_requested", "receipt_issued", "receipt_reduced", "receipt_cancel_due"),
    *("receipt_cancelled", "receipt_failed", "charge_known"),
}


# --- planted manipulations -------------------------------------------------------------------------------------------


def bookkept(world: World) -> str:
    """A transfer with a partial refund and a reduced receipt, and further orders around it."""
    paid_order(world)
    order_no = paid_order(world, method="transfer")
    refund(world, order_no, 4_000)
    paid_order(world)
    assert replay().differences == []
    guards.drop()
    return order_no


CHANGES = [
    ("orders", "state", "refunded"),
    ("orders", "amount", 9_000),
    ("attempts", "state", "expired"),
    ("attempts", "amount", 9_000),
    ("attempts", "charged_amount", 9_000),
    ("attempts", "trade_date", "2020-01-01"),
    ("refunds", "state", "refused"),
    ("refunds", "amount", 4_001),
    ("refunds", "requested_by", "lee"),
    ("cash_receipts", "state", "cancelled"),
    ("cash_receipts", "amount", 6_001),
]


@pytest.mark.both_engines
def test_whoever_changes_a_row_by_hand_is_found_out(world: World) -> None:
    order_no = bookkept(world)
    order = world.order(order_no)
    names = {"orders": order_no, "attempts": order.attempts[0].attempt_no}
    ids = {"orders": order.id, "attempts": order.attempts[0].id}
    ids |= {"refunds": order.refunds[0].id, "cash_receipts": order.cash_receipts[0].id}

    for table, column, value in CHANGES:
        more = ", taxable = :value" if (table, column) == ("orders", "amount") else ""
        statement = f"UPDATE {table} SET {column} = :value{more} WHERE id = :id"
        with db.engine.connect() as connection:
            before = connection.scalar(text(f"SELECT {column} FROM {table} WHERE id = :id"), {"id": ids[table]})
        with db.engine.begin() as connection:
            connection.execute(text(statement), {"value": value, "id": ids[table]})
        (found,) = replay().differences
        key = names.get(table, ids[table])
        assert (found.order_no, found.table, found.key, found.about) == (order_no, table, key, column)
        assert found.stored == value
        with db.engine.begin() as connection:
            connection.execute(text(statement), {"value": before, "id": ids[table]})
    assert replay().differences == []


@pytest.mark.both_engines
def test_an_entry_that_is_missing_from_the_journal_is_found(world: World) -> None:
    order_no = bookkept(world)
    entries = db.session.scalars(select(JournalEntry).where(JournalEntry.order_no == order_no)).all()
    moves = {entry.id: entry.evidence["row"] for entry in entries if "step" in entry.evidence}
    kept = [{c.name: getattr(entry, c.name) for c in JournalEntry.__table__.columns} for entry in entries]

    for missing, row in moves.items():
        with db.engine.begin() as connection:
            connection.execute(text("DELETE FROM journal WHERE id = :id"), {"id": missing})
        found = replay().differences
        assert {difference.order_no for difference in found} == {order_no}
        assert (row["table"], row["key"]) in {(difference.table, difference.key) for difference in found}
        with db.engine.begin() as connection:
            connection.execute(insert(JournalEntry), [entry for entry in kept if entry["id"] == missing])
    assert replay().differences == []


def test_rows_without_a_journal_and_a_journal_without_rows_are_found(world: World) -> None:
    order_no = bookkept(world)
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM refunds"))
    assert [(found.table, found.about, found.stored) for found in replay().differences] == [("refunds", "row", None)]

    other = world.browser().place_order()
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM order_lines WHERE order_id = (SELECT max(id) FROM orders)"))
        connection.execute(text("DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)"))
        connection.execute(text("DELETE FROM journal WHERE order_no = :no"), {"no": order_no})
    found = replay().differences
    assert {(difference.order_no, difference.about) for difference in found} == {(order_no, "row"), (other, "row")}


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_the_command_prints_one_object_and_fails_only_if_something_differs(world: World) -> None:
    refund(world, paid_order(world, method="transfer"), 4_000)
    good = world.app.test_cli_runner().invoke(args=["replay"])
    assert (good.exit_code, json.loads(good.output)) == (
        0,
        {"orders": 1, "attempts": 1, "refunds": 1, "cash_receipts": 1, "events": 10, "differences": []},
    )

    guards.drop()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE refunds SET amount = 3999"))
    bad = world.app.test_cli_runner().invoke(args=["replay"])

    (difference,) = json.loads(bad.output)["differences"]
    assert bad.exit_code == 1
    assert (difference["table"], difference["about"], difference["journal"], difference["stored"]) == (
        *("refunds", "amount"),
        *(4000, 3999),
    )


def test_a_thousand_orders_cost_no_more_questions_than_one(world: World) -> None:
    """One query per table and batch, and none about the exchanges with the gateway, which have no order."""

    def questions() -> list[str]:
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            asked.append(statement)

        db.session.remove()
        event.listen(db.engine, "before_cursor_execute", note)
        replaying.run()
        event.remove(db.engine, "before_cursor_execute", note)
        return asked

    paid_order(world)
    few = questions()
    for _order in range(20):
        world.browser().place_order()

    assert len(questions()) == len(few)
    for statement in few:
        if "FROM journal" in statement and "EXISTS" not in statement:
            assert "journal.order_no IN" in statement
