"""The oracle names what is wrong: one clean run, and one change of it for each rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.oracle import DeskRow, Evidence, Placed, violations

PAYMENT = {"oid": "A1", "paid_at": "now", "total": 3_000, "refunded_total": 1_000, "type": "transfer"}
PAYMENT |= {"cash_receipt": "issued", "cash_receipt_amount": 2_000}
LINE = {"order_no": "O1", "attempt_no": "A1", "method": "transfer", "state": "paid", "amount": 3_000, "refunded": 1_000}
LINE |= {"refund_unknown": False, "cash_receipt_state": "issued", "cash_receipt_amount": 2_000}
CHARGED = {"oid": "A1", "op": "confirm", "effect": "charged", "amount": 3_000, "rule": "", "asked": {"a": "b"}}
CANCELLED = CHARGED | {"op": "cancel", "effect": "cancelled", "amount": 1_000}
RECEIPT = CHARGED | {"op": "receipt", "effect": "receipt_issued"}
SECOND = {"oid": "A2", "attempt_no": "A2"}


def clean() -> Evidence:
    order = Placed("O1", {"pen": 3}, {"pen": 1_000}, attempts=["A1"], seen=["checking", "paid", "partially_refunded"])
    return Evidence(
        entries=[CHARGED, RECEIPT, CANCELLED],
        payments=[PAYMENT],
        lines=[LINE],
        orders=[order],
        refund_forms=frozenset({("O1", "form")}),
        stock={"pen": [5, 2]},
    )


def with_line(**changed: Any) -> Callable[[Evidence], Evidence]:
    return lambda seen: replace(seen, lines=[LINE | changed])


def with_payment(**changed: Any) -> Callable[[Evidence], Evidence]:
    return lambda seen: replace(seen, payments=[PAYMENT | changed])


def with_order(**changed: Any) -> Callable[[Evidence], Evidence]:
    return lambda seen: replace(seen, orders=[replace(seen.orders[0], **changed)])


def with_second_charge(seen: Evidence) -> Evidence:
    """The same order is confirmed once more and its money returned at last: nothing but the moment was wrong."""
    back = PAYMENT | SECOND | {"refunded_total": 3_000, "cash_receipt": "none", "cash_receipt_amount": 0}
    orphan = (
        LINE | SECOND | {"state": "orphaned", "refunded": 0, "cash_receipt_state": "none", "cash_receipt_amount": 0}
    )
    return replace(seen, entries=[*seen.entries, CHARGED | SECOND], payments=[PAYMENT, back], lines=[LINE, orphan])


BREAKS: dict[str, tuple[str, Callable[[Evidence], Evidence]]] = {
    "paid without an approval": ("I1", with_payment(paid_at=None)),
    "another amount": ("I1", with_payment(total=2_900)),
    "another method": ("I1", with_payment(type="card")),
    "an attempt of another order": ("I1", with_order(attempts=[])),
    "another price": ("I1", with_order(prices={"pen": 900})),
    "confirmed twice": ("I1", with_second_charge),
    "money that no order takes": ("I2", with_line(state="orphaned")),
    "a desk row without a reason": ("I2", lambda seen: replace(seen, desk=[DeskRow("refund", "refused", "O1")])),
    "more back than paid": ("I3", with_payment(refunded_total=3_100)),
    "a cancel that nobody asked for": ("I3", lambda seen: replace(seen, refund_forms=frozenset())),
    "a cancel above the rest": (
        "I3",
        lambda seen: replace(
            seen, entries=[*seen.entries, CANCELLED | {"effect": "", "rule": "cancel_above_remainder"}]
        ),
    ),
    "a refund in the shop only": ("I4", with_line(refunded=1_500)),
    "a refund at the gateway only": ("I4", with_line(refunded=0)),
    "a receipt for too much": ("I5", with_payment(cash_receipt_amount=3_000)),
    "no receipt any more": ("I5", with_payment(cash_receipt="cancelled", cash_receipt_amount=0)),
    "stock below zero": ("I6", lambda seen: replace(seen, stock={"pen": [2, -1]})),
    "a lost piece": ("I6", lambda seen: replace(seen, stock={"pen": [5, 1]})),
    "paid again": ("I7", with_order(seen=["refunded", "paid"])),
    "a stranger was called": ("I8", lambda seen: replace(seen, canary=["GET / HTTP/1.1"])),
    "an open attempt": ("I11", with_line(state="unknown")),
    "an open order": ("I11", with_order(seen=["checking"])),
    "sums that differ": ("I13", with_line(amount=2_000)),
}


def test_a_clean_run_has_no_violation() -> None:
    assert violations(clean(), at_rest=True) == []


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_named(name: str) -> None:
    invariant, change = BREAKS[name]

    assert invariant in {found.invariant for found in violations(change(clean()), at_rest=True)}


def test_only_what_holds_at_every_moment_is_asked_for_before_rest() -> None:
    assert violations(with_line(state="unknown")(clean()), at_rest=False) == []
    assert violations(with_second_charge(clean()), at_rest=False)
