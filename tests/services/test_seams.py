"""Where parts of the shop meet: what one of them knows must not be lost because another was faster, slower or dead."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, event, select

from shop.db import db, release
from shop.extensions import client
from shop.models import Order, Refund
from shop.rules.money import Won
from shop.rules.states import AttemptState, OrderState, RefundState
from shop.services import desk, refund_decisions, refunds, settlement, sweep
from shop.services.refunds import RefundWish
from tests import world as worlds
from tests.postbox import Postbox
from tests.services.on_the_way import meanwhile
from tests.services.test_refunding import paid_order, refund, returned
from tests.services.test_settlement import begin, changed
from tests.world import World

LONG_CALL = timedelta(seconds=75)
"""A refund is two calls, and each may take its whole deadline."""


def give_up_dead(now: datetime) -> None:
    """What the sweep does about refunds whose worker seems to be dead."""
    for refund_id in refunds.dead(now):
        refunds.give_up(refund_id, now)


def decide_too_early(world: World, order_no: str) -> None:
    """A worker was stopped for an hour, and a person finds no sign that its refund has reached the gateway."""
    later = worlds.now() + timedelta(hours=1)
    give_up_dead(later)
    lost = db.session.scalars(select(Refund).join(Order).where(Order.order_no == order_no)).one()
    refund_decisions.decide(lost.id, was_refunded=False, by="kim", now=later)


# --- refunds whose worker is slow -----------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_partial_refund_that_takes_its_time_is_not_taken_for_lost(world: World) -> None:
    """Else a person could decide that nothing went back, in the very moment in which it does."""
    order_no, seen = paid_order(world), []

    def pass_by() -> None:
        sweep.run(client(), now=worlds.now() + LONG_CALL)
        seen.append(db.session.scalars(select(Refund)).one().state)

    meanwhile(world, "cPayCAct", pass_by)

    done = refund(world, order_no, 4_000)

    assert (seen, done.state) == ([RefundState.SUBMITTED], RefundState.DONE)
    assert world.order(order_no).refunded == 4_000


@pytest.mark.both_engines
def test_the_gateways_yes_counts_also_where_a_person_has_decided_otherwise(world: World) -> None:
    order_no = paid_order(world)
    meanwhile(world, "cPayCAct", lambda: decide_too_early(world, order_no))

    done = refund(world, order_no, 4_000)

    assert (done.state, world.order(order_no).refunded, returned(world, order_no)) == (RefundState.DONE, 4_000, 4_000)
    assert world.order(order_no).state is OrderState.PARTIALLY_REFUNDED


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [4_000, 10_000])
def test_the_gateways_yes_to_a_refund_counts_however_late_its_worker_writes_it(world: World, amount: int) -> None:
    """The worker was stopped for an hour: the sweep has given it up, and nobody has decided yet."""
    order_no = paid_order(world)
    meanwhile(world, "cPayCAct", lambda: give_up_dead(worlds.now() + timedelta(hours=1)))

    done = refund(world, order_no, amount)

    assert (done.state, world.order(order_no).refunded, returned(world, order_no)) == (RefundState.DONE, amount, amount)


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [4_000, 10_000])
@pytest.mark.parametrize(("op", "path"), [("cancel", "cPayCAct"), ("auth", "auth.php")])
def test_the_gateways_no_to_a_refund_counts_however_late_its_worker_writes_it(
    world: World, amount: int, op: str, path: str
) -> None:
    """It was the only call there has been, so nobody has to find out what became of it."""
    order_no = paid_order(world)
    world.fault(op, "refused" if op == "cancel" else "http_500", phase="before")
    meanwhile(world, path, lambda: give_up_dead(worlds.now() + timedelta(hours=1)))

    refused = refund(world, order_no, amount)

    assert (refused.state, returned(world, order_no)) == (RefundState.REFUSED, 0)
    assert refund(world, order_no, 10_000).state is RefundState.DONE


@pytest.mark.both_engines
def test_a_late_no_to_a_repeat_does_not_speak_for_the_first_try(world: World) -> None:
    """Its answer was lost after the money had gone back."""
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="after")
    lost = refund(world, order_no, 10_000)
    world.fault("cancel", "refused", phase="before")
    meanwhile(world, "cPayCAct", lambda: give_up_dead(worlds.now() + timedelta(hours=1)))

    again = refund_decisions.repeat(lost.id, by="kim", client=client(), now=worlds.now())

    assert (again.state, returned(world, order_no)) == (RefundState.UNKNOWN, 10_000)


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [4_000, 10_000])
def test_a_sweep_that_stood_still_does_not_release_what_has_left_meanwhile(world: World, amount: int) -> None:
    """It has read a refund as never sent; before it writes that, the refund is sent and its answer lost."""
    order_no = paid_order(world)
    wish = RefundWish(Won(amount), Won(10_000), "변심", "stood-still")
    refund_id, _new = refunds._reserve(order_no, wish, "kim", worlds.now())
    world.fault("cancel", "lost_answer", phase="after")
    waiting = [lambda: refunds.send(refund_id, client(), now=worlds.now())]

    def stand_still() -> None:
        release()
        if waiting:
            waiting.pop()()

    world.monkeypatch.setattr(refunds, "release", stand_still)

    with world.app.app_context():
        refunds.give_up(refund_id, worlds.now() + timedelta(hours=1))

    assert (world.order(order_no).refunds[0].state, returned(world, order_no)) == (RefundState.UNKNOWN, amount)


@pytest.mark.both_engines
def test_a_refund_counts_its_patience_from_when_it_is_sent(world: World) -> None:
    """The question about a cash receipt, which comes before it, may take as long as a call takes."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    opening = buyer.start_attempt(order_no, method="transfer", work="PAY", cash_receipt="y")
    world.deliver(world.payer().pay(opening["fields"], cash_receipt=False))
    seen, ticks, passed = [], time.monotonic, [0.0]
    world.monkeypatch.setattr(time, "monotonic", lambda: ticks() + passed[0])
    meanwhile(world, "PayChkAct", lambda: passed.append(passed.pop() + 70))

    def pass_by() -> None:
        give_up_dead(worlds.now() + timedelta(seconds=70 + 40))
        seen.append(db.session.scalars(select(Refund)).one().state)

    meanwhile(world, "cPayCAct", pass_by)

    assert refund(world, order_no, 4_000).state is RefundState.DONE
    assert seen == [RefundState.SUBMITTED]


# --- claims and webhooks that meet something else -------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_webhook_about_what_was_given_up_is_not_lost_on_a_gateway_that_is_silent_just_then(world: World) -> None:
    """The bank tells of the payment a day late, and nothing else would make us ask again."""
    postbox = Postbox.of(world)
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    postbox.bench(hold=True)
    world.payer().pay(fields, scenario="lost_paid")
    world.control("POST", "policy", {"inquiry_lag_seconds": 80_000})
    for hours in (1, 1, 24):
        if hours > 1:
            world.fault("inquiry", "http_500")
        world.advance(hours=hours, minutes=1)
        sweep.run(client(), now=worlds.now())
    assert world.attempt(attempt_no).state is AttemptState.EXPIRED
    assert world.attempt(attempt_no).next_check_at is None

    postbox.bench(release=True)
    assert postbox.deliver()
    world.fault("inquiry", "http_500")
    postbox.sweep()
    assert world.attempt(attempt_no).state is AttemptState.EXPIRED
    world.advance(hours=25)
    sweep.run(client(), now=worlds.now())

    assert world.order(order_no).state is OrderState.PAID


def test_the_journal_of_an_attempt_that_was_given_up_does_not_grow_without_end(world: World) -> None:
    """It can never be made smaller again, and anybody may post results."""
    _buyer, _order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())
    assert world.attempt(attempt_no).state is AttemptState.EXPIRED

    for number in range(30):
        world.deliver(changed(claim, PAY_RST="error", PAY_CODE=f"X{number}"))

    assert world.events(attempt_no).count("result") <= settlement.MOST_RESULTS


def test_keys_that_charge_another_attempt_settle_it_at_once_however_often_it_was_asked_about(world: World) -> None:
    """Posted under another number, they move its money: that is the gateway's word, and no claim any more."""
    buyer, cheap_no, cheap_attempt, fields = begin(world)
    claim = world.payer().pay(fields)
    for _round in range(settlement.MOST_RESULTS):
        world.deliver(changed(claim, PAY_TOTAL="1"))
        world.deliver(changed(claim, PAY_TYPE="transfer"))
    dear_no = buyer.place_order(quantity=50)
    dear = buyer.start_attempt(dear_no)

    keys = {name: dict(claim)[f"PCD_{name}"] for name in ("PAY_REQKEY", "AUTH_KEY", "PAYER_ID")}
    world.deliver(changed(world.payer().pay(dear["fields"]), **keys))

    assert world.charged() == {cheap_attempt: 1000}
    assert world.order(cheap_no).state is OrderState.PAID
    assert world.order(dear_no).state is OrderState.AWAITING_PAYMENT


@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_results_make_us_ask_about_an_open_attempt_only_a_few_times(world: World, work: str) -> None:
    """Whoever has one window open could otherwise keep the gateway busy with it."""
    _buyer, _order_no, attempt_no, fields = begin(world, work=work)
    claim = world.payer().pay(fields, scenario="lost_paid") or [("PCD_PAY_OID", attempt_no)]
    world.control("POST", "policy", {"inquiry_lag_seconds": 3_600})

    for number in range(4 * settlement.MOST_RESULTS):
        world.deliver(
            changed(claim, PAY_RST="success", PAY_TOTAL=str(2 + number % 2 * 998), PAY_CODE="0" * (3 + number % 2))
        )

    asked = sum(1 for entry in world.control("GET", "ledger") if entry["op"] == "inquiry")
    assert 0 < asked <= 2 * settlement.MOST_RESULTS  # PAY: by either method


# --- pages ----------------------------------------------------------------------------------------------------------


def test_the_desk_asks_the_database_as_often_for_many_rows_as_for_one(world: World) -> None:
    counts = []
    for _round in range(2):
        for _order in range(2):
            world.fault("cancel", "lost_answer", phase="after")
            refund(world, paid_order(world), 1_000)
        db.session.rollback()
        db.session.expunge_all()
        counts.append(statements(lambda: desk.load(worlds.now())))

    assert counts[0] == counts[1]


def statements(act: Callable[[], object]) -> int:
    """How many statements this sends."""
    seen: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)
