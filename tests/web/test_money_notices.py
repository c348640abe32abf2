"""What an order page says about money that the order did not take: how much, when, what becomes of it, whom to ask."""

import pytest

from tests.page import Page, PageClient
from tests.staff import PASSWORD, pay
from tests.world import World

ASK = 'href="#contact"'


def begin(world: World) -> tuple[PageClient, str, dict[str, str]]:
    """An order with an open window that charges by itself."""
    buyer = world.browser()
    order_no = buyer.place_order()
    return buyer, order_no, buyer.start_attempt(order_no, work="PAY")["fields"]


def notice(page: Page) -> str:
    return page.text.partition('data-testid="notice"')[2].partition("</section>")[0]


def test_attention_says_what_was_paid_and_whom_to_ask_and_ends_with_a_further_payment(
    world: World, officer: PageClient
) -> None:
    """The money went back past the shop before it could ask."""
    buyer, order_no, fields = begin(world)
    claim = world.payer().pay(fields)
    world.control("POST", "policy", {"inquiry_shows_refund": "on"})
    world.control("POST", f"payments/{fields['PCD_PAY_OID']}/cancel", {})
    world.deliver(claim)

    page = buyer.get(f"/orders/{order_no}")
    assert page.state == "attention"
    assert "1,000원이 결제됐지만 결제사의 답이 주문과 달라 직원이 확인하고 있어요." in notice(page)
    assert ASK in notice(page)

    attempt_no = fields["PCD_PAY_OID"]
    officer.submit(f"/admin/orders/{order_no}/attempts/{attempt_no}/close", {"password": PASSWORD})

    page = buyer.get(f"/orders/{order_no}")
    assert "1,000원은 이 주문에 남아 있지 않아요." in notice(page)
    assert ASK in notice(page)
    pay(world, buyer, order_no)
    assert buyer.get(f"/orders/{order_no}").state == "paid"


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_wrong_amount_goes_back_and_the_order_can_be_paid_again(world: World, is_refused: bool) -> None:
    buyer, order_no, fields = begin(world)
    if is_refused:
        world.fault("cancel", "refused", phase="before", times=1)
    world.deliver(world.payer().pay(fields | {"PCD_PAY_TOTAL": "2000"}))

    page = buyer.get(f"/orders/{order_no}")

    assert "2,000원이 결제됐지만 주문 내용과 달라 받지 않았어요." in notice(page)
    assert ("모두 돌려 드렸어요." in notice(page), ASK in notice(page)) == (not is_refused, is_refused)
    assert page.state == "awaiting_payment"
    pay(world, buyer, order_no)
    page = buyer.get(f"/orders/{order_no}")
    assert page.state == "paid"
    assert "2,000원이 결제됐지만 주문 내용과 달라 받지 않았어요." in notice(page)
