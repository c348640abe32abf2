"""Money that an order cannot take: it comes too late and does not fit, or an answer hides it behind another number."""

import pytest
from sqlalchemy import select

from shop import policy
from shop.db import db
from shop.extensions import client
from shop.models import Attempt, Refund
from shop.services import recording, sweep
from shop.states import AttemptState, OrderState, RefundState
from tests import world as worlds
from tests.services.test_settlement import begin, changed
from tests.world import World

STOCK = 4


def expired_with_wrong_money(world: World) -> tuple[str, str, str]:
    """Two pieces were ordered and given back; then an inquiry shows half of the money. Answers order, attempt, slug."""
    slug = worlds.scarce_product(world, STOCK)
    buyer = world.browser()
    order_no = buyer.place_order(slug, 2)
    opening = buyer.start_attempt(order_no, work="PAY")
    world.control("POST", "policy", {"inquiry_lag_seconds": 4000})
    claim = world.payer().pay(opening["fields"] | {"PCD_PAY_TOTAL": "1000"})
    world.advance(minutes=61)
    sweep.run(client(), now=worlds.now())
    assert world.order(order_no).state is OrderState.EXPIRED
    world.control("POST", "policy", {"inquiry_lag_seconds": 0})
    world.deliver(claim)
    assert world.attempt(opening["attempt_no"]).state is AttemptState.ATTENTION
    return order_no, opening["attempt_no"], slug


@pytest.mark.both_engines
def test_an_expired_order_stays_expired_when_a_person_has_looked_and_its_goods_come_back_once(world: World) -> None:
    order_no, attempt_no, slug = expired_with_wrong_money(world)
    assert world.order(order_no).state is OrderState.ATTENTION

    recording.close_attention(attempt_no, by="kim", now=worlds.now())
    world.advance(hours=2)
    sweep.run(client(), now=worlds.now())

    assert world.order(order_no).state is OrderState.EXPIRED
    assert world.stock(slug) == STOCK


def refunds_of(world: World, attempt_no: str) -> list[tuple[RefundState, int]]:
    with world.app.app_context():
        rows = db.session.scalars(select(Refund).join(Attempt).where(Attempt.attempt_no == attempt_no))
        return [(row.state, row.amount) for row in rows]


def hidden(world: World, *, work: str, times: int = 1) -> str:
    """Charged, and the gateway's answer names somebody else's number."""
    _buyer, order_no, attempt_no, fields = begin(world, work=work)
    world.fault("confirm" if work == "CERT" else "inquiry", "other_oid", times=times)
    world.deliver(world.payer().pay(fields))
    assert world.order(order_no).state is OrderState.ATTENTION
    assert refunds_of(world, attempt_no) == []
    return attempt_no


@pytest.mark.both_engines
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_money_behind_another_number_is_looked_for_and_goes_back(world: World, work: str) -> None:
    attempt_no = hidden(world, work=work)

    world.advance(seconds=6)
    sweep.run(client(), now=worlds.now())

    assert refunds_of(world, attempt_no) == [(RefundState.DONE, 1_000)]
    assert world.attempt(attempt_no).state is AttemptState.ATTENTION


def test_who_closes_such_an_answer_too_early_loses_no_money(world: World) -> None:
    """The inquiry shows payments an hour late, and a person closes the matter before."""
    world.control("POST", "policy", {"inquiry_lag_seconds": 3_600})
    attempt_no = hidden(world, work="CERT")
    world.advance(seconds=6)
    sweep.run(client(), now=worlds.now())

    recording.close_attention(attempt_no, by="kim", now=worlds.now())
    for waiting in ({"seconds": 1}, {"days": 1}):
        assert refunds_of(world, attempt_no) == []
        world.advance(**waiting)
        sweep.run(client(), now=worlds.now())

    assert refunds_of(world, attempt_no) == [(RefundState.DONE, 1_000)]


def test_it_is_looked_for_until_the_gateway_has_answered_about_it(world: World) -> None:
    attempt_no = hidden(world, work="PAY", times=2)
    world.fault("inquiry", "http_500", times=2)

    for days in range(4):
        world.advance(days=min(days, 1), seconds=6)
        sweep.run(client(), now=worlds.now())

    assert refunds_of(world, attempt_no) == [(RefundState.DONE, 1_000)]


def nothing_charged(world: World) -> str:
    """The keys of another order were confirmed instead. Answers the attempt."""
    buyer, _order_no, _cheap_no, cheap_fields = begin(world)
    cheap = dict(world.payer().pay(cheap_fields))
    dear = buyer.start_attempt(buyer.place_order(quantity=50))
    attempt_no: str = dear["attempt_no"]
    keys = {name: cheap[f"PCD_{name}"] for name in ("PAY_REQKEY", "AUTH_KEY", "PAYER_ID")}
    world.deliver(changed(world.payer().pay(dear["fields"]), **keys))
    assert world.attempt(attempt_no).state is AttemptState.ATTENTION
    return attempt_no


def test_where_nothing_was_charged_the_gateway_is_asked_twice_and_no_more(world: World) -> None:
    """By a sweep that comes once a day."""
    attempt_no = nothing_charged(world)

    asked = []
    for _day in range(4):
        world.advance(days=1)
        asked.append(sweep.run(client(), now=worlds.now()).asked)

    assert asked == [[attempt_no], [attempt_no], [], []]
    assert refunds_of(world, attempt_no) == []


def test_a_sweep_that_comes_in_time_asks_less_and_less_often_for_a_day(world: World) -> None:
    attempt_no = nothing_charged(world)

    asked = []
    for seconds in (6, 31, 121, 601, 3_601, 86_401, 86_401, 86_401):
        world.advance(seconds=seconds)
        asked.append(sweep.run(client(), now=worlds.now()).asked)

    assert asked == [[attempt_no]] * policy.MOST_SEARCHES + [[], []]
    assert refunds_of(world, attempt_no) == []
