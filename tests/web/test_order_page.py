"""What the order page says while money may be moving: never two things that contradict each other."""

import re

import pytest

from shop.rules.order import MOST_ATTEMPTS
from tests.page import Page, PageClient
from tests.situations import lost_confirm
from tests.staff import PASSWORD
from tests.world import World

ASK = 'href="#contact"'


def notice(page: Page) -> str:
    return page.text.partition('data-testid="notice"')[2].partition("</section>")[0]


def form_and_refresh(page: Page) -> tuple[bool, bool]:
    """Whether it can be paid, and whether the page looks again by itself."""
    return page.has("pay"), "js/watch.js" in page.text


def test_for_half_a_minute_a_reported_payment_invites_nobody_to_pay_again(world: World) -> None:
    world.policy(inquiry_lag_seconds=3600)
    purchase = world.purchase(work="PAY").pay()

    early = purchase.page()
    world.advance(seconds=31)
    late = purchase.page()

    assert (early.state, *form_and_refresh(early)) == ("awaiting_payment", False, True)
    assert "결제 확인 중" in early.text
    assert not any(words in early.text for words in ("더 결제할 수 없어요", "40분"))
    assert form_and_refresh(late) == (True, False)
    assert "아직 결제를 찾지 못했어요" in late.text
    assert "결제 확인 중" not in late.text


def test_nobody_tries_for_ever(buyer: PageClient, order_no: str) -> None:
    for _attempt in range(MOST_ATTEMPTS):
        assert buyer.get(f"/orders/{order_no}").has("pay")
        buyer.start_attempt(order_no)

    assert not buyer.get(f"/orders/{order_no}").has("pay")
    assert buyer.start_attempt(order_no, 409)["error"]["code"] == "too_many"


def test_checking_says_how_long_and_how_to_come_back(world: World) -> None:
    page = lost_confirm(world).page()

    assert (page.state, *form_and_refresh(page)) == ("checking", False, True)
    assert all(words in page.text for words in ("보통 몇 초", "40분", "주문번호와 휴대전화 번호로 다시 찾을 수 있어요"))
    assert page.text.count('class="notice"') == 1


@pytest.mark.parametrize(("wait", "told"), [({"seconds": 5}, r"\d+초"), ({"minutes": 3}, "3분")])
def test_the_receipt_says_that_an_answer_came_late(world: World, wait: dict[str, int], told: str) -> None:
    purchase = lost_confirm(world, phase="after")
    world.advance(**wait)

    assert re.search(f"응답이 늦어 다시 확인했어요, {told}", purchase.page().text)


def test_attention_says_what_was_paid_and_whom_to_ask_and_ends_with_a_further_payment(
    world: World, officer: PageClient
) -> None:
    """The money went back past the shop before it could ask."""
    purchase = world.purchase(work="PAY")
    claim = purchase.claim()
    world.policy(inquiry_shows_refund="on")
    world.control("POST", f"payments/{purchase.attempt_no}/cancel", {})
    world.deliver(claim)

    page = purchase.page()
    assert page.state == "attention"
    assert "1,000원이 결제됐지만 결제사의 답이 주문과 달라 직원이 확인하고 있어요." in notice(page)
    assert ASK in notice(page)
    assert not any(words in page.text for words in ("PCHK000", "응답 코드"))

    address = f"/admin/orders/{purchase.order_no}/attempts/{purchase.attempt_no}/close"
    officer.submit(address, {"password": PASSWORD})
    assert "1,000원은 이 주문에 남아 있지 않아요." in notice(purchase.page())
    assert ASK in notice(purchase.page())
    assert purchase.start().pay().page().state == "paid"


def test_an_expired_order_says_nothing_that_its_returned_payment_contradicts(world: World) -> None:
    purchase = world.purchase(work="PAY")
    world.deliver(purchase.claim(PAY_TOTAL="2000"))
    world.sweep()
    world.sweep(hours=2)

    page = purchase.buyer.get(f"/orders/{purchase.order_no}?lang=en")

    assert page.state == "expired"
    assert "₩2,000 was paid" in notice(page)
    assert "Nothing was charged" not in page.text


def test_without_a_script_the_button_sends_nothing(buyer: PageClient, order_no: str) -> None:
    page = buyer.get(f"/orders/{order_no}")

    [form] = [form for form in page.tags.forms if "data-payment" in form.attributes]
    assert form.attributes.get("method", "get") == "get"
    assert "csrf_token" not in form.names
    assert "/attempts" not in form.attributes["action"]
    assert page.values("pay", "type") == ["button"]
