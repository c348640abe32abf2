"""A page that refuses a form says so in its title, and gives the focus to what has to be corrected."""

import pytest

from tests.page import Page, PageClient
from tests.world import World

LOOKUP = {"order_no": "20260101-ABCDEFGH", "payer_phone": "01012345678"}


def focused(page: Page) -> list[str]:
    return [tag["data-testid"] for _name, tag in page.tags.all if "autofocus" in tag]


@pytest.mark.parametrize("path", ["/orders", "/orders/lookup"])
def test_mistakes_in_a_form(buyer: PageClient, path: str) -> None:
    buyer.add_to_cart()

    page = buyer.submit(path, {}, 422)

    assert page.tags.title.startswith("입력 확인 · ")
    assert focused(page) == ["form-errors"]


def test_a_form_that_finds_nothing_or_nobody(world: World) -> None:
    stranger = world.browser()

    for page in (stranger.submit("/orders/lookup", LOOKUP, 404), stranger.submit("/admin/login", {"name": "nobody"})):
        assert focused(page) == ["notice"]


def test_a_notice_on_a_page_that_was_only_opened_takes_no_focus(buyer: PageClient) -> None:
    page = buyer.get("/orders/20260101-ABCDEFGH", 404)

    assert (page.has("notice"), focused(page)) == (True, [])
