"""What the journal tells of each change: the edge that was walked, its proof, and who made it."""

from sqlalchemy import select

from shop.db import db
from shop.graph import GRAPHS, Proof
from shop.models import JournalEntry
from shop.states import Source
from tests.services.journeys import JOURNEYS
from tests.world import World


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
"""These may also tell of a change that leaves the state as it is, and then name no edge."""
KINDS = {
    *("order_placed", "order_expired", "attempt_started", "claim", "confirming", "attention_closed", "state_recorded"),
    *("paid", "declined", "expired", "unknown", "prepared", "orphaned", "attention"),
    *("refund_reserved", "refund_submitted", "refund_done", "refund_refused", "refund_unknown", "refund_decided"),
    *("receipt_requested", "receipt_issued", "receipt_reduced", "receipt_cancel_due"),
    *("receipt_cancelled", "receipt_failed", "charge_known"),
}
