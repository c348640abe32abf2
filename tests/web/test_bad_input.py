"""Bad input gets a clear error, changes nothing, and never a 500."""

import json
import traceback

import pytest
from sqlalchemy.exc import IntegrityError

from shop.db import db
from tests.page import PAYER, Page, PageClient
from tests.postbox import ADDRESS as WEBHOOK
from tests.world import World

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
POSTS = ["/payments/result", "/orders", "/cart/items", "/orders/lookup"]
CHOICES: dict[str, object] = {"method": "card", "window": "popup", "work": "CERT", "delivery": "redirect"}
BODIES = [
    (b"", FORM),
    (b"", JSON),
    (b"{", JSON),
    (b"[" * 30_000, JSON),
    (b'{"PCD_PAY_OID": "a", "PCD_PAY_OID": "b"}', JSON),
    (b"PCD_PAY_OID=a&PCD_PAY_OID=b", FORM),
    (b"PCD_PAY_OID=%ED%A0%80&PCD_PAY_RST=%00", FORM),
    (b"\xff\xfe\x00=\x00", FORM),
    ("PCD_PAY_MSG=결제".encode("euc-kr"), FORM),
    (b"PCD_PAY_OID=1", FORM + "; charset=utf-16"),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    (b"--x\r\n" * 10, "multipart/form-data"),
    (b"<a/>", "text/xml"),
    (b"a" * 60_000, "text/plain"),
    ("&".join(f"f{number}=1" for number in range(5000)).encode(), FORM),
]


def test_bodies_of_every_kind_are_answered_below_500(buyer: PageClient) -> None:
    for path in POSTS:
        for body, content_type in BODIES:
            response = buyer.post(path, body, content_type=content_type)
            assert response.status_code < 500, (path, body[:50], response.text)


def test_a_webhook_that_cannot_be_read_is_acknowledged_and_not_kept(world: World, buyer: PageClient) -> None:
    before = world.dump()

    for body, content_type in BODIES:
        response = buyer.post(WEBHOOK, body, content_type=content_type)
        assert (response.status_code, response.get_json()) == (200, {"result": "success"}), body[:50]
        assert "Set-Cookie" not in response.headers

    assert buyer.open(WEBHOOK, method="POST").status_code == 200
    assert world.dump() == before


def test_a_body_that_is_too_large_and_a_field_that_comes_twice_are_refused(buyer: PageClient) -> None:
    for path in (*POSTS[:3], WEBHOOK):
        for size in (70_000, 20_000_000):
            assert buyer.post(path, b"PCD_PAY_OID=" + b"a" * size, content_type=FORM).status_code == 413, path
    for path in POSTS:
        twice = [("csrf_token", buyer.csrf_token()), ("PCD_PAY_OID", "a"), ("PCD_PAY_OID", "b")]
        assert buyer.post(path, twice).status_code == 400, path


def test_other_methods_are_refused_and_a_result_by_get_changes_nothing(buyer: PageClient) -> None:
    for path in ("/", "/cart", "/orders", "/payments/result", "/checkout", WEBHOOK):
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
            assert buyer.open(path, method=method).status_code == 405, (path, method)
    assert buyer.open(WEBHOOK).status_code == 405
    response = buyer.open("/payments/result?PCD_PAY_RST=success&PCD_PAY_OID=x")
    assert (response.status_code, response.headers["Location"]) == (303, "/orders")
    assert "Set-Cookie" not in response.headers


# --- forms without our token ----------------------------------------------------------------------------------------


def test_a_form_without_our_token_changes_nothing_and_leads_back(buyer: PageClient, officer: PageClient) -> None:
    leads = {
        "/cart/items": "/products/test-product",
        "/cart/items/test-product": "/cart",
        "/orders": "/checkout",
        "/saved-methods/1/deletion": "/orders",
        "/subscriptions/x/stop": "/subscriptions/x",
        "/admin/subscriptions/x/stop": "/admin/subscriptions/x",
        "/admin/desk/run": "/admin/desk",
        "/demo/states": "/demo/states",
        "/demo/codes/PCHK000": "/demo/codes",
        "/demo/clock/day": "/demo/",
    }
    for path, back in leads.items():
        browser = officer if path.startswith("/admin") else buyer
        page = Page.checked(browser.post(path, {"product": "test-product", "quantity": "1"}), 400)
        assert ("페이지가 오래되었어요" in page.text, page.values("way-back", "href")) == (True, [back])


def test_the_address_of_a_form_leads_to_its_page_when_it_is_opened(buyer: PageClient, officer: PageClient) -> None:
    leads = {"/cart/items": "/cart", "/orders/x/cancellation": "/orders/x", "/admin/desk/run": "/admin/desk"}
    for path, back in leads.items():
        browser = officer if path.startswith("/admin") else buyer
        assert browser.get(path, 405).values("way-back", "href") == [back]


def test_an_order_form_without_our_token_is_shown_again_with_what_was_typed(buyer: PageClient) -> None:
    buyer.add_to_cart()

    page = Page.checked(buyer.post("/orders", PAYER), 400)

    assert "오래되어서" in page.text
    assert PAYER["payer_name"] in page.text
    assert buyer.submit("/orders", PAYER, page=page).path.startswith("/orders/2")


def test_a_lookup_without_our_token_is_shown_again_with_what_was_typed(buyer: PageClient) -> None:
    typed = {"order_no": "20261123-AAAAAAAA", "payer_phone": "01012345678"}

    page = Page.checked(buyer.post("/orders/lookup", typed), 400)

    assert {name: page.field(name) for name in typed} == typed


def focused(page: Page) -> list[str]:
    return [tag["data-testid"] for _name, tag in page.tags.all if "autofocus" in tag]


def test_the_focus_and_the_title_tell_of_mistakes_in_a_form(world: World, buyer: PageClient) -> None:
    unknown = {"order_no": "20260101-ABCDEFGH", "payer_phone": "01012345678"}
    buyer.add_to_cart()
    for path in ("/orders", "/orders/lookup"):
        page = buyer.submit(path, {}, 422)
        assert page.tags.title.startswith("입력 확인 · ")
        assert focused(page) == ["form-errors"]

    for page in (buyer.submit("/orders/lookup", unknown, 404), buyer.submit("/admin/login", {"name": "nobody"})):
        assert focused(page) == ["notice"]
    only_opened = buyer.get("/orders/20260101-ABCDEFGH", 404)
    assert (only_opened.has("notice"), focused(only_opened)) == (True, [])


# --- starting an attempt --------------------------------------------------------------------------------------------


def start(buyer: PageClient, order_no: str, body: object) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body)
    headers = {"X-CSRFToken": buyer.csrf_token()}
    response = buyer.post(f"/orders/{order_no}/attempts", data, content_type=JSON, headers=headers)
    assert response.is_json, response.text
    return response.status_code


def test_choices_that_do_not_exist_start_nothing(world: World, buyer: PageClient, order_no: str) -> None:
    bodies: list[tuple[object, int]] = [
        *((CHOICES | {"method": method}, 422) for method in ("bitcoin", "", ["card"], {"a": 1}, None, "\ud800")),
        (CHOICES | {"work": "AUTH"}, 422),
        (CHOICES | {"window": "iframe"}, 422),
        (CHOICES | {"window": "direct", "delivery": "callback"}, 422),
        ([], 400),
        *((body, 400) for body in ("card", None, 1, b"{", b"\xff", b"", b"[" * 30_000)),
    ]
    for body, status in bodies:
        assert start(buyer, order_no, body) == status, body
    without_token = buyer.post(f"/orders/{order_no}/attempts", CHOICES)
    assert (without_token.status_code, without_token.get_json()["error"]["code"]) == (400, "stale_page")
    assert world.order(order_no).attempts == []


def test_choices_have_defaults_and_no_amount(world: World, buyer: PageClient, order_no: str) -> None:
    start(buyer, order_no, {"method": "transfer"})
    start(buyer, order_no, CHOICES | {"method": "transfer", "cash_receipt": True, "amount": 1})

    kept = [(one.method, one.charge_mode, one.cash_receipt_asked, one.amount) for one in world.order(order_no).attempts]
    assert kept == [("transfer", "CERT", False, 1000), ("transfer", "CERT", True, 1000)]


# --- the database ---------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_an_error_of_the_database_names_nobody(world: World, order_no: str) -> None:
    world.order(order_no).amount = -1  # PostgreSQL would quote the whole row

    with pytest.raises(IntegrityError) as caught:
        db.session.flush()
    db.session.rollback()

    logged = "".join(traceback.format_exception(caught.value))
    assert "order_amount_adds_up" in logged
    assert [person for person in ("홍길동", "01012345678", "hong@example.com") if person in logged] == []
