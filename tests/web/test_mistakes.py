"""A page that refuses a form says so in its title, and gives the focus to what has to be corrected."""

from tests.page import Page, PageClient
from tests.world import World

LOOKUP = {"order_no": "20260101-ABCDEFGH", "payer_phone": "01012345678"}


def focused(page: Page) -> list[str]:
    return [tag["data-testid"] for _name, tag in page.tags.all if "autofocus" in tag]


def test_the_focus_and_the_title_tell_of_mistakes_in_a_form(world: World, buyer: PageClient) -> None:
    buyer.add_to_cart()
    for path in ("/orders", "/orders/lookup"):
        page = buyer.submit(path, {}, 422)
        assert page.tags.title.startswith("입력 확인 · ")
        assert focused(page) == ["form-errors"]

    for page in (buyer.submit("/orders/lookup", LOOKUP, 404), buyer.submit("/admin/login", {"name": "nobody"})):
        assert focused(page) == ["notice"]


def test_a_notice_on_a_page_that_was_only_opened_takes_no_focus(buyer: PageClient) -> None:
    page = buyer.get("/orders/20260101-ABCDEFGH", 404)

    assert (page.has("notice"), focused(page)) == (True, [])
