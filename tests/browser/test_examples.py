"""The example shops of the client, each in a project of its own, bought from with a browser."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from playwright.sync_api import Page, expect
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tests.browser.conftest import NewPage
from tests.kit import Shop
from tests.payer import Payer
from tests.tools.servers import free_ports
from tests.tools.sources import ROOT

PASSWORD = "secret"
STAFF = ("staff", PASSWORD)
GUNICORN = ("gunicorn", "--threads", "4", "--bind")
SERVERS = {
    "flask": (*GUNICORN, "127.0.0.1:{port}", "payple.examples.flask_app:app"),
    "django": (*GUNICORN, "127.0.0.1:{port}", "payple.examples.django_app:application"),
    "fastapi": ("uvicorn", "--port", "{port}", "payple.examples.fastapi_app:app"),
}


@dataclass
class Example:
    """One example shop that runs."""

    site: str
    shop: Shop

    def open(self, page: Page, *, direct: bool = False) -> None:
        """Order, and press the button that opens the payment window."""
        page.goto(self.site)
        if direct:
            page.get_by_label("페이지 전환").check()
        page.get_by_test_id("order").click()
        page.get_by_test_id("pay").click()


@pytest.fixture(scope="module", params=SERVERS)
def example(request: pytest.FixtureRequest, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copytree(ROOT / "shop" / "payple", folder / "payple", ignore=shutil.ignore_patterns("__pycache__"))
    (port,) = free_ports(1)
    site = f"http://localhost:{port}"
    settings = {"SITE": site, "GATEWAY": shop.simulator_url, "STAFF_PASSWORD": PASSWORD, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", *(word.format(port=port) for word in SERVERS[request.param])]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=os.environ | settings, stdout=log, stderr=log)
    try:
        wait_for(site)
        yield Example(site, shop)
    finally:
        server.terminate()
        server.wait(15)


def wait_for(site: str) -> None:
    """Return once the server takes connections."""
    with requests.Session() as session:
        session.mount(site, HTTPAdapter(max_retries=Retry(connect=100, backoff_factor=0.1, backoff_max=1)))
        session.get(site, timeout=10).raise_for_status()


def lose_answer(example: Example, call: str) -> None:
    """Break the connection after the next call of this kind has had its effect."""
    fault = {"op": call, "kind": "lost_answer", "phase": "after", "times": 1}
    requests.post(f"{example.shop.simulator_url}/_sim/faults", json=fault, timeout=10).raise_for_status()


def approve(page: Page) -> None:
    """Pay in the layer that lies over the page on a desktop."""
    page.frame_locator("iframe[name=cpay_ifr]").get_by_test_id("window-approve").click()


def test_a_buyer_pays_in_a_window_that_replaces_the_page(example: Example, new_page: NewPage) -> None:
    page = new_page()
    example.open(page, direct=True)
    page.get_by_test_id("window-approve").click()

    expect(page.get_by_test_id("ending")).to_have_attribute("data-ending", "paid")


def test_a_buyer_pays_on_a_phone(example: Example, new_page: NewPage) -> None:
    page = new_page(phone=True)
    with page.context.expect_page() as opened:
        example.open(page)
    opened.value.get_by_test_id("window-approve").click()

    expect(page.get_by_test_id("ending")).to_have_attribute("data-ending", "paid")


def test_a_buyer_who_closes_the_window_pays_again(example: Example, new_page: NewPage) -> None:
    page = new_page()
    example.open(page)
    page.frame_locator("iframe[name=cpay_ifr]").get_by_test_id("window-close").click()
    expect(page.get_by_test_id("ending")).to_have_attribute("data-ending", "try_again")

    page.get_by_test_id("order").click()
    page.get_by_test_id("pay").click()
    approve(page)

    expect(page.get_by_test_id("ending")).to_have_attribute("data-ending", "paid")


def test_staff_refund_a_part(example: Example, new_page: NewPage) -> None:
    page = new_page()
    example.open(page)
    approve(page)
    expect(page.get_by_test_id("ending")).to_have_attribute("data-ending", "paid")
    order_no = page.url.rpartition("/")[2]
    staff = new_page(http_credentials={"username": "staff", "password": PASSWORD}, accepted="401")

    staff.goto(f"{example.site}/staff/orders/{order_no}")
    staff.get_by_label("환불 금액").fill("300")
    staff.get_by_test_id("refund-submit").click()

    expect(staff.get_by_test_id("refund")).to_have_attribute("data-state", "done")
    page.reload()
    expect(page.get_by_text("환불 300원")).to_be_visible()
    staff.get_by_test_id("refund-submit").click()
    page.reload()
    expect(page.get_by_test_id("ending")).to_have_attribute("data-ending", "refunded")


@pytest.mark.parametrize("example", ["flask"], indirect=True)  # the shop is the same for all three
def test_staff_see_that_a_lost_refund_needs_a_decision(example: Example, new_page: NewPage) -> None:
    page = new_page()
    example.open(page)
    approve(page)
    expect(page.get_by_test_id("ending")).to_have_attribute("data-ending", "paid")
    lose_answer(example, "cancel")
    staff = new_page(http_credentials={"username": "staff", "password": PASSWORD}, accepted="401")

    staff.goto(f"{example.site}/staff/orders/{page.url.rpartition('/')[2]}")
    staff.get_by_label("환불 금액").fill("300")
    staff.get_by_test_id("refund-submit").click()
    expect(staff.get_by_test_id("refund")).to_have_attribute("data-state", "unknown")
    staff.goto(f"{example.site}/staff")
    staff.get_by_role("link", name=page.url.rpartition("/")[2]).click()
    staff.get_by_role("button", name="환불됨").click()

    expect(staff.get_by_role("alert")).to_contain_text("10분이 지난 뒤")


def test_a_webhook_settles_a_payment_whose_confirm_was_lost(example: Example) -> None:
    shown = requests.post(f"{example.site}/orders", timeout=10).text
    found = re.search(r'data-fields="([^"]+)"', shown)
    assert found
    fields = json.loads(html.unescape(found[1]))
    payer = Payer(requests.Session(), f"{example.site}/orders", example.shop.simulator_url)
    paid = payer.pay(fields)
    lose_answer(example, "confirm")
    order = requests.post(f"{example.site}/result", data=paid, timeout=10)
    assert 'data-ending="unknown"' in order.text

    answer = requests.post(f"{example.site}/webhook", json={"PCD_PAY_OID": fields["PCD_PAY_OID"]}, timeout=10)

    assert answer.status_code == 200
    assert 'data-ending="paid"' in requests.get(order.url, timeout=10).text
    assert requests.post(f"{example.site}/webhook", data=b"{", timeout=10).status_code == 400


def test_a_buyer_reads_that_nothing_was_charged_if_no_window_opens(example: Example) -> None:
    lose_answer(example, "auth")

    answer = requests.post(f"{example.site}/orders", timeout=10)

    assert (answer.status_code, "결제를 시작하지 못했어요" in answer.text) == (503, True)


def test_nobody_else_refunds(example: Example) -> None:
    address = f"{example.site}/staff/orders/ANY"

    foreign = {"Origin": "http://evil.example"}

    assert requests.get(address, timeout=10).status_code == 401
    assert requests.post(address, auth=STAFF, headers=foreign, timeout=10).status_code == 403
    assert requests.get(address, auth=STAFF, timeout=10).status_code == 404


def test_a_malformed_result_is_refused(example: Example) -> None:
    twice = [("PCD_PAY_OID", "A"), ("PCD_PAY_OID", "B")]

    assert requests.post(f"{example.site}/result", data=twice, timeout=10).status_code == 400
