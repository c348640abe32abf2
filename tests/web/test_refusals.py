"""A refusal is no dead end: it names what is wrong, and leads to where it can be put right."""

import pytest

from shop.db import db
from shop.rules.money import LARGEST_TOTAL
from shop.services import catalogue
from tests import world as worlds
from tests.page import PAYER, Page, PageClient
from tests.world import World


def leads_to_cart(page: Page) -> bool:
    """Besides the link in the masthead."""
    return any(
        tag.get("href") == "/cart" and "button" in tag.get("class", "") for name, tag in page.tags.all if name == "a"
    )


def short_cart(world: World, *, left: int) -> tuple[PageClient, str, Page]:
    """Somebody has put two of a product into the cart, of which fewer are left by now."""
    slug = worlds.scarce_product(world, stock=left)
    buyer = world.browser()
    return buyer, slug, buyer.add_to_cart(slug, 2)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_is_sold_out_is_named(world: World, language: str) -> None:
    buyer, slug, _cart = short_cart(world, left=1)
    product = catalogue.get_product(slug)

    buyer.get(f"/?lang={language}")
    page = buyer.submit("/orders", PAYER, status=409)

    assert (product.name in page.text, product.name_en in page.text) == (language == "ko", language == "en")
    assert leads_to_cart(page)


@pytest.mark.parametrize(("price", "said"), [(999, "1,000원부터"), (LARGEST_TOTAL + 1, "금액을 넘었어요")])
def test_a_cart_that_costs_too_little_or_too_much_leads_back_to_it(world: World, price: int, said: str) -> None:
    catalogue.get_product("test-product").price = price
    db.session.commit()
    buyer = world.browser()
    buyer.add_to_cart()

    page = buyer.submit("/orders", PAYER, status=409)

    assert said in page.text
    assert leads_to_cart(page)


def test_an_empty_cart_does_not_lead_to_itself(world: World) -> None:
    assert not leads_to_cart(world.browser().submit("/orders", PAYER, status=409))


@pytest.mark.parametrize(("left", "note"), [(1, "1개까지 살 수 있어요"), (0, "장바구니에서 삭제해 주세요")])
def test_the_cart_says_early_that_it_cannot_be_ordered_as_it_is(world: World, left: int, note: str) -> None:
    _buyer, _slug, page = short_cart(world, left=left)

    assert note in page.text
    assert "이대로는 주문이 끝나지 않아요" in page.text
    assert page.values("checkout", "aria-describedby") == ["cart-short"]


def test_a_cart_that_can_be_ordered_says_nothing_of_the_kind(world: World) -> None:
    page = world.browser().add_to_cart()

    assert "이대로는 주문이 끝나지 않아요" not in page.text
    assert page.values("checkout", "aria-describedby") == [""]
