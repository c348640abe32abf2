"""The comparison of a trade date with the gateway: an honest day has no difference, and each kind is found."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from shop import clock
from shop.db import db
from shop.extensions import client
from shop.models import Attempt, CashReceipt
from shop.rules.money import Won
from shop.rules.states import AttemptState, CashReceiptState
from shop.services import refunds, reports, sweep
from shop.services.refunds import RefundWish
from tests import world as worlds
from tests.services.on_the_way import reword
from tests.staff import paid_order
from tests.world import World

STATES = {"orders", "attempts", "refunds", "cash_receipts"}


@pytest.fixture
def told(world: World) -> World:
    """A gateway whose inquiry tells what went back."""
    world.control("POST", "policy", {"inquiry_shows_refund": "on"})
    return world


def compare(**choices: Any) -> reports.Comparison:
    """Compare today."""
    db.session.rollback()
    return reports.compare_day(client(), clock.korea_date(worlds.now()), **choices)


def found() -> list[tuple[str, str, str]]:
    return [(row.kind, row.ours, row.gateway) for row in compare().differences]


def refund(world: World, order_no: str, amount: int) -> None:
    facts = refunds.facts(world.order(order_no))
    assert facts is not None
    wish = RefundWish(Won(amount), Won(facts.refundable), "변심", f"intent-{clock.now().timestamp()}")
    refunds.request(order_no, wish, by="kim", client=client())


def attempt_of(world: World, order_no: str) -> Attempt:
    return world.order(order_no).attempts[-1]


@pytest.mark.both_engines
def test_an_honest_day_has_no_difference_and_nothing_changes(told: World) -> None:
    for method in ("card", "transfer"):
        paid_order(told, method=method, cash_receipt="y")
        refund(told, paid_order(told, method=method, cash_receipt="y"), 3_000)
        refund(told, paid_order(told, method=method, cash_receipt="y"), 10_000)
    buyer = told.browser()
    order_no = buyer.place_order()
    for opening in [buyer.start_attempt(order_no, 200, work="PAY") for _window in range(2)]:
        told.deliver(told.payer().pay(opening["fields"]))
    before = told.dump(only=STATES)

    result = compare()

    assert (result.compared, result.differences, result.left) == (8, [], 0)
    assert told.dump(only=STATES) == before


def test_one_authentication_serves_all_inquiries_of_a_comparison(world: World) -> None:
    for _order in range(4):
        paid_order(world)
    before = sum(entry["op"] == "auth" for entry in world.control("GET", "ledger"))

    assert compare().compared == 4
    assert sum(entry["op"] == "auth" for entry in world.control("GET", "ledger")) == before + 1


def test_a_part_of_the_day_is_compared_and_the_next_part_goes_on_behind_it(world: World) -> None:
    for _order in range(5):
        paid_order(world)

    first = compare(most=3)
    second = compare(after_id=first.last_id, most=3)

    assert [(part.compared, part.left) for part in (first, second)] == [(3, 2), (2, 0)]


def test_another_amount_is_found(world: World) -> None:
    attempt_of(world, paid_order(world)).charged_amount = 9_000
    db.session.commit()

    assert found() == [("amount", "9000", "10000")]


def test_a_payment_that_only_one_side_knows_is_found(world: World) -> None:
    buyer = world.browser()
    opening = buyer.start_attempt(buyer.place_order(), 200, work="PAY")
    world.control("POST", "policy", {"inquiry_lag_seconds": 86_400})
    world.payer().pay(opening["fields"], "lost_paid")
    paid_order(world)
    world.advance(hours=2)
    db.session.rollback()
    sweep.run(client())
    assert found() == [("state", "paid", "none")]

    world.control("POST", "policy", {"inquiry_lag_seconds": 0})

    assert found() == [("state", "expired", "paid")]


def test_a_payment_after_midnight_belongs_to_the_next_day_also_where_only_the_gateway_knows_it(world: World) -> None:
    now = worlds.korea_now()
    world.advance(seconds=(datetime.combine(now.date(), time(23, 59, 30), clock.KOREA) - now).total_seconds())
    buyer = world.browser()
    opening = buyer.start_attempt(buyer.place_order(), 200, work="PAY")
    world.control("POST", "policy", {"inquiry_lag_seconds": 86_400})
    world.advance(minutes=1)
    world.payer().pay(opening["fields"], "lost_paid")
    world.advance(hours=2)
    db.session.rollback()
    sweep.run(client())
    world.control("POST", "policy", {"inquiry_lag_seconds": 0})

    assert found() == [("state", "expired", "paid")]


def test_a_refund_past_the_shop_is_found_where_the_inquiry_tells(world: World) -> None:
    order_no = paid_order(world)
    world.control("POST", f"payments/{attempt_of(world, order_no).attempt_no}/cancel", {"amount": 4_000})
    assert found() == []

    world.control("POST", "policy", {"inquiry_shows_refund": "on"})

    assert found() == [("refunded", "0", "4000")]


def test_a_lost_refund_shows_what_really_went_back(told: World) -> None:
    order_no = paid_order(told)
    told.fault("cancel", "lost_answer", phase="after")
    refund(told, order_no, 4_000)

    assert found() == [("refunded", "0", "4000")]


@pytest.mark.parametrize("ours", [0, 6_000])
def test_another_cash_receipt_is_found(world: World, ours: int) -> None:
    """An inquiry of the simulator names no amount, as Payple's documents promise none: here it does."""
    paid_order(world, method="transfer", cash_receipt="y")
    receipt = db.session.scalars(select(CashReceipt)).one()
    if ours:
        receipt.amount = ours
    else:
        db.session.delete(receipt)
    db.session.commit()
    reword(world, "PayChkAct", lambda response: _with_amount(response, 10_000))

    assert found() == [("cash_receipt", str(ours), "10000")]


def _with_amount(response: requests.Response, amount: int) -> bytes:
    return json.dumps(response.json() | {"PCD_TAXSAVE_AMOUNT": str(amount)}).encode()


def test_a_cash_receipt_that_only_we_know_is_found(world: World) -> None:
    order_no = paid_order(world, method="transfer", cash_receipt="y")
    receipt = db.session.scalars(select(CashReceipt)).one()
    reword(world, "PayChkAct", _without_receipt)
    assert found() == [("cash_receipt", "10000", "0")]

    receipt.state, receipt.due_at = CashReceiptState.CANCEL_DUE, worlds.now() + timedelta(days=1)
    db.session.commit()

    assert (found(), world.order(order_no).cash_receipts[0].state) == ([], CashReceiptState.CANCEL_DUE)


def _without_receipt(response: requests.Response) -> bytes:
    return json.dumps(response.json() | {"PCD_TAXSAVE_RST": "N", "PCD_TAXSAVE_MGTNUM": ""}).encode()


def test_payments_without_an_answer_are_named_and_a_silent_gateway_is_left_alone(world: World) -> None:
    for _order in range(5):
        paid_order(world)
    world.fault("inquiry", "lost_answer", times=10)

    result = compare()

    assert [row.kind for row in result.differences] == ["no_answer"] * 3
    assert (result.compared, result.left) == (3, 2)


def test_an_answer_that_names_another_attempt_is_that_ones_money_only(world: World) -> None:
    """Keys of one window claimed for another: one approval, counted once, and no difference."""
    buyer = world.browser()
    mine, other = (buyer.start_attempt(buyer.place_order(), 200) for _order in range(2))
    claim = dict(world.payer().pay(other["fields"])) | {"PCD_PAY_OID": mine["attempt_no"]}
    world.deliver(list(claim.items()))
    db.session.rollback()
    today = clock.korea_date(worlds.now())

    assert world.attempt(mine["attempt_no"]).state is AttemptState.DECLINED
    assert world.attempt(other["attempt_no"]).state is AttemptState.PAID
    assert reports.settlement_sheet(today).total.approved == 1_000
    assert found() == []


def test_the_command_prints_a_line_for_each_difference_and_the_sums(world: World) -> None:
    attempt = attempt_of(world, paid_order(world))
    attempt_no, order_no = attempt.attempt_no, attempt.order.order_no
    attempt.charged_amount = 9_000
    db.session.commit()
    today = clock.korea_date(worlds.now()).isoformat()

    answer = world.app.test_cli_runner().invoke(args=["reconcile", "--date", today])

    assert [json.loads(line) for line in answer.output.splitlines()] == [
        {"order_no": order_no, "attempt_no": attempt_no, "kind": "amount", "ours": "9000", "gateway": "10000"},
        {"date": today, "compared": 1, "differences": 1, "left": 0},
    ]
    assert world.app.test_cli_runner().invoke(args=["reconcile", "--date", "yesterday"]).exit_code == 2
