"""For every planted bug a short story that is clean without it, and breaks an invariant with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from shop.errors import OutOfStock
from shop.services import checkout
from shop.services.checkout import CartOnHand
from shop.services.orders import Payer, Visitor
from tests.model.stage import Opening, Stage
from tests.payer import Pairs
from tests.world import all_at_once

Scenario = Callable[[Stage], None]
SCENARIOS: dict[str, Scenario] = {}
PAYS = Payer("홍길동", "01012345678", "hong@example.com")


def about(*bugs: str) -> Callable[[Scenario], Scenario]:
    """The bugs that this story brings to light."""

    def enter(scenario: Scenario) -> Scenario:
        SCENARIOS.update(dict.fromkeys(bugs, scenario))
        return scenario

    return enter


def opened(stage: Stage, *lines: str | int, **choices: str) -> Opening:
    order_no = stage.place(*(lines or ("test-product", 10)))
    assert order_no
    return another(stage, order_no, **choices)


def another(stage: Stage, order_no: str, **choices: str) -> Opening:
    opening = stage.start(order_no, **choices)
    assert opening
    return opening


def paid(stage: Stage, **choices: str) -> Opening:
    opening = opened(stage, **choices)
    stage.deliver(stage.pay(opening))
    return opening


def confirmed_without_an_answer(stage: Stage) -> Opening:
    opening = opened(stage)
    claim = stage.pay(opening)
    stage.fault("confirm", "lost_answer", phase="after")
    stage.deliver(claim)
    return opening


def pay_again(stage: Stage, opening: Opening) -> None:
    again = stage.start(opening.order_no)
    if again:
        stage.deliver(stage.pay(again))


def forged(opening: Opening) -> Pairs:
    return [("PCD_PAY_OID", opening.attempt_no), ("PCD_PAY_RST", "success"), ("PCD_PAY_CODE", "0000")]


# --- results and webhooks -------------------------------------------------------------------------------------------


@about("forged_success_believed")
def a_buyer_posts_a_success_without_paying(stage: Stage) -> None:
    stage.deliver(forged(opened(stage)))


@about("paid_again_by_a_late_result")
def a_result_comes_again_after_the_refund(stage: Stage) -> None:
    opening = opened(stage)
    claim = stage.pay(opening)
    stage.deliver(claim)
    stage.safe()
    stage.refund(opening.order_no, 10_000)
    stage.safe()
    stage.deliver(claim)


@about("confirm_address_dialled_as_received")
def the_confirm_address_leads_elsewhere(stage: Stage) -> None:
    opening = opened(stage)
    stage.deliver(stage.pay(opening), PCD_PAY_COFURL="http://127.0.0.9:8001/php/PayCardConfirmAct.php?ACT_=PAYM")


@about("webhook_believed")
def a_webhook_says_paid_and_nobody_has(stage: Stage) -> None:
    opening = opened(stage, work="PAY")
    stage.forge_webhook(forged(opening))


# --- answers --------------------------------------------------------------------------------------------------------


@about("amount_not_compared", "orphan_not_cancelled")
def the_window_was_opened_for_less(stage: Stage) -> None:
    opening = opened(stage)
    claim = stage.pay(opening, PCD_PAY_TOTAL="1000")
    stage.deliver(claim, PCD_PAY_TOTAL="10000", PCD_PAY_AMOUNT="10000")


@about("method_not_compared")
def the_window_was_opened_for_another_method(stage: Stage) -> None:
    opening = opened(stage)
    claim = stage.pay(opening, PCD_PAY_TYPE="transfer")
    stage.deliver(claim, PCD_PAY_TYPE="card")


@about("refunded_payment_counts_as_paid")
def a_payment_has_gone_back_before_the_shop_asks(stage: Stage) -> None:
    stage.policy(inquiry_shows_refund="on")
    stage.deliver(stage.pay(opened(stage, work="PAY"), "refunded_behind"))


@about("number_not_compared")
def the_keys_of_one_order_are_posted_under_another(stage: Stage) -> None:
    mine, other = opened(stage), opened(stage)
    stage.deliver(stage.pay(other), PCD_PAY_OID=mine.attempt_no)


@about("timeout_is_declined")
def the_answer_to_the_confirm_is_lost_and_the_buyer_tries_again(stage: Stage) -> None:
    pay_again(stage, confirmed_without_an_answer(stage))


@about("not_found_is_declined")
def the_inquiry_finds_a_payment_a_while_later(stage: Stage) -> None:
    stage.policy(inquiry_lag_seconds=300)
    opening = confirmed_without_an_answer(stage)
    stage.advance(seconds=10)
    stage.run_sweep()
    pay_again(stage, opening)


@about("trade_date_from_utc")
def somebody_pays_before_nine_in_the_morning(stage: Stage) -> None:
    stage.advance_to(8, 30)
    opening = paid(stage)
    stage.refund(opening.order_no, 10_000)


# --- our own calls --------------------------------------------------------------------------------------------------


@about("order_not_checked_before_the_confirm")
def two_windows_of_one_order_are_paid_while_nothing_can_be_cancelled(stage: Stage) -> None:
    first = opened(stage)
    second = another(stage, first.order_no)
    claims = [stage.pay(first), stage.pay(second)]
    stage.fault("cancel", "http_500")
    for claim in claims:
        stage.deliver(claim)


@about("intent_not_committed")
def the_worker_dies_after_the_charge(stage: Stage) -> None:
    opening = opened(stage)
    claim = stage.pay(opening)
    stage.points.dies_after_call = True
    stage.deliver(claim)


@about("receipt_not_reduced")
def a_transfer_is_refunded_in_part_and_its_receipt_cancelled(stage: Stage) -> None:
    opening = paid(stage, method="transfer", cash_receipt="y")
    stage.refund(opening.order_no, 3_000)
    stage.refund(opening.order_no, 2_000)


@about("sweep_expires_without_asking")
def the_result_never_arrives(stage: Stage) -> None:
    stage.pay(opened(stage, work="PAY"), "lost_paid")


@about("unknown_without_a_next_check")
def two_answers_in_a_row_are_lost(stage: Stage) -> None:
    confirmed_without_an_answer(stage)
    stage.fault("inquiry", "lost_answer")
    stage.advance(seconds=6)
    stage.run_sweep()


@about("late_charge_not_looked_for")
def the_gateway_shows_a_payment_after_hours(stage: Stage) -> None:
    stage.policy(inquiry_lag_seconds=3_000)
    stage.pay(opened(stage, work="PAY"), "lost_paid")
    stage.advance(minutes=41)
    stage.run_sweep()


@about("one_day_asked")
def midnight_passes_while_the_window_is_open(stage: Stage) -> None:
    stage.advance_to(23, 59)
    opening = opened(stage, work="PAY")
    stage.advance(minutes=5)
    stage.pay(opening, "lost_paid")


@about("other_method_not_asked")
def a_window_charges_by_another_method_and_its_result_is_lost(stage: Stage) -> None:
    stage.pay(opened(stage, work="PAY"), "lost_paid", PCD_PAY_TYPE="transfer")


# --- money that no order takes --------------------------------------------------------------------------------------


@about("second_payment_taken")
def two_windows_of_one_order_charge(stage: Stage) -> None:
    first = opened(stage, work="PAY")
    second = another(stage, first.order_no, work="PAY")
    for opening in (first, second):
        stage.deliver(stage.pay(opening))


@about("cancelled_order_sold")
def a_window_charges_after_its_order_was_cancelled(stage: Stage) -> None:
    opening = opened(stage, work="PAY")
    stage.cancel(opening.order_no)
    stage.deliver(stage.pay(opening))


@about("stock_not_taken_again")
def an_order_is_paid_after_its_goods_went_back(stage: Stage) -> None:
    stage.policy(inquiry_lag_seconds=7_200)
    stage.pay(opened(stage, "quiet-fountain-pen", 2, work="PAY"), "lost_paid")
    for minutes in (41, 21):
        stage.advance(minutes=minutes)
        stage.run_sweep()


# --- refunds --------------------------------------------------------------------------------------------------------


@about("partial_refund_repeated")
def the_answer_to_a_partial_refund_is_lost(stage: Stage) -> None:
    opening = paid(stage)
    stage.fault("cancel", "lost_answer", phase="after")
    stage.refund(opening.order_no, 3_000)


@about("refunds_not_counted")
def what_is_left_is_refunded_again(stage: Stage) -> None:
    opening = paid(stage)
    for _time in range(2):
        stage.refund(opening.order_no, 6_000, seen=10_000)


@about("two_operators_at_once")
def two_operators_press_at_once(stage: Stage) -> None:
    opening = paid(stage)
    wish = stage.wish(opening.order_no, 6_000, seen=10_000)
    stage.points.meanwhile = stage.in_app_context(lambda: stage.press_refund(opening.order_no, wish, by="lee"))
    stage.refund(opening.order_no, 6_000, seen=10_000)


# --- stock and pages ------------------------------------------------------------------------------------------------


@about("oversold")
def ten_buyers_want_the_last_five_pieces(stage: Stage) -> None:
    def buy(number: int) -> None:
        cart = CartOnHand({"quiet-fountain-pen": 1}, f"cart-{number}")
        with suppress(OutOfStock):
            checkout.place_order(cart, PAYS, Visitor(f"b{number}"), hold=timedelta(hours=1))

    all_at_once(stage.app, 10, buy)


@about("secret_in_an_error_page")
def somebody_asks_for_a_product_that_is_not_sold(stage: Stage) -> None:
    stage.work(stage.buyer.open, "/products/none")


@about("owner_not_checked")
def a_stranger_looks_at_an_order(stage: Stage) -> None:
    stage.look_as_stranger(opened(stage).order_no)


@about("saved_methods_of_everybody")
def a_stranger_orders_after_somebody_has_saved_a_card(stage: Stage) -> None:
    paid(stage, save="y")
    stage.order_as_stranger()


# --- subscriptions and links ----------------------------------------------------------------------------------------


def a_month_after_the_first_payment(stage: Stage) -> None:
    stage.deliver(stage.pay(opened(stage, "monthly-book", 1)))
    stage.advance(days=30)


@about("charged_twice_a_month")
def a_charge_without_an_answer_is_found_a_day_later(stage: Stage) -> None:
    a_month_after_the_first_payment(stage)
    stage.policy(inquiry_lag_seconds=86_400)
    stage.fault("repay", "lost_answer", phase="after")
    for minutes in (0, 41, 1_300):
        stage.advance(minutes=minutes)
        stage.run_sweep()


@about("declined_charge_tried_for_ever")
def a_card_is_over_its_limit_for_a_week(stage: Stage) -> None:
    a_month_after_the_first_payment(stage)
    stage.control("POST", "scenarios", {"id": "limit", "times": 9})
    for _day in range(7):
        stage.run_sweep()
        stage.advance(days=1)
    stage.advance(days=30)


@about("link_matched_by_the_webhook")
def a_webhook_names_the_amount_of_a_link(stage: Stage) -> None:
    order_no = stage.place("test-product", 10)
    assert order_no
    stage.make_link(order_no)
    stage.forge_webhook(
        [("PCD_PAY_OID", "MADE-UP"), ("PCD_PAY_RST", "success"), ("PCD_PAY_CODE", "0000"), ("PCD_PAY_TOTAL", "10000")]
    )
