"""Many threads at once: one order per cart, one confirm per attempt, and no piece is sold twice."""

from collections import Counter
from datetime import timedelta

import pytest

from shop.errors import OutOfStock, TooManyUnpaid
from shop.rules.states import AttemptState
from shop.services import checkout
from shop.services.checkout import CartOnHand
from shop.services.orders import Payer, Visitor
from tests import world as worlds
from tests.world import World

pytestmark = pytest.mark.both_engines

PAYS = Payer("홍길동", "01012345678", "hong@example.com")


def place(slug: str, quantity: int, cart: str, visitor: str, most_unpaid: int | None = None) -> str:
    hold, on_hand = timedelta(hours=1), CartOnHand({slug: quantity}, cart)
    return checkout.place_order(on_hand, PAYS, Visitor(visitor), hold=hold, most_unpaid=most_unpaid).order_no


def test_fifty_buyers_get_exactly_the_five_pieces_there_are(world: World) -> None:
    slug = worlds.scarce_product(world, stock=5)

    def buy(number: int) -> str:
        try:
            place(slug, 1, f"cart-{number}", f"buyer-{number}")
        except OutOfStock:
            return "sold out"
        return "ordered"

    assert Counter(world.all_at_once(50, buy)) == {"ordered": 5, "sold out": 45}
    assert world.stock(slug) == 0


def test_orders_of_a_visitor_at_once_hold_few_unpaid_pieces(world: World) -> None:
    def buy(number: int) -> str:
        try:
            place("pencil-set", 10, f"cart-{number}", "one-buyer", most_unpaid=20)
        except TooManyUnpaid:
            return "refused"
        return "ordered"

    assert Counter(world.all_at_once(6, buy)) == {"ordered": 2, "refused": 4}


def test_the_same_cart_sent_many_times_at_once_is_one_order(world: World) -> None:
    slug = worlds.scarce_product(world, stock=20)

    numbers = world.all_at_once(12, lambda _number: place(slug, 2, "one-cart", "one-buyer"))

    assert (len(set(numbers)), world.stock(slug)) == (1, 18)


def test_a_result_delivered_many_times_at_once_is_confirmed_once(world: World) -> None:
    purchase = world.purchase()
    claim = purchase.claim()

    world.all_at_once(12, lambda _number: world.deliver(claim))

    assert (purchase.states, world.calls("confirm")) == (("paid", "paid"), 1)
    assert (purchase.events.count("confirming"), purchase.events.count("paid")) == (1, 1)


@pytest.mark.parametrize(("work", "width", "others"), [("CERT", 4, AttemptState.PREPARED), ("PAY", 2, "orphaned")])
def test_windows_of_one_order_that_finish_at_once_pay_it_once(world: World, work: str, width: int, others: str) -> None:
    first = world.purchase(work=work)
    purchases = [first, *(first.start(work=work) for _ in range(width - 1))]
    claims = [purchase.claim() for purchase in purchases]

    world.all_at_once(width, lambda number: world.deliver(claims[number]))

    assert Counter(purchase.attempt.state for purchase in purchases) == {"paid": 1, others: width - 1}
    assert (first.order.state, len(world.charged())) == ("paid", 1 if work == "CERT" else width)


def test_a_result_and_the_expiry_of_its_order_at_once_agree(world: World) -> None:
    """A late approval of an immediate window against the sweep: sold and paid, whichever comes first."""
    slug = worlds.scarce_product(world, stock=4)
    purchase = world.purchase(slug, work="PAY")
    claim = purchase.claim()
    world.advance(minutes=61)
    acts = (lambda: world.deliver(claim), world.sweep)

    world.all_at_once(6, lambda number: acts[number % 2]())

    assert (purchase.order.state, world.stock(slug)) == ("paid", 3)
