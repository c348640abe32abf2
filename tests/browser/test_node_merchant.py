"""The merchant in Node in a real browser: its own order page, our script, its own result address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.gateway.merchant import Merchant
from tests.tools.node import NodeMerchant, merchant_in_node
from tests.tools.servers import Program


@pytest.fixture(scope="module")
def shop(program: Program) -> Iterator[NodeMerchant]:
    """The program with keys of its own at the simulator that everybody uses."""
    with requests.Session() as session:
        partner = Merchant(session, origin=program.simulator_url).new_run()
        with merchant_in_node(partner) as shop:
            yield shop


@pytest.mark.parametrize("query", ["window=authkey", "window=clientkey&type=transfer&work=PAY"])
def test_the_layer_brings_the_result_to_its_page(shop: NodeMerchant, new_page: NewPage, query: str) -> None:
    page = new_page(accepted="404")
    page.goto(f"{shop.url}/?{query}")
    page.get_by_role("button").click()

    page.frame_locator("iframe[name=cpay_ifr]").get_by_test_id("window-approve").click()

    page.wait_for_url(f"{shop.url}/order_result")
    expect(page.locator("body")).to_contain_text('"state":"paid"')


def test_a_direct_window_brings_it_too(shop: NodeMerchant, new_page: NewPage) -> None:
    page = new_page(accepted="404")
    page.goto(f"{shop.url}/?direct=Y")
    page.get_by_role("button").click()

    page.get_by_test_id("window-approve").click()

    page.wait_for_url(f"{shop.url}/order_result")
    expect(page.locator("body")).to_contain_text('"state":"paid"')
