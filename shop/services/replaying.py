"""The replay: read the journal order by order, rebuild what it says, and hold it against the rows.

In batches by key, with one query per table and batch, so that neither memory nor a transaction holds a million rows.
The exchanges with the gateway belong to no order in the journal and are never read.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, select
from sqlalchemy.orm import lazyload

from shop.db import db, release, transaction
from shop.models import Attempt, CashReceipt, JournalEntry, Order, Refund
from shop.replay import Book, Difference, Entry, Figures, Key, compare
from shop.services import journal
from shop.services.moving import Row

BATCH = 500
MOST_DIFFERENCES = 1000
"""After so many the books are broken as a whole; reading stops."""


@dataclass
class Report:
    """What was read, and every contradiction. ``events`` counts the journal's entries about orders."""

    orders: int = 0
    attempts: int = 0
    refunds: int = 0
    cash_receipts: int = 0
    events: int = 0
    differences: list[Difference] = field(default_factory=list)


def run() -> Report:
    """Replay every order of the shop. What is in motion meanwhile is looked at again, with the order held."""
    report = Report()
    for orders in _batches():
        books = _books(orders)
        for order in orders:
            stored, book = books[order.order_no]
            _count(report, stored, book)
            if compare(book, stored):
                report.differences += _again(order.id)
        if len(report.differences) >= MOST_DIFFERENCES:
            return report
        db.session.expunge_all()
        release()
    report.differences += _orphaned_entries()
    return report


def _batches() -> Iterator[Sequence[Order]]:
    """All orders, oldest first, cut by the id of the last one."""
    after = 0
    while True:
        query = select(Order).options(lazyload(Order.lines)).where(Order.id > after).order_by(Order.id).limit(BATCH)
        orders = db.session.scalars(query).all()
        if orders:
            after = orders[-1].id
            yield orders
        if len(orders) < BATCH:
            return


def _books(orders: Sequence[Order]) -> dict[str, tuple[dict[Key, Figures], Book]]:
    """Each order's rows as they are stored, and as its journal has them."""
    numbers = {order.id: order.order_no for order in orders}
    stored: dict[str, dict[Key, Figures]] = defaultdict(dict)
    for row in [*orders, *_rows(list(numbers))]:
        order_no = row.order_no if isinstance(row, Order) else numbers[row.order_id]
        key, figures = journal.figures(row)
        stored[order_no][key] = figures
    entries = _entries(list(numbers.values()))
    return {number: (stored[number], Book(number).read(entries[number])) for number in numbers.values()}


def _rows(order_ids: list[int]) -> Iterator[Row]:
    yield from db.session.scalars(select(Attempt).where(Attempt.order_id.in_(order_ids)))
    yield from db.session.scalars(select(Refund).where(Refund.order_id.in_(order_ids)))
    yield from db.session.scalars(select(CashReceipt).where(CashReceipt.order_id.in_(order_ids)))


def _entries(order_numbers: list[str]) -> dict[str, list[Entry]]:
    """The journal of these orders, each in the order in which it was written: the order's row was held then."""
    wanted = JournalEntry.order_no.in_(order_numbers)
    columns = (JournalEntry.order_no, JournalEntry.event, JournalEntry.evidence)
    found: dict[str, list[Entry]] = defaultdict(list)
    for row in db.session.execute(select(*columns).where(wanted).order_by(JournalEntry.order_no, JournalEntry.id)):
        found[row.order_no].append(Entry(row.event, row.evidence))
    return found


def _count(report: Report, stored: dict[Key, Figures], book: Book) -> None:
    report.events += book.entries
    for table, _key in stored:
        setattr(report, table, getattr(report, table) + 1)


def _again(order_id: int) -> list[Difference]:
    """Compare once more while nobody can change the order: a payment that was just arriving is no difference."""
    with transaction():
        order = db.session.scalars(select(Order).where(Order.id == order_id).with_for_update()).one()
        stored, book = _books([order])[order.order_no]
        return compare(book, stored)


def _orphaned_entries() -> list[Difference]:
    """Orders that the journal knows and the table does not."""
    known = exists().where(Order.order_no == JournalEntry.order_no)
    query = select(JournalEntry.order_no).where(JournalEntry.order_no > "", ~known).distinct().limit(MOST_DIFFERENCES)
    numbers = db.session.scalars(query).all()
    release()
    return [Difference(number, "orders", number, "row", "in the journal", None) for number in numbers]
