"""Bad input gets a clear error, changes nothing, and never a 500."""

import json
import traceback

import pytest
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.payple import Credentials
from tests.page import PAYER, Page, PageClient
from tests.world import World

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["/payments/result", "/orders", "/cart/items", "/orders/lookup"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"\xff\xfe\x00=\x00", FORM),
        ("PCD_PAY_MSG=결제".encode("euc-kr"), FORM),
        (b"PCD_PAY_OID=%ED%A0%80&PCD_PAY_RST=%00", FORM),
        (b'{"PCD_PAY_OID": [1]}', "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"a" * 100_000, "text/plain"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\n" * 10, "multipart/form-data"),
        (b"<a/>", "text/xml"),
        (b"a=1", FORM + "; charset=utf-16"),
    ],
)
def test_bodies_of_every_kind_are_answered_below_500(world: World, path: str, body: bytes, content_type: str) -> None:
    response = world.browser().post(path, body, content_type=content_type)

    assert response.status_code < 500, response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize("path", ["/payments/result", "/orders", "/cart/items"])
def test_a_body_of_twenty_megabytes_is_refused(world: World, path: str) -> None:
    response = world.browser().post(path, b"PCD_PAY_OID=" + b"a" * 20_000_000, content_type=FORM)

    assert response.status_code == 413


def test_too_many_fields_are_refused(world: World) -> None:
    body = "&".join(f"f{number}=1" for number in range(5000))

    assert world.browser().post("/payments/result", body, content_type=FORM).status_code in (400, 413)


@pytest.mark.parametrize("path", ["/payments/result", "/orders", "/cart/items", "/orders/lookup"])
def test_a_field_that_comes_twice_is_refused(world: World, path: str) -> None:
    response = world.browser().post(path, [("PCD_PAY_OID", "a"), ("PCD_PAY_OID", "b")])

    assert response.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/cart", "/orders", "/payments/result", "/checkout"])
def test_other_methods_are_refused(world: World, method: str, path: str) -> None:
    assert world.browser().open(path, method=method).status_code == 405


def test_a_result_by_get_leads_back_and_changes_nothing(world: World) -> None:
    response = world.browser().open("/payments/result?PCD_PAY_RST=success&PCD_PAY_OID=x")

    assert (response.status_code, response.headers["Location"]) == (303, "/orders")
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("path", "back"), [("/cart/items", "/products/test-product"), ("/cart/items/test-product", "/cart")]
)
def test_a_post_without_our_token_changes_nothing_and_leads_back_to_its_form(
    world: World, path: str, back: str
) -> None:
    response = world.browser().post(path, {"product": "test-product", "quantity": "1"})
    page = Page.checked(response, 400)

    assert "페이지가 오래되었어요" in page.text
    assert page.values("way-back", "href") == [back]
    world.browser().get(back)


def test_an_order_form_without_our_token_is_shown_again_with_what_was_typed(world: World) -> None:
    buyer = world.browser()
    buyer.add_to_cart()

    page = Page.checked(buyer.post("/orders", PAYER), 400)

    assert "오래되어서" in page.text
    assert PAYER["payer_name"] in page.text
    assert buyer.submit("/orders", PAYER, page=page).path.startswith("/orders/2")


def test_an_order_form_whose_cookies_are_gone_leads_back_to_the_order_form(world: World) -> None:
    page = Page.checked(world.browser().post("/orders", PAYER), 400)

    assert page.values("way-back", "href") == ["/checkout"]


def test_a_lookup_without_our_token_is_shown_again_with_what_was_typed(world: World) -> None:
    typed = {"order_no": "20261123-AAAAAAAA", "payer_phone": "01012345678"}

    page = Page.checked(world.browser().post("/orders/lookup", typed), 400)

    assert all(value in page.text for value in typed.values())


def start(buyer: PageClient, order_no: str, body: object, content_type: str = "application/json") -> int:
    data = body if isinstance(body, bytes) else json.dumps(body)
    headers = {"X-CSRFToken": buyer.csrf_token()}
    response = buyer.post(f"/orders/{order_no}/attempts", data, content_type=content_type, headers=headers)
    assert response.is_json, response.text
    return response.status_code


CHOICES = {"method": "card", "window": "popup", "work": "CERT", "delivery": "redirect"}


@pytest.mark.parametrize(
    "body",
    [
        CHOICES | {"method": "bitcoin"},
        CHOICES | {"method": ""},
        CHOICES | {"method": ["card"]},
        CHOICES | {"method": {"a": 1}},
        CHOICES | {"method": None},
        CHOICES | {"work": "AUTH"},
        CHOICES | {"window": "iframe"},
        CHOICES | {"window": "direct", "delivery": "callback"},
        CHOICES | {"method": "\ud800"},
    ],
)
def test_choices_that_do_not_exist_start_nothing(world: World, body: object) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    assert start(buyer, order_no, body) == 422
    assert world.order(order_no).attempts == []


@pytest.mark.parametrize("body", [[], "card", None, 1, b"{", b"\xff", b""])
def test_json_that_is_no_object_starts_nothing(world: World, body: object) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    assert start(buyer, order_no, body) == 400
    assert world.order(order_no).attempts == []


def test_choices_that_are_left_out_have_the_defaults_of_the_page(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    assert start(buyer, order_no, {"method": "transfer"}) == 200

    (attempt,) = world.order(order_no).attempts
    assert (attempt.method, attempt.work, attempt.window, attempt.cash_receipt_asked) == (
        "transfer",
        "CERT",
        "popup",
        False,
    )


def test_choices_come_as_json_too(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    assert start(buyer, order_no, CHOICES | {"method": "transfer", "cash_receipt": True, "amount": 1}) == 200

    (attempt,) = world.order(order_no).attempts
    assert (attempt.cash_receipt_asked, attempt.amount) == (True, 1000)


def test_an_attempt_without_our_token_is_refused_as_json(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    response = buyer.post(f"/orders/{order_no}/attempts", CHOICES)

    assert (response.status_code, response.get_json()["error"]["code"]) == (400, "stale_page")
    assert world.order(order_no).attempts == []


def test_nobody_starts_attempts_for_ever(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    for _attempt in range(20):
        buyer.start_attempt(order_no)

    assert buyer.start_attempt(order_no, status=409)["error"]["code"] == "too_many"


def test_no_page_and_no_row_holds_a_key(world: World) -> None:
    """Everything a purchase leaves behind: pages, answers, the journal and every column of every table but one."""
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no)
    claim = world.payer().pay(opening["fields"])
    world.deliver(claim)
    page = buyer.get(f"/orders/{order_no}").text + buyer.get("/orders").text
    billing_key = dict(claim)["PCD_PAYER_ID"]

    rows = world.dump(without={("attempts", "payer_id")})

    keys = Credentials.public_test()
    for secret in (
        keys.cust_key,
        keys.refund_key,
        billing_key,
        dict(claim)["PCD_AUTH_KEY"],
        opening["fields"]["PCD_AUTH_KEY"],
    ):
        assert secret not in page
        assert secret not in rows
    journal = world.dump(only={"journal"})
    for person in ("홍길동", "01012345678", "hong@example.com"):
        assert person not in journal


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "before", ["9999999999", "000000000019999999999999999999", "9" * 40, "-1", "0", "1e3", "１", "x", ""]
)
def test_a_row_number_that_no_row_can_have_is_as_good_as_none(world: World, before: str) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    page = buyer.get(f"/orders?before={before}")

    assert page.values("history-row", "data-order") == [order_no]


def test_json_that_is_nested_without_end_is_refused(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    assert start(buyer, order_no, b"[" * 30_000) == 400


@pytest.mark.both_engines
def test_an_error_of_the_database_names_nobody(world: World) -> None:
    order_no = world.browser().place_order()
    order = world.order(order_no)
    order.amount = -1  # PostgreSQL would quote the whole row

    with pytest.raises(IntegrityError) as caught:
        db.session.flush()
    db.session.rollback()

    assert "order_amount_adds_up" in str(caught.value)
    assert "[SQL parameters hidden" in str(caught.value)
    logged = "".join(traceback.format_exception(caught.value))
    assert [person for person in ("홍길동", "01012345678", "hong@example.com") if person in logged] == []


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/admin/login", {"name": "a\0b", "password": "x"}, 403),
        ("/orders/lookup", {"order_no": "A\0B", "payer_phone": "01012345678"}, 404),
    ],
)
def test_text_with_a_nul_fits_nothing_on_both_engines(
    world: World, path: str, fields: dict[str, str], status: int
) -> None:
    world.browser().submit(path, fields, status)


@pytest.mark.both_engines
@pytest.mark.parametrize("path", ["/orders/%00", "/products/%00"])
def test_an_address_with_a_nul_leads_nowhere_on_both_engines(world: World, path: str) -> None:
    assert world.browser().open(path).status_code == 404
