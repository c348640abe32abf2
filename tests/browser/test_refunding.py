"""Staff refund money in a real browser; the simulator, the order and the receipts agree."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewPage
from tests.kit import Choices, Shop, StaffArea, Store

PAID, BACK = 38_000, 8_000


def states(rows: Locator) -> list[str | None]:
    return [row.get_attribute("data-state") for row in rows.all()]


def test_staff_refund_a_part_of_a_payment_and_the_buyer_sees_it(desktop: Store, shop: Shop, new_page: NewPage) -> None:
    staff = StaffArea(new_page(), shop.url)
    staff.sign_in(shop.staff_name, shop.staff_password)
    order = desktop.order("quiet-fountain-pen")
    order.choose(Choices(method="transfer", cash_receipt=True))
    window, attempt_no = order.open_window("layer")
    window.approve()
    window.ask_for_cash_receipt()
    order.insist_on_state("paid")

    page, order_no = staff.page, desktop.page.url.rsplit("/", 1)[1].partition("?")[0]
    staff.open_order(order_no)
    page.locator("[name=amount]").fill(str(BACK))
    page.locator("[name=reason]").fill("변심")
    page.get_by_test_id("refund-submit").click()
    expect(page.locator("[data-step=send]")).to_be_visible()
    page.locator("input[name=password]").fill(shop.staff_password)
    page.get_by_test_id("refund-submit").click()
    page.wait_for_url(f"{shop.url}/admin/orders/{order_no}?*")

    assert states(page.get_by_test_id("refund-row")) == ["done"]
    assert states(page.get_by_test_id("cash-receipt-row")) == ["issued"]
    payment = shop.control("GET", f"payments/{attempt_no}")
    assert (payment["state"], payment["refunded_total"]) == ("partially_cancelled", BACK)
    assert (payment["cash_receipt"], payment["cash_receipt_amount"]) == ("issued", PAID - BACK)
    desktop.page.reload()
    order.insist_on_state("partially_refunded")
    expect(desktop.page.get_by_test_id("refund-row")).to_have_count(1)
