"""Whatever a browser says, only the gateway's answer to the shop's own question moves money state."""

from typing import Any

import pytest
import requests
from sqlalchemy.pool import QueuePool

from shop.db import db
from shop.extensions import client
from shop.rules.states import AttemptState
from shop.services import settlement
from tests import world as worlds
from tests.services.interception import Forward, intercept
from tests.situations import lost_confirm
from tests.world import Purchase, World, changed

WORKS = ["CERT", "PAY"]


@pytest.mark.stricter_engine
@pytest.mark.parametrize("method", ["card", "transfer"])
@pytest.mark.parametrize("work", WORKS)
def test_a_payment_is_paid_in_the_shop_and_at_the_gateway(world: World, method: str, work: str) -> None:
    purchase = world.purchase(method=method, work=work).pay()

    assert (purchase.states, purchase.page().state) == (("paid", "paid"), "paid")
    assert world.charged() == {purchase.attempt_no: 1000}
    attempt = purchase.attempt
    if method == "card":
        assert all([attempt.card_issuer, attempt.approval_no, attempt.trade_key, attempt.payment_date])
        assert "*" in attempt.card_number
        assert attempt.slip_url.startswith(worlds.SIMULATOR)


# --- forged and changed results -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "result"), [("CERT", "success"), ("PAY", "success"), ("CERT", "error"), ("PAY", "close"), ("PAY", "")]
)
def test_a_forged_result_neither_pays_nor_ends_an_attempt(world: World, work: str, result: str) -> None:
    purchase = world.purchase(work=work)
    window = purchase.open()

    world.deliver(purchase.forged(result, PAY_TOTAL="1000"))

    assert purchase.states == ("awaiting_payment", "prepared")
    world.advance(seconds=40)
    world.deliver(window.approve().result or [])
    assert purchase.states == ("paid", "paid")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"PAY_TOTAL": "10"}, "주문 정보와 달라 결제를 진행하지 않았어요."),
        ({"PAY_TYPE": "transfer"}, "주문 정보와 달라 결제를 진행하지 않았어요."),
        ({"PAY_COFURL": "https://evil.example/php/PayCardConfirmAct.php?ACT_=PAYM"}, "결제를 승인하지 못했어요."),
    ],
)
def test_a_result_that_does_not_fit_the_attempt_is_not_confirmed(
    world: World, changes: dict[str, str], told: str
) -> None:
    purchase = world.purchase()
    real = purchase.claim()

    world.deliver(changed(real, **changes))

    assert (world.calls("confirm"), purchase.states) == (0, ("awaiting_payment", "prepared"))
    assert told in purchase.page().text
    world.deliver(real)
    assert purchase.states == ("paid", "paid")


def test_forged_keys_decline_one_attempt_and_the_buyer_pays_with_the_next(world: World) -> None:
    purchase = world.purchase()
    real = purchase.claim()

    world.deliver(changed(real, PAY_REQKEY="forged"))
    world.deliver(real)

    assert purchase.attempt.state is AttemptState.DECLINED
    assert (world.calls("confirm"), world.charged()) == (1, {})
    assert purchase.start().pay().states == ("paid", "paid")


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize(
    ("paid", "asked"),
    [({"PAY_TOTAL": "1000"}, {"PAY_TOTAL": "11000"}), ({"PAY_TYPE": "transfer"}, {"PAY_TYPE": "card"})],
)
def test_a_payment_that_was_changed_in_the_browser_goes_back(
    world: World, work: str, paid: dict[str, Any], asked: dict[str, str]
) -> None:
    purchase = world.purchase(quantity=11, work=work)

    world.deliver(changed(purchase.claim(**paid), **asked))

    assert purchase.states == ("awaiting_payment", "orphaned")
    world.sweep()
    assert purchase.returned == world.charged()[purchase.attempt_no]
    assert purchase.start().pay().states == ("paid", "paid")


def test_the_keys_of_one_order_posted_for_another_pay_their_own_order(world: World) -> None:
    mine, other = world.purchase(quantity=50), world.purchase()

    world.deliver(changed(other.claim(), PAY_OID=mine.attempt_no, PAY_TOTAL="50000"))

    assert (other.states, mine.states) == (("paid", "paid"), ("awaiting_payment", "declined"))
    assert world.charged() == {other.attempt_no: 1000}


def test_a_result_of_an_unknown_number_asks_nobody(world: World) -> None:
    location = world.deliver([("PCD_PAY_OID", "20261123_AAAAAAAAAAAAAAAAAAAA"), ("PCD_PAY_RST", "success")])

    assert (location, world.calls()) == ("/orders/lookup", 0)


@pytest.mark.parametrize("work", WORKS)
def test_a_result_that_comes_again_changes_nothing(world: World, work: str) -> None:
    purchase = world.purchase(work=work)
    claim = purchase.claim()
    world.deliver(claim)
    calls, events = world.calls(), purchase.events

    for again in (claim, changed(claim, PAY_RST="close"), changed(claim, PAY_RST="error", PAY_CODE="3112")):
        world.deliver(again)

    assert (world.calls(), purchase.events, purchase.states) == (calls, events, ("paid", "paid"))


def test_results_without_end_are_asked_about_a_few_times_and_the_first_success_always(world: World) -> None:
    purchase = world.purchase(work="PAY")
    claim = purchase.claim()
    world.policy(inquiry_lag_seconds=3_600)
    for _time in range(2 * settlement.MOST_RESULTS):
        world.deliver(changed(claim, PAY_RST="close"))
    closed = world.calls("inquiry")

    for number in range(2 * settlement.MOST_RESULTS):
        world.deliver(changed(claim, PAY_CODE="0" * (3 + number % 2)))

    assert closed < world.calls("inquiry") <= 2 * (settlement.MOST_RESULTS + 1)  # by either method
    assert purchase.events.count("result") <= settlement.MOST_RESULTS + 1


def test_a_window_that_a_browser_changed_from_cert_to_pay_is_asked_about_at_once(world: World) -> None:
    purchase = world.purchase()

    world.deliver(purchase.claim(PAY_WORK="PAY"))

    assert (purchase.states, world.charged()) == (("paid", "paid"), {purchase.attempt_no: 1000})


# --- paying again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize(("scenario", "shown"), [("", "결제창을 닫았어요"), ("limit", "3112")])
def test_after_a_payment_that_failed_the_buyer_pays_at_once_with_a_new_number(
    world: World, work: str, scenario: str, shown: str
) -> None:
    first = world.purchase(work=work)
    world.deliver(first.claim(scenario) if scenario else world.payer().close(first.fields))
    page = first.page()
    assert (page.state, shown in page.text, page.has("pay")) == ("awaiting_payment", True, True)

    second = first.start(work=work).pay()

    assert second.states == ("paid", "paid")
    assert second.attempt_no != first.attempt_no


def test_of_two_windows_that_both_charged_one_pays_and_the_other_goes_back(world: World) -> None:
    first = world.purchase(work="PAY")
    second = first.start(work="PAY").pay()

    first.pay()

    assert (second.states, first.attempt.state) == (("paid", "paid"), AttemptState.ORPHANED)
    assert "받은 돈은 돌려 드릴게요" in first.page().text
    world.sweep()
    assert (first.returned, first.order.refunded) == (1000, 0)
    assert "모두 돌려 드렸어요" in first.page().text


def test_before_another_window_opens_an_open_one_that_may_have_charged_is_asked_about(world: World) -> None:
    purchase = world.purchase(work="PAY")
    assert purchase.claim("lost_paid") == []

    world.fault("inquiry", "http_500")
    assert purchase.refused_start(work="PAY") == "checking"
    assert purchase.refused_start(work="PAY") == "paid"

    assert (purchase.states, world.charged()) == (("paid", "paid"), {purchase.attempt_no: 1000})


def test_a_failed_authentication_ends_the_attempt_and_the_buyer_can_try_again(world: World) -> None:
    buyer = world.browser()
    purchase = Purchase(world, buyer, buyer.place_order())
    world.fault("auth", "http_500")

    answer = buyer.start_attempt(purchase.order_no, status=502)

    assert answer["error"]["message"]
    assert [attempt.state for attempt in purchase.order.attempts] == [AttemptState.EXPIRED]
    assert purchase.start().pay().states == ("paid", "paid")


# --- lost answers ---------------------------------------------------------------------------------------------------


@pytest.mark.stricter_engine
@pytest.mark.parametrize("kind", ["lost_answer", "http_500", "truncated_json", "pending"])
def test_a_confirm_that_charged_without_an_answer_ends_paid_without_a_second_charge(world: World, kind: str) -> None:
    purchase = lost_confirm(world, phase="after", kind=kind)
    page = purchase.page()
    assert (page.state, "js/watch.js" in page.text, page.values("pay", "type")) == ("checking", True, [])
    assert purchase.refused_start() == "checking"

    world.advance(seconds=6)

    assert purchase.page().state == "paid"
    assert (world.charged(), world.calls("confirm")) == ({purchase.attempt_no: 1000}, 1)


@pytest.mark.parametrize("paid_meanwhile", [False, True])
def test_money_of_a_declined_number_is_found_without_any_result_or_webhook(world: World, paid_meanwhile: bool) -> None:
    """A browser opens a second window with the fields of the first, changed so that it charges at once."""
    purchase = world.purchase().pay("limit")
    assert purchase.attempt.state is AttemptState.DECLINED
    fields = {name: value for name, value in purchase.fields.items() if name not in ("PCD_AUTH_KEY", "PCD_PAY_URL")}
    world.payer().pay(fields | {"clientKey": client().client_key, "PCD_PAY_WORK": "PAY"})
    assert world.charged() == {purchase.attempt_no: 1000}
    if paid_meanwhile:
        purchase.start().pay()

    world.sweep(hours=1, minutes=1)

    assert purchase.states == ("paid", "orphaned" if paid_meanwhile else "paid")
    assert len(world.charged()) == (2 if paid_meanwhile else 1)


def test_an_order_page_that_is_shown_again_and_again_asks_by_the_schedule(world: World) -> None:
    purchase = lost_confirm(world)

    for _look in range(10):
        world.advance(seconds=5)
        purchase.page()

    assert world.calls("inquiry") == 2


@pytest.mark.parametrize(("is_forged", "state"), [(False, "paid"), (True, "awaiting_payment")])
def test_a_reported_success_whose_inquiry_is_lost_blocks_until_it_is_answered(
    world: World, is_forged: bool, state: str
) -> None:
    purchase = world.purchase(work="PAY")
    claim = purchase.forged() if is_forged else purchase.claim()
    world.fault("inquiry", "lost_answer")

    world.deliver(claim)

    assert (purchase.states, purchase.refused_start()) == (("checking", "unknown"), "checking")
    world.advance(seconds=6)
    assert purchase.page().state == state


@pytest.mark.both_engines
def test_two_windows_without_an_answer_block_the_order_once(world: World) -> None:
    first = world.purchase(work="PAY")
    second = first.start(work="PAY")
    world.fault("inquiry", "http_500", times=2)

    for purchase in (first, second):
        world.deliver(purchase.forged())

    assert {first.attempt.state, second.attempt.state} == {AttemptState.UNKNOWN, AttemptState.PREPARED}
    assert first.page().state == "checking"
    assert world.sweep(hours=2).failed == []


def test_no_transaction_is_open_while_the_gateway_is_asked(world: World) -> None:
    open_connections: list[int] = []
    pool = db.engine.pool
    assert isinstance(pool, QueuePool)

    def watching(url: str, forward: Forward) -> requests.Response:
        if "/php/" in url:
            open_connections.append(pool.checkedout())
        return forward()

    claims = [world.purchase(work=work).claim() for work in WORKS]
    db.session.rollback()
    intercept(world, watching)
    for claim in claims:
        world.deliver(claim)

    assert len(open_connections) >= len(claims)
    assert set(open_connections) == {0}


def test_a_result_that_finds_every_place_at_the_gateway_taken_can_be_sent_again(world: World) -> None:
    purchase = world.purchase()
    claim = purchase.claim()
    places = client()._transport._slots
    taken = [places for _ in range(9) if places.acquire(blocking=False)]

    assert world.deliver(claim).endswith(purchase.order_no)

    page = purchase.page()
    assert (page.state, world.calls("confirm")) == ("awaiting_payment", 0)
    assert "돈은 빠져나가지 않았어요" in page.text
    assert page.values("pay", "data-testid") == ["pay"]
    for place in taken:
        place.release()
    world.deliver(claim)
    assert purchase.states == ("paid", "paid")


# --- expiry ---------------------------------------------------------------------------------------------------------


def test_an_order_expires_when_its_page_is_shown(world: World) -> None:
    buyer = world.browser()
    purchase = Purchase(world, buyer, buyer.place_order())

    world.advance(minutes=61)

    assert (purchase.page().state, purchase.refused_start()) == ("expired", "expired")


def test_an_order_does_not_expire_under_an_open_window(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    buyer.start_attempt(order_no)
    world.advance(minutes=55)
    purchase = Purchase(world, buyer, order_no).start()

    world.sweep(minutes=20)

    assert purchase.states == ("awaiting_payment", "prepared")
    assert purchase.pay().states == ("paid", "paid")


@pytest.mark.parametrize("is_paid", [True, False])
def test_an_order_does_not_expire_before_the_gateway_has_answered(world: World, is_paid: bool) -> None:
    purchase = world.purchase(work="PAY")
    if is_paid:
        purchase.claim("lost_paid")
    world.fault("inquiry", "lost_answer", times=50)
    assert world.sweep(hours=3).expired == []
    assert purchase.order.state == "awaiting_payment"

    world.control("DELETE", "faults")
    world.sweep(hours=1)

    assert purchase.order.state == ("paid" if is_paid else "expired")


def test_money_that_arrives_after_expiry_and_sell_out_goes_back(world: World) -> None:
    slug = worlds.scarce_product(world, stock=1)
    purchase = world.purchase(slug, work="PAY")
    world.policy(inquiry_lag_seconds=3 * 3600)
    claim = purchase.claim()
    world.sweep(hours=2)
    world.browser().place_order(slug)
    world.policy(inquiry_lag_seconds=0)

    world.deliver(claim)

    assert purchase.states == ("expired", "orphaned")
    world.sweep()
    assert purchase.returned == world.charged()[purchase.attempt_no]


def test_a_payment_that_went_back_elsewhere_waits_for_a_person_and_moves_no_goods(world: World) -> None:
    slug = worlds.scarce_product(world, stock=5)
    world.policy(inquiry_lag_seconds=7_200, inquiry_shows_refund="on")
    purchase = world.purchase(slug, 2, work="PAY")
    purchase.claim("refunded_behind")
    world.sweep(minutes=61)
    assert (purchase.order.state, world.stock(slug)) == ("expired", 5)

    world.sweep(days=1)
    assert (purchase.order.state, purchase.order.refunds) == ("attention", [])
    settlement.close_attention(purchase.attempt_no, by="kim")

    for _day in range(2):
        world.sweep(days=1)
        assert (purchase.order.state, world.stock(slug)) == ("expired", 5)
