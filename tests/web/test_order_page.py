"""What the order page says while money may be moving: never two things that contradict each other."""

from datetime import timedelta

import pytest

from shop.db import db
from shop.payple import ChargeMode
from shop.rules.states import AttemptState, OrderState
from shop.views.orders import SETTLING, is_settling
from tests.page import Page, PageClient
from tests.world import World


def has_form(page: Page) -> bool:
    return bool(page.values("pay", "type"))


def refreshes(page: Page) -> bool:
    return "js/watch.js" in page.text


@pytest.fixture
def slow_inquiry(world: World) -> World:
    """A gateway whose inquiry shows nothing for an hour."""
    world.control("POST", "policy", {"inquiry_lag_seconds": 3600})
    return world


def reported_at_once(world: World) -> tuple[PageClient, str, str]:
    """A PAY window has just said that it was paid; answers the buyer, the order and the attempt."""
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, work="PAY")
    world.deliver(world.payer().pay(opening["fields"]))
    return buyer, order_no, opening["attempt_no"]


def test_a_payment_that_is_just_being_looked_for_invites_nobody_to_pay_again(slow_inquiry: World) -> None:
    buyer, order_no, _attempt_no = reported_at_once(slow_inquiry)

    page = buyer.get(f"/orders/{order_no}")

    assert page.state == "awaiting_payment"
    assert "결제 확인 중" in page.text
    assert (has_form(page), refreshes(page)) == (False, True)
    assert "더 결제할 수 없어요" not in page.text
    assert "40분" not in page.text


def test_after_half_a_minute_the_form_is_back_with_a_warning(slow_inquiry: World) -> None:
    buyer, order_no, _attempt_no = reported_at_once(slow_inquiry)
    slow_inquiry.advance(seconds=31)

    page = buyer.get(f"/orders/{order_no}")

    assert (has_form(page), refreshes(page)) == (True, False)
    assert "아직 결제를 찾지 못했어요" in page.text
    assert "결제 확인 중" not in page.text


def test_a_closed_window_never_makes_anybody_wait(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    world.deliver(world.payer().close(buyer.start_attempt(order_no, work="PAY")["fields"]))

    page = buyer.get(f"/orders/{order_no}")

    assert (has_form(page), refreshes(page)) == (True, False)


def test_only_a_reported_payment_settles_and_only_for_its_time(slow_inquiry: World) -> None:
    _buyer, _order_no, attempt_no = reported_at_once(slow_inquiry)
    attempt = slow_inquiry.attempt(attempt_no)
    reported = attempt.claimed_at
    assert reported is not None

    just_before, then = reported + SETTLING - timedelta(seconds=1), reported + SETTLING

    assert (is_settling(attempt, just_before), is_settling(attempt, then)) == (True, False)
    attempt.work = ChargeMode.ON_CONFIRM
    assert not is_settling(attempt, just_before)
    db.session.rollback()


def test_checking_says_how_long_and_how_to_come_back(world: World) -> None:
    buyer, order_no = lost_confirm(world)

    page = buyer.get(f"/orders/{order_no}")

    assert (page.state, has_form(page), refreshes(page)) == ("checking", False, True)
    assert "보통 몇 초" in page.text
    assert "40분" in page.text
    assert "주문번호와 휴대전화 번호로 다시 찾을 수 있어요" in page.text
    assert page.text.count('class="notice"') == 1


def test_a_newer_window_that_was_closed_does_not_talk_over_an_open_question(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    first, second = (buyer.start_attempt(order_no)["fields"] for _press in range(2))
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(world.payer().pay(first))
    world.deliver(world.payer().close(second))

    page = buyer.get(f"/orders/{order_no}")

    assert page.state == "checking"
    assert "언제든 다시 결제할 수 있어요" not in page.text


def lost_confirm(world: World) -> tuple[PageClient, str]:
    buyer = world.browser()
    order_no = buyer.place_order()
    fields = buyer.start_attempt(order_no)["fields"]
    world.fault("confirm", "lost_answer", phase="before")
    world.deliver(world.payer().pay(fields))
    return buyer, order_no


def test_attention_shows_no_code_of_success(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, work="PAY")
    claim = world.payer().pay(opening["fields"])
    world.fault("inquiry", "other_oid")
    world.deliver(claim)

    page = buyer.get(f"/orders/{order_no}")

    assert page.state == "attention"
    assert "PCHK000" not in page.text
    assert "응답 코드" not in page.text
    assert "확인한 뒤 바로잡거나 돌려 드릴게요" in page.text


def test_attention_after_silence_claims_no_answer(world: World) -> None:
    buyer, order_no = lost_confirm(world)
    (attempt,) = world.order(order_no).attempts
    attempt.state, attempt.order.state = AttemptState.ATTENTION, OrderState.ATTENTION
    db.session.commit()

    page = buyer.get(f"/orders/{order_no}")

    assert "1,000원 결제의 결과를 결제사가 알려 주지 않아" in page.text


def test_an_expired_order_calls_a_wrong_amount_wrong_and_not_late(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    fields = buyer.start_attempt(order_no, work="PAY")["fields"]
    world.deliver(world.payer().pay(fields | {"PCD_PAY_TOTAL": "2000"}))
    (attempt,) = world.order(order_no).attempts
    attempt.state, attempt.order.state = AttemptState.ORPHANED, OrderState.EXPIRED
    attempt.order.released_at = attempt.order.expires_at
    db.session.commit()

    page = buyer.get(f"/orders/{order_no}")

    assert "주문 내용과 달라 받지 않았어요" in page.text


def test_the_button_sends_nothing_by_itself(world: World) -> None:
    """Without a script no attempt is burnt, and nobody is shown bare JSON with keys in it."""
    buyer = world.browser()

    page = buyer.get(f"/orders/{buyer.place_order()}")

    (form,) = [form for form in page.tags.forms if "data-payment" in form.attributes]
    assert form.attributes.get("method", "get") == "get"
    assert "csrf_token" not in form.names
    assert "/attempts" not in form.attributes["action"]
    assert page.values("pay", "type") == ["button"]


def test_the_receipt_uses_the_words_of_a_shop(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))

    page = buyer.get(f"/orders/{order_no}")

    assert ("결제번호" in page.text, "거래번호" in page.text) == (True, True)
    assert ("결제 시도 번호" in page.text, "거래 키" in page.text) == (False, False)


def test_the_title_begins_with_the_state(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    titles = [buyer.get(f"/orders/{order_no}").tags.title]
    world.deliver(world.payer().pay(buyer.start_attempt(order_no)["fields"]))
    titles.append(buyer.get(f"/orders/{order_no}").tags.title)

    assert [title.partition(" · ")[0] for title in titles] == ["결제 대기", "결제 완료"]
