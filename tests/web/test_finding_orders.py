"""Who may see an order, and how a buyer finds it again."""

import pytest

from shop.views import orders as order_views
from tests.page import Page, PageClient
from tests.world import World

NOBODYS = "20261123-AAAAAAAA"


def listed(page: Page) -> list[str]:
    return page.values("history-row", "data-order")


def test_somebody_elses_order_looks_like_no_order(world: World, order_no: str) -> None:
    stranger = world.browser()

    theirs, none = (stranger.get(f"/orders/{number}", 404) for number in (order_no, NOBODYS))

    assert theirs.text.replace(order_no, NOBODYS).replace(theirs.csrf_token, none.csrf_token) == none.text
    assert listed(stranger.get("/orders")) == []
    assert stranger.start_attempt(order_no, 404)["error"]["code"] == "not_found"
    assert world.order(order_no).attempts == []


@pytest.mark.parametrize("number", ["x", "%00", "20261123-aaaaaaaa", "'; --", "9" * 4000, "２０２６1123-AAAAAAAA"])
def test_a_malformed_order_number_is_not_found(buyer: PageClient, number: str) -> None:
    buyer.get(f"/orders/{number}", 404)


def test_a_buyer_whose_cookies_are_gone_after_paying_is_asked_for_the_phone_number(
    world: World, buyer: PageClient, order_no: str
) -> None:
    back = world.deliver(world.payer().pay(buyer.start_attempt(order_no, window="direct")["fields"]))
    without_cookies = world.browser()

    page = without_cookies.get(back, 404)

    assert "이미 결제했다면 다시 결제하지 마세요" in page.text
    assert page.field("order_no") == order_no
    found = {"order_no": order_no, "payer_phone": "01012345678"}
    assert without_cookies.submit("/orders/lookup", found, page=page).state == "paid"


@pytest.mark.parametrize(
    "pasted", ["{0}", " {1} ", "http://localhost:8000/orders/{0}?lang=en", "주문번호: {2}", "\u200b{0}\u200b"]
)
def test_a_guest_finds_an_order_by_number_and_phone(world: World, order_no: str, pasted: str) -> None:
    guest = world.browser()
    typed = pasted.format(order_no, order_no.lower(), order_no.replace("-", "\u2013"))

    page = guest.submit("/orders/lookup", {"order_no": typed, "payer_phone": "+82 10 1234 5678"})

    assert page.path == f"/orders/{order_no}"
    assert listed(guest.get("/orders")) == [order_no]


@pytest.mark.parametrize(
    ("phone", "status"), [("01012345679", 404), ("", 422), ("010-1234-567９", 404), ("1\x00", 404)]
)
def test_a_guest_with_a_wrong_phone_learns_nothing(world: World, order_no: str, phone: str, status: int) -> None:
    guest = world.browser()

    page = guest.submit("/orders/lookup", {"order_no": order_no, "payer_phone": phone}, status)

    assert "홍길동" not in page.text
    guest.get(f"/orders/{order_no}", 404)


def test_history_has_pages(buyer: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_views, "PAGE_SIZE", 2)
    monkeypatch.setattr("shop.services.orders.PAGE_SIZE", 2)
    placed = [buyer.place_order() for _order in range(3)]

    first = buyer.get("/orders")

    assert listed(first) + listed(buyer.get(first.link(rel="next"))) == placed[::-1]


@pytest.mark.both_engines
@pytest.mark.parametrize("before", ["9" * 10, "000000000019999999999999999999", "-1", "0", "1e3", "１", "x", ""])
def test_history_ignores_a_cursor_that_no_row_can_have(buyer: PageClient, order_no: str, before: str) -> None:
    assert listed(buyer.get(f"/orders?before={before}")) == [order_no]
