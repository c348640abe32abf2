"""Money whose sum an answer has made doubtful: what was really charged goes back, once, and more is never asked for."""

import json

import pytest
import requests

from shop import policy
from shop.extensions import client
from shop.services import desk, sweep
from shop.states import AttemptState, OrderState
from tests import world as worlds
from tests.payer import Pairs
from tests.services.on_the_way import reword
from tests.services.test_settlement import WORKS, begin, changed
from tests.world import World

MISNAMED = [("CERT", "confirm"), ("PAY", "inquiry")]


def refused_cancels(world: World) -> int:
    """How often more was asked back than the gateway had."""
    return sum(1 for entry in world.control("GET", "ledger") if entry["rule"] == "cancel_above_remainder")


def gone_back(world: World) -> int:
    """Won that the gateway has returned."""
    return sum(int(row["refunded_total"]) for row in world.control("GET", "payments"))


def answers_once(world: World, told: dict[str, str]) -> None:
    """The next inquiry is answered with these fields; those after it truly."""
    broken = [told]

    def once(response: requests.Response) -> bytes:
        return json.dumps(response.json() | (broken.pop() if broken else {})).encode()

    reword(world, "PayChkAct", once)


def charged_twice(world: World) -> tuple[str, str, Pairs]:
    """Both of two windows have charged, and the first is known. Answers the order, the second attempt and its claim."""
    buyer = world.browser()
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no, work="PAY") for _window in "12")
    world.deliver(world.payer().pay(first["fields"]))
    return order_no, second["attempt_no"], world.payer().pay(second["fields"])


@pytest.mark.both_engines
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize(("work", "op"), MISNAMED)
def test_what_an_answer_misnames_is_not_asked_back(world: World, work: str, op: str, times: int) -> None:
    """An answer names more than was charged: we ask again, and only what was really charged goes back, once."""
    _buyer, order_no, _attempt_no, fields = begin(world, work=work)
    claim = world.payer().pay(fields)
    world.fault(op, "other_amount", times=times)

    world.deliver(claim)
    world.advance(seconds=6)
    sweep.run(client(), now=worlds.now())

    assert (refused_cancels(world), gone_back(world)) == (0, 1_000)
    assert world.order(order_no).state is OrderState.ATTENTION


@pytest.mark.parametrize(("work", "op"), MISNAMED)
def test_what_an_answer_misnames_waits_for_a_gateway_that_answers(world: World, work: str, op: str) -> None:
    _buyer, _order_no, _attempt_no, fields = begin(world, work=work)
    claim = world.payer().pay(fields)
    world.fault(op, "other_amount")
    world.fault("inquiry", "http_500")

    world.deliver(claim)

    assert (refused_cancels(world), gone_back(world)) == (0, 0)
    world.advance(seconds=6)
    sweep.run(client(), now=worlds.now())
    assert gone_back(world) == 1_000


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [1_000, 20_000])
@pytest.mark.parametrize("work", WORKS)
def test_what_every_answer_names_alike_goes_back_at_once(world: World, work: str, amount: int) -> None:
    """The window was opened with another sum than ours, so that this is what was charged."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    fields = buyer.start_attempt(order_no, work=work)["fields"]

    world.deliver(changed(world.payer().pay(fields | {"PCD_PAY_TOTAL": str(amount)}), PAY_TOTAL="11000"))

    assert (refused_cancels(world), gone_back(world)) == (0, amount)
    assert world.order(order_no).state is OrderState.ATTENTION


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("work", WORKS)
def test_a_broken_answer_that_names_our_own_sum_is_not_enough(world: World, work: str, times: int) -> None:
    """10,000 won were charged for an order of 11,000; after the first answer a few name 1,000 more."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    fields = buyer.start_attempt(order_no, work=work)["fields"]
    claim = changed(world.payer().pay(fields | {"PCD_PAY_TOTAL": "10000"}), PAY_TOTAL="11000")
    true = [] if work == "CERT" else ["intact"]
    world.fault("inquiry", [*true, *["other_amount"] * times])

    world.deliver(claim)
    world.advance(seconds=6)
    sweep.run(client(), now=worlds.now())

    assert (refused_cancels(world), gone_back(world)) == (0, 10_000)


@pytest.mark.parametrize(
    "told", [{"PCD_PAY_AMOUNT_REAL": "100"}, {"PCD_PAY_AMOUNT_REAL": "0"}, {"PCD_REFUND_TOTAL": "1000"}]
)
def test_an_orphan_goes_back_whole_though_one_answer_names_less(world: World, told: dict[str, str]) -> None:
    """The first answer about it tells of less, or of a return."""
    order_no, attempt_no, claim = charged_twice(world)
    answers_once(world, told)
    world.deliver(claim)
    world.advance(seconds=6)
    sweep.run(client(), now=worlds.now())

    assert (refused_cancels(world), gone_back(world)) == (0, 1_000)
    assert [refund.amount for refund in world.attempt(attempt_no).refunds] == [1_000]
    assert world.order(order_no).state is OrderState.PAID


@pytest.mark.parametrize("lag", [60, 4_000])
def test_what_the_gateway_shows_late_goes_back_soon_after(world: World, lag: int) -> None:
    """The confirm names another sum than ours, and the inquiry finds the payment later."""
    buyer = world.browser()
    fields = buyer.start_attempt(buyer.place_order(quantity=11))["fields"]
    world.control("POST", "policy", {"inquiry_lag_seconds": lag})

    world.deliver(changed(world.payer().pay(fields | {"PCD_PAY_TOTAL": "10000"}), PAY_TOTAL="11000"))
    for _minute in range(2 * lag // 60):
        world.advance(minutes=1)
        sweep.run(client(), now=worlds.now())

    assert (refused_cancels(world), gone_back(world)) == (0, 10_000)


def test_another_sum_by_another_method_goes_back_at_once_too(world: World) -> None:
    """The confirm tells of a transfer of 1,000 won where a card was to pay 11,000; the claim says nothing of it."""
    buyer = world.browser()
    fields = buyer.start_attempt(buyer.place_order(quantity=11))["fields"]
    claim = world.payer().pay(fields | {"PCD_PAY_TOTAL": "1000", "PCD_PAY_TYPE": "transfer"})

    world.deliver(changed(claim, PAY_TOTAL="11000", PAY_TYPE="card"))

    assert (refused_cancels(world), gone_back(world)) == (0, 1_000)


def doubtful_orphan(world: World) -> tuple[str, int]:
    """The first answer about an orphan tells of less, the next ones fail. Answers its number and that of its row."""
    _order_no, attempt_no, claim = charged_twice(world)
    answers_once(world, {"PCD_PAY_AMOUNT_REAL": "100"})
    world.fault("inquiry", ["intact", "http_500"])
    world.deliver(claim)
    attempt = world.attempt(attempt_no)
    assert (attempt.state, attempt.refunds) == (AttemptState.ORPHANED, [])
    return attempt_no, attempt.id


def odd_on_desk() -> list[str]:
    return [attempt.attempt_no for attempt in desk.load(worlds.now()).odd_sums]


def test_money_in_doubt_that_no_order_takes_stands_on_the_desk_until_it_has_gone_back(world: World) -> None:
    attempt_no, _row = doubtful_orphan(world)
    before = odd_on_desk()

    world.advance(seconds=6)
    sweep.run(client(), now=worlds.now())

    assert (before, odd_on_desk(), gone_back(world)) == ([attempt_no], [], 1_000)


def test_what_the_gateway_denies_after_it_has_named_it_stays_on_the_desk_until_seen(world: World) -> None:
    attempt_no, row = doubtful_orphan(world)
    nothing = {"PCD_PAY_RST": "error", "PCD_PAY_CODE": "CBIL0003", "PCD_PAY_MSG": "조회 결과가 없습니다."}
    reword(world, "PayChkAct", lambda _: json.dumps(nothing).encode())

    for _day in range(policy.MOST_SEARCHES + 1):
        world.advance(days=1, seconds=1)
        sweep.run(client(), now=worlds.now())

    assert (world.attempt(attempt_no).next_inquiry_at, odd_on_desk()) == (None, [attempt_no])
    desk.acknowledge("attempt", row, by="kim", now=worlds.now())
    assert odd_on_desk() == []
