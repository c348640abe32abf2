"""The shop as a person uses it, in the words of its test ids. Everything that wants to buy something uses these."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs

from playwright.sync_api import FrameLocator, Locator, Page, Request, expect

Method = Literal["card", "app_card", "naver_pay", "kakao_pay", "transfer"]
Work = Literal["CERT", "PAY"]
Window = Literal["popup", "direct"]
Delivery = Literal["redirect", "callback"]
Opens = Literal["layer", "new window", "same page"]


@dataclass(frozen=True)
class Choices:
    """What can be chosen on the order page."""

    method: Method = "card"
    window: Window = "popup"
    work: Work = "CERT"
    delivery: Delivery = "redirect"
    cash_receipt: bool = False

    def opens(self, *, on_phone: bool) -> Opens:
        """Where the payment window appears."""
        if self.window == "direct":
            return "same page"
        return "new window" if on_phone else "layer"

    def __str__(self) -> str:
        return f"{self.method}-{self.window}-{self.work}-{self.delivery}"


class Store:
    """From the product list to an order that waits for its payment."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def add(self, slug: str) -> None:
        """Put one of a product into the cart."""
        self.page.goto(self.url)
        self.page.locator(f"[data-testid=product-card][data-product={slug}]").get_by_role("link").first.click()
        self.page.get_by_test_id("add-to-cart").click()

    def order(self, *slugs: str, name: str = "김나직") -> "OrderPage":
        """Order one of each product."""
        for slug in slugs or ("test-product",):
            self.add(slug)
        self.page.goto(f"{self.url}/cart")
        self.page.get_by_test_id("checkout").click()
        self.page.locator("[name=payer_name]").fill(name)
        self.page.locator("[name=payer_phone]").fill("010-1234-5678")
        self.page.locator("[name=payer_email]").fill("payer@example.com")
        for consent in self.page.locator("main input[type=checkbox][required]").all():
            consent.check()
        self.page.get_by_test_id("place-order").click()
        self.page.wait_for_url(re.compile(r"/orders/[^/?]+$"))
        return OrderPage(self.page)


class OrderPage:
    """One order: its choices while it can be paid, its state and receipt afterwards."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.status = page.get_by_test_id("order-status")
        self.receipt = page.get_by_test_id("receipt")

    def choose(self, choices: Choices) -> None:
        """Set every choice."""
        self.open_options()
        for name in ("method", "window", "work", "delivery"):
            self.page.locator(f"input[name={name}][value={getattr(choices, name)}]").check()
        self.page.locator("input[name=cash_receipt]").set_checked(choices.cash_receipt)

    def open_options(self) -> None:
        """Unfold the developer options."""
        options = self.page.get_by_test_id("options")
        if options.get_attribute("open") is None:
            options.locator("summary").click()

    def press_pay(self) -> None:
        """결제하기."""
        self.page.get_by_test_id("pay").click()

    def open_window(self, opens: Opens, press: Callable[[], None] | None = None) -> tuple["PaymentWindow", str]:
        """Press 결제하기 (or something else), find the window where it should be; also the attempt's number."""
        with self.page.context.expect_event("request", opens_a_window) as call:
            if opens == "new window":
                with self.page.context.expect_page() as waiting:
                    (press or self.press_pay)()
                place: Page | FrameLocator = waiting.value
            else:
                (press or self.press_pay)()
                place = self.page if opens == "same page" else self.page.frame_locator("iframe[name=cpay_ifr]")
        return PaymentWindow(place), attempt_of(call.value)

    def insist_on_state(self, state: str) -> None:
        """Wait until the order is in this state."""
        expect(self.status).to_have_attribute("data-state", state)

    def receipt_row(self, field: str) -> Locator:
        """One line of the receipt."""
        return self.page.locator(f"[data-testid=receipt-row][data-field={field}]")


def opens_a_window(request: Request) -> bool:
    """Whether this is the form that the gateway's script posts to open its window."""
    return request.method == "POST" and "PCD_RST_URL=" in (request.post_data or "")


def attempt_of(request: Request) -> str:
    """The attempt for which a window was opened."""
    return parse_qs(request.post_data or "")["PCD_PAY_OID"][0]


class PaymentWindow:
    """The simulator's payment window, wherever it has opened."""

    def __init__(self, place: Page | FrameLocator) -> None:
        self.place = place
        self.amount = place.get_by_test_id("window-amount")

    def approve(self, scenario: str = "") -> None:
        """Pay, or let happen what the scenario says."""
        if scenario:
            self.place.get_by_test_id("window-scenario").select_option(scenario)
        self.place.get_by_test_id("window-approve").click()

    def close(self) -> None:
        """Change one's mind."""
        self.place.get_by_test_id("window-close").click()

    def ask_for_cash_receipt(self) -> None:
        """Send the form of the cash-receipt step."""
        self.place.get_by_test_id("window-cash-receipt-submit").click()

    def skip_cash_receipt(self) -> None:
        """Leave the cash-receipt step without one."""
        self.place.get_by_test_id("window-cash-receipt-skip").click()


class StaffArea:
    """The staff area in one browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.url}/admin/login")
        self.page.locator("[name=name]").fill(name)
        self.page.locator("[name=password]").fill(password)
        self.page.get_by_test_id("login").click()
        self.page.get_by_test_id("logout").wait_for()

    def open_order(self, order_no: str) -> None:
        self.page.goto(f"{self.url}/admin/orders/{order_no}")
