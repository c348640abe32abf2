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


def kinds_of(page: Page) -> set[tuple[str, str]]:
    names = ("data-event", "data-kind")
    events, kinds = (page.values("conversation-item", name) for name in names)
    return set(zip(events, kinds, strict=True))


def test_the_number_of_a_payment_leads_to_the_conversation(demo: Demo) -> None:
    order = demo.make("paid")
    attempt_no = order["attempts"][0]["attempt_no"]

    assert demo.browser().get(f"/demo/payments/{attempt_no}").path == f"/demo/orders/{order['order_no']}"
    demo.browser().get("/demo/payments/20260101_AAAAAAAAAAAAAAAAAAAA", 404)


def test_only_the_gateways_answer_counts(demo: Demo) -> None:
    page = conversation(demo, "paid")

    assert kinds_of(page) >= {
        ("window", "sent"),
        ("window_result", "unverified"),
        ("result", "unverified"),
        ("confirm", "answer"),
        ("charged", "effect"),
        ("paid", "decision"),
    }
    assert "청구 1,000원 = 주문 1,000원 ✓" in page.text
    assert "shop/payple/flow.py" in page.text


def test_a_lost_answer_is_shown_as_lost_and_what_the_gateway_did_as_done(demo: Demo) -> None:
    page = conversation(demo, "checking")

    assert kinds_of(page) >= {("confirm", "lost"), ("charged", "effect"), ("unknown", "decision")}


def test_a_refund_is_part_of_it(demo: Demo) -> None:
    page = conversation(demo, "partially_refunded")

    assert kinds_of(page) >= {("refund", "answer"), ("cancelled", "effect"), ("refund_done", "decision")}


def test_it_shows_neither_keys_nor_personal_data(demo: Demo) -> None:
    order_no = demo.make("paid")["order_no"]

    text = demo.browser().get(f"/demo/orders/{order_no}").text

    assert "PCD_PAYER_HP" in text
    assert PAYER.phone not in text
    assert PAYER.email not in text


def test_the_whole_exchange_is_there_as_markdown(demo: Demo) -> None:
    order_no = demo.make("paid")["order_no"]

    text = demo.browser().open(f"/demo/orders/{order_no}.md").text

    assert f"# {order_no}" in text
    assert "PCD_PAY_TOTAL" in text


@pytest.mark.parametrize("name", sorted({*decisions.BY_EVENT.values(), *decisions.BY_REASON.values()}))
def test_every_decision_has_its_lines(name: str) -> None:
    assert callable(resolve_name(name))


def test_the_marked_lines_are_the_ones_that_decide(demo: Demo) -> None:
    lines = decisions.lines_behind("orphaned", "amount", "confirm")

    assert lines
    assert [lines.code[number].strip() for number in sorted(lines.marked)] == [
        "return AttemptState.ORPHANED, Reason.AMOUNT"
    ]
