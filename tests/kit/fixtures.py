"""Pytest fixtures. In a `conftest.py` or a test: `pytest_plugins = "kit.fixtures"`.

Each test process has a shop and a simulator of its own, so parallel runs never meet.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from .pages import OrderPage, StaffArea, Store
from .shop import Order, Shop, running

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Visit = Callable[[Order], OrderPage]


@pytest.fixture(scope="session")
def shop_folder() -> Path:
    """The checkout of the shop: PAYPLE_SHOP_FOLDER, or the one in which the kit lies."""
    named = os.environ.get("PAYPLE_SHOP_FOLDER", "")
    return Path(named) if named else Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shop(shop_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop and a simulator of this test process."""
    with running(shop_folder, tmp_path_factory.mktemp("shop")) as started:
        yield started


@pytest.fixture(scope="session")
def kit_browser() -> Iterator[Browser]:
    """A browser without a screen: CHROME_PATH, the system's, or Playwright's own."""
    system = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROME_PATH") or system)
        yield browser
        browser.close()


@pytest.fixture
def visit(kit_browser: Browser) -> Iterator[Visit]:
    """Open an order's page in a browser that owns the order: `page = visit(shop.order("paid"))`."""
    contexts = []

    def open_page(order: Order) -> OrderPage:
        context = kit_browser.new_context(locale="ko-KR")
        contexts.append(context)
        context.add_cookies(order.cookies)
        page = context.new_page()
        page.goto(order.url)
        return OrderPage(page)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def store(kit_browser: Browser, shop: Shop) -> Iterator[Store]:
    """The shop in the browser of a new visitor."""
    context = kit_browser.new_context(locale="ko-KR")
    yield Store(context.new_page(), shop.url)
    context.close()


@pytest.fixture
def staff(kit_browser: Browser, shop: Shop) -> Iterator[StaffArea]:
    """The staff area, signed in."""
    context = kit_browser.new_context(locale="ko-KR")
    area = StaffArea(context.new_page(), shop.url)
    area.sign_in(shop.staff_name, shop.staff_password)
    yield area
    context.close()
