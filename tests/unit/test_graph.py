"""The state graph: whole, reachable, and with ends."""

from enum import StrEnum
from typing import Any

import pytest

from shop import graph
from shop.graph import GRAPHS, Graph, IllegalMove, Proof
from shop.states import AttemptState, CashReceiptState, OrderState, RefundState

STATES: dict[str, type[StrEnum]] = {
    "orders": OrderState,
    "attempts": AttemptState,
    "refunds": RefundState,
    "cash_receipts": CashReceiptState,
}
TERMINAL = {
    "orders": {OrderState.REFUNDED},
    "attempts": {AttemptState.PAID, AttemptState.ORPHANED},
    "refunds": {RefundState.DONE},
    "cash_receipts": {CashReceiptState.CANCELLED, CashReceiptState.FAILED},
}
MONEY = {Proof.CONFIRM, Proof.INQUIRY}
by_table = pytest.mark.parametrize("table", GRAPHS)


def reachable(walked: Graph[Any]) -> set[StrEnum]:
    found, grew = {walked.start}, True
    while grew:
        further = {after for before, after in walked.edges if before in found} - found
        found, grew = found | further, bool(further)
    return found


@by_table
def test_every_state_is_in_the_graph_and_can_be_reached(table: str) -> None:
    assert reachable(GRAPHS[table]) == set(STATES[table])


@by_table
def test_exactly_the_ends_are_ends(table: str) -> None:
    assert {state for state in STATES[table] if GRAPHS[table].is_terminal(state)} == TERMINAL[table]


@by_table
def test_no_edge_goes_nowhere_or_needs_nothing(table: str) -> None:
    assert all(before is not after and proofs for (before, after), proofs in GRAPHS[table].edges.items())


@by_table
def test_every_pair_without_an_edge_is_refused_whatever_the_proof(table: str) -> None:
    walked = GRAPHS[table]
    strangers = {(b, a) for b in STATES[table] for a in STATES[table]} - set(walked.edges)

    for before, after in strangers:
        for proof in Proof:
            with pytest.raises(IllegalMove):
                walked.insist(before, after, proof)


@by_table
def test_every_edge_is_refused_without_its_proof(table: str) -> None:
    walked = GRAPHS[table]
    for (before, after), proofs in walked.edges.items():
        for proof in set(Proof) - proofs:
            with pytest.raises(IllegalMove):
                walked.insist(before, after, proof)
        for proof in proofs:
            walked.insist(before, after, proof)


@pytest.mark.parametrize("state", [AttemptState.PAID, AttemptState.ORPHANED])
def test_only_the_gateways_answer_to_our_own_call_says_that_money_came(state: AttemptState) -> None:
    proofs = {proof for (_b, after), needed in graph.ATTEMPT.edges.items() if after is state for proof in needed}

    assert proofs <= MONEY | ({Proof.STAFF} if state is AttemptState.ORPHANED else set())


def test_only_the_gateways_answer_or_a_person_says_that_money_went_back() -> None:
    proofs = {p for (_b, after), needed in graph.REFUND.edges.items() if after is RefundState.DONE for p in needed}

    assert proofs == {Proof.CANCEL, Proof.INQUIRY, Proof.STAFF}


@pytest.mark.parametrize(
    "state", sorted(set(AttemptState) - {AttemptState.PAID, AttemptState.ORPHANED, AttemptState.ATTENTION})
)
def test_money_can_be_found_late_from_every_other_state(state: AttemptState) -> None:
    assert state in graph.ATTEMPT.sources_of(AttemptState.PAID)


@pytest.mark.parametrize("after", [AttemptState.ORPHANED, AttemptState.ATTENTION])
def test_whatever_can_turn_out_paid_can_turn_out_not_to_fit(after: AttemptState) -> None:
    """Recording decides between the three only under the lock, when the answer is there already."""
    for before in graph.ATTEMPT.sources_of(AttemptState.PAID):
        assert graph.ATTEMPT.edges[before, AttemptState.PAID] <= graph.ATTEMPT.edges[before, after]


def test_a_paid_order_never_waits_for_money_again() -> None:
    paid = {OrderState.PAID, OrderState.PARTIALLY_REFUNDED, OrderState.REFUNDED}

    assert {after for before, after in graph.ORDER.edges if before in paid} <= paid
    assert OrderState.PAID not in {after for before, after in graph.ORDER.edges if before in paid}
