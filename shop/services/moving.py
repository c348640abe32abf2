"""The only way a state changes: one conditional update along an edge of the graph, with the proof that the edge needs.

The caller holds the order of the row, so what the row shows is what it is. Whoever calls this also writes the journal,
in the same transaction, with the step that it answers.
"""

from dataclasses import dataclass

from sqlalchemy import update

from shop.db import db
from shop.graph import GRAPHS, IllegalMove, Proof
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.states import AttemptState, CashReceiptState, OrderState, RefundState

Row = Order | Attempt | Refund | CashReceipt
State = OrderState | AttemptState | RefundState | CashReceiptState


@dataclass(frozen=True)
class Step:
    """One edge that was walked. A row that is born comes from nowhere: ``before`` is blank."""

    before: str
    after: str
    proof: Proof


def move(row: Row, after: State, proof: Proof, **values: object) -> Step:
    """Walk one edge and set what the state needs.

    :raises IllegalMove: the graph has no such edge, this proof does not open it, or the row is not what it showed
    """
    before, table = row.state, type(row)
    GRAPHS[row.__tablename__].insist(before, after, proof)
    seen = (table.id == row.id, table.state == before)
    moved = db.session.connection().execute(update(table).where(*seen).values(state=after, **values))
    if moved.rowcount != 1:
        raise IllegalMove(f"{row.__tablename__} {row.id} was not {before} any more")
    db.session.refresh(row)
    return Step(before.value, after.value, proof)


def born(row: Row, proof: Proof) -> Step:
    """Add a new row. Where the graph starts with no row at all, its first state is an edge too.

    :raises IllegalMove: rows are not born in this state
    """
    db.session.add(row)
    db.session.flush()
    graph = GRAPHS[row.__tablename__]
    if row.state is not graph.start:
        graph.insist(graph.start, row.state, proof)
    return Step("", row.state.value, proof)
