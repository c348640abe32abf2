"""Staff refund money in a real browser; the simulator, the order and the receipts agree each time."""

import json
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.kit.pages import Choices, Store
from tests.tools.servers import Program

Method = Literal["card", "transfer"]
PAID = 38_000


@pytest.fixture
def staff(new_page: NewPage, program: Program) -> Page:
    """The staff area of somebody who has signed in."""
    page, secrets = new_page(), json.loads((program.home / "instance" / "secrets.json").read_text())
    page.goto(f"{program.shop_url}/admin/login")
    page.locator("[name=name]").fill(secrets["ADMIN_USERNAME"])
    page.locator("[name=password]").fill(secrets["ADMIN_PASSWORD"])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(f"{program.shop_url}/admin/**")
    return page


def refund(staff: Page, program: Program, order_no: str, amount: int) -> None:
    """Both steps: what would it do, and do it."""
    order = f"{program.shop_url}/admin/orders/{order_no}"
    password = json.loads((program.home / "instance" / "secrets.json").read_text())["ADMIN_PASSWORD"]
    staff.goto(order)
    staff.locator("[name=amount]").fill(str(amount))
    staff.locator("[name=reason]").fill("변심")
    staff.get_by_test_id("refund-submit").click()
    expect(staff.locator("[data-step=send]")).to_be_visible()
    for field in staff.locator("input[name=password]").all():
        field.fill(password)
    staff.get_by_test_id("refund-submit").click()
    staff.wait_for_url(f"{order}?*")


def pay(store: Store, method: Method) -> tuple[str, str]:
    """Buy the fountain pen; answers order and attempt number."""
    order = store.order("quiet-fountain-pen")
    order.choose(Choices(method=method, cash_receipt=method == "transfer"))
    window, attempt_no = order.open_window("layer")
    window.approve()
    if method == "transfer":
        window.ask_for_cash_receipt()
    order.insist_on_state("paid")
    return store.page.url.rsplit("/", 1)[1].partition("?")[0], attempt_no


def states(rows: Locator) -> list[str | None]:
    return [row.get_attribute("data-state") for row in rows.all()]


@pytest.mark.parametrize(
    ("method", "amount", "order_state", "payment_state", "receipt"),
    [
        ("card", PAID, "refunded", "cancelled", None),
        ("transfer", PAID, "refunded", "cancelled", "cancelled"),
        ("transfer", 8_000, "partially_refunded", "partially_cancelled", "issued"),
    ],
)
def test_staff_refund_a_payment_and_the_buyer_sees_it(
    desktop: Store,
    staff: Page,
    program: Program,
    method: Method,
    amount: int,
    order_state: str,
    payment_state: str,
    receipt: str | None,
) -> None:
    order_no, attempt_no = pay(desktop, method)

    refund(staff, program, order_no, amount)

    assert states(staff.get_by_test_id("refund-row")) == ["done"]
    payment = program.payment(attempt_no)
    assert (payment["state"], payment["refunded_total"]) == (payment_state, amount)
    if receipt:
        assert states(staff.get_by_test_id("cash-receipt-row")) == [receipt]
        assert payment["cash_receipt"] == receipt
        assert receipt == "cancelled" or payment["cash_receipt_amount"] == PAID - amount
    desktop.page.reload()
    expect(desktop.page.get_by_test_id("order-status")).to_have_attribute("data-state", order_state)
    expect(desktop.page.get_by_test_id("refund-row")).to_have_count(1)
