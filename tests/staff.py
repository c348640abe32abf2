"""What people of the staff do, in the words of their pages."""

from __future__ import annotations

from tests.page import Page, PageClient
from tests.world import Purchase, World

NAME = "kim"
PASSWORD = "correct horse battery"


def sign_in(browser: PageClient, name: str = NAME, password: str = PASSWORD) -> PageClient:
    answer = browser.post("/admin/login", {"name": name, "password": password, "csrf_token": browser.csrf_token()})
    assert "refused" not in answer.headers["Location"]
    return browser


def paid_order(world: World, slug: str = "test-product", quantity: int = 10, **choices: str) -> str:
    """The number of an order that somebody has paid; ``choices`` are those of the order page."""
    return world.purchase(slug, quantity, **choices).pay().order_no


def pay(world: World, buyer: PageClient, order_no: str, **choices: str) -> str:
    """Pay an order that is there; answers its number."""
    return Purchase(world, buyer, order_no).start(**choices).pay().order_no


def fields_of(page: Page, test_id: str = "refund-form") -> dict[str, str]:
    """The fields of a form as they stand on a page, the unticked boxes left out."""
    form = page.tags.form(test_id)
    return dict(form.fields) if form else {}


def plan(browser: PageClient, order_no: str, status: int = 200, **typed: str) -> Page:
    """The first step of a refund: what would it do?"""
    form = fields_of(browser.get(f"/admin/orders/{order_no}")) | {"reason": "변심"} | typed
    return browser.submit(f"/admin/orders/{order_no}/refund-plan", form, status)


def refund(browser: PageClient, order_no: str, status: int = 200, *, password: str = PASSWORD, **typed: str) -> Page:
    form = fields_of(plan(browser, order_no, 200, **typed)) | {"password": password}
    return browser.submit(f"/admin/orders/{order_no}/refunds", form, status)
