"""Products, languages, and every page of a purchase."""

import pytest

from tests.page import PageClient
from tests.staff import pay
from tests.world import World


def test_product_list_has_test_product_and_sets_no_cookie(world: World, buyer: PageClient) -> None:
    page = buyer.get("/")

    assert "test-product" in page.values("product-card", "data-product")
    assert "Set-Cookie" not in page.response.headers
    assert "1,000원" in buyer.get("/products/test-product").text
    assert world.stock("test-product") is None


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_of_a_purchase_in_both_languages(world: World, buyer: PageClient, language: str) -> None:
    buyer.get(f"/?lang={language}")
    for path in ("/products/test-product", "/cart", "/orders", "/orders/lookup"):
        buyer.get(path)
    order_no = buyer.place_order()
    for path in (f"/orders/{order_no}", "/orders"):
        buyer.get(path)
    world.deliver(world.payer().close(buyer.start_attempt(order_no)["fields"]))
    buyer.get(f"/orders/{order_no}")
    pay(world, buyer, order_no, method="transfer", cash_receipt="y")

    page = buyer.get(f"/orders/{order_no}")

    assert (page.state, page.language) == ("paid", language)
    assert page.values("receipt", "data-method") == ["transfer"]


def test_language_is_korean_until_somebody_chooses(buyer: PageClient) -> None:
    assert buyer.get("/", headers={"Accept-Language": "en-US"}).language == "ko"
    for path, language in (("/?lang=en", "en"), ("/cart", "en"), ("/cart?lang=xx", "en"), ("/cart?lang=ko", "ko")):
        assert buyer.get(path).language == language
    assert buyer.get("/cart").language == "ko"


def test_language_link_keeps_the_query_and_leads_from_a_refused_form_to_its_page(buyer: PageClient) -> None:
    for path, status in {
        "/orders?before=7": 200,
        "/orders/lookup?order_no=1&order_no=2": 200,
        "/no?a=b%26c": 404,
    }.items():
        assert buyer.get(path, status).link(hreflang="en") == f"{path}&lang=en"

    buyer.add_to_cart()
    assert buyer.submit("/orders", {}, 422).link(hreflang="en") == "/checkout?lang=en"


@pytest.mark.parametrize("shop_values", [{"PAYPLE_EASY_PAY": "naver_pay"}])
def test_the_order_page_offers_what_the_partner_has(buyer: PageClient, order_no: str) -> None:
    tags = buyer.get(f"/orders/{order_no}").tags.all

    offered = [tag["value"] for _name, tag in tags if tag.get("name") == "method"]
    assert offered == ["card", "app_card", "naver_pay", "transfer"]
    assert buyer.start_attempt(order_no, 422, method="kakao_pay")["error"]
    assert buyer.start_attempt(order_no, method="naver_pay")["fields"]
