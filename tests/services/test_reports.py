"""The comparison of a trade date with the gateway: an honest day has no difference, and each kind is found."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shop import clock
from shop.db import db
from shop.extensions import client
from shop.payple import CashReceiptRequest
from shop.rules.states import CashReceiptState
from shop.services import reports
from tests import world as worlds
from tests.world import Purchase, World

STATES = {"orders", "attempts", "refunds", "cash_receipts"}


@pytest.fixture
def refunds_shown(world: World) -> World:
    world.policy(inquiry_shows_refund="on")
    return world


def paid(world: World, **choices: str) -> Purchase:
    return world.purchase(quantity=10, **choices).pay()


def transfer(world: World) -> Purchase:
    return paid(world, method="transfer", cash_receipt="y")


def compare(**choices: Any) -> reports.Comparison:
    db.session.rollback()
    return reports.compare_day(client(), clock.korea_date(worlds.now()), **choices)


def found() -> list[tuple[str, str, str]]:
    return [(row.kind, row.ours, row.gateway) for row in compare().differences]


@pytest.mark.stricter_engine
def test_an_honest_day_has_no_difference_and_nothing_changes(refunds_shown: World) -> None:
    for make in (paid, transfer):
        make(refunds_shown)
        make(refunds_shown).refund(3_000)
        make(refunds_shown).refund(10_000)
    first = refunds_shown.purchase(work="PAY")
    first.start(work="PAY").pay()
    first.pay()
    before = refunds_shown.dump(only=STATES)

    result = compare()

    assert (result.compared, result.differences, result.left) == (8, [], 0)
    assert refunds_shown.dump(only=STATES) == before


def test_one_authentication_serves_all_inquiries_of_a_part_and_the_next_part_goes_on_behind_it(world: World) -> None:
    for _order in range(5):
        paid(world)
    before = world.calls("auth")

    first = compare(most=3)
    assert world.calls("auth") == before + 1
    second = compare(after_id=first.last_id, most=3)

    assert [(part.compared, part.left) for part in (first, second)] == [(3, 2), (2, 0)]


def test_a_payment_that_only_one_side_knows_is_found(world: World) -> None:
    world.policy(inquiry_lag_seconds=86_400)
    world.purchase(work="PAY").claim("lost_paid")
    paid(world)
    world.sweep(hours=2)
    assert found() == [("state", "paid", "none")]

    world.policy(inquiry_lag_seconds=0)

    assert found() == [("state", "expired", "paid")]


def test_a_refund_that_was_made_elsewhere_is_found_where_the_inquiry_shows_it(world: World) -> None:
    world.control("POST", f"payments/{paid(world).attempt_no}/cancel", {"amount": 4_000})
    assert found() == []

    world.policy(inquiry_shows_refund="on")

    assert found() == [("refunded", "0", "4000")]


def test_a_cash_receipt_that_only_one_side_knows_is_found_unless_a_job_is_due(world: World) -> None:
    """Somebody cancels one and issues another in the partner admin."""
    ours, theirs = transfer(world), paid(world, method="transfer")
    facts = [CashReceiptRequest(one.attempt_no, one.attempt.billing_key, 10_000) for one in (ours, theirs)]
    client().cancel_cash_receipt(facts[0])
    client().issue_cash_receipt(facts[1])
    assert found() == [("cash_receipt", "10000", "0"), ("cash_receipt", "0", "10000")]

    [receipt] = ours.attempt.cash_receipts
    receipt.state, receipt.due_at = CashReceiptState.CANCEL_DUE, worlds.now() + timedelta(days=1)
    db.session.commit()

    assert found() == [("cash_receipt", "0", "10000")]


def test_payments_without_an_answer_are_named_and_a_silent_gateway_is_left_alone(world: World) -> None:
    for _order in range(5):
        paid(world)
    world.fault("inquiry", "lost_answer", times=10)

    result = compare()

    assert [row.kind for row in result.differences] == ["no_answer"] * 3
    assert (result.compared, result.left) == (3, 2)


def test_the_command_prints_a_line_for_each_difference_and_the_sums(world: World) -> None:
    purchase = paid(world)
    purchase.attempt.charged_amount = 9_000
    db.session.commit()
    today = clock.korea_date(worlds.now()).isoformat()

    answer = world.app.test_cli_runner().invoke(args=["reconcile", "--date", today])

    difference = {"order_no": purchase.order_no, "attempt_no": purchase.attempt_no}
    assert [json.loads(line) for line in answer.output.splitlines()] == [
        difference | {"kind": "amount", "ours": "9000", "gateway": "10000"},
        {"date": today, "compared": 1, "differences": 1, "left": 0},
    ]
    assert world.app.test_cli_runner().invoke(args=["reconcile", "--date", "yesterday"]).exit_code == 2
