"""Every page says who sells and where the buyer's rights stand, and nothing is ordered without consent."""

import re

import pytest

from shop.rules.states import OrderState
from tests.live import LIVE
from tests.page import CONSENTS, PAYER, Page
from tests.world import World

POLICIES = ("/terms", "/privacy", "/refunds")
MERCHANT = {name: value for name, value in LIVE.items() if name.startswith("SHOP_") and name != "SHOP_URL"}


def contact(page: Page) -> str:
    found = re.search(r'<address[^>]*id="contact".*?</address>', page.text, re.DOTALL)
    assert found, page.path
    return re.sub(r"<[^>]*>|\s+", " ", found[0])


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_has_a_contact_that_is_marked_as_an_example(world: World, language: str) -> None:
    buyer = world.browser()
    buyer.get(f"/?lang={language}")
    order_no = buyer.place_order()

    for path in ("/", "/cart", "/orders", f"/orders/{order_no}", "/orders/lookup", *POLICIES):
        text = contact(buyer.get(path))
        assert ("예시" if language == "ko" else "Example") in text, path
        assert "000-00-00000" in text, path
    assert "000-00-00000" in contact(buyer.get("/nothing", 404))


@pytest.mark.parametrize("shop_values", [MERCHANT])
def test_a_shop_of_ones_own_shows_its_own_details(world: World) -> None:
    text = contact(world.browser().get("/"))

    assert [value for value in MERCHANT.values() if value not in text] == []
    assert "예시" not in text


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_policies_are_a_link_away_from_every_page(world: World, language: str) -> None:
    page = world.browser().get(f"/?lang={language}")
    links = [tag.get("href") for name, tag in page.tags.all if name == "a"]

    assert [path for path in POLICIES if path not in links] == []
    for path in POLICIES:
        policy = world.browser().get(f"{path}?lang={language}")
        text = re.sub(r'<a[^>]*lang="ko">[^<]*</a>', "", policy.text)
        assert bool(re.search("[가-힣]", text)) is (language == "ko"), path


def test_nothing_is_ordered_without_each_consent(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()
    form = buyer.get("/checkout")
    boxes = {tag["name"]: "required" in tag for kind, tag in form.tags.all if tag.get("type") == "checkbox"}
    assert boxes == dict.fromkeys(CONSENTS, True)

    for name in CONSENTS:
        refused = buyer.submit("/orders", {key: value for key, value in PAYER.items() if key != name}, 422)
        checked = {tag["name"] for _kind, tag in refused.tags.all if tag.get("type") == "checkbox" and "checked" in tag}
        assert checked == set(CONSENTS) - {name}
        assert f'href="#{name}"' in refused.text
    order_no = buyer.submit("/orders", PAYER).path.rpartition("/")[2]
    assert world.order(order_no).state is OrderState.AWAITING_PAYMENT
