"""Every page, through a client that refuses pages without one h1, labels, guarded forms or with anything inline."""

import pytest

from tests import world as worlds
from tests.page import PAYER
from tests.world import SIMULATOR, World

LANGUAGES = ["ko", "en"]


def test_the_list_shows_the_test_product_and_sets_no_cookie(world: World) -> None:
    page = world.browser().get("/")

    assert "test-product" in page.values("product-card", "data-product")
    assert len(page.values("product-card", "data-product")) == 16
    assert "Set-Cookie" not in page.response.headers


def test_the_list_leaves_the_tax_of_a_product_to_its_page(world: World) -> None:
    assert "data-tax" not in world.browser().get("/").text
    assert "data-tax" in world.browser().get("/products/test-product").text


def test_the_test_product_is_taxable_and_has_no_end(world: World) -> None:
    page = world.browser().get("/products/test-product")

    assert "1,000원" in page.text
    assert world.stock("test-product") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_a_purchase_is_well_made_in_both_languages(world: World, language: str) -> None:
    buyer = world.browser()
    buyer.get(f"/?lang={language}")
    for path in ("/products/test-product", "/cart", "/orders", "/orders/lookup"):
        buyer.get(path)
    order_no = buyer.place_order()
    for path in (f"/orders/{order_no}", "/orders"):
        buyer.get(path)
    opening = buyer.start_attempt(order_no)
    world.deliver(world.payer().close(opening["fields"]))
    buyer.get(f"/orders/{order_no}")
    opening = buyer.start_attempt(order_no, method="transfer", cash_receipt="y")
    world.deliver(world.payer().pay(opening["fields"]))

    page = buyer.get(f"/orders/{order_no}")

    assert page.state == "paid"
    assert page.values("receipt", "data-method") == ["transfer"]
    assert page.language == language


def test_the_language_is_korean_whatever_the_browser_prefers_until_somebody_chooses(world: World) -> None:
    buyer = world.browser()

    assert buyer.get("/", headers={"Accept-Language": "en-US"}).language == "ko"
    assert buyer.get("/?lang=en").language == "en"
    assert buyer.get("/cart").language == "en"
    assert buyer.get("/cart?lang=xx").language == "en"
    assert buyer.get("/cart?lang=ko").language == "ko"
    assert buyer.get("/cart").language == "ko"


@pytest.mark.parametrize("path", ["/orders?before=7", "/orders/lookup?order_no=1&order_no=2", "/nowhere?a=b%26c"])
def test_the_language_link_keeps_the_whole_query(world: World, path: str) -> None:
    page = world.browser().get(path, status=404 if "nowhere" in path else 200)

    (link,) = [tag["href"] for name, tag in page.tags.all if name == "a" and tag.get("hreflang") == "en"]

    assert link == f"{path}&lang=en"


def test_the_language_link_of_a_refused_form_leads_to_the_page_of_the_form(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()

    page = buyer.submit("/orders", {}, status=422)

    (link,) = [tag["href"] for name, tag in page.tags.all if name == "a" and tag.get("hreflang") == "en"]
    assert link == "/checkout?lang=en"


def test_the_cart_counts_adds_changes_and_removes(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart(quantity=2)
    page = buyer.add_to_cart(quantity=3)
    assert page.values("cart-line", "data-product") == ["test-product"]
    assert "5,000원" in page.text

    page = buyer.submit("/cart/items/test-product", {"quantity": "1"}, page=page)
    assert "1,000원" in page.text
    page = buyer.submit("/cart/items/test-product", {"quantity": "0"}, page=page)
    assert page.values("cart-line", "data-product") == []


def test_a_line_holds_at_most_ninety_nine(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart(quantity=99)

    assert "99,000원" in buyer.add_to_cart(quantity=99).text


@pytest.mark.parametrize(
    "quantity",
    ["0", "-1", "1.5", "100", "1e1", "１２", "+1", "", " 1", "1\n", "१", "NaN", "9" * 20, "1\x00", "<b>1</b>"],
)
def test_a_quantity_is_one_to_ninety_nine_in_plain_digits(world: World, quantity: str) -> None:
    buyer = world.browser()

    page = buyer.submit("/cart/items", {"product": "test-product", "quantity": quantity}, status=422)

    assert "1부터 99까지" in page.text
    assert buyer.get("/cart").values("cart-line", "data-product") == []


@pytest.mark.parametrize(
    "slug", ["nothing", "../etc/passwd", "TEST-PRODUCT", "", "a" * 5000, "test\x00product", "없음"]
)
def test_an_unknown_product_is_a_neutral_page(world: World, slug: str) -> None:
    buyer = world.browser()

    buyer.submit("/cart/items", {"product": slug, "quantity": "1"}, status=404)

    assert buyer.get("/cart").values("cart-line", "data-product") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payer_name", ""),
        ("payer_name", "   "),
        ("payer_name", "가" * 41),
        ("payer_name", "홍\x00길동"),
        ("payer_name", "홍\x1b[31m길동"),
        ("payer_phone", "1234"),
        ("payer_phone", "02-123-4567"),
        ("payer_phone", "+1 202 555 0123"),
        ("payer_phone", "010-1234-5678 ext. 3"),
        ("payer_name", "\u200b\u3164\u2800"),
        ("payer_phone", "0101234567890123"),
        ("payer_email", "hong"),
        ("payer_email", "hong@example"),
        ("payer_email", "hong@example.com\r\nBcc: all@example.com"),
        ("payer_email", "a" * 120 + "@example.com"),
    ],
)
def test_the_order_form_says_what_is_wrong_and_places_nothing(world: World, name: str, value: str) -> None:
    buyer = world.browser()
    buyer.add_to_cart()

    page = buyer.submit("/orders", PAYER | {name: value}, status=422)

    assert 'data-state="invalid"' in page.text
    assert buyer.get("/orders").values("history-row", "data-order") == []


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "김'; DROP TABLE orders;--", "🦊여우", "اسم", "{{ 7*7 }}"]
)
def test_names_of_every_kind_are_kept_as_they_are_and_shown_as_text(world: World, name: str) -> None:
    buyer = world.browser()

    order_no = buyer.place_order(payer_name=name)

    assert world.order(order_no).payer_name == name
    assert "<script>alert" not in buyer.get(f"/orders/{order_no}").text
    fields = buyer.start_attempt(order_no)["fields"]
    assert "🦊" not in fields.get("PCD_PAYER_NAME", "")


@pytest.mark.parametrize(
    "phone",
    ["+82 10-1234-5678", "+82 (0)10-1234-5678", "０１０－１２３４－５６７８", "\u202a010\u20111234\u20115678\u202c"],
)
def test_a_pasted_phone_number_is_kept_in_its_normal_form(world: World, phone: str) -> None:
    buyer = world.browser()

    order_no = buyer.place_order(payer_phone=phone)

    assert world.order(order_no).payer_phone == "01012345678"
    assert "010-1234-5678" in buyer.get(f"/orders/{order_no}").text


def test_invisible_marks_leave_a_name_and_an_address(world: World) -> None:
    order_no = world.browser().place_order(payer_name="\ufeff홍\u200b길동", payer_email="\u200ehong@example.com")

    assert world.order(order_no).payer_name == "홍길동"
    assert world.order(order_no).payer_email == "hong@example.com"


def test_prices_in_the_request_are_ignored(world: World) -> None:
    buyer = world.browser()
    buyer.submit("/cart/items", {"product": "test-product", "quantity": "2", "price": "1", "total": "1"})
    page = buyer.submit("/orders", PAYER | {"amount": "1", "total": "1", "vat": "0"})

    assert world.order(page.path.rsplit("/", 1)[1]).amount == 2000


def test_an_order_form_sent_twice_gives_the_same_order(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()
    fields = PAYER | {"csrf_token": buyer.csrf_token()}

    locations = {buyer.post("/orders", fields).headers["Location"] for _click in range(3)}

    assert len(locations) == 1


def test_a_form_that_shows_an_older_cart_is_not_placed(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()
    form = buyer.get("/checkout")
    (seen,) = [tag["value"] for name, tag in form.tags.all if tag.get("name") == "cart_id"]
    buyer.add_to_cart(quantity=5)

    page = buyer.submit("/orders", PAYER | {"cart_id": seen}, status=409)

    assert "장바구니가 바뀌었어요" in page.text
    assert PAYER["payer_email"] in page.text
    (now_seen,) = [tag["value"] for name, tag in page.tags.all if tag.get("name") == "cart_id"]
    assert buyer.submit("/orders", PAYER | {"cart_id": now_seen}, page=page).path.startswith("/orders/2")


def test_an_old_form_sent_again_finds_its_order_and_leaves_the_new_cart_alone(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()
    (seen,) = [tag["value"] for _name, tag in buyer.get("/checkout").tags.all if tag.get("name") == "cart_id"]
    first = buyer.submit("/orders", PAYER | {"cart_id": seen}).path
    buyer.add_to_cart(quantity=3)

    assert buyer.submit("/orders", PAYER | {"cart_id": seen}).path == first
    assert "3,000원" in buyer.get("/cart").text


def test_an_empty_cart_makes_no_order(world: World) -> None:
    page = world.browser().submit("/orders", PAYER, status=409)

    assert "장바구니가 비어" in page.text


def test_a_sold_out_product_is_said_and_nothing_is_reserved(world: World) -> None:
    slug = worlds.scarce_product(world, stock=1)
    buyer = world.browser()
    buyer.add_to_cart(slug, 2)
    buyer.add_to_cart("test-product", 1)

    page = buyer.submit("/orders", PAYER, status=409)

    assert "재고" in page.text
    assert world.stock(slug) == 1


@pytest.mark.parametrize(
    ("slugs", "istax", "taxtotal"),
    [
        (["test-product"], "Y", None),
        (["{book}"], "N", None),
        (["test-product", "{book}"], "Y", "91"),
    ],
)
def test_the_window_is_told_the_tax_of_the_cart(
    world: World, slugs: list[str], istax: str, taxtotal: str | None
) -> None:
    buyer = world.browser()
    for slug in slugs:
        buyer.add_to_cart(slug.format(book="alley-timetable"))
    order_no = buyer.submit("/orders", PAYER).path.rsplit("/", 1)[1]

    fields = buyer.start_attempt(order_no)["fields"]

    assert (fields["PCD_PAY_ISTAX"], fields.get("PCD_PAY_TAXTOTAL")) == (istax, taxtotal)


# --- who may see what -----------------------------------------------------------------------------------------------


def test_somebody_elses_order_looks_like_no_order(world: World) -> None:
    order_no = world.browser().place_order()
    stranger = world.browser()

    theirs = stranger.get(f"/orders/{order_no}", status=404)
    none = stranger.get("/orders/20261123-AAAAAAAA", status=404)

    shown = theirs.text.replace(order_no, "20261123-AAAAAAAA").replace(theirs.csrf_token, none.csrf_token)
    assert shown == none.text
    assert "홍길동" not in theirs.text
    assert stranger.get("/orders").values("history-row", "data-order") == []


def test_a_buyer_whose_cookies_are_gone_after_paying_is_asked_for_the_phone_number(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    back = world.deliver(world.payer().pay(buyer.start_attempt(order_no, window="direct")["fields"]))
    forgetful = world.browser()

    page = forgetful.get(back, status=404)

    assert "이미 결제했다면 다시 결제하지 마세요" in page.text
    assert order_no in [tag.get("value") for _name, tag in page.tags.all if tag.get("name") == "order_no"]
    found = forgetful.submit("/orders/lookup", {"order_no": order_no, "payer_phone": "01012345678"}, page=page)
    assert found.state == "paid"


@pytest.mark.parametrize("order_no", ["x", "%00", "20261123-aaaaaaaa", "'; --", "9" * 4000, "２０２６1123-AAAAAAAA"])
def test_malformed_order_numbers_are_neutral_too(world: World, order_no: str) -> None:
    world.browser().get(f"/orders/{order_no}", status=404)


def test_nobody_starts_an_attempt_on_somebody_elses_order(world: World) -> None:
    order_no = world.browser().place_order()

    answer = world.browser().start_attempt(order_no, status=404)

    assert answer["error"]["code"] == "not_found"
    assert world.order(order_no).attempts == []


@pytest.mark.parametrize(
    "pasted", ["{0}", " {1} ", "http://localhost:8000/orders/{0}?lang=en", "주문번호: {2}", "\u200b{0}\u200b"]
)
def test_a_guest_finds_the_order_by_number_and_phone(world: World, pasted: str) -> None:
    order_no = world.browser().place_order()
    guest = world.browser()
    typed = pasted.format(order_no, order_no.lower(), order_no.replace("-", "\u2013"))

    page = guest.submit("/orders/lookup", {"order_no": typed, "payer_phone": "+82 10 1234 5678"})

    assert page.path == f"/orders/{order_no}"
    assert guest.get("/orders").values("history-row", "data-order") == [order_no]


@pytest.mark.parametrize(
    ("phone", "status"), [("01012345679", 404), ("", 422), ("010-1234-567９", 404), ("1\x00", 404)]
)
def test_a_guest_with_the_wrong_phone_learns_nothing(world: World, phone: str, status: int) -> None:
    order_no = world.browser().place_order()
    guest = world.browser()
    wrong = {"order_no": order_no, "payer_phone": phone}

    page = guest.submit("/orders/lookup", wrong, status=status)

    assert "홍길동" not in page.text
    guest.get(f"/orders/{order_no}", status=404)


def test_the_history_pages_through_many_orders(world: World) -> None:
    buyer = world.browser()
    placed = [buyer.place_order() for _order in range(23)]

    first = buyer.get("/orders")
    (older,) = [tag["href"] for name, tag in first.tags.all if name == "a" and tag.get("rel") == "next"]
    second = buyer.get(older)

    shown = first.values("history-row", "data-order") + second.values("history-row", "data-order")
    assert shown == placed[::-1]


# --- headers --------------------------------------------------------------------------------------------------------


def test_only_the_payment_page_admits_anything_foreign(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    for path in ("/", "/products/test-product", "/cart", "/orders", "/orders/lookup"):
        assert SIMULATOR not in buyer.get(path).response.headers["Content-Security-Policy"]
    page = buyer.get(f"/orders/{order_no}")

    headers = page.response.headers
    assert f"frame-src {SIMULATOR}" in headers["Content-Security-Policy"]
    assert f"form-action 'self' {SIMULATOR}" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    scripts = [tag for name, tag in page.tags.all if name == "script"]
    assert all(tag["nonce"] in headers["Content-Security-Policy"] for tag in scripts)


def test_every_page_refuses_to_be_framed_and_to_be_kept(world: World) -> None:
    for path in ("/", "/cart", "/orders/lookup"):
        headers = world.browser().get(path).response.headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_health_answers_when_the_database_does(world: World) -> None:
    assert world.browser().open("/healthz").get_json() == {"status": "ok"}
