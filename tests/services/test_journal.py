"""The journal is the history of an order: each change of a state has one row that names it and who made it."""

from sqlalchemy import select

from shop.db import db
from shop.models import JournalEntry
from shop.rules.states import Source
from tests.world import World


def test_each_change_of_a_state_is_a_row_with_its_source(world: World) -> None:
    purchase = world.purchase(quantity=10).pay()
    purchase.refund(4_000)
    db.session.remove()

    rows = db.session.scalars(
        select(JournalEntry).where(JournalEntry.order_no == purchase.order_no).order_by(JournalEntry.id)
    )

    assert [(row.event, row.source, row.evidence.get("by", "")) for row in rows if row.event != "result"] == [
        ("order_placed", Source.PAGE, ""),
        ("attempt_started", Source.PAGE, ""),
        ("confirming", Source.BROWSER, ""),
        ("paid", Source.BROWSER, ""),
        ("refund_reserved", Source.STAFF, "kim"),
        ("refund_submitted", Source.STAFF, "kim"),
        ("refund_done", Source.STAFF, "kim"),
    ]
