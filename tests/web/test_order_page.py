"""What the order page says while money may be moving: never two things that contradict each other."""

import re
from datetime import timedelta

import pytest

from shop import clock
from shop.db import db
from shop.payple import ChargeMode
from shop.rules.states import AttemptState, OrderState
from shop.views.orders import SETTLING, is_settling
from tests.page import Page, PageClient
from tests.staff import pay
from tests.web.situations import contradictory_payment, lost_confirm
from tests.world import World


def form_and_refresh(page: Page) -> tuple[bool, bool]:
    """Whether it can be paid, and whether the page looks again by itself."""
    return page.has("pay"), "js/watch.js" in page.text


def set_states(world: World, order_no: str, state: AttemptState, order_state: OrderState) -> None:
    """Let the order's attempt come to an end that takes days."""
    [attempt] = world.order(order_no).attempts
    attempt.state, attempt.order.state = state, order_state
    attempt.order.released_at = attempt.order.expires_at if order_state is OrderState.EXPIRED else None
    db.session.commit()


def test_for_half_a_minute_a_reported_payment_invites_nobody_to_pay_again(
    world: World, buyer: PageClient, order_no: str
) -> None:
    world.control("POST", "policy", {"inquiry_lag_seconds": 3600})
    opening = buyer.start_attempt(order_no, work="PAY")
    world.deliver(world.payer().pay(opening["fields"]))

    early = buyer.get(f"/orders/{order_no}")
    attempt = world.attempt(opening["attempt_no"])
    end = (attempt.reported_at or clock.now()) + SETTLING
    assert (is_settling(attempt, end - timedelta(seconds=1)), is_settling(attempt, end)) == (True, False)
    attempt.charge_mode = ChargeMode.ON_CONFIRM
    assert not is_settling(attempt, end - timedelta(seconds=1))
    db.session.rollback()
    world.advance(seconds=31)
    late = buyer.get(f"/orders/{order_no}")

    assert (early.state, *form_and_refresh(early)) == ("awaiting_payment", False, True)
    assert "결제 확인 중" in early.text
    assert not any(words in early.text for words in ("더 결제할 수 없어요", "40분"))
    assert form_and_refresh(late) == (True, False)
    assert "아직 결제를 찾지 못했어요" in late.text
    assert "결제 확인 중" not in late.text


def test_a_closed_window_makes_nobody_wait(world: World, buyer: PageClient, order_no: str) -> None:
    world.deliver(world.payer().close(buyer.start_attempt(order_no, work="PAY")["fields"]))

    assert form_and_refresh(buyer.get(f"/orders/{order_no}")) == (True, False)


def test_checking_says_how_long_and_how_to_come_back(world: World, buyer: PageClient) -> None:
    page = buyer.get(f"/orders/{lost_confirm(world, buyer)}")

    assert (page.state, *form_and_refresh(page)) == ("checking", False, True)
    assert all(words in page.text for words in ("보통 몇 초", "40분", "주문번호와 휴대전화 번호로 다시 찾을 수 있어요"))
    assert page.text.count('class="notice"') == 1


@pytest.mark.parametrize(("wait", "told"), [({"seconds": 5}, r"\d+초"), ({"minutes": 3}, "3분")])
def test_the_receipt_says_that_an_answer_came_late(
    world: World, buyer: PageClient, wait: dict[str, int], told: str
) -> None:
    order_no = lost_confirm(world, buyer, phase="after")
    world.advance(**wait)

    assert re.search(f"응답이 늦어 다시 확인했어요, {told}", buyer.get(f"/orders/{order_no}").text)


def test_a_newer_window_that_was_closed_hides_no_open_question(world: World, buyer: PageClient, order_no: str) -> None:
    first, second = (buyer.start_attempt(order_no)["fields"] for _press in range(2))
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(world.payer().pay(first))
    world.deliver(world.payer().close(second))

    page = buyer.get(f"/orders/{order_no}")

    assert page.state == "checking"
    assert "언제든 다시 결제할 수 있어요" not in page.text


def test_attention_shows_no_code_of_success(world: World, buyer: PageClient) -> None:
    page = buyer.get(f"/orders/{contradictory_payment(world, buyer)}")

    assert page.state == "attention"
    assert "확인한 뒤 바로잡거나 돌려 드릴게요" in page.text
    assert not any(words in page.text for words in ("PCHK000", "응답 코드"))


def test_after_silence_no_answer_is_claimed(world: World, buyer: PageClient) -> None:
    order_no = lost_confirm(world, buyer)
    set_states(world, order_no, AttemptState.ATTENTION, OrderState.ATTENTION)

    assert "1,000원 결제의 결과를 결제사가 알려 주지 않아" in buyer.get(f"/orders/{order_no}").text


def test_an_expired_order_calls_a_wrong_amount_wrong_and_not_late(
    world: World, buyer: PageClient, order_no: str
) -> None:
    fields = buyer.start_attempt(order_no, work="PAY")["fields"]
    world.deliver(world.payer().pay(fields | {"PCD_PAY_TOTAL": "2000"}))
    set_states(world, order_no, AttemptState.ORPHANED, OrderState.EXPIRED)

    assert "주문 내용과 달라 받지 않았어요" in buyer.get(f"/orders/{order_no}").text


def test_the_buyer_is_told_that_a_second_payment_went_back(world: World, buyer: PageClient, order_no: str) -> None:
    windows = [buyer.start_attempt(order_no, work="PAY")["fields"] for _window in range(2)]
    for fields in windows:
        world.deliver(world.payer().pay(fields))

    assert "모두 돌려 드렸어요" in buyer.get(f"/orders/{order_no}").text


def test_without_a_script_the_button_sends_nothing(buyer: PageClient, order_no: str) -> None:
    page = buyer.get(f"/orders/{order_no}")

    [form] = [form for form in page.tags.forms if "data-payment" in form.attributes]
    assert form.attributes.get("method", "get") == "get"
    assert "csrf_token" not in form.names
    assert "/attempts" not in form.attributes["action"]
    assert page.values("pay", "type") == ["button"]


def test_the_receipt_speaks_as_a_shop_and_the_title_begins_with_the_state(
    world: World, buyer: PageClient, order_no: str
) -> None:
    waiting = buyer.get(f"/orders/{order_no}")
    pay(world, buyer, order_no)

    paid = buyer.get(f"/orders/{order_no}")

    assert [page.tags.title.partition(" · ")[0] for page in (waiting, paid)] == ["결제 대기", "결제 완료"]
    assert all(words in paid.text for words in ("결제번호", "거래번호"))
    assert not any(words in paid.text for words in ("결제 시도 번호", "거래 키"))
