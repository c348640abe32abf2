"""The list and the product page are rendered once a second for everybody: what may be seen of it."""

import pytest
from sqlalchemy import select

from shop.db import db
from shop.models import Product
from shop.views.catalogue import CSRF_PLACE
from tests.world import World

SLUG = "pencil-set"


def change(**values: int) -> None:
    product = db.session.scalars(select(Product).where(Product.slug == SLUG)).one()
    for name, value in values.items():
        setattr(product, name, value)
    db.session.commit()


def test_a_changed_price_and_stock_are_on_the_list_a_second_later(world: World) -> None:
    browser = world.browser()
    sold_out = browser.get("/").text.count('data-state="sold_out"')
    change(price=12_345, stock=0)
    world.advance(seconds=1)
    page = browser.get("/").text
    assert "12,345원" in page
    assert page.count('data-state="sold_out"') == sold_out + 1


def test_the_product_page_shows_the_stock_of_this_moment(world: World) -> None:
    browser = world.browser()
    assert 'data-testid="add-to-cart"' in browser.get(f"/products/{SLUG}").text
    for stock, shown in ((3, "3개 남았어요"), (0, 'data-stock="none"'), (3, "3개 남았어요")):
        change(stock=stock)
        assert shown in browser.get(f"/products/{SLUG}").text


@pytest.mark.parametrize("path", ["/", f"/products/{SLUG}"])
def test_no_visitor_sees_the_cart_count_or_the_language_of_another(world: World, path: str) -> None:
    buyer, reader = world.browser(), world.browser()
    buyer.add_to_cart(quantity=7)
    reader.get("/?lang=en")
    pages = [browser.get(path).text for browser in (buyer, reader, world.browser(), buyer)]
    assert [_cart_count(page) for page in pages] == ["7", "0", "0", "7"]
    assert ['lang="en"' in page.split("\n", 2)[1] for page in pages] == [False, True, False, False]


def test_every_visitor_gets_a_token_of_their_own(world: World) -> None:
    first, second = world.browser(), world.browser()
    pages = [first.get(f"/products/{SLUG}"), second.get(f"/products/{SLUG}")]
    assert pages[0].csrf_token != pages[1].csrf_token
    assert CSRF_PLACE not in pages[0].text + pages[1].text
    for browser, page in zip((first, second), pages, strict=True):
        browser.submit("/cart/items", {"product": SLUG, "quantity": "1"}, page=page)
    world.browser().submit("/cart/items", {"product": SLUG, "quantity": "1"}, 400, page=pages[0])


def _cart_count(page: str) -> str:
    return page.split('data-testid="cart-count"', 1)[1].split("<", 1)[0].split(">", 1)[1]
