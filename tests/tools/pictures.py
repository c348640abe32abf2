"""The pictures of the READMEs, taken from the running program: `make pictures`."""

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.kit import Order, OrderPage, Shop, Store, running
from tests.tools import browser as browsers
from tests.tools.sources import ROOT

FOLDER = ROOT / "static" / "img" / "readme"
GOODS = ("moon-well", "brass-bookmark")
LINES = [{"product": slug, "quantity": 1} for slug in GOODS]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 1180}, "color_scheme": "dark", "has_touch": True}
QUALITY = 0.8

# The browser encodes WebP itself.
_WEBP = """
async ([png, quality]) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${png}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas.toDataURL("image/webp", quality).split(",")[1];
}
"""


class Photographer:
    def __init__(self, browser: Browser, shop: Shop) -> None:
        self.browser = browser
        self.shop = shop

    def page(self, device: dict[str, Any], order: Order | None = None) -> Page:
        """A page of a new visitor, or of the one who owns the order, with the order open."""
        context = self.browser.new_context(locale="ko-KR", **device)
        page = context.new_page()
        if order:
            context.add_cookies(order.cookies)
            page.goto(order.url)
        return page

    def take(self, name: str, page: Page) -> None:
        png = base64.b64encode(page.screenshot()).decode()
        blank = self.browser.new_page()
        webp = blank.evaluate(_WEBP, [png, QUALITY])
        (FOLDER / f"{name}.webp").write_bytes(base64.b64decode(webp))
        blank.close()
        page.context.close()


def take_order(camera: Photographer) -> None:
    page = camera.page(DESKTOP)
    Store(page, camera.shop.url).order(*GOODS)
    camera.take("order", page)


def take_window(camera: Photographer) -> None:
    order = Store(camera.page(DESKTOP), camera.shop.url).order(*GOODS)
    window, _attempt_no = order.open_window("layer")
    expect(window.amount).to_be_visible()
    camera.take("window", order.page)


def take_receipt(camera: Photographer) -> None:
    order = camera.shop.order("paid", method="transfer", cash_receipt=True, lines=LINES)
    camera.take("receipt-phone", camera.page(PHONE, order))


def take_conversation(camera: Photographer) -> None:
    page = camera.page(DESKTOP)
    page.goto(f"{camera.shop.url}/demo/")
    page.locator("[data-card=lost-answer]").click()
    order = OrderPage(page)
    order.open_window("layer")[0].approve()
    order.insist_on_state("paid")
    page.get_by_test_id("conversation").click()
    page.locator("[data-event=confirm][data-kind=lost]").evaluate("item => item.scrollIntoView({block: 'center'})")
    camera.take("conversation", page)


def take_console(camera: Photographer) -> None:
    page = camera.page(DESKTOP)
    page.goto(f"{camera.shop.simulator_url}/_sim?lang=ko")
    camera.take("console", page)


PICTURES: tuple[Callable[[Photographer], None], ...] = (
    take_order,
    take_window,
    take_receipt,
    take_conversation,
    take_console,
)


def main() -> None:
    """Start a shop of our own and take every picture."""
    FOLDER.mkdir(exist_ok=True)
    expect.set_options(timeout=30_000)
    with (
        tempfile.TemporaryDirectory() as instance,
        running(ROOT, Path(instance)) as shop,
        sync_playwright() as playwright,
        browsers.launch(playwright) as browser,
    ):
        camera = Photographer(browser, shop)
        for take in PICTURES:
            take(camera)


if __name__ == "__main__":
    main()
