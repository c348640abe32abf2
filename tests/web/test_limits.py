"""Limits that hold for all workers together: who tries too often is told so politely, and no payment is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from shop import clock
from shop.db import db
from shop.errors import TooManyTries
from shop.models import Tally
from shop.services import limits, sweep
from shop.services.limits import Caller
from shop.states import AttemptState, OrderState
from shop.views.shop import client
from tests import staff as people
from tests import world as worlds
from tests.page import PageClient
from tests.tools.postgres import find_programs
from tests.world import World


@pytest.fixture
def limited(
    database_url: str,
    database_engine: str,
    filled_database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The world with limits, behind one proxy, as in test and live mode."""
    filled = filled_database if database_engine == "sqlite" else None
    settings = worlds.shop_settings(database_url, tmp_path, RATE_LIMITS="on", TRUSTED_PROXIES="1")
    with worlds.open_world(settings, tmp_path, monkeypatch, filled) as opened:
        yield opened


def tally(kind: str) -> int:
    """What is counted of a kind."""
    db.session.rollback()
    return db.session.scalar(select(func.coalesce(func.sum(Tally.count), 0)).where(Tally.kind == kind)) or 0


def fill(limit: limits.Limit, subject: str) -> None:
    """Somebody has used the limit up."""
    db.session.add(Tally(kind=limit.kind, subject=subject, count=limit.most, until=clock.now() + limit.within))
    db.session.commit()


def insist_on_refusal(response: TestResponse) -> None:
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 600
    assert "Set-Cookie" not in response.headers


@pytest.mark.both_engines
def test_parallel_tries_never_slip_under_the_count(limited: World) -> None:
    width, now = 24, clock.now()
    db.session.remove()
    barrier = Barrier(width)

    def look(_number: int) -> bool:
        with limited.app.app_context():
            barrier.wait()
            try:
                limits.count_lookup("20260101-ABCDEFGH", Caller("192.0.2.1"), now=now)
            except TooManyTries:
                return False
            return True

    with ThreadPoolExecutor(width) as threads:
        admitted = sum(threads.map(look, range(width)))

    assert admitted == limits.LOOKUPS_OF_ORDER.most
    assert tally("lookup_of_order") == tally("lookup_from_address") == admitted


@pytest.mark.both_engines
def test_a_count_begins_anew_when_its_time_is_over_and_old_ones_are_thrown_away(limited: World) -> None:
    for _time in range(limits.ORDERS_FROM_ADDRESS.most):
        limits.count_order(Caller("192.0.2.1"), now=clock.now())
    with pytest.raises(TooManyTries) as refused:
        limits.count_order(Caller("192.0.2.1"), now=clock.now())
    assert timedelta() < refused.value.wait <= limits.ORDERS_FROM_ADDRESS.within

    limited.advance(minutes=11)
    limits.count_order(Caller("192.0.2.1"), now=clock.now())
    assert tally("order_from_address") == 1

    limited.advance(minutes=11)
    sweep.run(client(), now=clock.now())
    assert tally("order_from_address") == 0


def test_guessing_phones_of_an_order_ends_with_a_polite_page(limited: World) -> None:
    order_no = limited.browser().place_order()
    stranger = limited.browser()
    token = stranger.csrf_token()
    guess = {"order_no": order_no, "payer_phone": "01000000000", "csrf_token": token}
    answers = [stranger.post("/orders/lookup", guess) for _time in range(limits.LOOKUPS_OF_ORDER.most + 1)]

    assert {answer.status_code for answer in answers[:-1]} == {404}
    insist_on_refusal(answers[-1])
    assert "천천히" in answers[-1].text
    right = stranger.post("/orders/lookup", guess | {"payer_phone": "01012345678"})
    insist_on_refusal(right)


def test_made_up_numbers_are_refused_after_a_while_without_a_call_or_a_cookie(limited: World) -> None:
    fill(limits.UNKNOWN_FROM_ADDRESS, "127.0.0.1")
    asked = limited.control("GET", "ledger")

    answer = limited.browser().post("/payments/result", [("PCD_PAY_OID", "20260101_NOBODYHASTHIS")])

    insist_on_refusal(answer)
    assert limited.control("GET", "ledger") == asked


@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_a_result_beyond_its_limit_leads_to_its_order_without_a_call(limited: World, work: str) -> None:
    buyer = limited.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, work=work)
    claim = limited.payer().pay(opening["fields"])
    fill(limits.RESULTS_OF_ATTEMPT, opening["attempt_no"])
    asked = len(limited.control("GET", "ledger"))

    assert limited.deliver(claim).endswith(order_no)

    assert len(limited.control("GET", "ledger")) == asked
    assert limited.attempt(opening["attempt_no"]).state is AttemptState.PREPARED


def test_what_a_silenced_result_has_paid_is_found_by_the_sweep(limited: World) -> None:
    buyer = limited.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, work="PAY")
    claim = limited.payer().pay(opening["fields"])
    fill(limits.RESULTS_FROM_ADDRESS, "127.0.0.1")
    limited.deliver(claim)

    limited.advance(minutes=41)
    sweep.run(client(), now=clock.now())

    assert limited.order(order_no).state is OrderState.PAID


def test_a_result_that_was_silenced_by_its_neighbours_pays_a_minute_later(limited: World) -> None:
    buyer = limited.browser()
    order_no = buyer.place_order()
    claim = limited.payer().pay(buyer.start_attempt(order_no)["fields"])
    fill(limits.RESULTS_FROM_ADDRESS, "127.0.0.1")
    limited.deliver(claim)

    limited.advance(seconds=61)
    limited.deliver(claim)

    assert limited.order(order_no).state is OrderState.PAID


def test_a_visitor_opens_only_so_many_windows(limited: World) -> None:
    buyer = limited.browser()
    order_no = buyer.place_order()
    fill(limits.ATTEMPTS_OF_VISITOR, limited.order(order_no).visitor)

    answer = buyer.post(f"/orders/{order_no}/attempts", {"csrf_token": buyer.csrf_token()})

    insist_on_refusal(answer)
    assert answer.get_json()["error"]["code"] == "too_many_tries"


def test_unpaid_orders_of_one_visitor_are_few_and_paying_one_makes_room(limited: World) -> None:
    buyer = limited.browser()
    orders = [buyer.place_order() for _time in range(limits.MOST_OPEN_ORDERS)]
    fields = {"payer_name": "홍길동", "payer_phone": "01012345678", "payer_email": "hong@example.com"}
    buyer.add_to_cart()

    page = buyer.submit("/orders", fields, 429)

    assert "결제하지 않은 주문" in page.text
    assert "60분쯤 뒤에 가장 오래된 주문부터 저절로 닫혀요" in page.text
    assert int(page.response.headers["Retry-After"]) <= 3600
    people.pay(limited, buyer, orders[0])
    assert buyer.submit("/orders", fields).response.request.path.startswith("/orders/2")


def test_the_same_cart_sent_again_is_not_counted(limited: World) -> None:
    buyer = limited.browser()
    buyer.add_to_cart()
    fields = {"payer_name": "홍길동", "payer_phone": "01012345678", "payer_email": "hong@example.com"}
    page = buyer.get("/checkout")

    for _time in range(limits.MOST_OPEN_ORDERS + 2):
        buyer.submit("/orders", fields, page=page)

    assert tally("order_of_visitor") == 1


def test_a_script_without_cookies_does_not_take_all_stock(limited: World) -> None:
    fill(limits.ORDERS_FROM_ADDRESS, "203.0.113.9")

    class Elsewhere(PageClient):
        """A browser at that address."""

        def open(self, path: str, **more: object) -> TestResponse:
            return super().open(path, headers={"X-Forwarded-For": "203.0.113.9"}, **more)

    fields = {"payer_name": "홍길동", "payer_phone": "01012345678", "payer_email": "hong@example.com"}
    script, neighbour = Elsewhere(limited.app), limited.browser()
    script.add_to_cart()
    script.submit("/orders", fields, 429)

    assert neighbour.place_order()


@pytest.mark.parametrize(
    ("told", "subject"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what the caller itself claims stands before what our proxy says
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_behind_a_proxy_the_callers_own_address_is_counted(limited: World, told: str, subject: str) -> None:
    limited.browser().open("/payments/result", method="POST", headers={"X-Forwarded-For": told})

    assert set(db.session.scalars(select(Tally.subject))) == {subject}


def test_without_a_proxy_a_forged_header_is_not_believed(
    filled_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = worlds.shop_settings(f"sqlite:///{tmp_path / 'shop.sqlite'}", tmp_path, RATE_LIMITS="on")
    with worlds.open_world(settings, tmp_path, monkeypatch, filled_database) as world:
        for number in range(3):
            headers = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
            world.browser().open("/payments/result", method="POST", headers=headers)

        assert set(db.session.scalars(select(Tally.subject))) == {"127.0.0.1"}


def test_the_sign_in_sees_the_caller_behind_the_proxy(limited: World) -> None:
    page = limited.browser()
    token = page.get("/admin/login").csrf_token
    wrong = {"name": "kim", "password": "wrong", "csrf_token": token}
    page.open("/admin/login", method="POST", data=wrong, headers={"X-Forwarded-For": "203.0.113.9"})

    assert "203.0.113.9" in limited.dump(only={"failed_logins"})


def test_with_the_simulator_only_attempts_are_counted(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    world.browser().post("/payments/result", [("PCD_PAY_OID", "20260101_NOBODYHASTHIS")])

    assert set(db.session.scalars(select(Tally.kind))) == {"result_of_attempt"}


@pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed; CI requires it")
@pytest.mark.parametrize("database_engine", ["postgresql"])
def test_forgetting_waits_for_nobody_who_counts(world: World) -> None:
    """Whoever counts holds two rows, one after the other: waiting for the first while holding the second is deadly."""
    old = clock.now() - timedelta(minutes=1)
    db.session.add_all([Tally(kind="lookup_of_order", subject=name, count=1, until=old) for name in ("held", "free")])
    db.session.commit()
    with db.engine.begin() as counting:
        counting.execute(select(Tally).where(Tally.subject == "held").with_for_update())

        limits.forget_old(clock.now())

    assert list(db.session.scalars(select(Tally.subject))) == ["held"]
