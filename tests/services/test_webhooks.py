"""Webhooks: whatever they say and however they come, they only make the next sweep inquire, five times per attempt."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from shop.db import db
from shop.extensions import client
from shop.rules.states import AttemptState, OrderState
from shop.services import sweep
from tests.page import PageClient
from tests.postbox import Postbox
from tests.world import World

BEFORE_CONFIRM = ("PCD_PAY_REQKEY", "PCD_AUTH_KEY", "PCD_PAYER_ID", "PCD_PAY_COFURL", "PCD_PAY_WORK")


@pytest.fixture
def postbox(world: World) -> Postbox:
    return Postbox.of(world)


def begin(world: World, **choices: str) -> tuple[PageClient, str, str, dict[str, str]]:
    """A buyer with an order and an attempt whose window can be opened."""
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, **choices)
    return buyer, order_no, opening["attempt_no"], opening["fields"]


@pytest.mark.both_engines
@pytest.mark.parametrize("wire", ["json", "form"])
@pytest.mark.parametrize("method", ["card", "transfer"])
def test_webhook_settles_payment_whose_browser_never_returns(
    world: World, postbox: Postbox, method: str, wire: str
) -> None:
    world.control("POST", "policy", {"webhook_format": wire})
    buyer, order_no, attempt_no, fields = begin(world, work="PAY", method=method)
    assert world.payer().pay(fields, scenario="lost_paid") == []

    assert postbox.deliver() == 1
    assert world.attempt(attempt_no).state is AttemptState.PREPARED
    assert postbox.sweep() == [attempt_no]

    assert buyer.get(f"/orders/{order_no}").state == "paid"
    assert world.charged() == {attempt_no: 1000}


def test_webhook_settles_confirm_whose_answer_was_lost(world: World, postbox: Postbox) -> None:
    _buyer, order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)
    assert world.attempt(attempt_no).state is AttemptState.UNKNOWN
    world.fault("inquiry", "http_500")
    postbox.sweep(minutes=1)
    assert postbox.sweep() == [], "the next inquiry is not due yet"

    assert postbox.deliver()
    assert postbox.sweep() == [attempt_no]

    assert world.order(order_no).state is OrderState.PAID
    assert world.calls("confirm") == 1


def test_late_webhook_settles_expired_attempt(world: World, postbox: Postbox) -> None:
    postbox.bench(hold=True)
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields, scenario="lost_paid")
    world.control("POST", "policy", {"inquiry_lag_seconds": 80_000})
    postbox.sweep(minutes=61)
    assert world.order(order_no).state is OrderState.EXPIRED
    postbox.say(attempt_no)
    assert postbox.sweep() == [attempt_no]
    assert world.attempt(attempt_no).next_check_at is not None

    world.advance(hours=23)
    postbox.bench(release=True)
    assert postbox.deliver()
    assert postbox.sweep() == [attempt_no]

    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.both_engines
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_webhook_and_result_in_the_same_moment_agree(world: World, postbox: Postbox, work: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    claim, barrier = world.payer().pay(fields), Barrier(9)
    db.session.remove()

    def act(number: int) -> None:
        with world.app.app_context():
            barrier.wait()
            match number % 3:
                case 0:
                    world.deliver(claim)
                case 1:
                    postbox.say(attempt_no)
                case _:
                    postbox.sweep(seconds=0)

    with ThreadPoolExecutor(9) as threads:
        list(threads.map(act, range(9)))
    postbox.sweep()

    assert world.order(order_no).state is OrderState.PAID
    assert world.charged() == {attempt_no: 1000}
    assert world.events(attempt_no).count("paid") == 1
    assert world.calls("confirm") == (1 if work == "CERT" else 0)


@pytest.mark.parametrize("work", ["CERT", "PAY"])
@pytest.mark.parametrize("result", ["success", "error", "close", ""])
def test_forged_webhook_changes_no_state(world: World, postbox: Postbox, work: str, result: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    window = world.payer().open(fields)

    postbox.say(attempt_no, PCD_PAY_RST=result, PCD_PAY_COFURL="https://evil.example", PCD_PAY_HOST="evil.example")
    assert postbox.sweep() == [attempt_no]

    assert world.attempt(attempt_no).state is AttemptState.PREPARED
    world.deliver(window.approve().result or [])
    assert world.order(order_no).state is OrderState.PAID


def test_webhook_with_the_keys_of_a_confirm_confirms_nothing(world: World, postbox: Postbox) -> None:
    _buyer, order_no, attempt_no, fields = begin(world)
    keys = dict(world.payer().pay(fields))

    postbox.say(attempt_no, **{name: keys[name] for name in BEFORE_CONFIRM}, PCD_PAYER_NAME="김비밀")
    postbox.sweep()

    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    assert (world.calls("confirm"), world.charged()) == (0, {})
    assert not any(secret in world.dump() for secret in (keys["PCD_PAY_REQKEY"], keys["PCD_AUTH_KEY"], "김비밀"))


def test_webhook_works_five_times_per_attempt(world: World, postbox: Postbox) -> None:
    _buyer, _order_no, attempt_no, _fields = begin(world)
    for number in range(5):
        postbox.say(attempt_no, PCD_PAY_TOTAL=str(1000 + number))
    assert postbox.sweep() == [attempt_no]
    planned = world.attempt(attempt_no).next_check_at

    postbox.say(attempt_no)

    assert world.attempt(attempt_no).next_check_at == planned
    assert world.events(attempt_no).count("webhook") == 5


def test_webhook_about_paid_or_orphaned_attempt_does_nothing(world: World, postbox: Postbox) -> None:
    buyer, order_no, paid, fields = begin(world)
    second = buyer.start_attempt(order_no, work="PAY")
    world.deliver(world.payer().pay(fields))
    world.deliver(world.payer().pay(second["fields"]))
    orphaned = second["attempt_no"]
    assert world.attempt(orphaned).state is AttemptState.ORPHANED
    postbox.sweep()
    before = world.calls()

    for attempt_no in (paid, orphaned):
        events = world.events(attempt_no)
        postbox.say(attempt_no, PCD_PAY_CODE="PAYC0000", PCD_PAYCANCEL_FLAG="Y", PCD_REFUND_TOTAL="1000")
        assert postbox.sweep() == []
        assert world.events(attempt_no) == events

    assert world.calls() == before
    assert buyer.get(f"/orders/{order_no}").state == "paid"


def test_webhook_about_unknown_number_stores_nothing_and_asks_nobody(world: World, postbox: Postbox) -> None:
    before = world.dump()

    for number in ("20261123_AAAAAAAAAAAAAAAAAAAA", "x" * 4000, "주문", ""):
        postbox.say(number)

    assert world.dump() == before
    sweep.run(client())
    assert world.calls() == 0
