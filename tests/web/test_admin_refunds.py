"""Refunding by hand: two steps, a balance that was seen, a password entered again; nothing is sent if one is wrong."""

import re

import pytest

from shop.services import staff
from tests.page import Page, PageClient
from tests.services.test_cash_receipts import Charged
from tests.staff import PASSWORD, fields_of, paid_order, pay, plan, refund, sign_in
from tests.world import World


def amounts(page: Page, *test_ids: str) -> list[str]:
    return [page.values(test_id, "data-amount")[0] for test_id in test_ids]


def cancels(world: World) -> int:
    return sum(1 for payment in world.control("GET", "payments") if int(payment["refunded_total"]))


def test_a_full_refund_shows_its_plan_before_anything_is_sent(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)

    page = plan(officer, order_no)

    assert amounts(page, "plan-amount", "plan-remainder", "plan-vat") == ["10000", "0", "909"]
    assert cancels(world) == 0
    page = officer.submit(f"/admin/orders/{order_no}/refunds", fields_of(page) | {"password": PASSWORD})
    assert page.state == "refunded"
    assert page.values("refund-row", "data-state") == ["done"]
    assert amounts(page, "refundable") == ["0"]
    assert cancels(world) == 1


def test_a_partial_refund_leaves_the_rest(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)

    page = refund(officer, order_no, amount="3,000원")

    assert page.state == "partially_refunded"
    assert amounts(page, "refundable") == ["7000"]
    [done] = world.order(order_no).refunds
    assert (done.amount, done.reason, done.requested_by) == (3000, "변심", "kim")


def test_chosen_lines_say_amount_and_tax(world: World, officer: PageClient) -> None:
    """In a mixed order the exempt line goes back without any tax."""
    buyer = world.browser()
    buyer.add_to_cart("alley-timetable")
    order_no = buyer.place_order(quantity=2)
    buyer_opening = buyer.start_attempt(order_no)
    world.deliver(world.payer().pay(buyer_opening["fields"]))
    exempt = next(line for line in world.order(order_no).lines if line.tax == "exempt")

    page = plan(officer, order_no, 200, **{f"line_{exempt.id}": "y"})

    assert amounts(page, "plan-amount", "plan-vat") == [str(exempt.amount), "0"]
    assert f"line_{exempt.id}" in fields_of(page)


def test_an_amount_beside_chosen_lines_has_to_agree(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    line = world.order(order_no).lines[0]

    page = plan(officer, order_no, 422, amount="3000", **{f"line_{line.id}": "y"})

    assert "둘 중 하나만" in page.text


@pytest.mark.parametrize("amount", ["0", "-1", "", "1.5", "1e3", "９０", "abc", "10001", "99999999999", "<b>"])
def test_an_amount_that_cannot_be_refunded_is_refused_and_nothing_is_sent(
    world: World, officer: PageClient, amount: str
) -> None:
    order_no = paid_order(world)

    plan(officer, order_no, 409 if amount == "10001" else 422, amount=amount)

    assert cancels(world) == 0
    assert world.order(order_no).refunds == []


def test_a_balance_that_has_moved_is_refused_in_both_steps(world: World, officer: PageClient) -> None:
    """Somebody else refunded meanwhile: nobody decides on an old number."""
    order_no = paid_order(world)
    first = fields_of(officer.get(f"/admin/orders/{order_no}")) | {"reason": "변심", "amount": "1000"}
    second = fields_of(plan(officer, order_no, amount="2000"))
    refund(officer, order_no, amount="500")

    early = officer.submit(f"/admin/orders/{order_no}/refund-plan", first, 409)
    late = officer.submit(f"/admin/orders/{order_no}/refunds", second, 409)

    assert "바뀌었습니다" in early.text
    assert "9,500원" in late.text
    assert world.order(order_no).refunded == 500


def test_the_same_form_sent_twice_is_one_refund(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    form = fields_of(plan(officer, order_no, amount="1000")) | {"password": PASSWORD}

    for _press in range(3):
        officer.submit(f"/admin/orders/{order_no}/refunds", form)

    assert world.order(order_no).refunded == 1000


def test_the_first_refund_of_a_session_wants_the_password_again(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    page = plan(officer, order_no, amount="1000")
    assert "password" in fields_of(page)

    wrong = officer.submit(f"/admin/orders/{order_no}/refunds", fields_of(page) | {"password": "wrong"}, 403)
    assert fields_of(wrong)["amount"] == "1000"
    officer.submit(f"/admin/orders/{order_no}/refunds", fields_of(page), 403)
    assert world.order(order_no).refunds == []

    refund(officer, order_no, amount="1000")
    assert "password" not in fields_of(plan(officer, order_no, amount="1000"))
    world.advance(minutes=16)
    assert "password" in fields_of(plan(officer, order_no, amount="1000"))


@pytest.mark.both_engines
def test_a_lost_partial_refund_waits_on_the_desk_for_a_person(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    world.fault("cancel", "lost_answer", phase="after", times=1)
    page = refund(officer, order_no, amount="1000")
    assert page.values("refund-row", "data-state") == ["unknown"]
    assert page.values("refund-submit", "type") == []

    world.advance(minutes=10)
    desk = officer.get("/admin/desk")
    assert desk.values("desk-row", "data-state") == ["unknown"]
    assert desk.values("was-refunded", "value") == ["refunded"]
    [row] = world.order(order_no).refunds
    page = officer.submit(f"/admin/orders/{order_no}/refunds/{row.id}/decision", {"answer": "refunded"})

    assert page.values("refund-row", "data-state") == ["done"]
    assert world.order(order_no).refunds[0].decided_by == "kim"
    assert officer.get("/admin/desk").values("desk-row", "data-state") == []
    officer.submit(f"/admin/orders/{order_no}/refunds/{row.id}/decision", {"answer": "not_refunded"}, 409)


def test_a_decision_is_one_of_two_about_a_refund_of_this_order(world: World, officer: PageClient) -> None:
    order_no, other = paid_order(world), paid_order(world)
    world.fault("cancel", "lost_answer", phase="after", times=1)
    refund(officer, order_no, amount="1000")
    [row] = world.order(order_no).refunds

    officer.submit(f"/admin/orders/{order_no}/refunds/{row.id}/decision", {"answer": "perhaps"}, 422)
    officer.submit(f"/admin/orders/{other}/refunds/{row.id}/decision", {"answer": "refunded"}, 422)

    assert world.order(order_no).refunds[0].state == "unknown"


def test_a_refused_refund_says_why_in_three_ways(world: World, officer: PageClient) -> None:
    """Our sentence, the gateway's message and its code."""
    order_no = paid_order(world)
    attempt = world.order(order_no).paid_attempt
    assert attempt is not None
    form = fields_of(plan(officer, order_no, amount="5000")) | {"password": PASSWORD}
    world.control("POST", f"payments/{attempt.attempt_no}/cancel", {"amount": 6000})

    page = officer.submit(f"/admin/orders/{order_no}/refunds", form)

    [row] = world.order(order_no).refunds
    assert page.values("refund-row", "data-state") == ["refused"]
    assert row.result_code
    assert row.result_code in page.text
    assert f"페이플: {row.result_message}" in page.text
    assert world.order(order_no).refunded == 0


def test_a_refunded_order_has_no_refund_form(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    page = refund(officer, order_no)

    assert page.values("refund-form", "action") == []


def test_an_unpaid_order_has_no_refund_form(world: World, officer: PageClient) -> None:
    order_no = world.browser().place_order()
    page = officer.get(f"/admin/orders/{order_no}")
    assert page.values("refund-form", "action") == []

    form = {"amount": "1000", "reason": "x", "intent": "a" * 24, "seen_refundable": "1000"}
    officer.submit(f"/admin/orders/{order_no}/refund-plan", form, 409)
    officer.submit(f"/admin/orders/{order_no}/refunds", form | {"password": PASSWORD}, 409)


@pytest.mark.both_engines
def test_the_mark_of_one_orders_form_refunds_no_other_order(world: World, officer: PageClient) -> None:
    form = fields_of(plan(officer, paid_order(world))) | {"password": PASSWORD}
    first, other = paid_order(world), paid_order(world)
    officer.submit(f"/admin/orders/{first}/refunds", form)

    page = officer.submit(f"/admin/orders/{other}/refunds", form, 409)

    assert "양식이 올바르지 않습니다" in page.text
    assert world.order(other).refunds == []
    assert cancels(world) == 1


def test_no_form_takes_the_mark_of_a_refund_of_the_shops_own(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    mark = f"orphan-{world.order(order_no).attempts[0].attempt_no}"

    form = fields_of(plan(officer, order_no)) | {"password": PASSWORD, "intent": mark}

    officer.submit(f"/admin/orders/{order_no}/refunds", form, 422)


def test_the_plan_says_what_happens_to_the_cash_receipt(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer", cash_receipt="y")

    assert "7,000원으로 줄어듭니다" in plan(officer, order_no, amount="3000").text
    assert "발행취소됩니다" in plan(officer, order_no).text


def test_the_buyer_sees_refunds_rest_and_cash_receipt(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    order_no = buyer.place_order(quantity=10)
    opening = buyer.start_attempt(order_no, method="transfer", cash_receipt="y")
    world.deliver(world.payer().pay(opening["fields"]))
    refund(officer, order_no, amount="3000")

    page = buyer.get(f"/orders/{order_no}")

    assert page.state == "partially_refunded"
    assert page.values("refund-row", "data-state") == ["done"]
    assert page.values("cash-receipt-row", "data-state") == ["issued"]
    assert {"refunded", "remaining"} <= set(page.values("receipt-row", "data-field"))
    assert "변심" not in page.text


def test_the_headline_of_a_receipt_is_what_is_left_after_refunds(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    order_no = pay(world, buyer, buyer.place_order(quantity=10))
    headline = re.compile(r'data-testid="receipt-sum">\s*<span class="money">([^<]+)<')
    sums = []
    for amount in ("4000", "6000"):
        refund(officer, order_no, amount=amount)
        sums += headline.findall(buyer.get(f"/orders/{order_no}").text)

    assert sums == ["6,000원", "0원"]


@pytest.mark.parametrize(
    ("purpose", "pasted", "identity"),
    [
        ("personal", "+82 10-9876-5432", "01098765432"),
        ("personal", "０１０ ９８７６ ５４３２", "01098765432"),
        ("company", "101\u201123\u201145678", "1012345678"),
    ],
)
def test_the_identity_of_a_cash_receipt_is_kept_in_its_normal_form(
    world: World, officer: PageClient, purpose: str, pasted: str, identity: str
) -> None:
    order_no = paid_order(world, method="transfer")
    form = {"purpose": purpose, "identity": pasted, "password": PASSWORD}

    officer.submit(f"/admin/orders/{order_no}/cash-receipts", form)

    assert [receipt.identity for receipt in world.order(order_no).cash_receipts] == [identity]


def test_a_cash_receipt_is_issued_later_and_cancelled(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer")
    path = f"/admin/orders/{order_no}/cash-receipts"
    assert officer.get(f"/admin/orders/{order_no}").values("cash-receipt-row", "data-state") == ["none"]

    issued = officer.submit(path, {"purpose": "personal", "identity": "010-9876-5432", "password": PASSWORD})
    assert issued.values("cash-receipt-row", "data-state") == ["issued"]
    assert "5432" in issued.text
    assert "01098765432" not in issued.text
    officer.submit(path, {"purpose": "company", "identity": "1234567890"}, 409)
    cancelled = officer.submit(f"{path}/cancel", {})

    assert cancelled.values("cash-receipt-row", "data-state")[0] in ("cancelled", "cancel_due")


@pytest.mark.parametrize(
    ("purpose", "identity"),
    [("personal", "123"), ("company", "01098765432"), ("personal", ""), ("gift", "01098765432"), ("", "01012345678")],
)
def test_a_malformed_receipt_is_refused(world: World, officer: PageClient, purpose: str, identity: str) -> None:
    order_no = paid_order(world, method="transfer")

    officer.submit(f"/admin/orders/{order_no}/cash-receipts", {"purpose": purpose, "identity": identity}, 422)

    assert world.order(order_no).cash_receipts == []


def test_a_card_order_gets_no_cash_receipt(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    form = {"purpose": "personal", "identity": "01098765432", "password": PASSWORD}

    assert officer.get(f"/admin/orders/{order_no}").values("issue-cash-receipt", "type") == []
    officer.submit(f"/admin/orders/{order_no}/cash-receipts", form, 409)
    officer.submit(f"/admin/orders/{order_no}/cash-receipts/cancel", {}, 409)


def test_two_people_cannot_return_the_same_money(world: World, officer: PageClient) -> None:
    staff.add("lee", PASSWORD)
    other = sign_in(world.browser(), "lee")
    order_no = paid_order(world)
    mine, theirs = (fields_of(plan(browser, order_no)) for browser in (officer, other))

    officer.submit(f"/admin/orders/{order_no}/refunds", mine | {"password": PASSWORD})
    other.submit(f"/admin/orders/{order_no}/refunds", theirs | {"password": PASSWORD}, 409)

    assert world.order(order_no).refunded == 10000


def test_a_contradictory_payment_stays_on_the_desk_until_somebody_has_looked(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    order_no = buyer.place_order(quantity=11)
    opening = buyer.start_attempt(order_no, 200, work="PAY")
    claim = world.payer().pay(opening["fields"])
    world.fault("inquiry", "other_oid")
    world.deliver(claim)
    desk = officer.get("/admin/desk")
    assert desk.values("desk-row", "data-order") == [order_no]

    path = f"/admin/orders/{order_no}/attempts/{opening['attempt_no']}/close"
    officer.submit(path, {"password": "wrong"}, 403, page=desk)
    assert officer.get("/admin/desk").values("desk-row", "data-order") == [order_no]
    officer.submit(path, {"password": PASSWORD})

    assert officer.get("/admin/desk").values("desk-row", "data-order") == []
    assert buyer.get(f"/orders/{order_no}").state == "awaiting_payment"
    assert "attention_closed" in world.events(opening["attempt_no"])


def test_the_plan_of_a_refund_shows_a_receipt_that_was_issued_meanwhile(world: World, officer: PageClient) -> None:
    charged = Charged(world)
    charged.settle_early()
    charged.finish()

    page = plan(officer, charged.order_no, amount="3,000")

    assert "10,000원 현금영수증이 7,000원으로 줄어듭니다." in page.text
