"""Who may see an order, and how a buyer finds it again."""

import pytest

from tests.page import Page, PageClient
from tests.world import World

NOBODYS = "20261123-AAAAAAAA"


def listed(page: Page) -> list[str]:
    return page.values("history-row", "data-order")


def test_somebody_elses_order_looks_like_no_order(world: World, order_no: str) -> None:
    stranger = world.browser()

    theirs, none = (stranger.get(f"/orders/{number}", 404) for number in (order_no, NOBODYS))
    for malformed in ("x", "%00", "20261123-aaaaaaaa", "'; --", "9" * 4000, "２０２６1123-AAAAAAAA"):
        stranger.get(f"/orders/{malformed}", 404)

    assert theirs.text.replace(order_no, NOBODYS).replace(theirs.csrf_token, none.csrf_token) == none.text
    assert listed(stranger.get("/orders")) == []
    assert stranger.start_attempt(order_no, 404)["error"]["code"] == "not_found"
    for act in ("cancellation", "return-to-cart"):
        stranger.submit(f"/orders/{order_no}/{act}", {}, 404)
    assert (world.order(order_no).attempts, world.order(order_no).state) == ([], "awaiting_payment")


def test_a_buyer_whose_cookies_are_gone_after_paying_is_asked_for_the_phone_number(world: World) -> None:
    purchase, without_cookies = world.purchase(window="direct"), world.browser()
    back = world.deliver(purchase.claim())

    page = without_cookies.get(back, 404)

    assert "이미 결제했다면 다시 결제하지 마세요" in page.text
    assert page.field("order_no") == purchase.order_no
    found = {"order_no": purchase.order_no, "payer_phone": "01012345678"}
    assert without_cookies.submit("/orders/lookup", found, page=page).state == "paid"


def test_a_guest_finds_an_order_by_number_and_phone(world: World, order_no: str) -> None:
    dashed = order_no.replace("-", "\u2013")
    link = f"http://localhost:8000/orders/{order_no}?lang=en"
    for pasted in (
        order_no,
        f" {order_no.lower()} ",
        order_no.replace("-", " ㅡ "),
        link,
        f"주문번호: {dashed}",
        f"\u200b{order_no}\u200b",
    ):
        guest = world.browser()

        page = guest.submit("/orders/lookup", {"order_no": pasted, "payer_phone": "+82 10 1234 5678"})

        assert (page.path, listed(guest.get("/orders"))) == (f"/orders/{order_no}", [order_no])


def test_a_browser_cuts_no_number_that_is_pasted(world: World, officer: PageClient) -> None:
    """An input with maxlength loses the end of a pasted text."""
    address = "https://a-shop-with-a-rather-long-name.example.kr/orders/20260101-ABCDEFGH?lang=en"
    fields = {
        "/orders/lookup": "order_no",
        "/admin/orders": "q",
        "/admin/inquiry": "number",
        "/admin/links/new": "amount",
    }

    for path, name in fields.items():
        tag = next(tag for _kind, tag in officer.get(path).tags.all if tag.get("name") == name)
        assert int(tag.get("maxlength", 200)) > len(address), path


def test_a_guest_with_a_wrong_phone_learns_nothing(world: World, order_no: str) -> None:
    guest = world.browser()
    for phone, status in {"01012345679": 404, "": 422, "010-1234-567９": 404, "1\x00": 404}.items():
        page = guest.submit("/orders/lookup", {"order_no": order_no, "payer_phone": phone}, status)

        assert "홍길동" not in page.text
        guest.get(f"/orders/{order_no}", 404)


def test_history_has_pages(buyer: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.services.orders.PAGE_SIZE", 2)
    placed = [buyer.place_order() for _order in range(3)]

    first = buyer.get("/orders")

    assert listed(first) + listed(buyer.get(first.link(rel="next"))) == placed[::-1]


@pytest.mark.stricter_engine
def test_history_ignores_a_cursor_that_no_row_can_have(buyer: PageClient, order_no: str) -> None:
    for before in ("9" * 10, "000000000019999999999999999999", "-1", "0", "1e3", "１", "x", ""):
        assert listed(buyer.get(f"/orders?before={before}")) == [order_no], before
