"""A real Chromium, the real program, and a page that complains about what a person would not see."""

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright

from tests.browser.merchant import Merchant, serving
from tests.kit import OrderPage, Shop, Store, running
from tests.tools import browser as browsers
from tests.tools.sources import ROOT

PATIENCE_MS = 15_000
PHONE = "Galaxy S24"
SHOTS = ROOT / "test-results"
FAILED = pytest.StashKey[bool]()

NewPage = Callable[..., Page]


class QuickStore(Store):
    """The store of tests that begin on the order page: an order is made on demand, without the six pages before it."""

    def __init__(self, page: Page, shop: Shop) -> None:
        super().__init__(page, shop.url)
        self.shop = shop

    def order(self, *slugs: str, name: str = "") -> OrderPage:
        lines = [{"product": slug, "quantity": 1} for slug in slugs or ("test-product",)]
        order = self.shop.order("awaiting_payment", lines=lines)
        self.page.context.add_cookies(order.cookies)
        self.page.goto(order.url)
        return OrderPage(self.page)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """When a test fails, remember to photograph its pages, and show what the servers logged."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    instance: Path | None = getattr(item, "funcargs", {}).get("instance")
    if report.failed and instance:
        report.sections.append(("Log of shop and simulator", (instance / "log").read_text(encoding="utf-8")))
    return report


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Fails where none is found, and never skips."""
    with browsers.launch(playwright) as launched:
        yield launched


@pytest.fixture(scope="session")
def blocking_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser that blocks pop-ups as a person's does."""
    with browsers.launch(playwright, blocks_popups=True) as launched:
        yield launched


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="session")
def shop(instance: Path) -> Iterator[Shop]:
    with running(ROOT, instance) as started:
        yield started


@pytest.fixture
def new_page(playwright: Playwright, browser: Browser, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """Pages of a fresh visitor: ``new_page(phone=True)``.

    Afterwards no script had failed and nothing was blocked, but for what matches ``accepted``.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def make(*, phone: bool = False, of: Browser = browser, accepted: str = "$^", **options: Any) -> Page:
        device = dict(playwright.devices[PHONE]) if phone else {"viewport": {"width": 1280, "height": 900}}
        device.pop("default_browser_type", None)
        context = of.new_context(locale="ko-KR", **(device | options))
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", lambda message: troubles.extend(complaints(message, accepted)))
        context.on("weberror", lambda error: troubles.append(str(error.error)))
        contexts.append(context)
        return context.new_page()

    yield make
    if request.node.stash.get(FAILED, False):
        _photograph(contexts, request.node.name)
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


@pytest.fixture
def desktop(page: Page, shop: Shop) -> QuickStore:
    return QuickStore(page, shop)


@pytest.fixture
def merchant(shop: Shop) -> Iterator[Merchant]:
    """A merchant with a web server of its own, on another host than the simulator."""
    with serving(Merchant(shop.simulator_url)) as merchant:
        yield merchant


@pytest.fixture
def phone(new_page: NewPage, shop: Shop) -> QuickStore:
    return QuickStore(new_page(phone=True), shop)


def complaints(message: ConsoleMessage, accepted: str) -> list[str]:
    """What the browser calls an error, such as a blocked resource; a page that is itself a 404 is none."""
    is_about_page = message.page is not None and message.location["url"] == message.page.url
    says_404 = is_about_page and "404" in message.text
    return [message.text] if message.type == "error" and not says_404 and not re.search(accepted, message.text) else []


def _photograph(contexts: list[BrowserContext], name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages, start=1):
        page.screenshot(path=SHOTS / f"{re.sub('[^a-zA-Z0-9-]+', '_', name)}-{number}.png", full_page=True)
