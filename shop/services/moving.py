"""Writes states by conditional updates along the transitions. The caller locks the order and writes the journal."""

from dataclasses import dataclass

from sqlalchemy import update

from shop.db import db
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.rules.states import TRANSITIONS, AttemptState, CashReceiptState, IllegalTransition, OrderState, RefundState

Row = Order | Attempt | Refund | CashReceipt
State = OrderState | AttemptState | RefundState | CashReceiptState


@dataclass(frozen=True)
class Step:
    """A change of state. ``before`` is blank for a new row."""

    before: str
    after: str


def move(row: Row, after: State, **values: object) -> Step:
    """Change the state of a row, and the columns that come with it.

    :raises IllegalTransition: the table has no such transition, or the row is in another state by now
    """
    before, table = row.state, type(row)
    if after not in TRANSITIONS[type(before)][before]:
        raise IllegalTransition(f"{table.__tablename__} {row.id}: {before} to {after}")
    unchanged = (table.id == row.id, table.state == before)
    moved = db.session.connection().execute(update(table).where(*unchanged).values(state=after, **values))
    if moved.rowcount != 1:
        raise IllegalTransition(f"{table.__tablename__} {row.id} is not {before} any more")
    db.session.refresh(row)
    return Step(before.value, after.value)


def create(row: Row) -> Step:
    """Add a new row."""
    db.session.add(row)
    db.session.flush()
    return Step("", row.state.value)
