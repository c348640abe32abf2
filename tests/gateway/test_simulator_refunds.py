"""Refunds that happen at once or unknown to the shop, and what a refund does to a cash receipt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateway.merchant import SIMULATOR, Merchant


def test_a_confirmed_card_has_a_sales_slip(merchant: Merchant) -> None:
    """The address is unguessable, and the slip says that it is none."""
    answer = merchant.confirm(merchant.claim())

    slip = merchant.session.get(answer["PCD_PAY_CARDRECEIPT"]).text

    assert answer["PCD_PAY_CARDAUTHNO"] in slip
    assert "시뮬레이터" in slip
    assert merchant.session.get(f"{merchant.origin}/slip/guess").status_code == 404


def test_cancels_at_the_same_time_do_not_overrun(merchant: Merchant) -> None:
    paid = merchant.paid()

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: merchant.cancel(paid, 300)["PCD_PAY_CODE"], range(6)))

    assert sorted(codes) == ["PAYC0000"] * 3 + ["PAYC0011"] * 3
    assert merchant.payment(paid["PCD_PAY_OID"])["refunded_total"] == 900


def test_the_ledger_tells_what_went_back_and_why_it_did_not(merchant: Merchant) -> None:
    paid = merchant.paid()
    merchant.cancel(paid, 300)
    merchant.cancel(paid, 800)

    done, refused = [entry for entry in merchant.ledger() if entry["op"] == "cancel"]

    assert (done["effect"], done["amount"], done["oid"]) == ("cancelled", 300, paid["PCD_PAY_OID"])
    assert merchant.ledger()[done["follows"] - 1]["op"] == "auth"
    assert (refused["outcome"], refused["rule"], refused["code"]) == ("refused", "cancel_above_remainder", "PAYC0011")
    assert refused["why"]["en"]
    assert merchant.refund_key not in str(merchant.ledger())


class TestBehindTheShopsBack:
    """POST /_sim/payments/<oid>/cancel: as if in Payple's partner admin."""

    def test_a_part_and_then_the_rest(self, merchant: Merchant) -> None:
        oid = merchant.paid(PCD_PAY_TAXTOTAL="50")["PCD_PAY_OID"]

        assert merchant.order("POST", f"/payments/{oid}/cancel", {"amount": 300})["refunded_total"] == 300
        done = merchant.order("POST", f"/payments/{oid}/cancel", {})

        assert (done["state"], done["refunded_total"]) == ("cancelled", 1000)
        assert merchant.ledger()[-1]["note"] == "done behind the shop's back"

    def test_the_shops_own_cancel_then_finds_less(self, merchant: Merchant) -> None:
        paid = merchant.paid()
        merchant.order("POST", f"/payments/{paid['PCD_PAY_OID']}/cancel", {"amount": 300})

        assert merchant.cancel(paid)["PCD_PAY_CODE"] == "PAYC0011"
        assert merchant.cancel(paid, 700)["PCD_PAY_RST"] == "success"


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
