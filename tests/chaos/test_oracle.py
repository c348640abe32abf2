"""An oracle that cannot fail is worthless: a clean world passes, and each planted contradiction is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.books import BEHIND
from tests.chaos.evidence import Breach, DeskRow, Evidence, Intent, Placed, Row
from tests.chaos.oracle import ALWAYS, NEXT, QUIET, breaches

CARD, TRANSFER, ORPHAN = "20261123_CARD", "20261123_TRANSFER", "20261123_ORPHAN"
DEAR, CHEAP = "20261123-AAAAAAAA", "20261123-BBBBBBBB"


def payment(oid: str, total: int, refunded: int = 0, **more: Any) -> Row:
    usual: dict[str, Any] = {
        "type": "card",
        "paid_at": "2026-11-23T12:00:00+09:00",
        "cash_receipt": "none",
        "cash_receipt_amount": 0,
    }
    return {"oid": oid, "total": total, "refunded_total": refunded, **usual, **more}


def line(order_no: str, attempt_no: str, amount: int, state: str = "paid", refunded: int = 0, **more: Any) -> Row:
    usual: dict[str, Any] = {
        "method": "card",
        "refund_unknown": False,
        "cash_receipt_state": "none",
        "cash_receipt_amount": 0,
    }
    return (
        {"order_no": order_no, "attempt_no": attempt_no, "amount": amount, "state": state, "refunded": refunded}
        | usual
        | more
    )


def entry(seq: int, op: str, oid: str, effect: str = "", **more: Any) -> Row:
    usual: dict[str, Any] = {"outcome": "ok", "rule": "", "note": "", "follows": None, "asked": {}, "amount": None}
    return {"seq": seq, "op": op, "oid": oid, "effect": effect} | usual | more


def placed(order_no: str, pieces: int, price: int, attempts: list[str], seen: list[str]) -> Placed:
    return Placed(order_no, lines={"pen": pieces}, prices={"pen": price}, attempts=attempts, seen=seen)


def keys(request_key: str, auth_key: str = "auth") -> dict[str, str]:
    return {"PCD_PAY_REQKEY": request_key, "PCD_AUTH_KEY": auth_key}


def clean(**changes: Any) -> Evidence:
    """A dear order paid by card, an orphan beside it that went back, and a transfer of which half went back."""
    world = Evidence(
        payments=(
            payment(CARD, 30_000),
            payment(ORPHAN, 30_000, 30_000),
            payment(TRANSFER, 10_000, 4_000, type="transfer", cash_receipt="issued", cash_receipt_amount=6_000),
        ),
        entries=(
            entry(1, "confirm", CARD, "charged", asked=keys("one")),
            entry(2, "submit", ORPHAN, "charged"),
            entry(3, "inquiry", ORPHAN, follows=90),
            entry(4, "cancel", ORPHAN, "cancelled", amount=30_000, follows=91),
            entry(5, "confirm", TRANSFER, "charged", asked=keys("two")),
            entry(6, "receipt", TRANSFER, "receipt_issued", amount=10_000),
            entry(7, "cancel", TRANSFER, "cancelled", amount=4_000, follows=92),
        ),
        lines=(
            line(DEAR, CARD, 30_000),
            line(DEAR, ORPHAN, 30_000, "orphaned"),
            line(CHEAP, TRANSFER, 10_000, "paid", 4_000, cash_receipt_state="issued", cash_receipt_amount=6_000),
        ),
        orders=(
            placed(DEAR, 3, 10_000, [CARD, ORPHAN], ["awaiting_payment", "paid"]),
            placed(CHEAP, 1, 10_000, [TRANSFER], ["awaiting_payment", "partially_refunded"]),
        ),
        intents=(Intent(CHEAP, "half", 4_000), Intent(CHEAP, "half", 4_000)),
        stock={"pen": (10, 6)},
    )
    return replace(world, **changes)


def with_payment(oid: str, **changes: Any) -> tuple[Row, ...]:
    return tuple(dict(row) | (changes if row["oid"] == oid else {}) for row in clean().payments)


def with_line(attempt_no: str, **changes: Any) -> tuple[Row, ...]:
    return tuple(dict(row) | (changes if row["attempt_no"] == attempt_no else {}) for row in clean().lines)


def with_order(order_no: str, **changes: Any) -> tuple[Placed, ...]:
    return tuple(replace(order, **changes) if order.order_no == order_no else order for order in clean().orders)


def without_payment(oid: str) -> tuple[Row, ...]:
    return tuple(row for row in clean().payments if row["oid"] != oid)


def more_entries(*entries: Row) -> tuple[Row, ...]:
    return (*clean().entries, *entries)


def cancelled_under(day: str, opened: str) -> Evidence:
    """A cancel that the gateway knew nothing of, for a payment that was approved on the 24th."""
    told: dict[str, Any] = {"rule": "cancel_payment_unknown", "asked": {"PCD_PAY_DATE": day}}
    story = (
        entry(1, "window", CARD, "opened", at=opened),
        entry(2, "submit", CARD, "charged", at="2026-11-24T00:00:10.000+09:00"),
        entry(8, "cancel", CARD, outcome="refused", follows=95, **told),
    )
    others = (row for row in clean().entries if row["oid"] != CARD)
    return clean(entries=(*others, *story))


@pytest.mark.parametrize(
    ("day", "opened", "is_wrong"),
    [
        ("20261123", "2026-11-23T23:59:50.000+09:00", False),
        ("20261124", "2026-11-23T23:59:50.000+09:00", False),
        ("20261122", "2026-11-23T23:59:50.000+09:00", True),
        ("20261123", "2026-11-24T00:00:00.500+09:00", False),
        ("20261123", "2026-11-24T00:05:00.000+09:00", True),
    ],
)
def test_a_payment_around_midnight_has_two_days(day: str, opened: str, is_wrong: bool) -> None:
    found = breaches(cancelled_under(day, opened), is_quiet=False)

    assert ("I17" in [breach.invariant for breach in found]) is is_wrong


def with_entry(seq: int, **changes: Any) -> tuple[Row, ...]:
    return tuple(dict(row) | (changes if row["seq"] == seq else {}) for row in clean().entries)


def test_a_clean_world_has_no_violation() -> None:
    assert breaches(clean(), is_quiet=True) == []
    assert breaches(clean(), is_quiet=False) == []


def test_a_world_in_which_nothing_happened_has_no_violation() -> None:
    assert breaches(Evidence(), is_quiet=True) == []


PLANTED = [
    ("I1", "paid without an approval", {"payments": without_payment(CARD)}, CARD),
    ("I1", "shown as paid, no paid attempt", {"lines": with_line(CARD, state="declined")}, DEAR),
    ("I1", "two paid attempts", {"lines": with_line(ORPHAN, state="paid")}, DEAR),
    ("I1", "collected twice", {"entries": more_entries(entry(8, "confirm", CARD, "charged"))}, CARD),
    ("I1", "paid and still shown as payable", {"orders": with_order(DEAR, seen=["awaiting_payment"])}, DEAR),
    ("I1", "paid by an attempt of somebody else", {"orders": with_order(DEAR, attempts=("OTHER",))}, DEAR),
    ("I2", "an approval that the shop forgot", {"lines": with_line(CARD, state="expired")}, CARD),
    ("I2", "an approval of an unknown number", {"payments": (*clean().payments, payment("STRAY", 5_000))}, "STRAY"),
    ("I2", "an orphan that never went back", {"payments": with_payment(ORPHAN, refunded_total=0)}, ORPHAN),
    ("I2", "a desk that is not empty", {"desk": (DeskRow("attempt", "attention", DEAR),)}, DEAR),
    ("I2", "a desk that misses something", {"orders": with_order(CHEAP, is_for_desk=True)}, CHEAP),
    ("I3", "two standing approvals", {"payments": with_payment(ORPHAN, refunded_total=10_000)}, DEAR),
    (
        "I3",
        "a second confirm while the first one stands",
        {"entries": with_entry(2, op="confirm", asked=keys("three"))},
        ORPHAN,
    ),
    ("I3", "one number for two orders", {"lines": (*clean().lines, line(CHEAP, CARD, 30_000, "expired"))}, CARD),
    ("I4", "another amount collected", {"payments": with_payment(CARD, total=100)}, CARD),
    ("I4", "another price frozen", {"orders": with_order(DEAR, prices={"pen": 9_000})}, CARD),
    ("I5", "more back than collected", {"payments": with_payment(TRANSFER, refunded_total=10_001)}, TRANSFER),
    (
        "I5",
        "a cancel above the remainder was sent",
        {"entries": more_entries(entry(8, "cancel", TRANSFER, outcome="refused", rule="cancel_above_remainder"))},
        TRANSFER,
    ),
    ("I6", "refunded only in the shop", {"lines": with_line(CARD, refunded=1_000)}, CARD),
    ("I6", "refunded only at the gateway", {"lines": with_line(TRANSFER, refunded=0)}, TRANSFER),
    ("I7", "one refund moved money twice", {"intents": ()}, CHEAP),
    (
        "I7",
        "an orphan that went back in two pieces",
        {"entries": more_entries(entry(8, "cancel", ORPHAN, "cancelled", amount=1, follows=93))},
        ORPHAN,
    ),
    (
        "I8",
        "a receipt over more than was kept",
        {"payments": with_payment(TRANSFER, cash_receipt_amount=10_000)},
        TRANSFER,
    ),
    ("I8", "the books differ about the receipt", {"lines": with_line(TRANSFER, cash_receipt_amount=5_000)}, TRANSFER),
    ("I8", "a receipt that the shop forgot", {"lines": with_line(TRANSFER, cash_receipt_state="none")}, TRANSFER),
    (
        "I8",
        "a receipt that was cancelled and never issued again",
        {
            "payments": with_payment(TRANSFER, cash_receipt="cancelled", cash_receipt_amount=0),
            "lines": with_line(TRANSFER, cash_receipt_state="cancelled", cash_receipt_amount=0),
        },
        TRANSFER,
    ),
    (
        "I8",
        "two active receipts of one order",
        {
            "payments": with_payment(ORPHAN, cash_receipt="issued", cash_receipt_amount=1),
            "lines": with_line(ORPHAN, order_no=CHEAP),
        },
        CHEAP,
    ),
    ("I9", "stock below zero", {"stock": {"pen": (10, -1, 6)}}, "pen"),
    ("I9", "a piece out of nothing", {"stock": {"pen": (5, 6, 1)}}, "pen"),
    ("I9", "a piece is missing", {"stock": {"pen": (10, 5)}}, "pen"),
    ("I10", "refunded and paid again", {"orders": with_order(DEAR, seen=["refunded", "paid"])}, DEAR),
    ("I10", "paid and then expired", {"orders": with_order(DEAR, seen=["paid", "expired", "paid"])}, DEAR),
    ("I11", "somebody else was called", {"canary": ("127.0.0.9 heard POST /php/PayCardConfirmAct.php",)}, "canary"),
    (
        "I13",
        "one authentication for two requests",
        {"entries": more_entries(entry(8, "cancel", TRANSFER, outcome="refused", follows=92))},
        TRANSFER,
    ),
    (
        "I13",
        "a token for another purpose",
        {"entries": more_entries(entry(8, "inquiry", CARD, outcome="refused", rule="token_purpose", follows=93))},
        CARD,
    ),
    ("I13", "a number given twice", {"orders": with_order(CHEAP, attempts=(TRANSFER, CARD))}, CARD),
    ("I14", "confirmed twice", {"entries": more_entries(entry(8, "confirm", CARD, asked=keys("one")))}, CARD),
    (
        "I14",
        "confirmed twice, the first one lost before it was done",
        {
            "entries": more_entries(
                entry(8, "fault", CARD, note="http_500 before confirm", asked=keys("three")),
                entry(9, "confirm", CARD, asked=keys("three")),
            )
        },
        CARD,
    ),
    ("I16", "an attempt that waits", {"lines": with_line(ORPHAN, state="unknown")}, ORPHAN),
    ("I16", "a refund that nobody knows of", {"lines": with_line(TRANSFER, refund_unknown=True)}, TRANSFER),
    ("I16", "a page that still says checking", {"orders": with_order(DEAR, seen=["checking"])}, DEAR),
    (
        "I17",
        "an inquiry for another day",
        {"entries": more_entries(entry(8, "inquiry", CARD, outcome="refused", rule="payment_unknown", follows=95))},
        CARD,
    ),
    (
        "I17",
        "a search that gives up and begins again",
        {
            "entries": more_entries(
                entry(
                    8, "inquiry", CARD, outcome="refused", rule="payment_unknown", asked={"PCD_PAY_DATE": "20261122"}
                ),
                entry(
                    9, "inquiry", CARD, outcome="refused", rule="payment_unknown", asked={"PCD_PAY_DATE": "20261122"}
                ),
                entry(10, "inquiry", CARD, asked={"PCD_PAY_DATE": "20261123"}),
            )
        },
        CARD,
    ),
    (
        "I17",
        "a cancel for another day",
        {
            "entries": more_entries(
                entry(8, "cancel", CARD, outcome="refused", rule="cancel_payment_unknown", follows=95)
            )
        },
        CARD,
    ),
    ("I20", "a won is missing", {"lines": with_line(CARD, amount=29_999)}, "all"),
]


def found_in(evidence: Evidence) -> set[tuple[str, str]]:
    return {(breach.invariant, breach.text.partition(":")[0]) for breach in breaches(evidence, is_quiet=True)}


@pytest.mark.parametrize(("name", "_what", "changes", "about"), PLANTED, ids=[f"{row[0]}-{row[1]}" for row in PLANTED])
def test_a_contradiction_is_named(name: str, _what: str, changes: dict[str, Any], about: str) -> None:
    assert (name, about) in found_in(clean(**changes))


def test_every_invariant_of_the_oracle_has_a_planted_contradiction() -> None:
    assert {row[0] for row in PLANTED} == {*ALWAYS, *QUIET}


def test_a_breach_names_the_numbers_and_the_order() -> None:
    found = breaches(clean(payments=with_payment(CARD, total=100)), is_quiet=True)
    assert Breach("I4", f"{CARD}: 100 won were collected for an order of 30000 won", DEAR) in found


def searched(*answers: tuple[str, str]) -> dict[str, Any]:
    """Inquiries about the payment by card, one after the other: the method asked for, and what came of it."""
    return {
        "entries": more_entries(
            *(
                entry(8 + number, "inquiry", CARD, asked={"PCD_PAY_TYPE": method}, **ANSWERS[answer])
                for number, (method, answer) in enumerate(answers)
            )
        )
    }


ANSWERS: dict[str, dict[str, str]] = {
    "found": {},
    "not yet": {"outcome": "refused", "rule": "inquiry_lags"},
    "nothing": {"outcome": "refused", "rule": "payment_unknown"},
}
ONCE = (("card", "not yet"), ("transfer", "nothing"))
"""A search for either method while the inquiry does not show the payment yet."""


@pytest.mark.parametrize(
    ("answers", "is_wrong"),
    [
        ((*ONCE, ("card", "found")), False),
        ((*ONCE, *ONCE, ("card", "found")), False),
        ((*ONCE, *ONCE, *ONCE, ("card", "found")), False),
        ((*ONCE, ("transfer", "nothing"), ("card", "found")), True),
        ((("card", "not yet"), ("transfer", "nothing")), True),
    ],
)
def test_a_search_for_either_method_may_come_too_early(answers: tuple[tuple[str, str], ...], is_wrong: bool) -> None:
    assert (("I17", CARD) in found_in(clean(**searched(*answers)))) is is_wrong


ALLOWED = {
    "a search that ends on the right day": {
        "entries": more_entries(
            entry(8, "inquiry", CARD, outcome="refused", rule="payment_unknown", asked={"PCD_PAY_DATE": "20261122"}),
            entry(9, "inquiry", CARD, asked={"PCD_PAY_DATE": "20261123"}),
        )
    },
    "an inquiry before anything was collected": {
        "entries": (entry(0, "inquiry", CARD, outcome="refused", rule="payment_unknown", follows=95), *clean().entries)
    },
    "an inquiry that finds nothing yet": {
        "entries": more_entries(entry(8, "inquiry", CARD, outcome="refused", rule="inquiry_lags", follows=95))
    },
    "the same keys again after an inquiry found nothing": {
        "entries": (
            entry(-2, "fault", CARD, note="http_500 before confirm", asked=keys("one")),
            entry(-1, "inquiry", CARD, outcome="refused", rule="payment_unknown", follows=95),
            *clean().entries,
        )
    },
    "a confirm after the one before it has gone back": {
        "entries": (
            entry(-2, "confirm", ORPHAN, "charged", asked=keys("three")),
            entry(-1, "cancel", ORPHAN, "cancelled", amount=30_000, follows=94),
            *(row for row in clean().entries if row["oid"] != ORPHAN),
        )
    },
    "a full cancel repeated": {
        "entries": more_entries(entry(8, "cancel", ORPHAN, outcome="refused", rule="already_cancelled", follows=95))
    },
    "money that went back behind the shop's back": {
        "payments": with_payment(CARD, refunded_total=30_000),
        "entries": more_entries(entry(8, "cancel", CARD, "cancelled", amount=30_000, note=BEHIND)),
    },
    "an unresolvable refund on the desk": {
        "lines": with_line(TRANSFER, refund_unknown=True, refunded=0),
        "desk": (DeskRow("refund", "unknown", CHEAP),),
        "orders": with_order(CHEAP, is_for_desk=True),
    },
    "a receipt that the staff cancelled": {
        "payments": with_payment(TRANSFER, cash_receipt="cancelled", cash_receipt_amount=0),
        "lines": with_line(TRANSFER, cash_receipt_state="cancelled", cash_receipt_amount=0),
        "orders": with_order(CHEAP, receipt_given_up=True),
    },
    "an orphan on the desk": {
        "payments": with_payment(ORPHAN, refunded_total=0),
        "desk": (DeskRow("refund", "refused", DEAR),),
        "orders": with_order(DEAR, may_be_on_desk=True),
    },
    "keys that grew old because the harness moved the clock": {
        "entries": more_entries(
            entry(8, "inquiry", CARD, outcome="refused", rule="token_expired", follows=95),
            entry(9, "inquiry", CARD, follows=96),
        )
    },
    "a receipt that is due": {
        "payments": with_payment(TRANSFER, cash_receipt_amount=10_000),
        "lines": with_line(TRANSFER, cash_receipt_state="cancel_due", cash_receipt_amount=10_000),
    },
    "a payment under a number that a browser invented": {
        "payments": (*clean().payments, payment("INVENTED", 5_000)),
        "beyond_reach": frozenset({"INVENTED"}),
    },
    "a history that skips what nobody saw": {"orders": with_order(DEAR, seen=["expired", "refunded"])},
}


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_is_allowed_is_no_violation(changes: dict[str, Any]) -> None:
    assert breaches(clean(**changes), is_quiet=True) == []


def test_a_key_that_leaked_is_told_of_and_not_repeated() -> None:
    hit = 'POST /confirm HTTP/1.1\r\nHost: evil\r\n\r\n{"PCD_CUST_KEY": "secret"}'
    (breach,) = breaches(clean(canary=(hit,)), is_quiet=False)
    assert breach.text == "canary: heard POST /confirm HTTP/1.1 and carried a key"


def test_while_things_move_only_the_safe_invariants_are_judged() -> None:
    assert breaches(clean(lines=with_line(CARD, state="confirming")), is_quiet=False) == []
    assert [one.invariant for one in breaches(clean(lines=with_line(CARD, refunded=1)), is_quiet=False)] == ["I6"]


def test_the_graph_knows_every_state_that_it_leads_to() -> None:
    assert {after for afters in NEXT.values() for after in afters} <= set(NEXT)
