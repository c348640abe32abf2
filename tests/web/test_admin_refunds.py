"""Refunds and cash receipts by staff: two steps, a balance that was seen, the password entered again."""

import re
from typing import Any

import pytest

from tests.page import Page, PageClient
from tests.staff import PASSWORD, fields_of, paid_order, pay, plan, refund, sign_in
from tests.world import World

RECEIPT = {"purpose": "personal", "identity": "01098765432", "password": PASSWORD}


def amounts(page: Page, *test_ids: str) -> list[str]:
    return [page.values(test_id, "data-amount")[0] for test_id in test_ids]


def cancelled(world: World) -> list[dict[str, Any]]:
    return [payment for payment in world.control("GET", "payments") if int(payment["refunded_total"])]


def test_a_full_refund_shows_its_plan_before_anything_is_sent(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)

    page = plan(officer, order_no)

    assert amounts(page, "plan-amount", "plan-remainder", "plan-vat") == ["10000", "0", "909"]
    assert cancelled(world) == []
    page = officer.submit(f"/admin/orders/{order_no}/refunds", fields_of(page) | {"password": PASSWORD})
    assert (page.state, page.values("refund-row", "data-state")) == ("refunded", ["done"])
    assert amounts(page, "refundable") == ["0"]
    assert not page.has("refund-form")


def test_chosen_lines_say_amount_and_tax(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    buyer.add_to_cart("alley-timetable")
    order_no = pay(world, buyer, buyer.place_order(quantity=2))
    exempt = next(line for line in world.order(order_no).lines if line.tax == "exempt")
    chosen = {f"line_{exempt.id}": "y"}

    page = plan(officer, order_no, 200, **chosen)

    assert amounts(page, "plan-amount", "plan-vat") == [str(exempt.amount), "0"]
    assert chosen.items() <= fields_of(page).items()
    assert "둘 중 하나만" in plan(officer, order_no, 422, amount="3000", **chosen).text


def test_an_amount_that_cannot_be_refunded_is_refused(world: World, officer: PageClient, order_no: str) -> None:
    form = {"amount": "1000", "reason": "x", "intent": "a" * 24, "seen_refundable": "1000", "password": PASSWORD}
    assert not officer.get(f"/admin/orders/{order_no}").has("refund-form")
    for step in ("refund-plan", "refunds"):
        officer.submit(f"/admin/orders/{order_no}/{step}", form, 409)

    paid = paid_order(world)
    for amount in ("0", "-1", "", "1.5", "1e3", "abc", "10001", "99999999999", "<b>"):
        plan(officer, paid, 409 if amount == "10001" else 422, amount=amount)

    assert cancelled(world) == []


@pytest.mark.parametrize("typed", ["3000원", "₩3,000", "￦ 3,000", "３，０００", "\u200e3000\u200b"])
def test_a_pasted_amount_is_taken_in_plain_digits(world: World, officer: PageClient, typed: str) -> None:
    assert amounts(plan(officer, paid_order(world), amount=typed), "plan-amount") == ["3000"]


def test_a_balance_that_has_changed_is_refused_in_both_steps(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    first = fields_of(officer.get(f"/admin/orders/{order_no}")) | {"reason": "변심", "amount": "1000"}
    second = fields_of(plan(officer, order_no, amount="2000"))
    refund(officer, order_no, amount="500")

    early = officer.submit(f"/admin/orders/{order_no}/refund-plan", first, 409)
    late = officer.submit(f"/admin/orders/{order_no}/refunds", second, 409)

    assert "바뀌었습니다" in early.text
    assert "9,500원" in late.text
    assert world.order(order_no).refunded == 500


def test_the_first_refund_of_a_session_needs_the_password_again(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    form = fields_of(plan(officer, order_no, amount="1000"))
    assert "password" in form

    wrong = officer.submit(f"/admin/orders/{order_no}/refunds", form | {"password": "wrong"}, 403)
    assert fields_of(wrong)["amount"] == "1000"
    officer.submit(f"/admin/orders/{order_no}/refunds", form, 403)
    assert world.order(order_no).refunds == []

    refund(officer, order_no, amount="1000")
    assert "password" not in fields_of(plan(officer, order_no, amount="1000"))
    assert "password" in fields_of(plan(sign_in(world.browser()), order_no, amount="1000"))
    world.advance(minutes=16)
    assert "password" in fields_of(plan(officer, order_no, amount="1000"))


def test_a_refused_refund_shows_code_and_message_of_the_gateway(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    form = fields_of(plan(officer, order_no, amount="5000")) | {"password": PASSWORD}
    world.control("POST", f"payments/{world.order(order_no).attempts[0].attempt_no}/cancel", {"amount": 6000})

    page = officer.submit(f"/admin/orders/{order_no}/refunds", form)

    [row] = world.order(order_no).refunds
    assert page.values("refund-row", "data-state") == ["refused"]
    assert row.result_code
    assert row.result_code in page.text
    assert f"페이플: {row.result_message}" in page.text


@pytest.mark.stricter_engine
def test_the_key_of_one_orders_form_refunds_no_other_order(world: World, officer: PageClient) -> None:
    first, other = paid_order(world), paid_order(world)
    form = fields_of(plan(officer, first)) | {"password": PASSWORD}
    officer.submit(f"/admin/orders/{first}/refunds", form)

    page = officer.submit(f"/admin/orders/{other}/refunds", form, 409)

    assert "양식이 올바르지 않습니다" in page.text
    assert world.order(other).refunds == []
    shops_own = f"orphan-{world.order(other).attempts[0].attempt_no}"
    officer.submit(f"/admin/orders/{other}/refunds", form | {"intent": shops_own}, 422)
    assert len(cancelled(world)) == 1


def test_staff_and_buyer_see_what_is_left_after_a_partial_refund(world: World, officer: PageClient) -> None:
    buyer = world.browser()
    order_no = pay(world, buyer, buyer.place_order(quantity=10), method="transfer", cash_receipt="y")
    assert "7,000원으로 줄어듭니다" in plan(officer, order_no, amount="3000").text
    assert "발행취소됩니다" in plan(officer, order_no).text

    for_staff = refund(officer, order_no, amount="3,000원")
    for_buyer = buyer.get(f"/orders/{order_no}")

    assert (for_staff.state, amounts(for_staff, "refundable")) == ("partially_refunded", ["7000"])
    [done] = world.order(order_no).refunds
    assert (done.amount, done.reason, done.requested_by) == (3000, "변심", "kim")
    assert for_buyer.state == "partially_refunded"
    assert for_buyer.values("refund-row", "data-state") == ["done"]
    assert for_buyer.values("cash-receipt-row", "data-state") == ["issued"]
    assert {"refunded", "remaining"} <= set(for_buyer.values("receipt-row", "data-field"))
    assert re.search(r'data-testid="receipt-sum">\s*<span class="money">7,000원<', for_buyer.text)
    assert "변심" not in for_buyer.text


def test_a_cash_receipt_is_issued_later_and_cancelled(world: World, officer: PageClient) -> None:
    order_no = paid_order(world, method="transfer")
    path = f"/admin/orders/{order_no}/cash-receipts"
    assert officer.get(f"/admin/orders/{order_no}").values("cash-receipt-row", "data-state") == ["none"]

    issued = officer.submit(path, RECEIPT)
    assert issued.values("cash-receipt-row", "data-state") == ["issued"]
    assert ("5432" in issued.text, RECEIPT["identity"] in issued.text) == (True, False)
    officer.submit(path, RECEIPT, 409)
    page = officer.submit(f"{path}/cancel", {})

    assert page.values("cash-receipt-row", "data-state")[0] in ("cancelled", "cancel_due")


def test_the_identity_of_a_cash_receipt_is_kept_in_its_normal_form_or_refused(
    world: World, officer: PageClient
) -> None:
    refused = [("personal", "123"), ("company", "01098765432"), ("personal", ""), ("gift", "01098765432")]
    refused += [("personal", "02-1234-5678"), ("company", "101-23-4567")]
    refused += [("personal", "101-23-45678")]  # a business number, not a phone without its 0
    kept = {
        ("personal", "+82 10-9876-5432"): "01098765432",
        ("personal", "０１０ ９８７６ ５４３２"): "01098765432",
        ("company", "101\u201123\u221245678"): "1012345678",
    }

    for purpose, typed in [*refused, *kept]:
        order_no = paid_order(world, method="transfer")
        form = {"purpose": purpose, "identity": typed, "password": PASSWORD}
        officer.submit(f"/admin/orders/{order_no}/cash-receipts", form, 200 if (purpose, typed) in kept else 422)
        identities = [receipt.identity for receipt in world.order(order_no).cash_receipts]
        assert identities == ([kept[purpose, typed]] if (purpose, typed) in kept else [])


def test_the_plan_of_a_refund_is_a_page_that_can_be_loaded_again(world: World, officer: PageClient) -> None:
    order_no = paid_order(world)
    line = world.order(order_no).lines[0]
    form = fields_of(officer.get(f"/admin/orders/{order_no}")) | {"reason": "단순 변심 & 교환", f"line_{line.id}": "y"}
    form["csrf_token"] = officer.csrf_token()

    sent = officer.post(f"/admin/orders/{order_no}/refund-plan", form)
    shown, again = (officer.get(sent.headers["Location"]) for _time in range(2))

    assert sent.status_code == 303
    assert "csrf_token" not in sent.headers["Location"]
    kept = {name: fields_of(shown)[name] for name in ("intent", "seen_refundable", "reason", f"line_{line.id}")}
    assert kept == {name: form[name] for name in kept}
    assert fields_of(again)["intent"] == form["intent"]
    assert world.order(order_no).refunds == []
    unreadable = officer.get(f"/admin/orders/{order_no}/refund-plan", query_string={"amount": "all"})
    assert unreadable.path == f"/admin/orders/{order_no}"
