"""The result that the browser delivers, and what it says of the money."""

import re

import pytest

from tests.gateway.merchant import Merchant

RECEIPT = {"PCD_PAY_TYPE": "transfer", "PCD_TAXSAVE_FLAG": "Y"}


# Quick guide 3-5.
def test_a_paid_card_carries_its_approval_and_no_receipt(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_TAXSAVE_FLAG="Y")

    assert (paid["PCD_PAY_RST"], paid["PCD_PAY_CODE"], paid["PCD_PAY_MSG"]) == ("success", "0000", "카드승인완료")
    assert (paid["PCD_PAY_TOTAL"], paid["PCD_PAY_CARDQUOTA"]) == ("1000", "00")
    assert re.fullmatch(r"9999-\*{4}-\*{4}-0001", paid["PCD_PAY_CARDNUM"])
    assert re.fullmatch(r"\d{8}", paid["PCD_PAY_CARDAUTHNO"])
    assert re.fullmatch(rf"{paid['PCD_PAY_TIME']}\d{{10}}", paid["PCD_PAY_CARDTRADENUM"])
    assert (paid["PCD_PAY_REQKEY"], paid["PCD_PAY_COFURL"], paid["PCD_PAY_URL"]) == ("", "", "")
    assert "PCD_TAXSAVE_RST" not in paid
    assert merchant.payment(paid["PCD_PAY_OID"])["state"] == "approved"


def test_a_paid_transfer_carries_its_account(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_TYPE="transfer")

    assert (paid["PCD_PAY_MSG"], paid["PCD_PAY_BANK"]) == ("출금이체완료", "020")
    assert (paid["PCD_PAY_BANKNAME"], paid["PCD_PAY_BANKACCTYPE"]) == ("우리은행", "personal")
    assert re.fullmatch(r"100-\*+-456", paid["PCD_PAY_BANKNUM"])
    assert not [name for name in paid if "CARD" in name]


def test_the_fields_of_the_merchant_come_back_and_a_name_typed_by_the_payer_wins(merchant: Merchant) -> None:
    sent = {"PCD_PAYER_NO": "1234", "PCD_PAYER_HP": "010-1234-5678", "PCD_USER_DEFINE2": "<b>&'"}
    window = merchant.open(**sent)

    claim, typed = merchant.claim(**sent), window.approve(payer_name="김하나").delivered

    assert sent.items() <= claim.items()
    assert (claim["PCD_PAYER_NAME"], claim["PCD_RST_URL"]) == ("홍길동", "/order_result")
    assert typed["PCD_PAYER_NAME"] == "김하나"


def test_a_closed_window_brings_the_call_back_with_close_and_no_code(merchant: Merchant) -> None:
    fields = merchant.fields()

    claim = dict(merchant.payer.close(fields))

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_MSG"]) == ("close", "결제를 종료하였습니다.")
    assert fields.items() <= claim.items()
    assert "PCD_PAY_CODE" not in claim
    assert merchant.payment(fields["PCD_PAY_OID"])["state"] == "closed"


# Quick guide, CERT.
@pytest.mark.parametrize(("method", "act"), [("card", "PayCardConfirmAct"), ("transfer", "PayConfirmAct")])
def test_an_authentication_says_where_to_confirm(merchant: Merchant, method: str, act: str) -> None:
    fields = merchant.fields(PCD_PAY_TYPE=method)
    claim = merchant.payer.open(fields).approve().delivered

    assert claim["PCD_PAY_RST"] == "success"
    assert claim["PCD_PAY_COFURL"] == f"{claim['PCD_PAY_HOST']}/php/{act}.php?ACT_=PAYM"
    assert claim["PCD_PAY_REQKEY"]
    assert claim["PCD_AUTH_KEY"] not in ("", fields["PCD_AUTH_KEY"])
    assert not claim.get("PCD_PAY_CARDTRADENUM")
    assert (merchant.payment(claim["PCD_PAY_OID"])["state"], merchant.charges()) == ("authenticated", 0)


# Quick guide 3-3.
@pytest.mark.parametrize(("url", "posted_to"), [("/done", ""), ("http://localhost:8000/done",) * 2])
def test_only_an_absolute_address_is_posted_to(merchant: Merchant, url: str, posted_to: str) -> None:
    assert merchant.open(PCD_RST_URL=url).approve().result_url == posted_to


def test_pay_asks_about_the_receipt_after_the_money_has_moved(merchant: Merchant) -> None:
    window = merchant.open(PCD_PAY_WORK="PAY", **RECEIPT).approve()
    assert (window.result, merchant.payments()[0]["state"]) == (None, "approved")

    paid = window.ask_for_receipt().delivered

    assert (paid["PCD_TAXSAVE_FLAG"], paid["PCD_TAXSAVE_RST"], paid["PCD_TAXSAVE_MGTNUM"][:1]) == ("Y", "Y", "G")
    assert merchant.cash_receipt(paid) == ("issued", 1000)


# 응답코드.
def test_the_card_window_gives_three_minutes_and_the_transfer_window_more(merchant: Merchant) -> None:
    card, transfer = merchant.open(PCD_PAY_WORK="PAY"), merchant.open(PCD_PAY_WORK="PAY", PCD_PAY_TYPE="transfer")
    merchant.advance(181)

    assert card.approve().delivered["PCD_PAY_CODE"] == "CPCA0001"
    merchant.broke("window_too_slow")
    assert transfer.approve().delivered["PCD_PAY_RST"] == "success"


# Official samples.
@pytest.mark.parametrize("work", ["PAY", "CERT"])
def test_a_skipped_receipt_is_not_issued(merchant: Merchant, work: str) -> None:
    claim = merchant.open(PCD_PAY_WORK=work, **RECEIPT).approve().skip_receipt().delivered
    answer = merchant.confirm(claim) if work == "CERT" else claim

    assert (answer["PCD_TAXSAVE_RST"], answer["PCD_TAXSAVE_MGTNUM"]) == ("N", "")
    assert merchant.cash_receipt(claim) == ("none", 0)


# Undocumented: our choice.
def test_cert_keeps_the_wish_for_a_receipt_until_the_confirm(merchant: Merchant) -> None:
    claim = merchant.claim(**RECEIPT)
    assert (claim["PCD_TAXSAVE_FLAG"], claim["PCD_TAXSAVE_RST"]) == ("Y", "N")
    assert merchant.cash_receipt(claim)[0] == "requested"

    paid = merchant.confirm(claim)

    assert (paid["PCD_TAXSAVE_FLAG"], paid["PCD_TAXSAVE_RST"], paid["PCD_TAXSAVE_MGTNUM"][:1]) == ("Y", "Y", "G")
