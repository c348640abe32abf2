"""Reconciliation: an honest day has no difference; each planted one is found, and each repair repairs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop import clock
from shop.db import db
from shop.models import Attempt, CashReceipt, Difference, JournalEntry, Refund
from shop.money import Won
from shop.payple import Timer
from shop.services import (
    cash_receipts,
    conservation,
    differences,
    leases,
    reconciling,
    refund_decisions,
    refunding,
    settlement_sheet,
    sweep,
)
from shop.services.reconciling import Period
from shop.services.refunding import RefundWish
from shop.states import AttemptState, CashReceiptState, OrderState, RefundState
from shop.views.shop import client
from tests import world as worlds
from tests.staff import paid_order
from tests.world import World

AT_ONCE = Timer(lambda: 0.0, lambda _seconds: None)


@pytest.fixture
def told(world: World) -> World:
    """A gateway whose inquiry tells what went back."""
    world.control("POST", "policy", {"inquiry_shows_refund": "on"})
    return world


def reconcile(world: World) -> dict[str, Any]:
    """Compare what has happened until now, well after it happened."""
    today = clock.korea_date(worlds.now())
    world.advance(minutes=3)
    period = Period(today - timedelta(days=3), clock.korea_date(worlds.now()))
    return reconciling.run(client(), period, by="kim", now=worlds.now(), timer=AT_ONCE)


def found(world: World) -> list[tuple[str, str, str]]:
    """What differs, in few words."""
    return [(row["kind"], row["ours"], row["gateway"]) for row in reconcile(world)["differences"]]


def repair(world: World) -> Difference:
    """Repair the one difference that is open."""
    db.session.rollback()
    row = db.session.scalars(select(Difference).where(Difference.closed_at.is_(None))).one()
    return differences.repair(row.id, by="kim", client=client(), now=worlds.now())


def refund(world: World, order_no: str, amount: int) -> Refund:
    facts = refunding.facts(world.order(order_no))
    assert facts is not None
    wish = RefundWish(Won(amount), Won(facts.refundable), "변심", f"intent-{clock.now().timestamp()}")
    return refunding.request(order_no, wish, by="kim", client=client(), now=worlds.now())


def attempt_of(world: World, order_no: str) -> Attempt:
    return world.order(order_no).attempts[-1]


def behind(world: World, order_no: str, amount: int | None = None) -> None:
    """Cancel in the gateway's own administration."""
    body = {} if amount is None else {"amount": amount}
    world.control("POST", f"payments/{attempt_of(world, order_no).attempt_no}/cancel", body)


def ended(difference: Difference) -> tuple[str, str]:
    return difference.outcome, difference.closed_by


@pytest.mark.both_engines
def test_an_honest_day_has_no_difference_and_both_sums_are_the_same(told: World) -> None:
    for method in ("card", "transfer"):
        paid_order(told, method=method, cash_receipt="y")
        refund(told, paid_order(told, method=method, cash_receipt="y"), 3_000)
        refund(told, paid_order(told, method=method, cash_receipt="y"), 10_000)
    buyer = told.browser()
    second = [buyer.start_attempt(buyer.place_order(), 200, work="PAY") for _window in range(1)]
    told.deliver(told.payer().close(second[0]["fields"]))
    order_no = buyer.place_order()
    for opening in [buyer.start_attempt(order_no, 200, work="PAY") for _window in range(2)]:
        told.deliver(told.payer().pay(opening["fields"]))

    result = reconcile(told)

    assert result["differences"] == []
    assert (result["finished"], result["planned"], result["compared"]) == (True, 9, 9)
    assert result["ours"] == result["gateway"] == {"number": 8, "paid": 62_000, "refunded": 27_000}


def test_a_gateway_that_does_not_tell_of_refunds_is_not_asked_to(world: World) -> None:
    refund(world, paid_order(world), 3_000)

    result = reconcile(world)

    assert (result["differences"], result["gateway"]["refunded"], result["ours"]["refunded"]) == ([], None, 3_000)


@pytest.mark.both_engines
def test_a_payment_that_only_the_gateway_knows_is_settled(world: World) -> None:
    world.control("POST", "policy", {"inquiry_lag_seconds": 86_400})
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, work="PAY")
    assert world.payer().pay(opening["fields"], "lost_paid") == []
    world.advance(hours=2)
    sweep.run(client(), now=worlds.now(), timer=AT_ONCE)
    assert attempt_of(world, order_no).state is AttemptState.EXPIRED
    world.control("POST", "policy", {"inquiry_lag_seconds": 0})

    assert found(world) == [("paid_there", "expired", "1000")]

    assert ended(repair(world)) == ("repaired", "kim")
    assert world.order(order_no).state is OrderState.PAID
    assert found(world) == []


@pytest.mark.parametrize("state", ["prepared", "unknown"])
def test_an_open_attempt_that_the_gateway_calls_paid_is_settled(world: World, state: str) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, work="PAY")
    if state == "unknown":
        world.fault("inquiry", "lost_answer")
    claim = world.payer().pay(opening["fields"], "lost_paid" if state == "prepared" else "")
    if claim:
        world.deliver(claim)

    assert found(world) == [("paid_there", state, "1000")]
    repair(world)

    assert world.order(order_no).state is OrderState.PAID


def test_what_has_just_been_paid_is_news_and_no_difference(world: World) -> None:
    buyer = world.browser()
    opening = buyer.start_attempt(buyer.place_order(), 200, work="PAY")
    world.payer().pay(opening["fields"], "lost_paid")
    today = clock.korea_date(worlds.now())

    result = reconciling.run(client(), Period(today, today), by="kim", now=worlds.now(), timer=AT_ONCE)

    assert result["differences"] == []


def test_a_payment_that_the_gateway_does_not_know_is_a_persons(world: World) -> None:
    """Asking again closes it once the gateway finds it; until then somebody has to look, and is named."""
    paid_order(world)
    world.control("POST", "policy", {"inquiry_lag_seconds": 3_600})

    assert found(world) == [("unknown_there", "10000", "-")]
    assert ended(repair(world)) == ("", "")
    world.control("POST", "policy", {"inquiry_lag_seconds": 0})

    assert ended(repair(world)) == ("agreed", "kim")


@pytest.mark.parametrize(
    ("column", "ours", "theirs"), [("amount", "9000", "10000"), ("charged_amount", "9000", "10000")]
)
def test_another_amount_is_found_and_acknowledged_by_name(world: World, column: str, ours: str, theirs: str) -> None:
    order_no = paid_order(world)
    setattr(attempt_of(world, order_no), column, 9_000)
    db.session.commit()

    assert found(world) == [("amount", ours, theirs)]
    [row] = db.session.scalars(select(Difference))
    for _press in range(2):
        differences.acknowledge(row.id, by="kim", now=worlds.now())

    assert ended(db.session.get_one(Difference, row.id)) == ("acknowledged", "kim")
    events = list(db.session.scalars(select(JournalEntry.event).where(JournalEntry.event.like("difference%"))))
    assert events == ["difference_acknowledged"]


@pytest.mark.both_engines
@pytest.mark.parametrize(("amount", "state"), [(4_000, "partially_refunded"), (None, "refunded")])
def test_money_that_went_back_past_the_shop_becomes_a_refund_of_ours(
    told: World, amount: int | None, state: str
) -> None:
    order_no = paid_order(told)
    refund(told, order_no, 1_000)
    behind(told, order_no, amount)
    back = 5_000 if amount else 10_000

    assert found(told) == [("refunded", "1000", str(back))]
    assert ended(repair(told)) == ("repaired", "kim")

    order = told.order(order_no)
    assert (order.refunded, order.state) == (back, state)
    assert (order.refunds[-1].requested_by, order.refunds[-1].decided_by) == ("kim", "kim")
    assert found(told) == []


@pytest.mark.both_engines
@pytest.mark.parametrize(("phase", "state"), [("after", RefundState.DONE), ("before", RefundState.REFUSED)])
def test_a_lost_partial_refund_is_decided_by_what_the_gateway_tells(
    told: World, phase: str, state: RefundState
) -> None:
    order_no = paid_order(told)
    told.fault("cancel", "lost_answer", phase=phase)
    refund(told, order_no, 4_000)

    assert found(told) == [("refunded", "0 (+4000?)", "4000" if phase == "after" else "0")]
    repair(told)
    [lost] = told.order(order_no).refunds
    if phase == "before":
        assert lost.state is RefundState.UNKNOWN, "that nothing shows yet is no evidence"
        told.advance(minutes=10)
        repair(told)

    [decided] = told.order(order_no).refunds
    assert (decided.state, decided.decided_by) == (state, "kim")
    assert found(told) == []


def test_less_than_we_think_went_back_is_a_persons(told: World) -> None:
    order_no = paid_order(told)
    told.fault("cancel", "lost_answer", phase="before")
    lost = refund(told, order_no, 4_000)
    refund_decisions.decide(lost.id, was_refunded=True, by="lee", now=worlds.now())

    assert found(told) == [("refunded", "4000", "0")]
    assert ended(repair(told)) == ("", "")


def test_a_return_that_was_refused_for_good_is_begun_anew(told: World) -> None:
    buyer = told.browser()
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no, 200, work="PAY") for _window in range(2))
    told.deliver(told.payer().pay(first["fields"]))
    told.fault("cancel", "refused", phase="before")
    told.deliver(told.payer().pay(second["fields"]))
    behind(told, order_no)

    assert found(told) == [("refunded", "0", "1000")]
    repair(told)

    assert [refund.state for refund in attempt_of(told, order_no).refunds] == [RefundState.REFUSED, RefundState.DONE]
    assert found(told) == []


def test_money_that_nobody_returns_is_found_and_goes_back(world: World) -> None:
    """An attempt that no order takes, given up without an answer: the gateway has its money after all."""
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, work="PAY")
    world.payer().pay(opening["fields"], "lost_paid")
    attempt = world.attempt(opening["attempt_no"])
    attempt.state = AttemptState.ATTENTION
    db.session.commit()

    assert found(world) == [("unreturned", "-", "1000")]
    assert ended(repair(world)) == ("repaired", "kim")

    [payment] = world.control("GET", "payments")
    assert (payment["state"], int(payment["refunded_total"])) == ("cancelled", 1000)


@pytest.mark.parametrize("ours", [True, False])
def test_a_cash_receipt_on_one_side_only(world: World, ours: bool) -> None:
    order_no = paid_order(world, method="transfer", cash_receipt="y")
    receipt = db.session.scalars(select(CashReceipt)).one()
    if ours:
        facts = {"order_id": receipt.order_id, "attempt_id": receipt.attempt_id, "amount": 10_000}
        cancelled = cancel_next_day(world, receipt.id)
        assert cancelled is CashReceiptState.CANCELLED
        db.session.add(
            CashReceipt(state=CashReceiptState.ISSUED, created_at=worlds.now(), issued_at=worlds.now(), **facts)
        )
    else:
        db.session.delete(receipt)
    db.session.commit()

    assert found(world) == [("receipt", "issued", "-") if ours else ("receipt", "-", "issued")]
    assert ended(repair(world)) == ("repaired", "kim")

    stands = [row for row in world.order(order_no).cash_receipts if row.state is CashReceiptState.ISSUED]
    assert [row.amount for row in stands] == ([] if ours else [10_000])
    assert found(world) == []


def cancel_next_day(world: World, receipt_id: int) -> CashReceiptState:
    order_no = db.session.get_one(CashReceipt, receipt_id).order.order_no
    world.advance(days=1, hours=10)
    return cash_receipts.cancel(order_no, by="kim", client=client(), now=worlds.now()).state


def test_an_attempt_without_an_answer_is_listed_and_closed_by_a_later_one(world: World) -> None:
    paid_order(world)
    world.fault("inquiry", "token_expired", phase="before")

    assert [kind for kind, _ours, _theirs in found(world)] == ["no_answer"]
    assert found(world) == []
    assert db.session.scalars(select(Difference)).one().outcome == "agreed"


@pytest.mark.both_engines
def test_a_silent_gateway_stops_a_run_and_the_sweep_goes_on_with_it(world: World) -> None:
    for _order in range(3):
        paid_order(world)
    world.fault("inquiry", "lost_answer")
    stopped = reconcile(world)
    assert (stopped["finished"], stopped["compared"]) == (False, 0)

    report = sweep.run(client(), now=worlds.now(), timer=AT_ONCE)

    assert report.reconciled == 3
    done = reconciling.load(stopped["id"])
    assert (done.finished_at is not None, done.compared, done.ours_paid, done.theirs_paid) == (True, 3, 30_000, 30_000)


def test_an_attempt_that_never_gets_an_answer_does_not_stop_the_others(world: World) -> None:
    for _order in range(2):
        paid_order(world)
    first = db.session.scalars(select(Attempt.attempt_no).order_by(Attempt.id)).first()
    world.fault("inquiry", "lost_answer", oid=first, times=10)
    today = clock.korea_date(worlds.now())
    run_id = reconciling.start(Period(today, today), by="kim", now=worlds.now())

    for _run in range(3):
        sweep.run(client(), now=worlds.now(), timer=AT_ONCE)

    run = reconciling.load(run_id)
    assert run.finished_at is not None
    assert [row.kind.value for row in run.differences] == ["no_answer"]


def test_the_same_days_asked_for_again_while_they_are_compared_are_one_run(world: World) -> None:
    today = clock.korea_date(worlds.now())

    runs = {reconciling.start(Period(today, today), by="kim", now=worlds.now()) for _press in range(3)}

    assert len(runs) == 1


def test_a_reconciliation_that_runs_elsewhere_is_left_to_it(world: World) -> None:
    paid_order(world)
    today = clock.korea_date(worlds.now())
    reconciling.start(Period(today, today), by="kim", now=worlds.now())

    with leases.held(reconciling.NAME, worlds.now()):
        assert sweep.run(client(), now=worlds.now(), timer=AT_ONCE).reconciled == 0
    assert sweep.run(client(), now=worlds.now(), timer=AT_ONCE).reconciled == 1


def test_a_batch_has_one_authentication(world: World) -> None:
    for _order in range(4):
        paid_order(world)
    before = sum(entry["op"] == "auth" for entry in world.control("GET", "ledger"))

    reconcile(world)

    assert sum(entry["op"] == "auth" for entry in world.control("GET", "ledger")) == before + 1


@pytest.mark.parametrize(("days", "is_valid"), [((1, 1), True), ((1, 31), True), ((1, 32), False), ((2, 1), False)])
def test_a_period_has_at_most_thirty_one_days(days: tuple[int, int], is_valid: bool) -> None:
    new_year = clock.korea_date(worlds.now()).replace(month=1, day=1)
    first, last = (new_year + timedelta(days=day) for day in days)

    assert Period(first, last).is_valid is is_valid


@pytest.mark.both_engines
def test_every_day_what_came_less_what_went_is_what_orders_and_desk_have(world: World) -> None:
    refund(world, paid_order(world), 3_000)
    buyer = world.browser()
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no, 200, work="PAY") for _window in range(2))
    world.deliver(world.payer().pay(first["fields"]))
    world.fault("cancel", "refused", phase="before")
    world.deliver(world.payer().pay(second["fields"]))
    today = clock.korea_date(worlds.now())

    db.session.rollback()
    [line] = conservation.of_days(today, today)

    assert (line.payments, line.paid, line.refunded) == (3, 12_000, 3_000)
    assert (line.net, line.of_orders, line.desk) == (9_000, 8_000, 1_000)
    moved = sum(int(row["total"]) - int(row["refunded_total"]) for row in world.control("GET", "payments"))
    assert line.net == moved


def test_the_command_prints_sums_and_differences(world: World) -> None:
    paid_order(world)
    today = clock.korea_date(worlds.now()).isoformat()

    answer = world.app.test_cli_runner().invoke(args=["reconcile", "--from", today, "--to", today])

    told = json.loads(answer.output)
    assert (told["finished"], told["ours"]["paid"], told["gateway"]["paid"]) == (True, 10_000, 10_000)
    assert told["differences"] == []
    assert world.app.test_cli_runner().invoke(args=["reconcile", "--from", today, "--to", "2020-01-01"]).exit_code == 1


def test_an_answer_that_names_another_attempt_is_that_ones_money_only(world: World) -> None:
    """Keys of one window claimed for another: one approval, counted once, and no difference."""
    buyer = world.browser()
    mine, other = (buyer.start_attempt(buyer.place_order(), 200) for _order in range(2))
    claim = dict(world.payer().pay(other["fields"])) | {"PCD_PAY_OID": mine["attempt_no"]}
    world.deliver(list(claim.items()))
    db.session.rollback()
    today = clock.korea_date(worlds.now())

    [line] = conservation.of_days(today, today)

    assert world.attempt(mine["attempt_no"]).state is AttemptState.ATTENTION
    assert (line.payments, line.paid, line.desk) == (1, 1_000, 0)
    assert settlement_sheet.of_day(today).total.approved == 1_000
    assert found(world) == []
