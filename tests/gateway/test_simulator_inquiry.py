"""The inquiry under the simulator's own conditions."""

from __future__ import annotations

from tests.gateway.merchant import Merchant


def test_the_inquiry_may_lag_behind(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"inquiry_lag_seconds": 20})
    oid = merchant.confirm(merchant.claim())["PCD_PAY_OID"]

    assert merchant.inquire(oid)["PCD_PAY_CODE"] == "CBIL0003"
    merchant.broke("inquiry_lags")
    merchant.order("POST", "/clock", {"advance": 21})
    assert merchant.inquire(oid)["PCD_PAY_RST"] == "success"


def test_the_success_code_is_a_policy(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"inquiry_code": "0000"})

    assert merchant.inquire(merchant.confirm(merchant.claim())["PCD_PAY_OID"])["PCD_PAY_CODE"] == "0000"
