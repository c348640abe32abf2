"""Payment links: whatever a webhook says, only the gateway's own answer makes a payment one of a link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from shop import clock
from shop.db import db
from shop.errors import CannotPay
from shop.extensions import client
from shop.models import PaymentLink, UnknownPayment
from shop.payple import LinkRequest, PayType, ReceiptPurpose, Refused
from shop.rules.cash_receipt import ReceiptWish
from shop.rules.method import Method
from shop.rules.states import AttemptState, CashReceiptState, OrderState, Source
from shop.services import cash_receipts, desk, inquiries, links, orders, settlement, webhooks
from tests.payer import Page, Window
from tests.postbox import Postbox
from tests.world import Purchase, World

AMOUNT = 3000


@pytest.fixture
def postbox(world: World) -> Postbox:
    return Postbox.of(world)


@pytest.fixture
def order_no(world: World) -> str:
    return world.browser().place_order(quantity=3)


def make_link(world: World, order_no: str) -> PaymentLink:
    links.create(world.order(order_no), "책 세 권", clock.now() + timedelta(days=1), by="kim", client=client())
    return db.session.scalars(select(PaymentLink).order_by(PaymentLink.id.desc())).first() or pytest.fail("no link")


def pay(world: World, url: str, method: str = "card") -> str:
    """Pay by a link as its payer does; answers the number that Payple gives."""
    page = Page(world.gateway.get(url))
    form = next(form for form in page.forms if f"link-pay-{method}" in form.buttons)
    before = {payment["oid"] for payment in world.control("GET", "payments")}
    Window(world.gateway, world.gateway.post(form.action, data=form.fields)).approve()
    return next(str(one["oid"]) for one in world.control("GET", "payments") if one["oid"] not in before)


def pay_other_link(world: World, amount: int, goods: str) -> str:
    """Pay by a link of this partner that the shop did not make."""
    return pay(world, client().create_link(LinkRequest(amount, goods, clock.now() + timedelta(days=1))))


def kept_numbers() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(UnknownPayment)) or 0


def standing(world: World) -> int:
    """Won that the gateway has and has not given back."""
    payments = [payment for payment in world.control("GET", "payments") if payment["paid_at"]]
    return sum(int(payment["total"]) - int(payment["refunded_total"]) for payment in payments)


@pytest.mark.parametrize(("method", "kept"), [("card", Method.CARD), ("transfer", Method.TRANSFER)])
def test_a_payment_by_link_pays_its_order(
    world: World, postbox: Postbox, order_no: str, method: str, kept: Method
) -> None:
    number = pay(world, make_link(world, order_no).url, method)
    assert postbox.deliver() == 1
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT

    assert world.sweep(seconds=6).asked == [number]

    attempt = world.attempt(number)
    assert (attempt.state, attempt.method, attempt.order.order_no) == (AttemptState.PAID, kept, order_no)
    assert (attempt.order.state, attempt.order.links[0].state) == (OrderState.PAID, "paid")
    sources = {entry.event: entry.source for entry in orders.journal_of(attempt.order)}
    expected = {"link_created": Source.STAFF, "link_paid": Source.WEBHOOK, "paid": Source.WEBHOOK}
    assert expected.items() <= sources.items()


@pytest.mark.parametrize("end", ["paid", "paid by the link", "cancelled"])
def test_a_payment_by_link_for_an_order_that_needs_none_goes_back(world: World, postbox: Postbox, end: str) -> None:
    purchase = world.purchase(quantity=3)
    url = make_link(world, purchase.order.order_no).url
    if end == "paid":
        purchase.pay()
    elif end == "paid by the link":
        pay(world, url)
    else:
        orders.cancel(purchase.order.id, is_answered=True)
    number = pay(world, url)
    postbox.deliver()

    world.sweep(seconds=6)

    assert world.attempt(number).state is AttemptState.ORPHANED
    assert standing(world) == (0 if end == "cancelled" else AMOUNT)


@pytest.mark.parametrize(
    ("amount", "goods"),
    [(AMOUNT, "somebody else's"), (AMOUNT, "20261129-AAAAAAAA"), (AMOUNT + 1, "{order_no}")],
)
def test_a_payment_of_another_order_or_amount_pays_no_link(
    world: World, postbox: Postbox, order_no: str, amount: int, goods: str
) -> None:
    make_link(world, order_no)
    number = pay_other_link(world, amount, goods.format(order_no=order_no))

    postbox.deliver()
    for claimed in (number, "20261129000000000001"):
        postbox.forge(claimed, PAY_GOODS=order_no, PAY_TOTAL=str(AMOUNT))
    assert [world.sweep(seconds=6).asked for _time in range(2)] == [[number, "20261129000000000001"], []]

    order = world.order(order_no)
    assert (order.state, order.attempts, order.links[0].state) == (OrderState.AWAITING_PAYMENT, [], "open")


def test_unknown_numbers_are_kept_ten_a_minute_and_a_day(world: World, postbox: Postbox, order_no: str) -> None:
    make_link(world, order_no)

    for number in ("x" * 31, "주문", "", *(f"number-{index}" for index in range(12))):
        postbox.forge(number)
    assert kept_numbers() == webhooks.MOST_A_MINUTE

    world.advance(minutes=1)
    postbox.forge("number-12")
    assert kept_numbers() == webhooks.MOST_A_MINUTE + 1

    world.advance(days=1)
    postbox.forge("number-13")
    assert kept_numbers() == 1


def test_a_number_is_asked_about_again_while_the_gateway_does_not_answer(
    world: World, postbox: Postbox, order_no: str
) -> None:
    number = pay(world, make_link(world, order_no).url)
    postbox.deliver()
    world.fault("inquiry", "http_500")
    assert [world.sweep(seconds=6).asked for _time in range(2)] == [[number]] * 2

    assert world.order(order_no).state is OrderState.PAID


def test_a_payment_that_was_found_and_not_recorded_is_settled_by_the_sweep(
    world: World, postbox: Postbox, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = pay(world, make_link(world, order_no).url)
    postbox.deliver()
    with monkeypatch.context() as patch:
        patch.setattr(settlement, "record_found", lambda *_values, **_more: None)
        links.inquire(number, client())
    assert world.attempt(number).state is AttemptState.PREPARED

    world.sweep(seconds=6)

    assert world.attempt(number).state is AttemptState.PAID


@pytest.mark.both_engines
def test_a_payment_by_link_becomes_one_attempt_however_many_ask(world: World, postbox: Postbox, order_no: str) -> None:
    number = pay(world, make_link(world, order_no).url)
    postbox.deliver()
    day = clock.korea_date(clock.now())
    acts: list[Callable[[], Any]] = [world.sweep, lambda: inquiries.ask(number, day, PayType.CARD, client())]

    world.all_at_once(4, lambda index: acts[index % 2]())

    assert [attempt.state for attempt in world.order(order_no).attempts] == [AttemptState.PAID]
    assert standing(world) == AMOUNT


def test_a_link_whose_webhook_never_came_is_on_the_desk_until_its_number_is_entered(
    world: World, order_no: str
) -> None:
    link = make_link(world, order_no)
    day = clock.korea_date(clock.now())
    number = pay(world, link.url)
    world.sweep(days=1, minutes=30)
    assert desk.count() == 0
    world.sweep(minutes=11)
    assert [row.kind for row in desk.load().rows] == ["link"]

    inquiries.ask(number, day, PayType.CARD, client())

    assert desk.count() == 0
    assert world.order(order_no).state is OrderState.PAID


def test_an_order_keeps_its_goods_until_its_link_ends(world: World, order_no: str) -> None:
    make_link(world, order_no)

    world.sweep(hours=23)
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
    world.sweep(hours=2)
    assert world.order(order_no).state is OrderState.EXPIRED


def test_of_two_people_who_close_a_link_the_first_stays_named(world: World, order_no: str) -> None:
    link_id = make_link(world, order_no).id

    for name in ("kim", "lee"):
        links.close(link_id, by=name)

    assert world.order(order_no).links[0].closed_by == "kim"


def test_no_link_is_made_for_an_order_that_is_paid_or_by_a_gateway_that_refuses(world: World) -> None:
    purchase = world.purchase(quantity=3)
    with pytest.raises(Refused):
        links.create(purchase.order, "책", clock.now(), by="kim", client=client())
    purchase.pay()

    with pytest.raises(CannotPay):
        make_link(world, purchase.order.order_no)

    assert db.session.scalar(select(func.count()).select_from(PaymentLink)) == 0


def test_without_a_link_that_may_be_paid_an_unknown_number_stores_nothing(
    world: World, postbox: Postbox, order_no: str
) -> None:
    links.close(make_link(world, order_no).id, by="kim")
    world.advance(days=2)
    before = world.dump()

    postbox.forge("somebody-elses")

    assert world.dump() == before


def test_a_transfer_by_link_gets_a_cash_receipt_and_is_refunded_like_any_other(
    world: World, postbox: Postbox, order_no: str
) -> None:
    pay(world, make_link(world, order_no).url, "transfer")
    postbox.deliver()
    world.sweep(seconds=6)
    purchase = Purchase(world, world.browser(), order_no)
    wish = ReceiptWish(ReceiptPurpose.PERSONAL, "01012345678")

    receipt = cash_receipts.issue(order_no, wish, by="kim", client=client())
    assert (receipt.state, receipt.amount) == (CashReceiptState.ISSUED, AMOUNT)
    for amount in (1000, 2000):
        purchase.refund(amount)

    assert (purchase.order.state, standing(world)) == (OrderState.REFUNDED, 0)
