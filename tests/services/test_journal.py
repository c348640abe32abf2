"""The journal is the history of an order: each change of a state has one row that names it and who made it."""

from sqlalchemy import select

from shop.db import db
from shop.models import JournalEntry
from shop.rules.states import Source
from tests.services.test_refunding import paid_order, refund
from tests.world import World


def history(order_no: str) -> list[tuple[str, str, str]]:
    """Event, source and person of each row about an order."""
    db.session.remove()
    rows = db.session.scalars(select(JournalEntry).where(JournalEntry.order_no == order_no).order_by(JournalEntry.id))
    return [(row.event, row.source, str(row.evidence.get("by", ""))) for row in rows if row.event != "result"]


def test_each_change_of_a_state_is_a_row_with_its_source(world: World) -> None:
    order_no = paid_order(world)
    refund(world, order_no, 4_000)

    assert history(order_no) == [
        ("order_placed", Source.PAGE, ""),
        ("attempt_started", Source.PAGE, ""),
        ("confirming", Source.BROWSER, ""),
        ("paid", Source.BROWSER, ""),
        ("refund_reserved", Source.STAFF, "kim"),
        ("refund_submitted", Source.STAFF, "kim"),
        ("refund_done", Source.STAFF, "kim"),
    ]
