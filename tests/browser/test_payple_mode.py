"""Against Payple itself only settings change: the page loads Payple's script and hands it the right fields.

There is no network here. The browser's requests to Payple are answered by the test; the shop's own calls go to the
simulator, in process, under Payple's address.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, Route
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

from shop.factory import create_app
from shop.simulator import SimulatorSettings, create_simulator
from tests.browser.conftest import NewPage
from tests.kit.pages import Choices, OrderPage, Store
from tests.payer import wsgi_session
from tests.tools.servers import free_ports
from tests.world import shop_settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAYPLE = "https://democpay.payple.kr"
JQUERY = "https://code.jquery.com/jquery-3.7.1.min.js"
SCRIPTS = {"authkey": f"{PAYPLE}/js/cpay.payple.1.0.1.js", "clientkey": f"{PAYPLE}/js/v1/payment.js"}
# In place of Payple's script: it promises what it is going to be handed.
STAND_IN = "window.handed = new Promise((resolve) => { window.PaypleCpayAuthCheck = resolve; });"
TAMPERED = "window.tampered = true;"


@dataclass
class Outside:
    """Everything beyond the shop, as the browser sees it."""

    shop_url: str
    asked: list[str] = field(default_factory=list)

    def surround(self, page: Page) -> None:
        page.route(lambda url: not url.startswith(self.shop_url), self.answer)

    def answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        body = TAMPERED if route.request.url == JQUERY else STAND_IN
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(body=body, content_type="text/javascript", headers=headers)


class ReadWhole:
    """Read each answer before it is sent: the development server leaves a file open when the browser hangs up."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """The answer in one piece."""
        pieces = ClosingIterator(self._app(environ, start_response))
        with closing(pieces):
            return [b"".join(pieces)]


@contextmanager
def shop_in_test_mode(folder: Path, window: str) -> Iterator[str]:
    """The shop with PAYPLE_MODE=test, served from this process; its address."""
    [port] = free_ports(1)
    url = f"http://localhost:{port}"
    settings = shop_settings(
        f"sqlite:///{folder / 'shop.sqlite'}", folder, PAYPLE_MODE="test", SHOP_URL=url, PAYPLE_WINDOW=window
    )
    simulator = create_simulator(SimulatorSettings(folder / "simulator.sqlite", origin=PAYPLE))
    app = create_app(settings, http=wsgi_session(simulator, PAYPLE))
    server = make_server("127.0.0.1", port, ReadWhole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def script() -> str:
    """The generation of the payment window; a test may name both."""
    return "authkey"


@pytest.fixture
def order(script: str, tmp_path: Path, filled_database: Path, new_page: NewPage) -> Iterator[tuple[OrderPage, Outside]]:
    """An order of the test product that waits for its payment, and what lies outside."""
    shutil.copy(filled_database, tmp_path / "shop.sqlite")
    with shop_in_test_mode(tmp_path, script) as url:
        page = new_page(accepted="integrity")
        outside = Outside(url)
        outside.surround(page)
        yield Store(page, url).order(), outside
        page.context.close()  # before its server stops answering


@pytest.mark.parametrize("script", SCRIPTS)
def test_payples_script_is_loaded_after_jquery_and_handed_the_right_fields(
    order: tuple[OrderPage, Outside], script: str
) -> None:
    """Nothing else comes from outside, and a jQuery that is not the known one is not run."""
    page, outside = order
    assert outside.asked == [JQUERY, SCRIPTS[script]]
    assert page.page.evaluate("window.tampered") is None
    page.choose(Choices())

    fields = handed_on_pressing_pay(page)

    keys = {"PCD_AUTH_KEY", "PCD_PAY_URL"} if script == "authkey" else {"clientKey"}
    assert all(fields.pop(key) for key in keys - {"PCD_PAY_URL"})
    assert fields.pop("PCD_PAY_URL", PAYPLE).startswith(PAYPLE)
    assert fields.pop("PCD_PAY_OID")
    assert fields == {
        "PCD_PAY_TYPE": "card",
        "PCD_PAY_WORK": "CERT",
        "PCD_CARD_VER": "01",
        "PCD_PAY_GOODS": "테스트 상품",
        "PCD_PAY_TOTAL": "1000",
        "PCD_PAY_ISTAX": "Y",
        "PCD_RST_URL": "/payments/result",
        "PCD_PAYER_NAME": "김나직",
        "PCD_PAYER_HP": "01012345678",
        "PCD_PAYER_EMAIL": "payer@example.com",
    }


def test_direct_mode_hands_over_an_absolute_address(order: tuple[OrderPage, Outside]) -> None:
    page, outside = order
    page.choose(Choices(method="transfer", window="direct", work="PAY"))

    fields = handed_on_pressing_pay(page)

    assert (fields["PCD_PAY_TYPE"], fields["PCD_PAY_WORK"]) == ("transfer", "PAY")
    assert fields["PCD_RST_URL"] == f"{outside.shop_url}/payments/result"


def test_a_callback_is_handed_over_as_a_function(order: tuple[OrderPage, Outside]) -> None:
    page, _ = order
    page.choose(Choices(delivery="callback"))

    page.press_pay()

    assert page.page.evaluate("window.handed.then((fields) => typeof fields.callbackFunction)") == "function"


def handed_on_pressing_pay(page: OrderPage) -> dict[str, Any]:
    page.press_pay()
    fields: dict[str, Any] = page.page.evaluate("window.handed")
    return fields
