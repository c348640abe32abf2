"""Webhooks: whatever they say and however they come, they only make us ask the gateway, and not without end."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from shop import clock, policy
from shop.db import db
from shop.models import JournalEntry, KeptClaim, Refund
from shop.money import Won
from shop.services import hearing, refunding, seldom, settlement, sweep, webhooks
from shop.services.refunding import RefundWish
from shop.states import AttemptState, OrderState, RefundState
from shop.views.shop import client
from tests import world as worlds
from tests.page import PageClient
from tests.postbox import ADDRESS, Postbox
from tests.world import World

WORKS = ["CERT", "PAY"]


@pytest.fixture
def postbox(world: World) -> Postbox:
    return Postbox.of(world)


def begin(world: World, **choices: str) -> tuple[PageClient, str, str, dict[str, str]]:
    """A buyer with an order and an attempt whose window can be opened."""
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, **choices)
    return buyer, order_no, opening["attempt_no"], opening["fields"]


def say(world: World, attempt_no: str, **fields: Any) -> None:
    """Post a webhook that nobody but us has made up."""
    told = {"PAY_RST": "success", "PAY_CODE": "0000", "PAY_TOTAL": "1000", "PAY_TYPE": "card"} | fields
    body = {"PCD_PAY_OID": attempt_no} | {f"PCD_{name}": value for name, value in told.items()}
    response = world.browser().post(ADDRESS, json.dumps(body), content_type="application/json")
    assert (response.status_code, response.get_json()) == (200, {"result": "success"})


def forged_cancel(world: World, attempt_no: str, amount: str = "1000") -> None:
    say(world, attempt_no, PAY_CODE="PAYC0000", PAYCANCEL_FLAG="Y", REFUND_TOTAL=amount)


def calls(world: World) -> int:
    """Every request of ours that has reached the gateway."""
    asked = ("auth", "inquiry", "confirm", "cancel", "receipt", "receipt_cancel")
    return sum(1 for entry in world.control("GET", "ledger") if entry["op"] in asked)


def inquiries(world: World) -> int:
    return sum(1 for entry in world.control("GET", "ledger") if entry["op"] == "inquiry")


def confirms(world: World) -> int:
    return sum(1 for entry in world.control("GET", "ledger") if entry["op"] == "confirm")


# --- before, after, instead of, and many times beside the browser's result ------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("wire", ["json", "form"])
@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_payment_whose_browser_never_returns_is_paid_by_the_webhook(
    world: World, postbox: Postbox, method: str, wire: str
) -> None:
    world.control("POST", "policy", {"webhook_format": wire})
    buyer, order_no, attempt_no, fields = begin(world, work="PAY", method=method)
    assert world.payer().pay(fields, scenario="lost_paid") == []

    assert postbox.deliver() == 1
    assert world.attempt(attempt_no).state is AttemptState.PREPARED, "its own word moves nothing"
    assert postbox.hear() == [attempt_no]

    assert world.attempt(attempt_no).state is AttemptState.PAID
    assert buyer.get(f"/orders/{order_no}").state == "paid"
    assert world.charged() == {attempt_no: 1000}


def test_a_webhook_says_nothing_about_the_state_of_its_order(world: World, postbox: Postbox) -> None:
    """It is kept without holding the order, so a payment may be written in the same moment: the journal must not say
    that a paid order was unpaid.
    """
    _buyer, _order_no, attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields)
    assert postbox.deliver()

    assert [set(evidence) & {"order", "row", "step"} for evidence in told(world, attempt_no)] == [set()]


@pytest.mark.parametrize("work", WORKS)
def test_a_webhook_after_the_browsers_result_asks_nobody(world: World, postbox: Postbox, work: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    world.deliver(world.payer().pay(fields))
    before, asked = world.events(attempt_no), inquiries(world)

    assert postbox.deliver()

    assert postbox.hear() == []
    assert inquiries(world) == asked
    assert world.events(attempt_no) == [*before, "webhook"]
    assert world.order(order_no).state is OrderState.PAID


def test_a_webhook_before_the_browsers_result_waits_for_it_so_that_one_question_does_for_both(
    world: World, postbox: Postbox
) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    claim = world.payer().pay(fields)
    assert postbox.deliver()

    assert hearing.drain(client(), now=clock.now()) == []
    world.deliver(claim)

    assert postbox.hear() == [attempt_no], "it is heard all the same"
    assert inquiries(world) == 1
    assert world.order(order_no).state is OrderState.PAID


def test_a_webhook_that_was_heard_before_the_browsers_result_leaves_it_nothing_to_do(
    world: World, postbox: Postbox
) -> None:
    buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    claim = world.payer().pay(fields)
    assert postbox.deliver()
    postbox.hear()
    assert world.attempt(attempt_no).state is AttemptState.PAID

    world.deliver(claim)

    assert inquiries(world) == 1
    assert (buyer.get(f"/orders/{order_no}").state, world.events(attempt_no).count("paid")) == ("paid", 1)


def test_the_webhook_of_a_confirm_whose_answer_was_lost_settles_it_before_the_schedule_does(
    world: World, postbox: Postbox
) -> None:
    _buyer, order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)
    assert world.order(order_no).state is OrderState.CHECKING

    assert postbox.deliver()

    assert postbox.hear() == [attempt_no]
    assert world.order(order_no).state is OrderState.PAID
    assert (world.charged(), confirms(world)) == ({attempt_no: 1000}, 1)


def test_the_webhook_of_a_confirm_whose_worker_died_settles_it(world: World, postbox: Postbox) -> None:
    """The intent was committed, the gateway charged, and nobody lived to write it down."""
    _buyer, order_no, attempt_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(claim)
    attempt = world.attempt(attempt_no)
    attempt.state, attempt.next_inquiry_at = AttemptState.CONFIRMING, worlds.now() + policy.CONFIRM_PATIENCE
    db.session.commit()

    assert postbox.deliver()
    postbox.hear()

    assert world.order(order_no).state is OrderState.PAID
    assert confirms(world) == 1


def test_the_same_webhook_many_times_is_kept_once_and_asked_about_once(world: World, postbox: Postbox) -> None:
    postbox.bench(duplicate=9)
    _buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields)

    assert postbox.deliver() == 10
    postbox.hear()
    world.control("POST", "webhooks/1/resend")
    assert postbox.deliver()
    postbox.hear()

    [row] = postbox.rows()
    assert (row.deliveries, row.heard_at is not None) == (11, True)
    assert inquiries(world) == 1
    assert world.order(order_no).state is OrderState.PAID


def test_the_same_news_as_a_form_and_as_json_is_the_same(world: World, postbox: Postbox) -> None:
    _buyer, _order_no, _attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields)
    assert postbox.deliver()
    world.control("POST", "policy", {"webhook_format": "form"})

    world.control("POST", "webhooks/1/resend")
    assert postbox.deliver()

    assert [row.deliveries for row in postbox.rows()] == [2]


def test_a_webhook_that_comes_a_day_late_finds_everything_settled(world: World, postbox: Postbox) -> None:
    postbox.bench(hold=True)
    _buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.deliver(world.payer().pay(fields))
    asked = inquiries(world)

    world.advance(hours=24)
    postbox.bench(release=True)
    assert postbox.deliver()
    postbox.hear()

    assert (world.order(order_no).state, inquiries(world)) == (OrderState.PAID, asked)


def test_a_webhook_a_day_late_finds_the_payment_of_an_order_that_was_given_up(world: World, postbox: Postbox) -> None:
    """The browser never returned and the inquiry did not show the payment in time: the order still takes it."""
    postbox.bench(hold=True)
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields, scenario="lost_paid")
    world.control("POST", "policy", {"inquiry_lag_seconds": 80_000})
    world.advance(minutes=61)
    sweep.run(client(), now=worlds.now())
    assert world.order(order_no).state is OrderState.EXPIRED
    planned = world.attempt(attempt_no).next_inquiry_at

    say(world, attempt_no)
    postbox.hear()
    assert world.attempt(attempt_no).next_inquiry_at == planned, "an early one does not use up what was planned"
    world.advance(hours=23)
    postbox.bench(release=True)
    assert postbox.deliver()
    postbox.hear()

    assert world.order(order_no).state is OrderState.PAID


def test_shuffled_duplicated_and_partly_dropped_webhooks_with_lost_browsers_all_end_paid(
    world: World, postbox: Postbox
) -> None:
    """Those whose webhook got lost too are found by the sweep once their time is over."""
    postbox.bench(hold=True, shuffle=True, duplicate=1, drop=0.4, seed=5)
    started = [begin(world, work="PAY") for _order in range(6)]
    for _buyer, _order_no, _attempt_no, fields in started:
        world.payer().pay(fields, scenario="lost_paid")

    postbox.bench(release=True)
    assert postbox.deliver()
    by_webhook = postbox.hear()
    world.advance(minutes=41)
    report = sweep.run(client(), now=worlds.now())

    assert len(set(by_webhook)) == len(by_webhook), "chance decides which of them come, never how often one is heard"
    assert sorted(by_webhook + report.asked) == sorted(attempt_no for _b, _o, attempt_no, _f in started)
    assert {world.order(order_no).state for _b, order_no, _a, _f in started} == {OrderState.PAID}
    assert len(world.charged()) == 6


@pytest.mark.both_engines
@pytest.mark.parametrize("work", WORKS)
def test_a_webhook_and_the_browsers_result_in_the_same_moment_agree(world: World, postbox: Postbox, work: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    claim = world.payer().pay(fields)
    fact = dict(claim) | {"PCD_PAY_CODE": "0000"}
    body = json.dumps({name: fact[name] for name in ("PCD_PAY_OID", "PCD_PAY_RST", "PCD_PAY_CODE", "PCD_PAY_TOTAL")})

    def act(number: int) -> None:
        if number % 3 == 0:
            world.deliver(claim)
        elif number % 3 == 1:
            assert world.browser().post(ADDRESS, body, content_type="application/json").status_code == 200
        else:
            hearing.drain(client(), now=clock.now() + policy.WEBHOOK_GRACE)

    all_at_once(world, 9, act)
    postbox.hear()

    assert world.order(order_no).state is OrderState.PAID
    assert world.charged() == {attempt_no: 1000}
    assert world.events(attempt_no).count("paid") == 1
    assert confirms(world) == (1 if work == "CERT" else 0)
    [row] = postbox.rows()
    assert (row.deliveries, row.heard_at is not None) == (3, True)


@pytest.mark.both_engines
def test_many_who_hear_at_once_ask_once(world: World, postbox: Postbox) -> None:
    _buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields, scenario="lost_paid")
    assert postbox.deliver()
    world.advance(seconds=4)

    all_at_once(world, 6, lambda _number: hearing.drain(client(), now=clock.now()))

    assert inquiries(world) == 1
    assert world.order(order_no).state is OrderState.PAID


def all_at_once(world: World, width: int, act: Callable[[int], object]) -> None:
    """Run the same act in many threads that start together."""
    db.session.remove()
    barrier = Barrier(width)

    def run(number: int) -> None:
        with world.app.app_context():
            barrier.wait()
            act(number)

    with ThreadPoolExecutor(width) as threads:
        list(threads.map(run, range(width)))


# --- webhooks are not facts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", WORKS)
def test_a_forged_payment_is_asked_about_and_changes_nothing(world: World, postbox: Postbox, work: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    window = world.payer().open(fields)

    say(world, attempt_no)
    assert postbox.hear() == [attempt_no]

    assert world.attempt(attempt_no).state is AttemptState.PREPARED
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    world.deliver(window.approve().result or [])
    assert world.order(order_no).state is OrderState.PAID


def test_a_certified_attempt_stays_unpaid_without_its_confirm_whatever_a_webhook_says(
    world: World, postbox: Postbox
) -> None:
    """Even with the real keys: only the browser's result may make us confirm."""
    _buyer, order_no, attempt_no, fields = begin(world)
    keys = dict(world.payer().pay(fields))
    names = ("PAY_REQKEY", "AUTH_KEY", "PAYER_ID", "PAY_COFURL", "PAY_WORK")

    say(world, attempt_no, **{name: keys[f"PCD_{name}"] for name in names})
    postbox.hear()

    assert (confirms(world), world.charged()) == (0, {})
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    assert keys["PCD_PAY_REQKEY"] not in world.dump()
    assert keys["PCD_AUTH_KEY"] not in world.dump()


@pytest.mark.parametrize("result", ["error", "close", ""])
def test_a_forged_failure_kills_nothing(world: World, postbox: Postbox, result: str) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    window = world.payer().open(fields)

    say(world, attempt_no, PAY_RST=result, PAY_CODE="3112")
    postbox.hear()

    assert world.attempt(attempt_no).claimed_at is None
    world.deliver(window.approve().result or [])
    assert world.order(order_no).state is OrderState.PAID


def test_a_forged_cancel_never_shows_as_refunded_and_asks_nobody(world: World, postbox: Postbox) -> None:
    buyer, order_no, attempt_no, fields = begin(world)
    world.deliver(world.payer().pay(fields))
    before = calls(world)

    forged_cancel(world, attempt_no)
    postbox.hear()
    sweep.run(client(), now=worlds.now())

    assert calls(world) == before
    assert buyer.get(f"/orders/{order_no}").state == "paid"


def test_another_orders_number_makes_us_ask_about_that_order_only(world: World, postbox: Postbox) -> None:
    """A payment that is told under a number of another order moves neither of them."""
    _buyer, paid_no, _paid, fields = begin(world, work="PAY")
    _other, other_no, other, _fields = begin(world, work="PAY")
    world.deliver(world.payer().pay(fields))

    say(world, other)
    postbox.hear()

    assert world.order(paid_no).state is OrderState.PAID
    assert world.order(other_no).state is OrderState.AWAITING_PAYMENT


def test_addresses_in_a_webhook_are_not_dialled(world: World, postbox: Postbox) -> None:
    _buyer, _order_no, attempt_no, _fields = begin(world)
    evil = "https://evil.example/php/PayCardConfirmAct.php?ACT_=PAYM"

    say(world, attempt_no, PAY_COFURL=evil, PAY_HOST="https://evil.example", PAY_URL=evil, RST_URL=evil)
    postbox.hear()

    assert confirms(world) == 0
    assert inquiries(world) == 1


# --- refunds --------------------------------------------------------------------------------------------------------


def refund(world: World, order_no: str, amount: int) -> Refund:
    """Refund as a member of staff who has just seen the balance."""
    facts = refunding.facts(world.order(order_no))
    assert facts is not None
    wish = RefundWish(Won(amount), Won(facts.refundable), "변심", f"intent-{clock.now().timestamp()}")
    return refunding.request(order_no, wish, by="kim", client=client(), now=worlds.now())


def told(world: World, attempt_no: str) -> list[dict[str, Any]]:
    """What the journal keeps of the webhooks about an attempt."""
    db.session.rollback()
    query = select(JournalEntry.evidence).where(JournalEntry.attempt_no == attempt_no, JournalEntry.event == "webhook")
    return list(db.session.scalars(query.order_by(JournalEntry.id)))


def test_webhooks_after_a_refund_change_nothing_in_whatever_order_they_come(world: World, postbox: Postbox) -> None:
    postbox.bench(hold=True, shuffle=True, duplicate=2, seed=3)
    buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    world.deliver(world.payer().pay(fields))
    refund(world, order_no, 1000)
    before = calls(world)

    postbox.bench(release=True)
    assert postbox.deliver()
    postbox.hear()

    assert calls(world) == before
    assert buyer.get(f"/orders/{order_no}").state == "refunded"
    assert sorted(entry["kind"] for entry in told(world, attempt_no)) == ["payment", "refund"]


def test_what_a_webhook_says_of_a_refund_without_an_answer_is_kept_for_a_person_and_decides_nothing(
    world: World, postbox: Postbox
) -> None:
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    opening = buyer.start_attempt(order_no)
    world.deliver(world.payer().pay(opening["fields"]))
    world.fault("cancel", "lost_answer", phase="after")
    assert refund(world, order_no, 3000).state is RefundState.UNKNOWN
    asked = inquiries(world)

    assert postbox.deliver()
    postbox.hear()

    [refund_row] = world.order(order_no).refunds
    assert (refund_row.state, world.order(order_no).state) == (RefundState.UNKNOWN, OrderState.PAID)
    assert inquiries(world) == asked
    _paid, cancelled = told(world, opening["attempt_no"])
    assert cancelled == {
        "kind": "refund",
        "result": "success",
        "code": "PAYC0000",
        "amount": 10000,
        "refunded": 3000,
    }


# --- numbers that lead nowhere --------------------------------------------------------------------------------------


def test_an_unknown_number_is_kept_and_asks_nobody(world: World, postbox: Postbox) -> None:
    before = calls(world)

    for number in ("20261123_AAAAAAAAAAAAAAAAAAAA", "x" * 4000, "주문", ""):
        say(world, number)
    postbox.hear()
    sweep.run(client(), now=worlds.now())

    assert calls(world) == before
    assert [(row.known, row.next_try_at) for row in postbox.rows()] == [(False, None)] * 4


@pytest.mark.parametrize("end", ["paid", "orphaned", "attention"])
def test_a_finished_attempt_asks_nobody(world: World, postbox: Postbox, end: str) -> None:
    _buyer, _order_no, attempt_no, fields = begin(world, work="PAY")
    if end == "attention":
        world.control("POST", "faults", {"op": "inquiry", "kind": "other_amount"})
    world.deliver(world.payer().pay(fields))
    if end == "orphaned":
        second_end(world, attempt_no)
    before = calls(world)

    say(world, attempt_no)
    postbox.hear()
    sweep.run(client(), now=worlds.now())

    assert world.attempt(attempt_no).state == end
    assert calls(world) == before


def second_end(world: World, attempt_no: str) -> None:
    """The same attempt as if another one had paid the order before."""
    attempt = world.attempt(attempt_no)
    attempt.state = AttemptState.ORPHANED
    db.session.commit()


# --- without end ----------------------------------------------------------------------------------------------------


def test_nobody_makes_us_ask_about_one_attempt_without_end(world: World, postbox: Postbox) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    window = world.payer().open(fields)

    for number in range(policy.MOST_WEBHOOKS + 10):
        say(world, attempt_no, PAY_MSG=str(number))
        postbox.hear()

    assert inquiries(world) == policy.MOST_CLAIMED_INQUIRIES
    assert len(postbox.rows()) == policy.MOST_WEBHOOKS
    world.deliver(window.approve().result or [])
    assert world.order(order_no).state is OrderState.PAID, "made-up ones use up none of the browser's questions"


def test_a_storm_of_made_up_webhooks_fills_only_the_room_there_is(world: World, postbox: Postbox) -> None:
    for number in range(500):
        say(world, f"MADE_UP_{number}")

    assert len(postbox.rows()) == policy.MOST_UNKNOWN_WEBHOOKS
    _buyer, order_no, _attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields, scenario="lost_paid")
    assert postbox.deliver()
    postbox.hear()
    assert world.order(order_no).state is OrderState.PAID, "and one about us still finds room"


def test_a_storm_of_equal_webhooks_is_one_row(world: World, postbox: Postbox) -> None:
    for _time in range(500):
        say(world, "MADE_UP")

    assert [row.deliveries for row in postbox.rows()] == [policy.MOST_COUNTED]


def test_only_so_many_webhooks_wait_and_the_sweep_finds_what_found_no_room(
    world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "MOST_UNHEARD_WEBHOOKS", 2)
    started = [begin(world, work="PAY") for _order in range(4)]
    for _buyer, _order_no, _attempt_no, fields in started:
        world.payer().pay(fields, scenario="lost_paid")

    assert postbox.deliver()

    assert len(postbox.rows()) == 2
    assert len(postbox.hear()) == 2
    world.advance(minutes=41)
    sweep.run(client(), now=worlds.now())
    assert {world.order(order_no).state for _b, order_no, _a, _f in started} == {OrderState.PAID}


def test_what_cannot_be_kept_is_logged_once_a_minute_without_anything_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webhooks, "strangers", seldom.Seldom(logging.getLogger("strangers")))

    for number in range(50):
        say(world, f"MADE_UP_{number}", PAYER_NAME="홍길동", PAYER_HP="01012345678")
        world.browser().post(ADDRESS, '{"PCD_PAYER_NAME": ["홍길동"]}', content_type="application/json")

    lines = [record.getMessage() for record in caplog.records if record.name == "strangers"]
    assert len(lines) == 2
    assert not any(word in line for line in lines for word in ("홍길동", "01012345678", "MADE_UP"))


def test_what_is_kept_names_nobody_and_holds_no_key(world: World, postbox: Postbox) -> None:
    _buyer, _order_no, _attempt_no, fields = begin(world, work="PAY")
    claim = dict(world.payer().pay(fields))
    assert postbox.deliver()

    kept = world.dump(only={"webhooks", "journal"})

    assert claim["PCD_PAY_OID"] in kept
    for secret in ("홍길동", "01012345678", "hong@example.com", claim["PCD_PAYER_ID"], claim["PCD_PAY_CARDNUM"]):
        assert secret not in kept


def test_old_webhooks_and_forgotten_keys_are_let_go(world: World, postbox: Postbox) -> None:
    _buyer, _order_no, attempt_no, fields = begin(world)
    world.deliver(world.payer().pay(fields))
    assert postbox.deliver()
    say(world, "MADE_UP")
    attempt_id = world.attempt(attempt_no).id
    keys = {"request_key": "a", "auth_key": "b", "payer_id": "", "confirm_url": ""}
    db.session.add(KeptClaim(attempt_id=attempt_id, kept_at=worlds.now(), **keys))
    db.session.commit()

    kept = []
    for step in (timedelta(seconds=30), timedelta(seconds=40), timedelta(days=8), timedelta(days=23)):
        world.advance(seconds=step.total_seconds())
        sweep.run(client(), now=worlds.now())
        kept.append((len(postbox.rows()), world.dump(only={"kept_claims"}) != ""))

    assert kept == [(2, True), (2, False), (1, False), (0, False)]


# --- workers that die -----------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_the_sweep_hears_what_a_killed_worker_had_only_kept(world: World, postbox: Postbox) -> None:
    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields, scenario="lost_paid")
    assert postbox.deliver()

    world.advance(seconds=4)
    report = sweep.run(client(), now=worlds.now())

    assert report.webhooks == [attempt_no]
    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.both_engines
def test_what_a_killed_worker_had_begun_to_hear_is_taken_over_after_a_while(
    world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing in the shop catches it, as nothing catches kill -9."""

    def killed(*_: object, **__: object) -> bool:
        raise Killed

    _buyer, order_no, attempt_no, fields = begin(world, work="PAY")
    world.payer().pay(fields, scenario="lost_paid")
    assert postbox.deliver()
    with monkeypatch.context() as patched:
        patched.setattr(settlement, "look", killed)
        with pytest.raises(Killed):
            postbox.hear()

    assert postbox.hear() == [], "its time is not over: the worker might be alive"
    world.advance(minutes=2)
    assert postbox.hear() == [attempt_no]
    assert world.order(order_no).state is OrderState.PAID


def test_one_that_fails_does_not_keep_the_others_waiting(
    world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, started = settlement.look, [begin(world, work="PAY") for _order in range(3)]
    numbers = [attempt_no for _b, _o, attempt_no, _f in started]
    for _buyer, _order_no, _attempt_no, fields in started:
        world.payer().pay(fields, scenario="lost_paid")

    def failing(attempt_no: str, *more: Any, **named: Any) -> bool:
        if attempt_no == numbers[0]:
            raise ValueError("planted")
        return look(attempt_no, *more, **named)

    assert postbox.deliver()
    with monkeypatch.context() as patched:
        patched.setattr(settlement, "look", failing)
        assert sorted(postbox.hear()) == sorted(numbers[1:])

    world.advance(minutes=2)
    assert postbox.hear() == [numbers[0]]


def test_a_gateway_that_does_not_answer_is_left_alone_and_asked_again_by_the_schedule(
    world: World, postbox: Postbox
) -> None:
    started = [begin(world, work="PAY") for _order in range(3)]
    for _buyer, _order_no, _attempt_no, fields in started:
        world.payer().pay(fields, scenario="lost_paid")
    assert postbox.deliver()
    world.fault("inquiry", "http_500")

    assert len(postbox.hear()) == 1
    assert len(postbox.hear()) == 2
    world.advance(seconds=6)
    assert len(sweep.run(client(), now=worlds.now()).asked) == 1

    assert {world.order(order_no).state for _b, order_no, _a, _f in started} == {OrderState.PAID}


def test_a_webhook_that_waits_too_long_for_its_turn_is_not_acknowledged_and_comes_again(world: World) -> None:
    """Another thread is writing, and the database is locked by another program."""
    _buyer, _order_no, attempt_no, _fields = begin(world)
    world.monkeypatch.setattr(webhooks, "TURN_SECONDS", 0.01)
    body = json.dumps({"PCD_PAY_OID": attempt_no, "PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000"})

    with webhooks._writing:
        early = world.browser().post(ADDRESS, body, content_type="application/json")
    later = world.browser().post(ADDRESS, body, content_type="application/json")

    assert (early.status_code, later.status_code) == (503, 200)
    assert early.headers["Retry-After"]
