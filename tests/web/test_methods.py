"""The ways to pay on the order page."""

import pytest

from tests.world import World


@pytest.fixture
def shop_values() -> dict[str, str]:
    return {"PAYPLE_EASY_PAY": "naver_pay"}


def test_the_order_page_offers_what_the_partner_has(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    offered = [tag["value"] for _name, tag in buyer.get(f"/orders/{order_no}").tags.all if tag.get("name") == "method"]
    assert offered == ["card", "app_card", "naver_pay", "transfer"]
    assert buyer.start_attempt(order_no, 422, method="kakao_pay")["error"]
    assert buyer.start_attempt(order_no, method="naver_pay")["fields"]
