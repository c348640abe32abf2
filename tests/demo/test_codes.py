"""The page of response codes: every code with its meaning, and a button where the simulator can answer with it."""

from __future__ import annotations

import pytest

from shop.payple.codes import TABLE
from tests.demo.conftest import Demo


def test_every_code_is_on_the_page(demo: Demo) -> None:
    page = demo.browser().get("/demo/codes")

    assert [code for code in TABLE if f">{code}<" not in page.text] == []


def test_a_word_finds_codes(demo: Demo) -> None:
    browser = demo.browser()

    assert browser.get("/demo/codes?q=3112").values("demo-produce", "data-code") == ["3112"]
    assert browser.get("/demo/codes?q=BANK").values("demo-code", "data-fault")
    assert "맞는 코드가 없어요" in browser.get("/demo/codes?q=zzzz").text


@pytest.mark.parametrize(
    ("code", "state"), [("3112", "awaiting_payment"), ("3100", "awaiting_payment"), ("CPAY0018", "checking")]
)
def test_a_button_makes_an_order_whose_page_says_the_code(demo: Demo, code: str, state: str) -> None:
    browser = demo.browser()

    page = browser.submit(f"/demo/codes/{code}", {}, page=browser.get("/demo/codes"))

    assert page.state == state
    assert page.values("notice", "data-code") == [code]


def test_a_code_without_a_scenario_is_a_404(demo: Demo) -> None:
    browser = demo.browser()
    browser.submit("/demo/codes/0000", {}, 404, page=browser.get("/demo/codes"))
