"""What only a browser can tell: what covers what, the keyboard, pages without a script."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, QuickStore
from tests.kit import Shop, StaffArea, Store


@pytest.mark.parametrize(("phone", "width", "height"), [(True, 360, 640), (False, 1280, 720)])
def test_the_pay_button_is_on_the_first_screen_and_stays_there(
    phone: bool, width: int, height: int, new_page: NewPage, shop: Shop
) -> None:
    page = new_page(phone=phone, viewport={"width": width, "height": height})
    QuickStore(page, shop).order("test-product", "moon-well", "brass-bookmark").open_options()
    pay = page.get_by_test_id("pay")

    expect(pay).to_be_in_viewport(ratio=1)
    page.locator("[name=delivery]").last.scroll_into_view_if_needed()
    expect(pay).to_be_in_viewport(ratio=1)


def test_the_pay_bar_never_covers_what_has_the_focus(new_page: NewPage, shop: Shop) -> None:
    page = new_page(phone=True, viewport={"width": 390, "height": 640})
    QuickStore(page, shop).order().open_options()
    choices = page.locator(".choice-input:checked, .choice-input[type=checkbox]")

    for number in range(choices.count()):
        choices.nth(number).focus()
        bar = page.locator(".payment-bar").evaluate("bar => bar.getBoundingClientRect().top")
        focused = choices.nth(number).evaluate("input => input.getBoundingClientRect().bottom")
        assert focused <= bar, number


def test_without_a_script_the_order_form_says_so_and_holds_no_goods(new_page: NewPage, shop: Shop) -> None:
    page = new_page()
    Store(page, shop.url).add("test-product")
    bare = new_page(java_script_enabled=False, storage_state=page.context.storage_state())
    bare.goto(f"{shop.url}/checkout")

    expect(bare.get_by_text("자바스크립트가 필요해요")).to_be_visible()
    expect(bare.get_by_test_id("place-order")).to_be_hidden()

    typed = {"payer_name": "홍길동", "payer_phone": "010-1234-5678", "payer_email": "hong@example.com"}
    for name, text in typed.items():
        bare.fill(f"[name={name}]", text)
    for consent in bare.locator("input[type=checkbox][required]").all():
        consent.check()
    bare.press("[name=payer_email]", "Enter")
    bare.goto(f"{shop.url}/orders")
    expect(bare.get_by_test_id("history-row")).to_have_count(0)


def test_the_developer_options_stay_as_they_were(desktop: Store) -> None:
    options = desktop.order().page.get_by_test_id("options")
    expect(options).not_to_have_attribute("open")

    for is_open in (True, False):
        options.locator("summary").click()
        desktop.page.reload()
        expect(options).to_have_js_property("open", is_open)


def test_the_first_tab_stop_leads_to_the_content(desktop: Store) -> None:
    desktop.page.goto(desktop.url)
    desktop.page.keyboard.press("Tab")
    desktop.page.keyboard.press("Enter")

    assert desktop.page.evaluate("document.activeElement.id || location.hash") in ("main", "#main")


def test_paying_with_the_keyboard_alone(desktop: Store) -> None:
    order = desktop.order()
    order.page.locator("input[name=method][value=card]").focus()
    order.page.keyboard.press("ArrowUp")
    expect(order.page.locator("input[name=method][value=transfer]")).to_be_checked()
    order.page.get_by_test_id("pay").focus()

    with order.page.expect_response("**/attempts"):
        order.page.keyboard.press("Enter")

    expect(order.page.frame_locator("iframe[name=cpay_ifr]").get_by_test_id("window-approve")).to_be_visible()


def test_a_typed_order_form_survives_a_change_of_language(desktop: Store) -> None:
    desktop.add("test-product")
    desktop.page.goto(f"{desktop.url}/checkout")
    desktop.page.locator("[name=payer_name]").fill("김나직")

    desktop.page.locator("a[hreflang=en]").click()

    expect(desktop.page.locator("html")).to_have_attribute("lang", "en")
    expect(desktop.page.locator("[name=payer_name]")).to_have_value("김나직")


def test_a_choice_in_a_list_survives_a_change_of_language(page: Page, shop: Shop) -> None:
    StaffArea(page, shop.url).sign_in(shop.staff_name, shop.staff_password)
    page.goto(f"{shop.url}/admin/inquiry")
    page.locator("[name=method]").select_option("transfer")

    page.locator("a[hreflang=en]").click()

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[name=method]")).to_have_value("transfer")


def test_the_window_speaks_the_language_of_the_shop(desktop: Store) -> None:
    desktop.page.goto(f"{desktop.url}/?lang=en")
    order = desktop.order()

    order.open_window("layer")

    expect(order.page.frame_locator("iframe[name=cpay_ifr]").locator("html")).to_have_attribute("lang", "en")
