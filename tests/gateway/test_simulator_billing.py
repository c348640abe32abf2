"""Billing keys under the simulator's own conditions: policies, ledger, runs."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import Merchant


@pytest.fixture(params=["card", "transfer"])
def registered(request: pytest.FixtureRequest, merchant: Merchant) -> dict[str, str]:
    """A payment of each method; its PCD_PAYER_ID can pay again."""
    person = {"PCD_PAYER_NO": "77", "PCD_PAYER_NAME": "홍길동", "PCD_PAYER_HP": "01012345678"}
    return merchant.paid(PCD_PAY_TYPE=request.param, **person)


def test_the_code_of_a_deletion_is_a_policy(merchant: Merchant, registered: dict[str, str]) -> None:
    merchant.order("POST", "/policy", {"key_deletion_code": "PUSER0000"})

    assert merchant.key("PUSERDEL", registered["PCD_PAYER_ID"])["PCD_PAY_CODE"] == "PUSER0000"


def test_the_code_of_a_transfer_is_a_policy(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"transfer_code": "BILL0000"})
    payer_id = merchant.paid(PCD_PAY_TYPE="transfer")["PCD_PAYER_ID"]

    assert merchant.repay(payer_id, "transfer")["PCD_PAY_CODE"] == "BILL0000"


def test_the_ledger_tells_of_it(merchant: Merchant, registered: dict[str, str]) -> None:
    again = merchant.repay(registered["PCD_PAYER_ID"], registered["PCD_PAY_TYPE"])

    entry = merchant.ledger()[-1]

    assert (entry["op"], entry["effect"], entry["oid"]) == ("repay", "charged", again["PCD_PAY_OID"])
    assert registered["PCD_PAYER_ID"] not in str(merchant.ledger())


def test_another_partners_key_does_not_pay(merchant: Merchant, registered: dict[str, str]) -> None:
    assert merchant.new_run().repay(registered["PCD_PAYER_ID"], registered["PCD_PAY_TYPE"])["PCD_PAY_RST"] == "error"
