"""Where parts of the shop meet: what one of them knows must not be lost because another was faster, slower or dead."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event

from shop.db import db
from shop.extensions import client
from shop.rules.states import AttemptState, OrderState, RefundState
from shop.services import desk, refunds, settlement, sweep
from tests import world as worlds
from tests.postbox import Postbox
from tests.services.on_the_way import meanwhile
from tests.services.test_refunding import paid_order, refund, returned
from tests.services.test_settlement import begin, changed
from tests.world import World


def give_up_dead(world: World) -> None:
    """Take every worker for dead, as the sweep does after two minutes."""
    world.advance(minutes=3)
    refunds.give_up_dead()


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [4_000, 10_000])
def test_yes_to_a_refund_counts_after_its_worker_was_given_up(world: World, amount: int) -> None:
    order_no = paid_order(world)
    meanwhile(world, "cPayCAct", lambda: give_up_dead(world))

    done = refund(world, order_no, amount)

    assert (done.state, world.order(order_no).refunded, returned(world, order_no)) == (RefundState.DONE, amount, amount)


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
        sweep.run(client())
    assert world.attempt(attempt_no).state is AttemptState.EXPIRED
    assert world.attempt(attempt_no).next_check_at is None

    postbox.bench(release=True)
    assert postbox.deliver()
    world.fault("inquiry", "http_500")
    postbox.sweep()
    assert world.attempt(attempt_no).state is AttemptState.EXPIRED
    world.advance(hours=25)
    sweep.run(client())

    assert world.order(order_no).state is OrderState.PAID


def test_the_journal_of_an_attempt_that_was_given_up_does_not_grow_without_end(world: World) -> None:
    """It can never be made smaller again, and anybody may post results."""
    _buyer, _order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.advance(hours=2)
    sweep.run(client())
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
