"""A purchase in Firefox and in WebKit: in a layer, in a window of its own on a phone, and instead of the page.

`make browsers` runs it. It is no part of the other rings, since it needs firefox-esr, webkit2gtk-driver and xvfb.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.engines.webdriver import Browser, firefox, webkit
from tests.tools.servers import Program, running

Start = Callable[..., AbstractContextManager[Browser]]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(tmp_path_factory.mktemp("home") / "shop") as started:
        yield started


@pytest.mark.parametrize("engine", [firefox, webkit], ids=["firefox", "webkit"])
@pytest.mark.parametrize(
    ("window", "phone", "work"), [("popup", False, "CERT"), ("popup", True, "PAY"), ("direct", True, "CERT")]
)
def test_a_purchase(engine: Start, window: str, phone: bool, work: str, program: Program, tmp_path: Path) -> None:
    with engine(tmp_path, phone=phone) as browser:
        place_order(browser, program.shop_url)
        browser.click(f"[name=window][value={window}]")
        browser.click(f"[name=work][value={work}]")

        pay(browser, window, phone=phone)

        browser.find("[data-testid=order-status][data-state=paid]")
        focused = "return document.activeElement.textContent.startsWith('결제가 완료됐어요')"
        assert browser.wait_for(lambda: browser.run(focused))


@pytest.mark.parametrize("engine", [firefox, webkit], ids=["firefox", "webkit"])
def test_nothing_moves_between_press_and_release(engine: Start, program: Program, tmp_path: Path) -> None:
    height = "return document.documentElement.scrollHeight"
    with engine(tmp_path, phone=True) as browser:
        place_order(browser, program.shop_url)
        before = browser.run(height)

        browser.hold("[data-testid=pay]")

        assert browser.run(height) == before


def place_order(browser: Browser, shop_url: str) -> None:
    browser.open(f"{shop_url}/products/test-product")
    browser.press("[data-testid=add-to-cart]")
    browser.press("[data-testid=checkout]")
    browser.type("[name=payer_name]", "김나직")
    browser.type("[name=payer_phone]", "010-1234-5678")
    browser.type("[name=payer_email]", "payer@example.com")
    for consent in ("terms", "privacy", "order"):
        browser.click(f"[data-testid=agree-{consent}]")
    browser.press("[data-testid=place-order]")
    browser.find("[data-testid=pay]")
    browser.open(browser.run("return location.href") + "?options=open")


def pay(browser: Browser, window: str, *, phone: bool) -> None:
    """Press 결제하기, pay in the window wherever it opens, and return to the page of the order."""
    [page] = browser.windows()
    browser.press("[data-testid=pay]")
    if window == "popup" and phone:
        browser.enter_window(browser.wait_for(lambda: [one for one in browser.windows() if one != page])[0])
    if window == "popup" and not phone:
        browser.enter_frame("[name=cpay_ifr]")
        browser.click("[data-testid=window-approve]")
    else:
        browser.press("[data-testid=window-approve]")
    browser.enter_window(page)
