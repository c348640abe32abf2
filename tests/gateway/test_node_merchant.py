"""A merchant in another language, written from Payple's public documents only, runs unchanged against the simulator."""

from collections.abc import Iterator

import pytest

from tests.gateway.merchant import Fields, Merchant
from tests.tools.node import NodeMerchant, merchant_in_node, program

METHODS = pytest.mark.parametrize("method", ["card", "transfer"])


@pytest.fixture(scope="module")
def shop(served: Merchant) -> Iterator[NodeMerchant]:
    """The program in front of the simulator, with keys that the simulator issued."""
    program()
    with merchant_in_node(served.new_run()) as shop:
        yield shop


def state_of(shop: NodeMerchant, order: Fields) -> str:
    return str(shop.partner.payment(order["oid"])["state"])


@METHODS
@pytest.mark.parametrize("window", ["authkey", "clientkey"])
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_an_order_is_paid_in_every_way_and_found(shop: NodeMerchant, window: str, method: str, work: str) -> None:
    order = shop.buy(window=window, type=method, work=work, total="15400")
    found = shop.get("/inquiry", oid=order["oid"])

    assert (order["state"], order["total"], state_of(shop, order)) == ("paid", "15400", "approved")
    assert (found["PCD_PAY_OID"], found["PCD_PAY_TOTAL"], found["PCD_PAY_TYPE"]) == (order["oid"], "15400", method)


@pytest.mark.parametrize(("scenario", "work", "code"), [("limit", "PAY", "3112"), ("lost_card", "CERT", "3122")])
def test_a_refused_card_and_a_closed_window_are_no_paid_order(
    shop: NodeMerchant, scenario: str, work: str, code: str
) -> None:
    closed = shop.post("/order_result", dict(shop.partner.at(shop.url).close(shop.get("/fields"))))
    order = shop.buy(scenario, work=work)

    assert (order["state"], order["code"], state_of(shop, order)) == ("error", code, "declined")
    assert (closed["state"], state_of(shop, closed)) == ("close", "closed")
    assert shop.buy("limit")["code"] == "3112"


def test_what_was_tampered_with_in_the_browser_is_not_believed(shop: NodeMerchant) -> None:
    assert shop.buy("tampered_amount")["state"] == "suspicious"
    assert shop.buy("tampered_confirm_url")["error"].endswith("not Payple's address")


@METHODS
def test_a_payment_is_refunded_in_parts_and_no_further(shop: NodeMerchant, method: str) -> None:
    order = shop.buy(type=method)

    answers = [shop.post("/refund", {"oid": order["oid"], "amount": amount}) for amount in ("300", "701", "700")]

    assert (answers[0]["PCD_REFUND_TOTAL"], answers[1]["code"]) == ("300", "PAYC0011")
    assert (answers[2]["PCD_PAY_CODE"], state_of(shop, order)) == ("PAYC0000", "cancelled")


def test_a_cash_receipt_is_issued_once_and_cancelled(shop: NodeMerchant) -> None:
    order = shop.buy(type="transfer")

    works = ("TSREG", "TSREG", "TSCANCEL")
    issued, again, cancelled = (shop.post("/receipt", {"oid": order["oid"], "work": work}) for work in works)

    assert (issued["PCD_TAXSAVE_MGTNUM"], bool(again["error"])) == (cancelled["PCD_TAXSAVE_MGTNUM"], True)
    assert shop.partner.payment(order["oid"])["cash_receipt"] == "cancelled"


@METHODS
def test_a_billing_key_pays_again_without_the_payer(shop: NodeMerchant, method: str) -> None:
    first = shop.buy(type=method)

    again = shop.post("/again", {"oid": first["oid"], "total": "2500"})

    assert (again["state"], again["total"], state_of(shop, again)) == ("paid", "2500", "approved")
    assert again["oid"] != first["oid"]
