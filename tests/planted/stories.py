"""For every planted bug a short story that is clean without it, and breaks an invariant with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import requests

from shop import clock
from shop.errors import OutOfStock
from shop.extensions import client, settings
from shop.services import checkout, links
from shop.services.checkout import CartOnHand
from shop.services.orders import Payer, Visitor
from tests.oracle import PAID
from tests.planted.story import Story
from tests.postbox import Postbox
from tests.services.interception import Forward, act_after, act_before, intercept
from tests.world import SIMULATOR, Purchase, changed

STORIES: dict[str, Callable[[Story], None]] = {}
PAYS = Payer("홍길동", "01012345678", "hong@example.com")
PRICE = 10_000


def about(*bugs: str) -> Callable[[Callable[[Story], None]], Callable[[Story], None]]:
    """The bugs that this story brings to light."""

    def enter(story: Callable[[Story], None]) -> Callable[[Story], None]:
        STORIES.update(dict.fromkeys(bugs, story))
        return story

    return enter


class Killed(BaseException):
    """The worker is gone, as with ``kill -9``: nothing of the shop catches this."""


def opened(story: Story, **choices: str) -> Purchase:
    return story.world.purchase(quantity=PRICE // 1_000, **choices)


def confirmed_without_an_answer(story: Story) -> Purchase:
    purchase = opened(story)
    story.world.fault("confirm", "lost_answer", phase="after")
    return purchase.pay()


def pay_again(purchase: Purchase) -> None:
    if purchase.page().has("pay"):
        purchase.start().pay()


# --- results and webhooks -------------------------------------------------------------------------------------------


@about("forged_success_believed")
def a_buyer_posts_a_success_without_paying(story: Story) -> None:
    story.world.deliver(opened(story).forged(PAY_CODE="0000"))


@about("paid_again_by_a_late_result")
def a_result_comes_again_after_the_refund(story: Story) -> None:
    purchase = opened(story)
    claim = purchase.claim()
    story.world.deliver(claim)
    story.refund(purchase, PRICE)
    story.look()
    story.world.deliver(claim)


@about("confirm_address_dialled_as_received")
def the_confirm_address_leads_elsewhere(story: Story) -> None:
    def refuse_others(url: str, forward: Forward) -> requests.Response:
        if not url.startswith(SIMULATOR):
            story.note("I8", f"{url} was called")
            raise requests.ConnectionError("nobody is there")
        return forward()

    claim = opened(story).claim()
    intercept(story.world, refuse_others)
    story.world.deliver(changed(claim, PAY_COFURL="http://127.0.0.9:8001/php/PayCardConfirmAct.php?ACT_=PAYM"))


@about("webhook_believed")
def a_webhook_says_paid_and_nobody_has(story: Story) -> None:
    Postbox.of(story.world).forge(opened(story, work="PAY").attempt_no)
    story.world.sweep(seconds=6)


# --- answers --------------------------------------------------------------------------------------------------------


@about("amount_not_compared", "orphan_not_cancelled")
def the_window_was_opened_for_less(story: Story) -> None:
    claim = opened(story).claim(PAY_TOTAL="1000")
    story.world.deliver(changed(claim, PAY_TOTAL=str(PRICE), PAY_AMOUNT=str(PRICE)))


@about("method_not_compared")
def the_window_was_opened_for_another_method(story: Story) -> None:
    claim = opened(story).claim(PAY_TYPE="transfer")
    story.world.deliver(changed(claim, PAY_TYPE="card"))


@about("refunded_payment_counts_as_paid")
def a_payment_has_gone_back_before_the_shop_asks(story: Story) -> None:
    story.world.policy(inquiry_shows_refund="on")
    opened(story, work="PAY").pay("refunded_behind")


@about("number_not_compared")
def the_keys_of_one_order_are_posted_under_another(story: Story) -> None:
    mine, other = opened(story), opened(story)
    story.world.deliver(changed(other.claim(), PAY_OID=mine.attempt_no))


@about("timeout_is_declined")
def the_answer_to_the_confirm_is_lost_and_the_buyer_tries_again(story: Story) -> None:
    pay_again(confirmed_without_an_answer(story))


@about("not_found_is_declined")
def the_inquiry_finds_a_payment_a_while_later(story: Story) -> None:
    story.world.policy(inquiry_lag_seconds=300)
    purchase = confirmed_without_an_answer(story)
    story.world.sweep(seconds=10)
    pay_again(purchase)


@about("trade_date_from_utc")
def somebody_pays_before_nine_in_the_morning(story: Story) -> None:
    story.world.advance(hours=20.5)  # a world begins at noon
    story.refund(opened(story).pay(), PRICE)


# --- our own calls --------------------------------------------------------------------------------------------------


@about("order_not_checked_before_the_confirm")
def two_windows_of_one_order_are_paid_while_nothing_can_be_cancelled(story: Story) -> None:
    first = opened(story)
    claims = [first.claim(), first.start().claim()]
    story.world.fault("cancel", "http_500")
    for claim in claims:
        story.world.deliver(claim)


@about("intent_not_committed")
def the_worker_dies_after_the_charge_and_the_buyer_tries_again(story: Story) -> None:
    def die() -> None:
        raise Killed

    purchase = opened(story)
    claim = purchase.claim()
    act_after(story.world, "Confirm", die)
    with suppress(Killed):
        story.world.deliver(claim)
    pay_again(purchase)


@about("receipt_not_reduced")
def a_transfer_is_refunded_in_part_and_its_receipt_cancelled(story: Story) -> None:
    purchase = opened(story, method="transfer", cash_receipt="y").pay()
    story.refund(purchase, 3_000)
    story.refund(purchase, 2_000)


@about("sweep_expires_without_asking")
def the_result_never_arrives(story: Story) -> None:
    opened(story, work="PAY").claim("lost_paid")


@about("unknown_without_a_next_check")
def two_answers_in_a_row_are_lost(story: Story) -> None:
    confirmed_without_an_answer(story)
    story.world.fault("inquiry", "lost_answer")
    story.world.sweep(seconds=6)


@about("late_charge_not_looked_for")
def the_gateway_shows_a_payment_after_hours(story: Story) -> None:
    story.world.policy(inquiry_lag_seconds=3_000)
    opened(story, work="PAY").claim("lost_paid")
    story.world.sweep(minutes=41)


@about("one_day_asked")
def midnight_passes_while_the_window_is_open(story: Story) -> None:
    story.world.advance(hours=11, minutes=59)
    purchase = opened(story, work="PAY")
    story.world.advance(minutes=5)
    purchase.claim("lost_paid")


@about("other_method_not_asked")
def a_window_charges_by_another_method_and_its_result_is_lost(story: Story) -> None:
    opened(story, work="PAY").claim("lost_paid", PAY_TYPE="transfer")


# --- money that no order takes --------------------------------------------------------------------------------------


@about("second_payment_taken")
def two_windows_of_one_order_charge(story: Story) -> None:
    first = opened(story, work="PAY")
    second = first.start(work="PAY")
    first.pay()
    second.pay()


@about("cancelled_order_sold")
def a_window_charges_after_its_order_was_cancelled(story: Story) -> None:
    purchase = opened(story, work="PAY")
    purchase.buyer.submit(f"/orders/{purchase.order_no}/cancellation", {})
    purchase.pay()
    if purchase.order.state in PAID:
        story.note("I7", f"{purchase.order_no} was cancelled and is {purchase.order.state}")


@about("stock_not_taken_again")
def an_order_is_paid_after_its_goods_went_back(story: Story) -> None:
    story.world.policy(inquiry_lag_seconds=7_200)
    story.world.purchase("quiet-fountain-pen", 2, work="PAY").claim("lost_paid")
    story.world.sweep(minutes=41)
    story.world.sweep(minutes=21)


# --- refunds --------------------------------------------------------------------------------------------------------


@about("partial_refund_repeated")
def the_answer_to_a_partial_refund_is_lost(story: Story) -> None:
    purchase = opened(story).pay()
    story.world.fault("cancel", "lost_answer", phase="after")
    story.refund(purchase, 3_000)


@about("refunds_not_counted")
def what_is_left_is_refunded_again(story: Story) -> None:
    purchase = opened(story).pay()
    for _time in range(2):
        story.refund(purchase, 6_000, seen=PRICE)


@about("two_operators_at_once")
def two_operators_press_at_once(story: Story) -> None:
    purchase = opened(story).pay()
    act_before(story.world, "cPayCAct", lambda: story.refund(purchase, 6_000, seen=PRICE, by="lee"))
    story.refund(purchase, 6_000, seen=PRICE)


# --- stock and pages ------------------------------------------------------------------------------------------------


@about("oversold")
def ten_buyers_want_the_last_five_pieces(story: Story) -> None:
    def buy(number: int) -> None:
        cart = CartOnHand({"quiet-fountain-pen": 1}, f"cart-{number}")
        with suppress(OutOfStock):
            checkout.place_order(cart, PAYS, Visitor(f"b{number}"), hold=timedelta(hours=1))

    story.world.all_at_once(10, buy)


@about("secret_in_an_error_page")
def somebody_asks_for_a_product_that_is_not_sold(story: Story) -> None:
    page = story.world.browser().get("/products/none", 404)
    if settings().credentials.cust_key in page.text:
        story.note("I9", "a page of an error shows a key")


@about("owner_not_checked")
def a_stranger_looks_at_an_order(story: Story) -> None:
    purchase = opened(story)
    response = story.world.browser().open(f"/orders/{purchase.order_no}")
    if response.status_code != 404:
        story.note("I12", f"a stranger saw {purchase.order_no}: {response.status_code}")


@about("saved_methods_of_everybody")
def a_stranger_orders_after_somebody_has_saved_a_card(story: Story) -> None:
    opened(story, save="y").pay()
    other = opened(story)
    if 'value="saved-' in other.page().text:
        story.note("I12", f"{other.order_no} offers what another browser has saved")


# --- subscriptions and links ----------------------------------------------------------------------------------------


def a_month_after_the_first_payment(story: Story) -> None:
    story.world.purchase("monthly-book").pay()
    story.world.advance(days=32)


@about("charged_twice_a_month")
def a_charge_without_an_answer_is_found_a_day_later(story: Story) -> None:
    a_month_after_the_first_payment(story)
    story.world.policy(inquiry_lag_seconds=86_400)
    story.world.fault("repay", "lost_answer", phase="after")
    for minutes in (0, 41, 1_300):
        story.world.sweep(minutes=minutes)


@about("declined_charge_tried_for_ever")
def a_card_is_over_its_limit_for_a_week(story: Story) -> None:
    a_month_after_the_first_payment(story)
    story.world.control("POST", "scenarios", {"id": "limit", "times": 9})
    for _day in range(7):
        story.world.sweep()
        story.world.advance(days=1)
    story.world.advance(days=30)


@about("link_matched_by_the_webhook")
def a_webhook_names_the_amount_of_a_link(story: Story) -> None:
    order_no = story.world.browser().place_order(quantity=PRICE // 1_000)
    ends_at = clock.now() + timedelta(hours=1)
    links.create(story.world.order(order_no), "책", ends_at, by="kim", client=client())
    Postbox.of(story.world).forge("MADE-UP", PAY_TOTAL=str(PRICE))
    story.world.sweep(seconds=6)
