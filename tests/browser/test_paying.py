"""A person buys the 1,000-won test product in every way the integration offers, on a PC and on a phone."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage, QuickStore
from tests.kit import Choices, Shop, Store
from tests.kit.pages import Delivery, Method, Window, Work

QUICK = {
    ("desktop", Choices("card", "popup", "CERT", "redirect")),
    ("desktop", Choices("transfer", "direct", "PAY", "redirect")),
    ("phone", Choices("transfer", "popup", "CERT", "callback")),
    ("phone", Choices("card", "direct", "CERT", "redirect")),
}


DEVICES = ("desktop", "phone")
METHODS: tuple[Method, ...] = ("card", "transfer")
WINDOWS: tuple[Window, ...] = ("popup", "direct")
WORKS: tuple[Work, ...] = ("CERT", "PAY")
DELIVERIES: tuple[Delivery, ...] = ("redirect", "callback")


def every_way() -> Iterator[object]:
    """All combinations that exist; a direct window cannot call a function of the page that it replaced."""
    for device, method, window, work, delivery in product(DEVICES, METHODS, WINDOWS, WORKS, DELIVERIES):
        if (window, delivery) != ("direct", "callback"):
            choices = Choices(method, window, work, delivery)
            marks = () if (device, choices) in QUICK else (pytest.mark.full,)
            yield pytest.param(device, choices, marks=marks, id=f"{device}-{choices}")


@pytest.mark.parametrize(("device", "choices"), list(every_way()))
def test_buying_the_test_product(device: str, choices: Choices, new_page: NewPage, shop: Shop) -> None:
    on_phone = device == "phone"
    order = QuickStore(new_page(phone=on_phone), shop).order()
    order.choose(choices)

    window, attempt_no = order.open_window(choices.opens(on_phone=on_phone))
    expect(window.amount).to_contain_text("1,000")
    window.approve()

    order.insist_on_state("paid")
    expect(order.receipt).to_have_attribute("data-method", choices.method)
    expect(order.receipt_row("attempt_no")).to_contain_text(attempt_no)
    expect(order.receipt_row("total")).to_contain_text("1,000")
    expect(order.receipt_row("vat")).to_contain_text("91")
    payment = shop.control("GET", f"payments/{attempt_no}")
    told = {name: payment[name] for name in ("oid", "type", "work", "state", "total", "refunded_total")}
    assert told == {
        "oid": attempt_no,
        "type": choices.method,
        "work": choices.work,
        "state": "approved",
        "total": 1000,
        "refunded_total": 0,
    }


@pytest.mark.parametrize("phone", [False, True])
def test_a_session_from_the_list_to_the_receipt_survives_direct_mode(
    phone: bool, new_page: NewPage, shop: Shop
) -> None:
    """The result post is cross-site: no Lax cookie comes with it, none is set, and the next page has them again."""
    store = Store(new_page(phone=phone), shop.url)
    order = store.order()
    cookies = store.page.context.cookies(store.url)
    assert cookies
    assert {(cookie["sameSite"], cookie["httpOnly"]) for cookie in cookies} == {("Lax", True)}
    order.choose(Choices(window="direct"))
    window, _ = order.open_window("same page")

    with (
        store.page.expect_response(re.compile("/payments/result$")) as result,
        store.page.expect_request(re.compile("/orders/[^/]+$")) as after,
    ):
        window.approve()

    assert result.value.status == 303
    assert "cookie" not in result.value.request.all_headers()
    assert "set-cookie" not in result.value.all_headers()
    order.insist_on_state("paid")
    assert all(cookie["name"] in after.value.all_headers()["cookie"] for cookie in cookies)
    assert store.page.context.cookies(store.url) == cookies


def test_a_cash_receipt_asked_for_in_the_window(desktop: Store, shop: Shop) -> None:
    order = desktop.order()
    order.choose(Choices(method="transfer", work="PAY", cash_receipt=True))

    window, attempt_no = order.open_window("layer")
    window.approve()
    window.ask_for_cash_receipt()

    order.insist_on_state("paid")
    expect(order.receipt_row("cash_receipt_number")).to_be_visible()
    assert shop.control("GET", f"payments/{attempt_no}")["state"] == "approved"
