"""The attack drawer: each attack is really made, and no order is paid by it that was not paid for."""

from __future__ import annotations

import pytest

from shop.demo import decisions
from shop.demo.attacks import Attack
from tests.demo.conftest import Demo
from tests.page import PageClient

OUTCOMES = [
    (Attack.AMOUNT, "awaiting_payment", 0, "result_refused"),
    (Attack.NUMBER, "attention", 1000, "attention"),
    (Attack.CONFIRM_URL, "awaiting_payment", 0, "result"),
    (Attack.FORGED, "awaiting_payment", 0, "declined"),
    (Attack.TWICE, "paid", 1000, "paid"),
    (Attack.FOREIGN, "awaiting_payment", 1000, "declined"),
    (Attack.WEBHOOK, "awaiting_payment", 0, "webhook"),
    (Attack.CART, "paid", 1000, "paid"),
]


def owner_of_an_order(demo: Demo) -> tuple[PageClient, str]:
    made = demo.post("orders", {"state": "awaiting_payment"}, 201)
    return demo.owner(made), f"/orders/{made['order_no']}"


@pytest.mark.parametrize(("attack", "state", "charged", "event"), OUTCOMES)
def test_an_attack_pays_no_order_that_was_not_paid_for(
    demo: Demo, attack: Attack, state: str, charged: int, event: str
) -> None:
    browser, order = owner_of_an_order(demo)

    page = browser.submit(f"/demo{order}/attacks", {"attack": attack.value}, page=browser.get(order))

    assert page.state == state
    assert page.values("attack-outcome", "data-charged") == [str(charged)]
    assert page.values("attack-outcome", "data-cancelled") == ["0"]
    assert event in page.values("conversation-item", "data-event")
    rule = decisions.lines_of(decisions.BY_ATTACK[attack])
    assert f"{rule.file}:{rule.first}" in page.text


def test_only_the_owner_attacks_an_order(demo: Demo) -> None:
    _owner, order = owner_of_an_order(demo)
    stranger = demo.browser()

    stranger.submit(f"/demo{order}/attacks", {"attack": "amount"}, 404, page=stranger.get("/orders/lookup"))
