"""The result that the browser delivers, and what it says of the money."""

from __future__ import annotations

import re

import pytest

from tests.gateway.merchant import Merchant

CONFIRM_PATHS = {"card": "/php/PayCardConfirmAct.php?ACT_=PAYM", "transfer": "/php/PayConfirmAct.php?ACT_=PAYM"}


def test_a_paid_card_carries_its_approval(merchant: Merchant) -> None:
    """PAY moves the money in the window: masked number, trade key, approval, Korea time (quick guide 3-5)."""
    claim = merchant.claim(PCD_PAY_WORK="PAY")

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"], claim["PCD_PAY_MSG"]) == ("success", "0000", "카드승인완료")
    assert (claim["PCD_PAY_TOTAL"], claim["PCD_PAY_CARDQUOTA"]) == ("1000", "00")
    assert re.fullmatch(r"9999-\*{4}-\*{4}-0001", claim["PCD_PAY_CARDNUM"])
    assert re.fullmatch(r"\d{8}", claim["PCD_PAY_CARDAUTHNO"])
    assert re.fullmatch(r"\d{24}", claim["PCD_PAY_CARDTRADENUM"])
    assert claim["PCD_PAY_CARDTRADENUM"].startswith(claim["PCD_PAY_TIME"])
    assert (claim["PCD_PAY_REQKEY"], claim["PCD_PAY_COFURL"], claim["PCD_PAY_URL"]) == ("", "", "")
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "approved"


def test_a_paid_transfer_carries_its_account(merchant: Merchant) -> None:
    """Bank, masked account and kind of holder; nothing of a card (quick guide 3-5)."""
    claim = merchant.claim(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY")

    assert (claim["PCD_PAY_MSG"], claim["PCD_PAY_BANK"], claim["PCD_PAY_BANKNAME"]) == (
        "출금이체완료",
        "020",
        "우리은행",
    )
    assert re.fullmatch(r"100-\*+-456", claim["PCD_PAY_BANKNUM"])
    assert claim["PCD_PAY_BANKACCTYPE"] == "personal"
    assert not [name for name in claim if "CARD" in name]


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_an_authenticated_payment_charges_nothing_and_says_where_to_confirm(merchant: Merchant, method: str) -> None:
    """Approval fields blank, REQKEY and COFURL filled, an AUTH_KEY of its own (quick guide, CERT)."""
    fields = merchant.fields(PCD_PAY_TYPE=method)
    claim = dict(merchant.payer.pay(fields))

    assert claim["PCD_PAY_RST"] == "success"
    assert claim["PCD_PAY_COFURL"] == claim["PCD_PAY_HOST"] + CONFIRM_PATHS[method]
    assert claim["PCD_PAY_REQKEY"]
    assert claim["PCD_AUTH_KEY"] not in ("", fields["PCD_AUTH_KEY"])
    assert not claim.get("PCD_PAY_CARDTRADENUM")
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "authenticated"
    assert "charged" not in {entry["effect"] for entry in merchant.ledger()}


def test_the_merchants_fields_come_back(merchant: Merchant) -> None:
    """As they were sent, markup and all (quick guide 3-5)."""
    sent = {"PCD_PAYER_NO": "1234", "PCD_PAYER_EMAIL": "hana@example.com", "PCD_USER_DEFINE2": "<b>&'"}

    claim = merchant.claim(**sent)

    assert sent.items() <= claim.items()
    assert (claim["PCD_PAYER_NAME"], claim["PCD_RST_URL"]) == ("홍길동", "/order_result")


def test_a_name_typed_by_the_payer_wins(merchant: Merchant) -> None:
    """PCD_PAYER_NAME is what the payer typed, or the echo (quick guide 3-5)."""
    claim = dict(merchant.payer.pay(merchant.fields(), payer_name="김하나"))

    assert claim["PCD_PAYER_NAME"] == "김하나"


def test_a_closed_window_brings_the_call_back_with_close(merchant: Merchant) -> None:
    """PCD_PAY_RST close, no code, no trade data; the AuthKey is part of the echo (quick guide 3-5)."""
    fields = merchant.fields()

    claim = dict(merchant.payer.close(fields))

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_MSG"]) == ("close", "결제를 종료하였습니다.")
    assert fields.items() <= claim.items()
    assert "PCD_PAY_CODE" not in claim
    assert merchant.payment(fields["PCD_PAY_OID"])["state"] == "closed"


def test_a_relative_result_address_goes_through_the_merchants_page(merchant: Merchant) -> None:
    """Popup: the result goes to the page that opened the window (quick guide 3-3)."""
    assert merchant.payer.open(merchant.fields()).approve().result_url == ""


def test_an_absolute_result_address_is_posted_to_directly(merchant: Merchant) -> None:
    """Direct: the window posts the result itself (quick guide 3-3)."""
    url = "http://localhost:8000/payments/result"

    assert merchant.payer.open(merchant.fields(PCD_RST_URL=url)).approve().result_url == url


def test_the_card_window_gives_three_minutes(merchant: Merchant) -> None:
    """CPCA0001; transfers have no documented limit (응답코드)."""
    card = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY"))
    transfer = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY", PCD_PAY_TYPE="transfer"))
    merchant.order("POST", "/clock", {"advance": 181})

    assert dict(card.approve().result or [])["PCD_PAY_CODE"] == "CPCA0001"
    merchant.broke("window_too_slow")
    assert dict(transfer.approve().result or [])["PCD_PAY_RST"] == "success"


class TestCashReceipt:
    """The step that PCD_TAXSAVE_FLAG=Y adds to a transfer."""

    def test_pay_asks_after_the_money_has_moved(self, merchant: Merchant) -> None:
        """The result leaves after the step and tells what came of it (quick guide 3-3; quick guide 3-5)."""
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY", PCD_TAXSAVE_FLAG="Y")
        window = merchant.payer.open(fields).approve()
        assert (window.result, merchant.payment(fields["PCD_PAY_OID"])["state"]) == (None, "approved")

        claim = dict(window.ask_for_receipt().result or [])

        assert (claim["PCD_TAXSAVE_FLAG"], claim["PCD_TAXSAVE_RST"]) == ("Y", "Y")
        assert claim["PCD_TAXSAVE_MGTNUM"].startswith("G")
        payment = merchant.payment(fields["PCD_PAY_OID"])
        assert (payment["cash_receipt"], payment["cash_receipt_amount"]) == ("issued", 1000)

    def test_cert_keeps_the_answer_and_the_confirm_issues(self, merchant: Merchant) -> None:
        """Authenticated is not issued; the confirm says so (undocumented: our choice)."""
        claim = merchant.claim(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="Y")
        assert (claim["PCD_TAXSAVE_FLAG"], claim["PCD_TAXSAVE_RST"]) == ("Y", "N")
        assert merchant.payment(claim["PCD_PAY_OID"])["cash_receipt"] == "requested"

        answer = merchant.confirm(claim)

        assert (answer["PCD_TAXSAVE_FLAG"], answer["PCD_TAXSAVE_RST"]) == ("Y", "Y")
        assert answer["PCD_TAXSAVE_MGTNUM"].startswith("G")

    @pytest.mark.parametrize("work", ["PAY", "CERT"])
    def test_a_skipped_receipt_is_not_issued(self, merchant: Merchant, work: str) -> None:
        """PCD_TAXSAVE_RST N: asked for is not issued (official samples)."""
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK=work, PCD_TAXSAVE_FLAG="Y")
        claim = dict(merchant.payer.pay(fields, cash_receipt=False))
        told = merchant.confirm(claim) if work == "CERT" else claim

        assert (told["PCD_TAXSAVE_RST"], told["PCD_TAXSAVE_MGTNUM"]) == ("N", "")
        assert merchant.payment(claim["PCD_PAY_OID"])["cash_receipt"] == "none"

    def test_a_card_has_no_such_step(self, merchant: Merchant) -> None:
        """PCD_TAXSAVE_FLAG is a member for transfers (quick guide 3-3)."""
        claim = merchant.claim(PCD_TAXSAVE_FLAG="Y")

        assert claim["PCD_PAY_RST"] == "success"
        assert "PCD_TAXSAVE_RST" not in claim
