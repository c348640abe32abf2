"""A buyer cancels an unpaid order, or puts it back into the cart. A cancelled order is never sold."""

import pytest

from shop.rules.states import AttemptState, OrderState, RefundState
from tests import world as worlds
from tests.page import Page, PageClient
from tests.world import World


def cancel(buyer: PageClient, order_no: str, status: int = 200) -> Page:
    return buyer.submit(f"/orders/{order_no}/cancellation", {}, status)


def return_to_cart(buyer: PageClient, order_no: str, status: int = 200) -> Page:
    return buyer.submit(f"/orders/{order_no}/return-to-cart", {}, status)


def test_a_cancelled_order_gives_its_stock_back_at_once_and_cannot_be_paid(world: World) -> None:
    slug = worlds.scarce_product(world, stock=1)
    buyer = world.browser()
    order_no = buyer.place_order(slug)
    assert world.stock(slug) == 0

    page = cancel(buyer, order_no)
    again = cancel(buyer, order_no)

    assert (page.state, again.state) == ("expired", "expired")
    assert "주문을 취소했어요." in page.text
    assert world.stock(slug) == 1
    assert buyer.start_attempt(order_no, status=409)["error"]["code"] == "expired"


def test_an_order_returns_to_the_cart_and_the_order_form_keeps_the_payer(world: World) -> None:
    slug = worlds.scarce_product(world, stock=3)
    buyer = world.browser()
    buyer.add_to_cart()
    order_no = buyer.place_order(slug, 2, payer_name="이나직")
    buyer.add_to_cart()

    return_to_cart(buyer, order_no)
    cart = return_to_cart(buyer, order_no)
    form = buyer.get("/checkout")

    pieces = {tag["id"]: tag["value"] for _name, tag in cart.tags.all if tag.get("name") == "quantity" and "id" in tag}
    assert pieces == {f"quantity-{slug}": "2", "quantity-test-product": "1"}
    kept = {tag["name"]: tag.get("value") for name, tag in form.tags.all if name == "input" and "payer" in tag["name"]}
    assert kept == {"payer_name": "이나직", "payer_phone": "01012345678", "payer_email": "hong@example.com"}
    assert (world.order(order_no).state, world.stock(slug)) == (OrderState.EXPIRED, 3)
    assert buyer.place_order() != order_no


def test_an_open_window_of_a_cancelled_order_confirms_nothing(world: World) -> None:
    purchase = world.purchase()
    claim = purchase.claim()

    cancel(purchase.buyer, purchase.order_no)
    world.deliver(claim)

    assert (world.calls("confirm"), purchase.states) == (0, ("expired", "prepared"))


@pytest.mark.parametrize("is_unknown_first", [False, True])
def test_a_charge_after_the_cancellation_goes_back_although_goods_remain(world: World, is_unknown_first: bool) -> None:
    slug = worlds.scarce_product(world, stock=5)
    purchase = world.purchase(slug, work="PAY")
    cancel(purchase.buyer, purchase.order_no)
    if is_unknown_first:
        world.fault("inquiry", "lost_answer", times=1)
    world.deliver(purchase.claim())
    if is_unknown_first:
        assert (purchase.attempt.state, purchase.page().state) == (AttemptState.UNKNOWN, "expired")
        world.sweep(minutes=1)
    world.sweep()

    assert purchase.states == ("expired", "orphaned")
    assert [refund.state for refund in purchase.order.refunds] == [RefundState.DONE]
    assert world.stock(slug) == 5
    assert "원이 결제됐지만 취소한 주문이라 받지 않았어요." in purchase.page().text


def test_an_open_pay_window_without_an_answer_keeps_the_order(world: World) -> None:
    purchase = world.purchase(work="PAY")
    world.fault("inquiry", "lost_answer", times=1)

    page = cancel(purchase.buyer, purchase.order_no, 409)

    assert "앞선 결제의 결과를 아직 확인하지 못했어요." in page.text
    assert purchase.order.state is OrderState.AWAITING_PAYMENT
    assert cancel(purchase.buyer, purchase.order_no).state == "expired"


def test_a_pay_window_that_has_charged_pays_the_order_instead(world: World) -> None:
    purchase = world.purchase(work="PAY")
    purchase.claim()

    page = return_to_cart(purchase.buyer, purchase.order_no, 409)

    assert "이미 결제한 주문이에요." in page.text
    assert purchase.order.state is OrderState.PAID
    assert purchase.buyer.get("/cart").values("cart-line", "data-product") == []


def test_an_order_whose_confirm_has_no_answer_cannot_be_cancelled(world: World) -> None:
    world.fault("confirm", "lost_answer", phase="after")
    purchase = world.purchase().pay()

    cancel(purchase.buyer, purchase.order_no, 409)

    assert purchase.order.state is OrderState.CHECKING


@pytest.mark.both_engines
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_a_cancellation_against_a_result_ends_in_a_sale_or_in_nothing(world: World, work: str) -> None:
    """Either the order is paid and keeps its piece, or it is cancelled and no money stays."""
    slug = worlds.scarce_product(world, stock=5)
    for _round in range(4):
        purchase = world.purchase(slug, work=work)
        claim = purchase.claim()
        token, left = {"csrf_token": purchase.buyer.csrf_token()}, world.stock(slug) or 0
        path = f"/orders/{purchase.order_no}/cancellation"
        acts = (lambda: purchase.buyer.post(path, token), lambda: world.deliver(claim))  # noqa: B023 - run in this round

        world.all_at_once(2, lambda number: acts[number]())  # noqa: B023

        is_paid = purchase.order.state is OrderState.PAID
        assert is_paid or purchase.order.state is OrderState.EXPIRED
        assert world.stock(slug) == left + (0 if is_paid else 1)
        kept = world.charged().get(purchase.attempt_no, 0) - purchase.returned
        assert kept == (purchase.order.amount if is_paid else 0)
