"""A merchant in another language, written from Payple's public documents only, runs unchanged against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.serving import serving
from tests.tools.node import PROGRAM, NodeMerchant, merchant_in_node, program


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeMerchant]:
    """The program in front of a simulator of its own, with keys that the simulator issued."""
    program()
    with (
        serving(tmp_path_factory.mktemp("node") / "simulator.sqlite") as (partner, _),
        merchant_in_node(partner.new_run()) as shop,
    ):
        yield shop


def state_of(shop: NodeMerchant, order: dict[str, str]) -> str:
    """What the simulator's own books say."""
    return str(shop.partner.payment(order["oid"])["state"])


def test_it_was_told_of_no_stand_in() -> None:
    """Nothing in it is made for the simulator: no control address, no test id, no word of ours."""
    source = PROGRAM.read_text(encoding="utf-8")

    assert not [word for word in ("_sim", "scenario", "testid", "127.0.0.1", "8001") if word in source]


@pytest.mark.parametrize("window", ["authkey", "clientkey"])
@pytest.mark.parametrize("method", ["card", "transfer"])
@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_an_order_is_paid_in_every_way(shop: NodeMerchant, window: str, method: str, work: str) -> None:
    order = shop.buy(window=window, type=method, work=work, total="15400")

    assert (order["state"], order["total"]) == ("paid", "15400")
    assert state_of(shop, order) == "approved"


@pytest.mark.parametrize(("scenario", "work", "state"), [("limit", "PAY", "error"), ("lost_card", "CERT", "error")])
def test_a_refused_card_is_no_paid_order(shop: NodeMerchant, scenario: str, work: str, state: str) -> None:
    order = shop.buy(scenario, work=work)

    assert (order["state"], state_of(shop, order)) == (state, "declined")
    assert order["code"]


def test_a_card_that_the_confirm_refuses_is_no_paid_order(shop: NodeMerchant) -> None:
    assert shop.buy("limit")["code"] == "3112"


def test_a_closed_window_is_no_paid_order(shop: NodeMerchant) -> None:
    fields = shop.get("/fields")

    order = shop.post("/order_result", dict(shop.partner.at(shop.url).close(fields)))

    assert (order["state"], state_of(shop, order)) == ("close", "closed")


def test_what_was_tampered_with_in_the_browser_is_not_believed(shop: NodeMerchant) -> None:
    cheap, elsewhere = shop.buy("tampered_amount"), shop.buy("tampered_confirm_url")

    assert cheap["state"] == "suspicious"
    assert elsewhere["error"].endswith("not Payple's address")


def test_a_payment_is_looked_up(shop: NodeMerchant) -> None:
    order = shop.buy(type="transfer")

    found = shop.get("/inquiry", oid=order["oid"])

    assert (found["PCD_PAY_OID"], found["PCD_PAY_TOTAL"], found["PCD_PAY_TYPE"]) == (order["oid"], "1000", "transfer")


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_payment_is_refunded_in_parts_and_no_further(shop: NodeMerchant, method: str) -> None:
    order = shop.buy(type=method)

    assert shop.post("/refund", {"oid": order["oid"], "amount": "300"})["PCD_REFUND_TOTAL"] == "300"
    assert state_of(shop, order) == "partially_cancelled"
    assert shop.post("/refund", {"oid": order["oid"], "amount": "701"})["code"] == "PAYC0011"
    assert shop.post("/refund", {"oid": order["oid"], "amount": "700"})["PCD_PAY_CODE"] == "PAYC0000"
    assert state_of(shop, order) == "cancelled"


@pytest.mark.parametrize("work", ["CERT", "PAY"])
def test_a_cash_receipt_comes_with_the_payment(shop: NodeMerchant, work: str) -> None:
    order = shop.buy(type="transfer", receipt="Y", work=work)

    assert order["receipt"] == "Y"
    assert shop.partner.payment(order["oid"])["cash_receipt"] == "issued"


def test_a_cash_receipt_is_issued_once_and_cancelled(shop: NodeMerchant) -> None:
    order = shop.buy(type="transfer")
    wish = {"oid": order["oid"], "work": "TSREG"}

    issued, again = shop.post("/receipt", wish), shop.post("/receipt", wish)
    cancelled = shop.post("/receipt", wish | {"work": "TSCANCEL"})

    assert issued["PCD_TAXSAVE_MGTNUM"] == cancelled["PCD_TAXSAVE_MGTNUM"]
    assert again["error"]
    assert shop.partner.payment(order["oid"])["cash_receipt"] == "cancelled"


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_billing_key_pays_again_without_the_payer(shop: NodeMerchant, method: str) -> None:
    first = shop.buy(type=method)

    again = shop.post("/again", {"oid": first["oid"], "total": "2500"})

    assert (again["state"], again["total"]) == ("paid", "2500")
    assert again["oid"] != first["oid"]
    assert state_of(shop, again) == "approved"
    assert shop.post("/refund", {"oid": again["oid"]})["PCD_REFUND_TOTAL"] == "2500"
