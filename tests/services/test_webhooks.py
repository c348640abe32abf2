"""Whatever a webhook says, it only makes the next sweep inquire, five times per attempt."""

import pytest

from shop.rules.states import AttemptState
from tests.postbox import Postbox
from tests.world import World

BEFORE_CONFIRM = ("PAY_REQKEY", "AUTH_KEY", "PAYER_ID", "PAY_COFURL", "PAY_WORK")


@pytest.fixture
def postbox(world: World) -> Postbox:
    return Postbox.of(world)


@pytest.mark.parametrize(("method", "body"), [("card", "json"), ("transfer", "form")])
def test_a_webhook_settles_a_payment_whose_browser_never_returns(
    world: World, postbox: Postbox, method: str, body: str
) -> None:
    world.policy(webhook_format=body)
    purchase = world.purchase(work="PAY", method=method)
    assert purchase.claim("lost_paid") == []

    calls = world.calls()
    assert postbox.deliver() == 1
    assert (purchase.attempt.state, world.calls()) == (AttemptState.PREPARED, calls)
    assert world.sweep(seconds=6).asked == [purchase.attempt_no]

    assert (purchase.states, world.charged()) == (("paid", "paid"), {purchase.attempt_no: 1000})


def test_a_webhook_settles_a_confirm_whose_answer_was_lost(world: World, postbox: Postbox) -> None:
    purchase = world.purchase()
    claim = purchase.claim()
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)
    world.fault("inquiry", "http_500")
    world.sweep(minutes=1)
    assert world.sweep(seconds=6).asked == [], "the next inquiry is not due yet"

    assert postbox.deliver()
    assert world.sweep(seconds=6).asked == [purchase.attempt_no]

    assert (purchase.states, world.calls("confirm")) == (("paid", "paid"), 1)


@pytest.mark.both_engines
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_webhook_result_and_sweep_in_the_same_moment_agree(world: World, postbox: Postbox, work: str) -> None:
    purchase = world.purchase(work=work)
    claim = purchase.claim()
    acts = (lambda: world.deliver(claim), lambda: postbox.forge(purchase.attempt_no), world.sweep)

    world.all_at_once(9, lambda number: acts[number % 3]())
    world.sweep(seconds=6)

    assert (purchase.states, world.charged()) == (("paid", "paid"), {purchase.attempt_no: 1000})
    assert purchase.events.count("paid") == 1
    assert world.calls("confirm") == (1 if work == "CERT" else 0)


@pytest.mark.parametrize(
    ("work", "result"), [("CERT", "success"), ("PAY", "success"), ("CERT", "error"), ("PAY", "close"), ("PAY", "")]
)
def test_a_forged_webhook_changes_no_state(world: World, postbox: Postbox, work: str, result: str) -> None:
    purchase = world.purchase(work=work)
    window = purchase.open()

    postbox.forge(purchase.attempt_no, PAY_RST=result, PAY_COFURL="https://evil.example", PAY_HOST="evil.example")
    assert world.sweep(seconds=6).asked == [purchase.attempt_no]

    assert purchase.states == ("awaiting_payment", "prepared")
    world.deliver(window.approve().result or [])
    assert purchase.states == ("paid", "paid")


def test_a_webhook_with_the_keys_of_a_confirm_confirms_nothing(world: World, postbox: Postbox) -> None:
    purchase = world.purchase()
    keys = dict(purchase.claim())

    postbox.forge(purchase.attempt_no, **{name: keys[f"PCD_{name}"] for name in BEFORE_CONFIRM}, PAYER_NAME="김비밀")
    world.sweep(seconds=6)

    assert (purchase.order.state, world.calls("confirm"), world.charged()) == ("awaiting_payment", 0, {})
    assert not any(secret in world.dump() for secret in (keys["PCD_PAY_REQKEY"], keys["PCD_AUTH_KEY"], "김비밀"))


def test_webhooks_of_an_attempt_work_five_times(world: World, postbox: Postbox) -> None:
    purchase = world.purchase()
    for number in range(5):
        postbox.forge(purchase.attempt_no, PAY_TOTAL=str(1000 + number))
    assert world.sweep(seconds=6).asked == [purchase.attempt_no]
    planned = purchase.attempt.next_check_at

    postbox.forge(purchase.attempt_no)

    assert (purchase.attempt.next_check_at, purchase.events.count("webhook")) == (planned, 5)


def test_a_webhook_about_a_paid_or_orphaned_attempt_does_nothing(world: World, postbox: Postbox) -> None:
    paid = world.purchase()
    orphaned = paid.start(work="PAY")
    paid.pay()
    orphaned.pay()
    assert (paid.states, orphaned.states) == (("paid", "paid"), ("paid", "orphaned"))
    world.sweep(seconds=6)
    calls = world.calls()

    for purchase in (paid, orphaned):
        events = purchase.events
        postbox.forge(purchase.attempt_no, PAY_CODE="PAYC0000", PAYCANCEL_FLAG="Y", REFUND_TOTAL="1000")
        assert world.sweep(seconds=6).asked == []
        assert purchase.events == events

    assert (world.calls(), paid.order.state) == (calls, "paid")


def test_a_webhook_about_an_unknown_number_stores_nothing_and_asks_nobody(world: World, postbox: Postbox) -> None:
    """The answer is that of a known number: `Postbox.forge` compares it."""
    before = world.dump()

    for number in ("20261123_AAAAAAAAAAAAAAAAAAAA", "x" * 4000, "주문", ""):
        postbox.forge(number)

    assert world.dump() == before
    world.sweep()
    assert world.calls() == 0
