"""From the cart to an order: what is typed is checked, and a refusal leads to where it can be put right."""

from unicodedata import normalize

import pytest

from shop.db import db
from shop.rules.money import LARGEST_TOTAL
from shop.services import catalogue
from tests import world as worlds
from tests.page import PAYER, Page, PageClient
from tests.world import World


def lines(page: Page) -> list[str]:
    return page.values("cart-line", "data-product")


def leads_to_cart(page: Page) -> bool:
    """Besides the link in the masthead."""
    return any(tag.get("href") == "/cart" and "button" in tag.get("class", "") for _name, tag in page.tags.all)


def test_cart_adds_changes_and_removes(buyer: PageClient) -> None:
    buyer.add_to_cart(quantity=2)
    page = buyer.add_to_cart(quantity=3)
    assert lines(page) == ["test-product"]
    assert "5,000원" in page.text
    assert "이대로는 주문이 끝나지 않아요" not in page.text

    assert "1,000원" in buyer.submit("/cart/items/test-product", {"quantity": "1"}).text
    assert lines(buyer.submit("/cart/items/test-product", {"quantity": "0"})) == []


def test_a_line_holds_1_to_99_in_plain_digits_of_a_known_product(buyer: PageClient) -> None:
    numbers = ("0", "-1", "+1", "1.5", "1e1", "100", "9" * 20, "１２", "१", "NaN")
    for quantity in (*numbers, "", "1\n", "1\x00", "<b>1</b>"):
        page = buyer.submit("/cart/items", {"product": "test-product", "quantity": quantity}, 422)
        assert "1부터 99까지" in page.text, quantity
    for slug in ("nothing", "../etc/passwd", "TEST-PRODUCT", "", "a" * 5000, "test\x00product", "없음"):
        buyer.submit("/cart/items", {"product": slug, "quantity": "1"}, 404)
    assert lines(buyer.get("/cart")) == []

    buyer.add_to_cart(quantity=99)
    assert "99,000원" in buyer.add_to_cart(quantity=99).text


def test_order_form_marks_what_is_wrong_and_places_nothing(buyer: PageClient) -> None:
    wrong = {
        "payer_name": ["", "   ", "가" * 41, "홍\x00길동", "홍\x1b[31m길동", "\u200b\u3164\u2800"],
        "payer_phone": ["1234", "02-123-4567", "+1 202 555 0123", "010-1234-5678 ext. 3"],
        "payer_email": ["hong", "hong@example", "a" * 120 + "@example.com", "hong@example.com\r\nBcc: all@example.com"],
    }
    buyer.add_to_cart()
    for name, values in wrong.items():
        for value in values:
            page = buyer.submit("/orders", PAYER | {name: value}, 422)
            assert 'data-state="invalid"' in page.text, (name, value)
    for typed, shown in {"123": "123", "1234-5678": "12345678", "+1 212-555-0100": "+12125550100"}.items():
        assert buyer.submit("/orders", PAYER | {"payer_phone": typed}, 422).field("payer_phone") == shown

    assert buyer.get("/orders").values("history-row", "data-order") == []


def test_names_are_kept_as_typed_and_shown_as_text(world: World, buyer: PageClient) -> None:
    for name in ("<script>alert(1)</script>", "김'; DROP TABLE orders;--", "🦊여우", "اسم", "{{ 7*7 }}"):
        order_no = buyer.place_order(payer_name=name)

        assert world.order(order_no).payer_name == name
        assert "<script>alert" not in buyer.get(f"/orders/{order_no}").text
        assert "🦊" not in buyer.start_attempt(order_no)["fields"].get("PCD_PAYER_NAME", "")


def test_pasted_values_are_kept_in_their_normal_form(world: World, buyer: PageClient) -> None:
    pasted = [
        ("payer_phone", "+82 10-1234-5678", "01012345678"),
        ("payer_phone", "+82 (0)10-1234-5678", "01012345678"),
        ("payer_phone", "0082 10 1234 5678", "01012345678"),
        ("payer_phone", "00 82-10-1234-5678", "01012345678"),
        ("payer_phone", "010ㅡ1234・5678", "01012345678"),
        ("payer_phone", "010─1234⁃5678", "01012345678"),
        ("payer_phone", "０１０－１２３４－５６７８", "01012345678"),
        ("payer_phone", "\u202a010\u20111234\u20115678\u202c", "01012345678"),
        ("payer_name", "\ufeff홍\u200b길동", "홍길동"),
        ("payer_name", normalize("NFD", "홍길동"), "홍길동"),
        ("payer_email", "\u200ehong@example.com", "hong@example.com"),
    ]
    for name, typed, kept in pasted:
        order_no = buyer.place_order("test-product", 1, **{name: typed})
        assert getattr(world.order(order_no), name) == kept


def test_the_shop_checks_an_email_address_and_not_the_browser(buyer: PageClient) -> None:
    """A browser checks an input of the type email, and refuses the invisible marks that people paste along."""
    buyer.add_to_cart()

    tag = next(tag for _kind, tag in buyer.get("/checkout").tags.all if tag.get("name") == "payer_email")

    assert (tag["type"], tag["inputmode"], tag["autocomplete"]) == ("text", "email", "email")


def test_prices_in_the_request_are_ignored(world: World, buyer: PageClient) -> None:
    buyer.submit("/cart/items", {"product": "test-product", "quantity": "2", "price": "1", "total": "1"})
    page = buyer.submit("/orders", PAYER | {"amount": "1", "total": "1", "vat": "0"})

    assert world.order(page.path.rsplit("/", 1)[1]).amount == 2000


def test_a_form_that_shows_an_older_cart_is_not_placed(buyer: PageClient) -> None:
    buyer.add_to_cart()
    seen = buyer.get("/checkout").field("cart_id")
    buyer.add_to_cart(quantity=5)

    page = buyer.submit("/orders", PAYER | {"cart_id": seen}, 409)

    assert "장바구니가 바뀌었어요" in page.text
    assert PAYER["payer_email"] in page.text
    assert buyer.submit("/orders", PAYER | {"cart_id": page.field("cart_id")}).path.startswith("/orders/2")


def test_a_form_sent_again_finds_its_order_and_leaves_the_new_cart_alone(buyer: PageClient) -> None:
    buyer.add_to_cart()
    seen = buyer.get("/checkout").field("cart_id")
    first = buyer.submit("/orders", PAYER | {"cart_id": seen}).path
    buyer.add_to_cart(quantity=3)

    assert buyer.submit("/orders", PAYER | {"cart_id": seen}).path == first
    assert "3,000원" in buyer.get("/cart").text


def test_an_empty_cart_makes_no_order(buyer: PageClient) -> None:
    page = buyer.submit("/orders", PAYER, 409)

    assert "장바구니가 비어" in page.text
    assert not leads_to_cart(page)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_is_sold_out_is_named_and_nothing_is_reserved(world: World, buyer: PageClient, language: str) -> None:
    slug = worlds.scarce_product(world, stock=1)
    product = catalogue.get_product(slug)
    buyer.add_to_cart(slug, 2)
    buyer.add_to_cart()

    buyer.get(f"/?lang={language}")
    page = buyer.submit("/orders", PAYER, 409)

    assert (product.name in page.text, product.name_en in page.text) == (language == "ko", language == "en")
    assert leads_to_cart(page)
    assert world.stock(slug) == 1


@pytest.mark.parametrize(("price", "sentence"), [(999, "1,000원부터"), (LARGEST_TOTAL + 1, "금액을 넘었어요")])
def test_a_total_that_cannot_be_paid_leads_back_to_the_cart(buyer: PageClient, price: int, sentence: str) -> None:
    catalogue.get_product("test-product").price = price
    db.session.commit()
    buyer.add_to_cart()

    page = buyer.submit("/orders", PAYER, 409)

    assert sentence in page.text
    assert leads_to_cart(page)


@pytest.mark.parametrize(("left", "note"), [(1, "1개까지 살 수 있어요"), (0, "장바구니에서 삭제해 주세요")])
def test_the_cart_says_early_that_stock_is_short(world: World, buyer: PageClient, left: int, note: str) -> None:
    page = buyer.add_to_cart(worlds.scarce_product(world, stock=left), 2)

    assert note in page.text
    assert "이대로는 주문이 끝나지 않아요" in page.text
    assert page.values("checkout", "aria-describedby") == ["cart-short"]
