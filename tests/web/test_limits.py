"""Limits: who tries too often is told when to come back, others are not kept out, and no payment is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from shop.extensions import address, limiter
from shop.rules.states import OrderState
from tests import staff as people
from tests.page import PageClient
from tests.world import World

PROXIED = {"RATE_LIMITS": "on", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def shop_values() -> dict[str, str]:
    """Limits as in test and live mode, behind one proxy."""
    return PROXIED


@pytest.fixture(autouse=True)
def no_limits_afterwards() -> Iterator[None]:
    """A process has one limiter, and its next app may come without limits."""
    yield
    limiter.enabled = False


class BrowserAt(PageClient):
    def __init__(self, app: Flask, address: str) -> None:
        super().__init__(app)
        self._address = address

    def open(self, path: str, **more: object) -> TestResponse:
        return super().open(path, headers={"X-Forwarded-For": self._address}, **more)


def assert_refused(response: TestResponse) -> None:
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 600
    assert "Set-Cookie" not in response.headers


def test_one_try_too_many_is_refused_with_a_time(world: World, officer: PageClient) -> None:
    limits: list[tuple[str, int, int, dict[str, str]]] = [
        ("/orders/lookup", 10, 404, {"order_no": "20260101-ABCDEFGH", "payer_phone": "01000000000"}),
        ("/admin/login", 10, 303, {"name": "nobody", "password": "wrong"}),
        ("/orders", 20, 422, {}),
        ("/orders/20260101-ABCDEFGH/attempts", 30, 404, {}),
        ("/admin/inquiry", 20, 422, {"number": "a b"}),
    ]
    for path, most, status, fields in limits:
        browser = officer if path == "/admin/inquiry" else world.browser()
        token = {"csrf_token": browser.csrf_token()}

        answers = [browser.post(path, fields | token) for _try in range(most + 1)]

        assert {answer.status_code for answer in answers[:-1]} == {status}, path
        assert_refused(answers[-1])


def test_an_address_that_tries_other_names_is_refused_too(world: World) -> None:
    browser = world.browser()
    token = {"csrf_token": browser.csrf_token()}

    tries = [browser.post("/admin/login", {"name": f"n{n}", "password": "wrong"} | token) for n in range(61)]

    assert {answer.status_code for answer in tries[:-1]} == {303}
    assert_refused(tries[-1])


def test_strangers_who_guess_keep_no_owner_out(world: World, officer: PageClient, order_no: str) -> None:
    for number in range(4):
        stranger = BrowserAt(world.app, f"203.0.113.{number}")
        token = {"csrf_token": stranger.csrf_token()}
        for _try in range(12):
            stranger.post("/admin/login", {"name": people.NAME, "password": "wrong"} | token)
            stranger.post("/orders/lookup", {"order_no": order_no, "payer_phone": "01000000000"} | token)

    owner = BrowserAt(world.app, "198.51.100.1")
    people.sign_in(owner)
    assert owner.submit("/orders/lookup", {"order_no": order_no, "payer_phone": "01012345678"}).path.endswith(order_no)


def test_the_password_that_moves_money_cannot_be_guessed(world: World, officer: PageClient) -> None:
    order_no = people.paid_order(world)
    form = people.fields_of(people.plan(officer, order_no, amount="1000"))
    for password, status in [*[("wrong", 403)] * 10, (people.PASSWORD, 429)]:
        officer.submit(f"/admin/orders/{order_no}/refunds", form | {"password": password}, status)

    assert world.order(order_no).refunds == []


def test_a_result_that_was_refused_pays_when_it_is_sent_again(world: World) -> None:
    purchase = world.purchase()
    claim = purchase.claim()
    for _try in range(600):
        world.browser().post("/payments/result", [("PCD_PAY_OID", "20260101_NOBODYHASTHIS")])
    assert_refused(world.browser().post("/payments/result", claim))

    limiter.reset()
    world.deliver(claim)

    assert purchase.order.state is OrderState.PAID


@pytest.mark.parametrize(
    ("shop_values", "told", "counted"),
    [
        (PROXIED, "203.0.113.9", "203.0.113.9"),
        (PROXIED, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first one is only what the caller claims
        (PROXIED, "2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        (PROXIED, "::ffff:203.0.113.9", "203.0.113.9"),
        ({"RATE_LIMITS": "on"}, "203.0.113.9", "127.0.0.1"),
    ],
)
def test_the_callers_own_address_is_counted(world: World, shop_values: dict[str, str], told: str, counted: str) -> None:
    seen: list[str] = []
    world.app.before_request(lambda: seen.append(address()))

    BrowserAt(world.app, told).open("/cart")

    assert seen == [counted]
