"""Cash receipts by API, and what a refund does to them (현금영수증 API, quick guide 4-3)."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import SIMULATOR, Merchant

IDENTITY = {"PCD_TAXSAVE_TRADEUSE": "personal", "PCD_TAXSAVE_IDENTINUM": "01012345678"}


@pytest.fixture
def paid(merchant: Merchant) -> dict[str, str]:
    """A transfer without a receipt."""
    return merchant.paid(PCD_PAY_TYPE="transfer")


@pytest.fixture
def receipted(merchant: Merchant) -> dict[str, str]:
    """A transfer with the receipt that the payer asked for in the window."""
    return merchant.paid(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="Y")


def test_no_act_is_no_address(merchant: Merchant) -> None:
    assert merchant.session.post(f"{SIMULATOR}/php/taxsave/api/tsAct.php", json={}).status_code == 404


class TestRefund:
    """A refund takes the receipt with it; whether it can is a policy."""

    def test_a_full_refund_cancels_the_receipt(self, merchant: Merchant, receipted: dict[str, str]) -> None:
        answer = merchant.cancel(receipted)

        assert (answer["PCD_TAXSAVE_RST"], answer["PCD_TAXSAVE_MSG"]) == ("0000", "현금영수증 발행취소 성공")
        assert merchant.cash_receipt(receipted) == ("cancelled", 0)

    def test_a_partial_refund_reduces_it(self, merchant: Merchant, receipted: dict[str, str]) -> None:
        """Active is what was paid and not refunded; nothing is left to do for the shop."""
        assert merchant.cancel(receipted, 300)["PCD_TAXSAVE_RST"] == "0000"

        assert merchant.cash_receipt(receipted) == ("issued", 700)
        assert merchant.receipt("TSREG", receipted)["PCD_PAY_CODE"] == "1103"

    def test_a_smaller_receipt_stays_as_long_as_it_fits(self, merchant: Merchant, paid: dict[str, str]) -> None:
        merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT="500")

        merchant.cancel(paid, 300)

        assert merchant.cash_receipt(paid) == ("issued", 500)

    def test_a_failed_receipt_does_not_stop_the_refund(self, merchant: Merchant, receipted: dict[str, str]) -> None:
        """-10002122: the money is back, the receipt stands, and can be cancelled from the next day on."""
        merchant.order("POST", "/policy", {"receipt_on_refund": "fail"})

        answer = merchant.cancel(receipted, 300)

        assert (answer["PCD_PAY_RST"], answer["PCD_TAXSAVE_RST"]) == ("success", "-10002122")
        assert merchant.cash_receipt(receipted) == ("issued", 1000)
        assert merchant.receipt("TSCANCEL", receipted)["PCD_PAY_CODE"] == "-10002122"
        merchant.broke("receipt_cancel_blocked")
        merchant.order("POST", "/clock", {"advance": 24 * 3600})
        assert merchant.receipt("TSCANCEL", receipted)["PCD_PAY_RST"] == "success"
        assert merchant.receipt("TSREG", receipted, PCD_TAXSAVE_AMOUNT="700")["PCD_PAY_CODE"] == "TSRG0000"
        assert merchant.cash_receipt(receipted) == ("issued", 700)

    def test_a_receipt_may_fail_for_good(self, merchant: Merchant, receipted: dict[str, str]) -> None:
        merchant.order("POST", "/policy", {"receipt_on_refund": "fail_for_good"})
        merchant.cancel(receipted)
        merchant.order("POST", "/clock", {"advance": 300 * 24 * 3600})

        assert merchant.receipt("TSCANCEL", receipted)["PCD_PAY_CODE"] == "-10002122"

    def test_a_refund_behind_the_shops_back_takes_it_too(self, merchant: Merchant, receipted: dict[str, str]) -> None:
        merchant.order("POST", f"/payments/{receipted['PCD_PAY_OID']}/cancel", {"amount": 400})

        assert merchant.cash_receipt(receipted) == ("issued", 600)

    def test_the_payer_may_still_be_asked_about_the_receipt(self, merchant: Merchant) -> None:
        """Refunded in part while the window waits: the receipt is for the rest."""
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY", PCD_TAXSAVE_FLAG="Y")
        window = merchant.payer.open(fields).approve()
        merchant.order("POST", f"/payments/{fields['PCD_PAY_OID']}/cancel", {"amount": 400})

        claim = dict(window.ask_for_receipt().result or [])

        assert merchant.cash_receipt(claim) == ("issued", 600)

    def test_the_ledger_tells_the_receipts_story(self, merchant: Merchant, receipted: dict[str, str]) -> None:
        merchant.cancel(receipted, 300)
        merchant.receipt("TSCANCEL", receipted)
        merchant.receipt("TSREG", receipted)

        effects = [(entry["effect"], entry["amount"]) for entry in merchant.ledger() if "receipt" in entry["effect"]]

        assert effects == [
            ("receipt_issued", 1000),
            ("receipt_reduced", 700),
            ("receipt_cancelled", 700),
            ("receipt_issued", 700),
        ]
