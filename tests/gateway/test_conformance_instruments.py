"""The other windows: app card, registration, payment password, clientKey."""

import pytest

from tests.gateway.merchant import REGISTRATION, Merchant

OF_PAYMENTS_ONLY = ("PCD_PAY_OID", "PCD_PAY_GOODS", "PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_REQKEY")
APP_CARD = {"PCD_CARD_VER": "02"}
OTHER_CARD = "9999020000001232"
METHODS = pytest.mark.parametrize("method", ["card", "transfer"])


# Quick guide 3-5.
@pytest.mark.parametrize("work", ["PAY", "CERT"])
def test_an_app_card_pays_without_a_billing_key(merchant: Merchant, work: str) -> None:
    claim = merchant.open(**APP_CARD, PCD_PAY_WORK=work).approve(company="999904").delivered

    assert (claim["PCD_PAY_RST"], claim["PCD_CARD_VER"]) == ("success", "02")
    assert (claim["PCD_PAY_CARDNAME"], claim["PCD_PAYER_ID"], claim["PCD_PAY_CARDQUOTA"]) == ("현대카드", "", "00")


def test_an_app_card_has_instalments_from_fifty_thousand_won(merchant: Merchant) -> None:
    claim = merchant.open(**APP_CARD, PCD_PAY_TOTAL="50000").approve(instalments="3").delivered

    assert claim["PCD_PAY_CARDQUOTA"] == merchant.confirm(claim)["PCD_PAY_CARDQUOTA"] == "03"


# Official samples.
def test_an_app_card_cannot_be_registered(merchant: Merchant) -> None:
    assert merchant.refusal(**REGISTRATION, **APP_CARD) == "CPCA9997"
    merchant.broke("app_card_unregistrable")


def test_one_card_has_one_key_and_a_key_may_get_another_card(merchant: Merchant) -> None:
    first, again = merchant.claim(**REGISTRATION), merchant.claim(**REGISTRATION)
    other = merchant.open(**REGISTRATION).approve(card_number=OTHER_CARD).delivered

    assert (again["PCD_PAYER_ID"], again["PCD_PAY_MSG"]) == (first["PCD_PAYER_ID"], "기 인증고객 입니다.")
    assert "기 인증고객" not in first["PCD_PAY_MSG"]
    key = first["PCD_PAYER_ID"]
    assert other["PCD_PAYER_ID"] != key == merchant.claim()["PCD_PAYER_ID"]
    changed = merchant.open(**REGISTRATION, PCD_PAYER_ID=key).approve(card_number=OTHER_CARD).delivered
    assert (changed["PCD_PAYER_ID"], changed["PCD_PAY_CARDNAME"]) == (key, "신한카드")


@METHODS
@pytest.mark.parametrize("work", ["PAY", "CERT"])
def test_a_registered_instrument_pays_with_a_password(merchant: Merchant, method: str, work: str) -> None:
    """A wrong password is asked for again."""
    key = merchant.claim(**REGISTRATION, PCD_PAY_TYPE=method)["PCD_PAYER_ID"]
    window = merchant.open(PCD_SIMPLE_FLAG="Y", PCD_PAYER_ID=key, PCD_PAY_TYPE=method, PCD_PAY_WORK=work)
    assert "window-password" in window.page.texts
    assert window.approve(payment_password="000000").page.status == 422

    claim = window.approve().delivered

    assert (claim["PCD_PAY_RST"], claim["PCD_PAYER_ID"], claim["PCD_SIMPLE_FLAG"]) == ("success", key, "Y")
    answer = merchant.confirm(claim) if work == "CERT" else claim
    assert answer["PCD_PAY_CARDNUM" if method == "card" else "PCD_PAY_BANKNUM"]


@pytest.mark.parametrize(
    ("wish", "method", "easy"),
    [
        ("", "appCard", ""),
        ("naverPay", "naverPay", "card"),
        ("kakaoPay", "kakaoPay", "card"),
    ],
)
def test_only_the_client_key_window_has_the_newer_fields(merchant: Merchant, wish: str, method: str, easy: str) -> None:
    claim = merchant.claim(clientKey=merchant.client_key, PCD_PAY_METHOD=wish, **APP_CARD)

    assert (claim["PCD_PAY_METHOD"], claim["PCD_EASY_PAY_METHOD"]) == (method, easy)
    assert claim["PCD_TX_KEY"]
    assert not {"PCD_TX_KEY", "PCD_EASY_PAY_METHOD"} & set(merchant.claim())


# Quick guide 3-3.
@METHODS
def test_a_registration_brings_a_billing_key_and_nothing_of_a_payment(merchant: Merchant, method: str) -> None:
    window = merchant.open(**REGISTRATION, PCD_PAY_TYPE=method)
    assert "window-amount" not in window.page.texts

    claim = window.approve().delivered

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"], claim["PCD_PAY_WORK"]) == ("success", "0000", "AUTH")
    assert claim["PCD_PAYER_ID"]
    assert claim["PCD_PAY_CARDNUM" if method == "card" else "PCD_PAY_BANKNUM"]
    assert not claim.get("PCD_PAY_COFURL")
    assert not [name for name in OF_PAYMENTS_ONLY if name in claim]
    merchant.advance(3600)
    assert (merchant.charges(), merchant.payments()[0]["state"]) == (0, "authenticated")


# 응답코드.
def test_a_refused_or_closed_registration_leaves_no_key(merchant: Merchant) -> None:
    claim = merchant.claim("lost_card", **REGISTRATION)

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"]) == ("error", "3122")
    assert merchant.open(**REGISTRATION).close().delivered["PCD_PAY_RST"] == "close"
    assert "기 인증고객" not in merchant.claim(**REGISTRATION)["PCD_PAY_MSG"]


@pytest.mark.parametrize(("method", "code"), [("card", "CPCA0002"), ("transfer", "CPAY0002")])
def test_an_unknown_key_or_one_of_the_other_method_opens_no_window(merchant: Merchant, method: str, code: str) -> None:
    other = merchant.claim(**REGISTRATION, PCD_PAY_TYPE="transfer" if method == "card" else "card")
    for key in ("nobody's", other["PCD_PAYER_ID"]):
        assert merchant.refusal(PCD_SIMPLE_FLAG="Y", PCD_PAYER_ID=key, PCD_PAY_TYPE=method) == code
        merchant.broke("window_key_unknown")


# Undocumented: our choice.
def test_the_confirm_of_an_app_card_has_a_blank_billing_key_or_none(merchant: Merchant) -> None:
    blank, missing = merchant.claim(**APP_CARD), merchant.claim(**APP_CARD)
    sent = merchant.confirm_fields(missing)
    del sent["PCD_PAYER_ID"]

    assert merchant.confirm(blank)["PCD_PAY_CODE"] == "PCCF0000"
    assert merchant.post(missing["PCD_PAY_COFURL"], sent)["PCD_PAY_CODE"] == "PCCF0000"
