"""Staff refund money in a real browser; the simulator's books, the order and the receipts agree each time."""

import json
from collections.abc import Iterator
from typing import Literal

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.pages import Choices, Store
from tests.tools.servers import Program

Method = Literal["card", "transfer"]
PAID = 38_000


class StaffArea:
    """The staff area as a signed-in member of staff uses it."""

    def __init__(self, page: Page, program: Program) -> None:
        self.page, self.url = page, f"{program.shop_url}/admin"
        secrets = json.loads((program.home / "instance" / "secrets.json").read_text())
        self.password = secrets["ADMIN_PASSWORD"]
        page.goto(f"{self.url}/login")
        page.locator("[name=name]").fill(secrets["ADMIN_USERNAME"])
        page.locator("[name=password]").fill(self.password)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(f"{self.url}/**")

    def open(self, order_no: str) -> None:
        """The page of an order."""
        self.page.goto(f"{self.url}/orders/{order_no}")

    def refund(self, order_no: str, amount: int) -> None:
        """Both steps: what would it do, and do it."""
        self.open(order_no)
        self.page.locator("[name=amount]").fill(str(amount))
        self.page.locator("[name=reason]").fill("변심")
        self.page.get_by_test_id("refund-submit").click()
        expect(self.page.locator("[data-step=send]")).to_be_visible()
        self.confirm_password()
        self.page.get_by_test_id("refund-submit").click()
        self.page.wait_for_url(f"{self.url}/orders/{order_no}*")

    def confirm_password(self) -> None:
        """Enter it again where the page asks."""
        for field in self.page.locator("input[name=password]").all():
            field.fill(self.password)

    def put_receipt_right(self) -> None:
        """Cancel the receipt now, and issue it again for what remains."""
        self.confirm_password()
        with self.page.expect_navigation():
            self.page.get_by_test_id("cancel-cash-receipt").click()

    def refunds(self) -> list[str | None]:
        """The states of the refunds on the page."""
        return [row.get_attribute("data-state") for row in self.page.get_by_test_id("refund-row").all()]

    def receipts(self) -> list[str | None]:
        """The states of the cash receipts on the page."""
        return [row.get_attribute("data-state") for row in self.page.get_by_test_id("cash-receipt-row").all()]


def control(program: Program, path: str, body: dict[str, object]) -> None:
    """One order to the simulator."""
    requests.post(f"{program.simulator_url}/_sim/{path}", json=body, timeout=10).raise_for_status()


@pytest.fixture
def staff(new_page: NewPage, program: Program) -> StaffArea:
    return StaffArea(new_page(), program)


@pytest.fixture
def paying(desktop: Store, program: Program) -> Iterator[Store]:
    """A store whose simulator settles receipts again afterwards."""
    yield desktop
    control(program, "policy", {"receipt_on_refund": "settled"})


def pay(store: Store, method: Method) -> tuple[str, str]:
    """Buy the fountain pen or what costs as much; answers order and attempt number."""
    choices = Choices(method=method, cash_receipt=method == "transfer")
    order = store.order("quiet-fountain-pen") if method == "transfer" else store.order()
    order.choose(choices)
    window, attempt_no = order.open_window("layer")
    window.approve()
    if method == "transfer":
        window.ask_for_cash_receipt()
    order.insist_on_state("paid")
    return store.page.url.rsplit("/", 1)[1].partition("?")[0], attempt_no


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_full_refund_returns_everything_and_the_buyer_sees_it(
    method: Method, paying: Store, staff: StaffArea, program: Program
) -> None:
    order_no, attempt_no = pay(paying, method)
    total = int(str(program.payment(attempt_no)["total"]))

    staff.refund(order_no, total)

    assert staff.refunds() == ["done"]
    payment = program.payment(attempt_no)
    assert (payment["state"], int(str(payment["refunded_total"]))) == ("cancelled", total)
    if method == "transfer":
        assert (staff.receipts(), payment["cash_receipt"]) == (["cancelled"], "cancelled")
    paying.page.reload()
    expect(paying.page.get_by_test_id("order-status")).to_have_attribute("data-state", "refunded")
    expect(paying.page.get_by_test_id("refund-row")).to_have_count(1)


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_partial_refund_leaves_the_rest_and_reduces_the_receipt(
    method: Method, paying: Store, staff: StaffArea, program: Program
) -> None:
    order_no, attempt_no = pay(paying, method)
    total = int(str(program.payment(attempt_no)["total"]))

    staff.refund(order_no, 300)

    payment = program.payment(attempt_no)
    assert (staff.refunds(), int(str(payment["refunded_total"]))) == (["done"], 300)
    if method == "transfer":
        assert (staff.receipts(), payment["cash_receipt_amount"]) == (["issued"], total - 300)
    paying.page.reload()
    expect(paying.page.get_by_test_id("order-status")).to_have_attribute("data-state", "partially_refunded")


def test_a_receipt_that_cannot_be_cancelled_today_is_put_right_tomorrow(
    paying: Store, staff: StaffArea, program: Program
) -> None:
    order_no, attempt_no = pay(paying, "transfer")
    control(program, "policy", {"receipt_on_refund": "fail"})

    staff.refund(order_no, 8_000)
    assert (staff.refunds(), staff.receipts()) == (["done"], ["cancel_due"])
    assert program.payment(attempt_no)["cash_receipt_amount"] == PAID
    control(program, "clock", {"advance": 24 * 3600})
    staff.put_receipt_right()

    expect(staff.page.locator("[data-testid=cash-receipt-row][data-state=issued]")).to_have_count(1)
    assert sorted(str(state) for state in staff.receipts()) == ["cancelled", "issued"]
    assert program.payment(attempt_no)["cash_receipt_amount"] == PAID - 8_000


def test_a_receipt_that_can_never_be_cancelled_stays_on_the_desk(
    paying: Store, staff: StaffArea, program: Program
) -> None:
    order_no, attempt_no = pay(paying, "transfer")
    control(program, "policy", {"receipt_on_refund": "fail_for_good"})

    staff.refund(order_no, 8_000)
    control(program, "clock", {"advance": 24 * 3600})
    staff.put_receipt_right()

    assert (staff.refunds(), staff.receipts()) == (["done"], ["cancel_due"])
    assert program.payment(attempt_no)["cash_receipt_amount"] == PAID
    staff.page.goto(f"{staff.url}/desk")
    expect(staff.page.get_by_test_id("desk-row").filter(has_text=order_no)).to_have_count(1)
