"""Every way to pay that the order page offers is bought, refunded and accounted for like any other."""

import pytest

from shop import clock
from shop.extensions import client
from shop.rules.method import Method
from shop.services import reports
from tests.world import Purchase, World


def paid_in_app(world: World, method: Method, **choices: str) -> Purchase:
    """An order of 60,000 won, paid in an app in three instalments."""
    purchase = world.purchase(quantity=60, method=method, **choices)
    world.deliver(world.payer().pay(purchase.fields, instalments="3"))
    return purchase


@pytest.mark.parametrize(
    ("method", "work"), [(Method.APP_CARD, "CERT"), (Method.NAVER_PAY, "PAY"), (Method.KAKAO_PAY, "CERT")]
)
def test_an_app_pays_in_instalments_and_goes_back_in_parts(world: World, method: Method, work: str) -> None:
    purchase = paid_in_app(world, method, work=work)

    receipt = purchase.page()
    assert purchase.states == ("paid", "paid")
    assert (purchase.attempt.method, purchase.attempt.billing_key) == (method, "")
    assert receipt.values("receipt", "data-method") == [method]
    assert "3개월" in receipt.text
    assert [purchase.refund(20_000).state, purchase.refund(40_000).state] == ["done", "done"]
    assert (purchase.returned, purchase.order.state) == (60_000, "refunded")


@pytest.mark.parametrize("method", Method)
def test_ledger_and_settlement_sheet_name_the_way(world: World, method: Method) -> None:
    purchase = world.purchase(quantity=10, method=method).pay()
    purchase.refund(4_000)

    [line] = reports.ledger()
    today = clock.korea_date(clock.now())
    sheet, comparison = reports.settlement_sheet(today), reports.compare_day(client(), today)
    assert (line["method"], line["refunded"]) == (method, 4_000)
    assert {way: sums.net for way, sums in sheet.by_method.items()} == {method: 6_000}
    assert (comparison.compared, comparison.differences) == (1, [])
