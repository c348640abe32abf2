"""Orders on demand: each wanted state is reached through the real flow, and the simulator agrees about the money."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.conftest import Demo

STATES = ("awaiting_payment", "checking", "paid", "partially_refunded", "refunded", "expired", "attention")


@pytest.mark.parametrize("method", ["card", "transfer"])
@pytest.mark.parametrize("state", STATES)
def test_an_order_comes_in_the_wanted_state(demo: Demo, state: str, method: str) -> None:
    order = demo.make(state, method=method)

    assert order["state"] == state
    assert [attempt["method"] for attempt in order["attempts"]] in ([], [method])


@pytest.mark.parametrize("state", ["checking", "attention"])
def test_a_webhook_and_the_sweep_leave_the_state(demo: Demo, state: str) -> None:
    order = demo.make(state)
    (attempt,) = order["attempts"]
    message = {"PCD_PAY_OID": attempt["attempt_no"], "PCD_PAY_RST": "success"}
    demo.browser().open("/payments/webhook", method="POST", json=message)

    demo.post("clock", {"minutes": 1})

    assert demo.show(order["order_no"])["state"] == state


@pytest.mark.parametrize(
    ("lines", "amount", "refunded"),
    [({"pencil-set": 2}, 10_800, 5_400), ({"moon-well": 1, "pencil-set": 1}, 19_400, 14_000)],
)
def test_half_of_the_pieces_or_the_first_line_is_refunded(
    demo: Demo, lines: dict[str, int], amount: int, refunded: int
) -> None:
    wanted = [{"product": slug, "quantity": quantity} for slug, quantity in lines.items()]

    order = demo.make("partially_refunded", lines=wanted)

    (payment,) = demo.control("payments")
    assert (order["amount"], order["refunded"]) == (amount, refunded)
    assert (payment["total"], payment["refunded_total"]) == (amount, refunded)


@pytest.mark.parametrize(
    ("state", "wish", "shown", "refunds", "receipts"),
    [
        ("receipt_due", {}, "partially_refunded", ["done"], ["cancel_due"]),
        ("refund_unknown", {}, "paid", ["unknown"], []),
        ("paid", {"cash_receipt": True}, "paid", [], ["issued"]),
    ],
)
def test_a_refund_and_a_cash_receipt_come_in_the_wanted_state(
    demo: Demo, state: str, wish: dict[str, Any], shown: str, refunds: list[str], receipts: list[str]
) -> None:
    order = demo.make(state, **wish)

    found = [[row["state"] for row in order[kind]] for kind in ("refunds", "cash_receipts")]
    assert (order["state"], found) == (shown, [refunds, receipts])


def test_the_cookies_show_the_order_and_the_addresses_lead_to_it(demo: Demo) -> None:
    made = demo.post("orders", {"state": "paid"}, 201)
    browser = demo.owner(made)

    assert made["url"] == f"http://localhost:8000/orders/{made['order_no']}"
    page = browser.get(made["url"])
    assert (page.state, page.values("order-status", "data-attempt-state")) == ("paid", ["paid"])
    assert demo.browser().get(made["conversation_url"]).state == "paid"
    assert demo.browser().get(made["staff_url"]).path == "/admin/login"
    demo.browser().get(made["url"], 404)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"state": "lost"}, "state is one of awaiting_payment, checking, paid,"),
        ({}, "state is one of"),
        (["paid"], "Send a JSON object"),
        (None, "Send a JSON object"),
        ({"state": ["paid"]}, "state is one of"),
        ({"state": "paid", "colour": "red"}, "There is no member colour"),
        ({"state": "paid", "method": "cash"}, "method is one of card, app_card, naver_pay, kakao_pay, transfer."),
        ({"state": "paid", "method": "card", "cash_receipt": True}, "A cash receipt belongs to the method transfer."),
        ({"state": "paid", "cash_receipt": "yes"}, "cash_receipt is true or false."),
        ({"state": "receipt_due", "cash_receipt": False}, "receipt_due is the state of a transfer"),
        ({"state": "paid", "lines": {}}, "lines is a list"),
        ({"state": "paid", "lines": [{"product": "moon-well", "quantity": 0}]}, "lines is a list"),
        ({"state": "paid", "lines": [{"product": "nothing", "quantity": 1}]}, "The shop refuses this order"),
        ({"state": "paid", "lines": [{"product": "letter-set", "quantity": 1}]}, "The shop refuses this order"),
    ],
)
def test_a_wish_that_cannot_be_met_is_answered_with_one_sentence(demo: Demo, body: Any, sentence: str) -> None:
    error = demo.post("orders", body, 422)["error"]

    assert error.startswith(sentence)
    assert error.endswith(".")
    assert demo.control("payments") == []


def test_an_order_that_does_not_exist_is_a_404_in_json(demo: Demo) -> None:
    response = demo.browser().open("/_demo/orders/20260101-AAAAAAAA")

    assert (response.status_code, response.get_json()) == (404, {"error": "There is no such order."})


def test_a_page_of_another_origin_gives_no_orders(demo: Demo) -> None:
    demo.post("orders", {"state": "paid"}, 403, headers={"Origin": "http://evil.example"})
    demo.post("orders", {"state": "awaiting_payment"}, 201, headers={"Origin": "http://localhost:8000"})


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_subscription_is_charged_as_months_pass(demo: Demo, method: str) -> None:
    buyers = [demo.make("subscription", method=method) for _ in range(2)]

    for _month in range(2):
        demo.post("clock", {"days": 30})
        demo.post("clock", {"days": 1})

    assert [order["state"] for order in buyers] == ["paid"] * 2
    assert [row["total"] for row in demo.control("payments")] == [15_000] * 6
