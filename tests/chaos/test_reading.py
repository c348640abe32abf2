"""Reading a shop's pages by what is public in them."""

from __future__ import annotations

from tests.chaos import reading

PAGE = """
<meta name="csrf-token" content="t&amp;1">
<form class="split" action="/orders" method="post"><input type="hidden" name="csrf_token" value="t1">
<input name="cart_id" value="c 1">
<input type="checkbox" name="later" value="y"><input type="radio" name="how" value="a" checked></form>
<form data-testid="refund-form" action="/admin/x"><input name="amount" value="1000"></form>
<span class="status" data-testid="order-status" data-state="paid">x</span>
<li data-testid="desk-row" data-kind="refund" data-state="unknown" data-order="20261123-AAAAAAAA"></li>
<a class="button" rel="next" href="/admin/orders?before=3&amp;state=paid">more</a>
"""
CARDS = """
<li class="card" data-testid="product-card" data-product="pencils"><h3>여섯 자루 연필</h3>
<p class="card-price"><span class="money">5,400원</span></p></li>
<li class="card" data-testid="product-card" data-product="pen" data-state="sold_out"><p>1,000원 할인 쿠폰</p>
<p class="card-price"><span class="money">38,000원</span></p></li>
"""


def test_a_form_is_what_it_would_send_as_it_stands() -> None:
    assert reading.form_to(PAGE, "/orders") == {"csrf_token": "t1", "cart_id": "c 1", "how": "a"}
    assert reading.form_named(PAGE, "refund-form") == {"amount": "1000"}
    assert reading.form_named(PAGE, "no-such-form") == {}


def test_the_state_and_the_rows_are_found_by_their_test_ids() -> None:
    assert reading.state(PAGE) == "paid"
    assert reading.state(CARDS) == ""
    assert [row["data-order"] for row in reading.marked(PAGE, "desk-row")] == ["20261123-AAAAAAAA"]


def test_token_and_next_page_are_read_with_their_entities() -> None:
    assert reading.token(PAGE) == "t&1"
    assert reading.next_page(PAGE) == "/admin/orders?before=3&state=paid"
    assert reading.next_page(CARDS) == ""


def test_prices_are_those_of_the_cards() -> None:
    assert reading.prices(CARDS) == {"pencils": 5_400, "pen": 38_000}
