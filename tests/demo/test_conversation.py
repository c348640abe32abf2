"""The conversation about an order: who says what, what it is worth, and which lines decide."""

from __future__ import annotations

from pkgutil import resolve_name

import pytest

from shop.demo import decisions
from shop.demo.buyer import PAYER
from tests.demo.conftest import Demo
from tests.page import Page


def conversation(demo: Demo, state: str, **wish: object) -> Page:
    order_no = demo.make(state, **wish)["order_no"]
    return demo.browser().get(f"/demo/orders/{order_no}")


def test_the_number_of_a_payment_leads_to_the_conversation(demo: Demo) -> None:
    order = demo.make("paid")
    attempt_no = order["attempts"][0]["attempt_no"]

    assert demo.browser().get(f"/demo/payments/{attempt_no}").path == f"/demo/orders/{order['order_no']}"
    demo.browser().get("/demo/payments/20260101_AAAAAAAAAAAAAAAAAAAA", 404)


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        (
            "paid",
            {
                ("window", "sent"),
                ("window_result", "unverified"),
                ("result", "unverified"),
                ("confirm", "answer"),
                ("charged", "effect"),
                ("paid", "decision"),
            },
        ),
        ("checking", {("confirm", "lost"), ("charged", "effect"), ("unknown", "decision")}),
        ("partially_refunded", {("refund", "answer"), ("cancelled", "effect"), ("refund_done", "decision")}),
    ],
)
def test_it_tells_answers_and_effects_from_what_nobody_verified(
    demo: Demo, state: str, kinds: set[tuple[str, str]]
) -> None:
    page = conversation(demo, state)

    events, names = (page.values("conversation-item", name) for name in ("data-event", "data-kind"))
    assert set(zip(events, names, strict=True)) >= kinds


def test_it_shows_what_decided_and_neither_keys_nor_personal_data(demo: Demo) -> None:
    text = conversation(demo, "paid").text

    assert "청구 1,000원 = 주문 1,000원 ✓" in text
    assert "shop/payple/flow.py" in text
    assert "PCD_PAYER_HP" in text
    assert PAYER.phone not in text
    assert PAYER.email not in text


def test_the_whole_exchange_is_there_as_markdown(demo: Demo) -> None:
    order_no = demo.make("paid")["order_no"]

    text = demo.browser().open(f"/demo/orders/{order_no}.md").text

    assert f"# {order_no}" in text
    assert "PCD_PAY_TOTAL" in text


@pytest.mark.parametrize(
    "name", sorted({*decisions.BY_EVENT.values(), *decisions.BY_REASON.values(), *decisions.BY_ATTACK.values()})
)
def test_every_decision_has_its_lines(name: str) -> None:
    assert callable(resolve_name(name))


def test_the_marked_lines_are_the_ones_that_decide(demo: Demo) -> None:
    lines = decisions.lines_behind("orphaned", "amount", "confirm")

    assert lines
    assert [lines.code[number].strip() for number in sorted(lines.marked)] == [
        "state, reason = AttemptState.ORPHANED, Reason.AMOUNT"
    ]
