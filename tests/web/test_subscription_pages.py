"""Subscriptions on the pages of the buyer and of the staff."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner

from shop.rules.subscription import MORE_TRIES
from tests.page import Page, PageClient
from tests.staff import pay, plan
from tests.world import Purchase, World


@pytest.fixture
def number(world: World, buyer: PageClient) -> str:
    return pay(world, buyer, buyer.place_order("monthly-book"))


def states(page: Page) -> list[str]:
    """The state of the subscription and those of its months, newest first."""
    return page.values("subscription-status", "data-state") + page.values("subscription-month", "data-state")


def test_the_buyer_reads_what_is_agreed_and_pays_by_card_or_transfer(world: World, buyer: PageClient) -> None:
    order_no = buyer.place_order("monthly-book")
    page = buyer.get(f"/orders/{order_no}")

    assert page.has("monthly-terms")
    assert [tag["value"] for _name, tag in page.tags.all if tag.get("name") == "method"] == ["card", "transfer"]
    assert buyer.start_attempt(order_no, 422, method="app_card")["error"]


def test_the_buyer_sees_each_month_pays_one_in_another_way_and_stops(
    world: World, buyer: PageClient, number: str
) -> None:
    world.sweep(days=31)
    address = buyer.get(f"/orders/{number}").link(**{"data-testid": "subscription"})
    page = buyer.get(address)

    assert buyer.get("/orders").values("subscription-row", "data-state") == ["active"]
    assert states(page) == ["active", "paid", "paid"]
    assert page.has("next-charge")
    assert not page.has("resume-subscription")

    next_month = buyer.submit(f"/subscriptions/{number}/payment", {}, page=page)
    pay(world, buyer, next_month.path[-17:], method="transfer")
    assert states(buyer.get(address)) == ["active", "paid", "paid", "paid"]

    stopped = buyer.submit(f"/subscriptions/{number}/stop", {}, page=page)
    assert states(stopped) == ["stopped", "paid", "paid", "paid"]
    assert not stopped.has("stop-subscription")


def test_a_buyer_whose_cookies_are_gone_finds_the_subscription_by_its_first_order(world: World, number: str) -> None:
    without_cookies = world.browser()

    page = without_cookies.get(f"/subscriptions/{number}", 404)
    assert page.field("order_no") == number

    without_cookies.submit("/orders/lookup", {"order_no": number, "payer_phone": "01012345678"}, page=page)
    assert states(without_cookies.get(f"/subscriptions/{number}")) == ["active", "paid"]


def test_the_browser_shows_its_subscription_for_a_year(
    buyer: PageClient, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time() + timedelta(days=364).total_seconds()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: int(later))

    assert buyer.get("/orders").values("subscription-row", "data-state") == ["active"]
    assert states(buyer.get(f"/subscriptions/{number}")) == ["active", "paid"]


def test_a_subscription_that_was_declined_too_often_is_resumed(world: World, buyer: PageClient, number: str) -> None:
    world.control("POST", "scenarios", {"id": "limit", "times": MORE_TRIES + 1})
    world.sweep(days=31)
    declined = buyer.get(f"/subscriptions/{number}")
    assert declined.values("notice", "data-code")
    assert "다시 결제할게요" in declined.text

    for _day in range(MORE_TRIES):
        world.sweep(days=1)
    paused = buyer.get(f"/subscriptions/{number}")
    buyer.submit(f"/subscriptions/{number}/resume", {}, page=paused)
    world.sweep()

    assert paused.values("notice", "data-kind") == ["warn"]
    assert states(paused)[0] == "paused"
    assert states(buyer.get(f"/subscriptions/{number}"))[:2] == ["active", "paid"]


def test_a_card_that_was_declined_in_the_window_is_not_said_to_be_charged_again(
    world: World, buyer: PageClient, number: str
) -> None:
    page = buyer.get(f"/subscriptions/{number}")
    next_month = buyer.submit(f"/subscriptions/{number}/payment", {}, page=page)
    purchase = Purchase(world, buyer, next_month.path[-17:]).start()
    world.deliver(purchase.forged("error"))
    page = buyer.get(f"/subscriptions/{number}")

    assert "구독 결제 수단으로 다시 결제할게요" in page.text
    assert "같은 결제 수단" not in page.text


def test_nobody_else_sees_or_changes_a_subscription(world: World, officer: PageClient, number: str) -> None:
    stranger = world.browser()
    for wanted in (number, "20261129-AAAAAAAA"):
        stranger.get(f"/subscriptions/{wanted}", 404)
        for deed in ("payment", "resume", "stop"):
            stranger.submit(f"/subscriptions/{wanted}/{deed}", {}, 404)
    assert states(stranger.get("/orders")) == []
    officer.get("/admin/subscriptions/20261129-AAAAAAAA", 404)


def test_the_staff_looks_a_key_up_and_stops_for_a_reason(world: World, officer: PageClient, number: str) -> None:
    assert officer.get("/admin/orders").has("subscriptions")
    assert officer.get("/admin/subscriptions").values("subscription-row", "data-state") == ["active"]
    address = f"/admin/subscriptions/{number}"
    assert plan(officer, number, amount="15000").link(**{"data-testid": "subscription"}) == address
    page = officer.get(address)
    looked_up = officer.submit(f"{address}/lookup", {}, page=page)
    officer.submit(f"{address}/stop", {"reason": ""}, 422, page=page)
    stopped = officer.submit(f"{address}/stop", {"reason": "구매자 요청"}, page=page)

    assert len(world.asked("PUSERINFO")) >= 1
    assert (states(looked_up), states(stopped)) == (["active", "paid"], ["stopped", "paid"])
    assert not plan(officer, number, amount="15000").has("subscription")
    journal = officer.get(f"/admin/orders/{number}")
    assert "subscription_stopped" in journal.values("journal-entry", "data-event")
    assert "구매자 요청" in journal.text
    assert 'journal-event"><code>' not in journal.text
