"""A buyer cancels an unpaid order, or puts it back into the cart. A cancelled order is never sold."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from shop.db import db
from shop.extensions import client
from shop.rules.states import AttemptState, OrderState, RefundState
from shop.services import sweep
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


def test_a_strangers_order_cannot_be_cancelled(world: World) -> None:
    order_no = world.browser().place_order()

    cancel(world.browser(), order_no, 404)

    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT


def test_an_open_window_of_a_cancelled_order_confirms_nothing(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no)
    claim = world.payer().pay(opening["fields"])

    cancel(buyer, order_no)
    world.deliver(claim)

    assert world.calls("confirm") == 0
    assert world.order(order_no).state is OrderState.EXPIRED
    assert world.attempt(opening["attempt_no"]).state is AttemptState.PREPARED


def test_a_charge_after_the_cancellation_goes_back_although_goods_remain(world: World) -> None:
    buyer = world.browser()
    slug = worlds.scarce_product(world, stock=5)
    order_no = buyer.place_order(slug)
    opening = buyer.start_attempt(order_no, work="PAY")
    cancel(buyer, order_no)

    world.deliver(world.payer().pay(opening["fields"]))

    order = world.order(order_no)
    assert (order.state, order.attempts[0].state) == (OrderState.EXPIRED, AttemptState.ORPHANED)
    assert [refund.state for refund in order.refunds] == [RefundState.DONE]
    assert world.stock(slug) == 5
    assert "원이 결제됐지만 취소한 주문이라 받지 않았어요." in buyer.get(f"/orders/{order_no}").text


def test_a_cancelled_order_stays_cancelled_while_a_late_charge_is_unknown(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, work="PAY")
    cancel(buyer, order_no)
    claim = world.payer().pay(opening["fields"])
    world.fault("inquiry", "lost_answer", times=1)
    world.deliver(claim)
    assert world.attempt(opening["attempt_no"]).state is AttemptState.UNKNOWN
    assert buyer.get(f"/orders/{order_no}").state == "expired"

    world.advance(minutes=1)
    sweep.run(client())

    assert world.attempt(opening["attempt_no"]).state is AttemptState.ORPHANED
    assert world.order(order_no).refunds[0].state is RefundState.DONE


def test_an_open_pay_window_without_an_answer_keeps_the_order(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    buyer.start_attempt(order_no, work="PAY")
    world.fault("inquiry", "lost_answer", times=1)

    page = cancel(buyer, order_no, 409)

    assert "앞선 결제의 결과를 아직 확인하지 못했어요." in page.text
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    assert cancel(buyer, order_no).state == "expired"


def test_a_pay_window_that_has_charged_pays_the_order_instead(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    world.payer().pay(buyer.start_attempt(order_no, work="PAY")["fields"])

    page = return_to_cart(buyer, order_no, 409)

    assert "이미 결제한 주문이에요." in page.text
    assert world.order(order_no).state is OrderState.PAID
    assert buyer.get("/cart").values("cart-line", "data-product") == []


def test_an_order_whose_confirm_has_no_answer_cannot_be_cancelled(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    world.fault("confirm", "lost_answer", phase="after")
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    assert world.order(order_no).state is OrderState.CHECKING

    cancel(buyer, order_no, 409)

    assert world.order(order_no).state is OrderState.CHECKING


@pytest.mark.both_engines
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_a_cancellation_against_a_result_ends_in_a_sale_or_in_nothing(world: World, work: str) -> None:
    """Either the order is paid and keeps its piece, or it is cancelled and no money stays."""
    slug = worlds.scarce_product(world, stock=5)
    for _round in range(4):
        buyer = world.browser()
        order_no = buyer.place_order(slug)
        claim = world.payer().pay(buyer.start_attempt(order_no, work=work)["fields"])
        token, left = {"csrf_token": buyer.csrf_token()}, world.stock(slug) or 0

        together(partial(buyer.post, f"/orders/{order_no}/cancellation", token), partial(world.deliver, claim))

        order = world.order(order_no)
        is_paid = order.state is OrderState.PAID
        assert is_paid or order.state is OrderState.EXPIRED
        assert world.stock(slug) == left + (0 if is_paid else 1)
        assert kept_of(world, order_no) == (order.amount if is_paid else 0)


def kept_of(world: World, order_no: str) -> int:
    """Won that the gateway has charged for an order and not returned."""
    numbers = {attempt.attempt_no for attempt in world.order(order_no).attempts}
    charged = [row for row in world.control("GET", "payments") if row["oid"] in numbers and row["paid_at"]]
    return sum(int(row["total"]) - int(row["refunded_total"]) for row in charged)


def together(*acts: Callable[[], object]) -> None:
    """Run acts in threads that start together."""
    db.session.remove()
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as threads:
        list(threads.map(run, acts))
