"""The payer in the window, and the result that the browser delivers (quick guide 3-4, 3-5)."""

from __future__ import annotations

import re

import pytest

from shop.simulator.scenarios import SCENARIOS, Moment
from tests.gateway.merchant import Merchant

CONFIRM_PATHS = {"card": "/php/PayCardConfirmAct.php?ACT_=PAYM", "transfer": "/php/PayConfirmAct.php?ACT_=PAYM"}
REFUSALS = [
    (scenario.id, method, scenario.code)
    for scenario in SCENARIOS.values()
    for method in scenario.methods
    if scenario.code and not scenario.charged
]
IN_THE_WINDOW = [(name, method) for name, method, _ in REFUSALS if SCENARIOS[name].at is Moment.WINDOW]


def test_a_paid_card_carries_its_approval(merchant: Merchant) -> None:
    """PAY moves the money in the window: issuer, masked number, trade key, approval number, slip, Korea time."""
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
    """CERT: approval fields blank, REQKEY and COFURL filled, another AUTH_KEY than the one that was sent."""
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
    sent = {"PCD_PAYER_NO": "1234", "PCD_PAYER_EMAIL": "hana@example.com", "PCD_USER_DEFINE2": "<b>&\"'"}

    claim = merchant.claim(**sent)

    assert sent.items() <= claim.items()
    assert (claim["PCD_PAYER_NAME"], claim["PCD_RST_URL"]) == ("홍길동", "/order_result")


def test_a_name_typed_by_the_payer_wins(merchant: Merchant) -> None:
    claim = dict(merchant.payer.pay(merchant.fields(), payer_name="김하나"))

    assert claim["PCD_PAYER_NAME"] == "김하나"


def test_a_closed_window_brings_the_call_back_with_close(merchant: Merchant) -> None:
    """No code and no trade data; the AuthKey is part of the echo."""
    fields = merchant.fields()

    claim = dict(merchant.payer.close(fields))

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_MSG"]) == ("close", "결제를 종료하였습니다.")
    assert fields.items() <= claim.items()
    assert "PCD_PAY_CODE" not in claim
    assert merchant.payment(fields["PCD_PAY_OID"])["state"] == "closed"


def test_a_relative_result_address_goes_through_the_merchants_page(merchant: Merchant) -> None:
    assert merchant.payer.open(merchant.fields()).approve().result_url == ""


def test_an_absolute_result_address_is_posted_to_directly(merchant: Merchant) -> None:
    url = "http://localhost:8000/payments/result"

    assert merchant.payer.open(merchant.fields(PCD_RST_URL=url)).approve().result_url == url


def test_pressing_twice_pays_once(merchant: Merchant) -> None:
    window = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY"))

    first, second = window.approve(), window.approve("lost_card")

    assert first.result == second.result
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_closing_after_paying_changes_nothing(merchant: Merchant) -> None:
    window = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY"))
    window.approve()

    assert dict(window.close().result or [])["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(("name", "method", "code"), REFUSALS)
def test_a_refusing_scenario_refuses_in_pay(merchant: Merchant, name: str, method: str, code: str) -> None:
    """Nothing is charged, the code is the issuer's or the bank's, and the number may be tried again."""
    claim = merchant.claim(name, PCD_PAY_TYPE=method, PCD_PAY_WORK="PAY")

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"]) == ("error", code)
    assert claim["PCD_PAY_MSG"]
    assert merchant.payment(claim["PCD_PAY_OID"])["state"] == "declined"
    assert merchant.claim(PCD_PAY_OID=claim["PCD_PAY_OID"])["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(("name", "method"), IN_THE_WINDOW)
def test_a_card_that_cannot_be_authenticated_is_refused_in_cert_too(merchant: Merchant, name: str, method: str) -> None:
    assert merchant.claim(name, PCD_PAY_TYPE=method)["PCD_PAY_RST"] == "error"


def test_an_unknown_outcome_that_was_paid_is_found_by_the_inquiry(merchant: Merchant) -> None:
    claim = merchant.claim("unknown_paid", PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY")

    assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"]) == ("error", "CPAY0018")
    assert merchant.inquire(claim["PCD_PAY_OID"], "transfer")["PCD_PAY_RST"] == "success"


def test_an_unknown_outcome_that_was_not_paid_is_not_found(merchant: Merchant) -> None:
    claim = merchant.claim("unknown_unpaid", PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY")

    assert claim["PCD_PAY_CODE"] == "CPAY0018"
    assert merchant.inquire(claim["PCD_PAY_OID"], "transfer")["PCD_PAY_CODE"] == "BILL0003"


@pytest.mark.parametrize(("name", "state"), [("lost_paid", "approved"), ("lost_unpaid", "declined")])
def test_a_lost_result_never_arrives(merchant: Merchant, name: str, state: str) -> None:
    fields = merchant.fields(PCD_PAY_WORK="PAY")

    window = merchant.payer.open(fields).approve(name)

    assert window.result is None
    assert "window-undelivered" in window.page.texts
    assert merchant.payment(fields["PCD_PAY_OID"])["state"] == state


def test_a_tampered_amount_is_in_the_result_only(merchant: Merchant) -> None:
    claim = merchant.claim("tampered_amount")

    assert claim["PCD_PAY_TOTAL"] == "900"
    assert merchant.confirm(claim)["PCD_PAY_TOTAL"] == "1000"


def test_a_tampered_confirm_address_points_at_an_attacker(merchant: Merchant) -> None:
    claim = merchant.claim("tampered_confirm_url")

    assert claim["PCD_PAY_COFURL"].startswith("https://payple.kr.attacker.invalid/")
    assert merchant.confirm(claim, "/php/PayCardConfirmAct.php?ACT_=PAYM")["PCD_PAY_RST"] == "success"


def test_the_window_offers_what_fits_the_method(merchant: Merchant) -> None:
    card = merchant.payer.open(merchant.fields()).scenarios
    transfer = merchant.payer.open(merchant.fields(PCD_PAY_TYPE="transfer")).scenarios

    assert "limit" in card
    assert "limit" not in transfer
    assert card[0] == transfer[0] == "approved"


def test_the_card_window_gives_three_minutes(merchant: Merchant) -> None:
    """CPCA0001; transfers have no documented limit."""
    card = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY"))
    transfer = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY", PCD_PAY_TYPE="transfer"))
    merchant.order("POST", "/clock", {"advance": 181})

    assert dict(card.approve().result or [])["PCD_PAY_CODE"] == "CPCA0001"
    assert dict(transfer.approve().result or [])["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(
    "typed",
    [
        {"card_number": "1234"},
        {"card_number": "４" * 16},
        {"expiry": "01/20"},
        {"expiry": "13/39"},
        {"identity": "90"},
        {"password": "x1"},
    ],
)
def test_a_card_that_cannot_be_one_is_asked_for_again(merchant: Merchant, typed: dict[str, str]) -> None:
    """The window stays, keeps what was typed, and the right card still pays."""
    window = merchant.payer.open(merchant.fields()).approve(**typed)

    assert (window.page.status, window.result) == (422, None)
    name, value = next(iter(typed.items()))
    assert window.page.form_with("window-approve").fields[name] == value
    good = {"card_number": "9999020000001234", "expiry": "1239", "identity": "1234567890", "password": "12"}
    assert dict(window.approve(**good).result or [])["PCD_PAY_CARDNAME"] == "신한카드"


@pytest.mark.parametrize(
    "typed", [{"bank": "999"}, {"account": "12"}, {"birth": "1"}, {"holder": "company", "business_no": ""}]
)
def test_an_account_that_cannot_be_one_is_asked_for_again(merchant: Merchant, typed: dict[str, str]) -> None:
    window = merchant.payer.open(merchant.fields(PCD_PAY_TYPE="transfer")).approve(**typed)

    assert (window.page.status, window.result) == (422, None)


def test_a_business_account_pays_too(merchant: Merchant) -> None:
    fields = merchant.fields(PCD_PAY_TYPE="transfer")

    assert dict(merchant.payer.pay(fields, holder="company"))["PCD_PAY_BANKACCTYPE"] == "company"


def test_what_the_payer_types_is_kept_nowhere(merchant: Merchant) -> None:
    """Card number, password digits and birth date are checked, masked and forgotten."""
    window = merchant.payer.open(merchant.fields())
    window.approve(card_number="9999031234567890", identity="7711223344", password="87")

    kept = str(merchant.ledger()) + str(merchant.order("GET", "/payments"))
    assert "9999031234567890" not in kept
    assert "7711223344" not in kept


class TestCashReceipt:
    """The step that PCD_TAXSAVE_FLAG=Y adds to a transfer."""

    def test_pay_asks_after_the_money_has_moved(self, merchant: Merchant) -> None:
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY", PCD_TAXSAVE_FLAG="Y")
        window = merchant.payer.open(fields).approve()
        assert (window.result, merchant.payment(fields["PCD_PAY_OID"])["state"]) == (None, "approved")

        claim = dict(window.ask_for_receipt().result or [])

        assert (claim["PCD_TAXSAVE_FLAG"], claim["PCD_TAXSAVE_RST"]) == ("Y", "Y")
        assert claim["PCD_TAXSAVE_MGTNUM"].startswith("G")
        payment = merchant.payment(fields["PCD_PAY_OID"])
        assert (payment["cash_receipt"], payment["cash_receipt_amount"]) == ("issued", 1000)

    def test_cert_keeps_the_answer_and_the_confirm_issues(self, merchant: Merchant) -> None:
        claim = merchant.claim(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="Y")
        assert (claim["PCD_TAXSAVE_FLAG"], claim["PCD_TAXSAVE_RST"]) == ("Y", "N")
        assert merchant.payment(claim["PCD_PAY_OID"])["cash_receipt"] == "requested"

        answer = merchant.confirm(claim)

        assert (answer["PCD_TAXSAVE_FLAG"], answer["PCD_TAXSAVE_RST"]) == ("Y", "Y")
        assert answer["PCD_TAXSAVE_MGTNUM"].startswith("G")

    @pytest.mark.parametrize("work", ["PAY", "CERT"])
    def test_a_skipped_receipt_is_not_issued(self, merchant: Merchant, work: str) -> None:
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK=work, PCD_TAXSAVE_FLAG="Y")
        claim = dict(merchant.payer.pay(fields, cash_receipt=False))
        told = merchant.confirm(claim) if work == "CERT" else claim

        assert (told["PCD_TAXSAVE_RST"], told["PCD_TAXSAVE_MGTNUM"]) == ("N", "")
        assert merchant.payment(claim["PCD_PAY_OID"])["cash_receipt"] == "none"

    def test_a_card_has_no_such_step(self, merchant: Merchant) -> None:
        claim = merchant.claim(PCD_TAXSAVE_FLAG="Y")

        assert claim["PCD_PAY_RST"] == "success"
        assert "PCD_TAXSAVE_RST" not in claim

    def test_a_wrong_number_is_asked_for_again_and_not_written_down(self, merchant: Merchant) -> None:
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY", PCD_TAXSAVE_FLAG="Y")
        window = merchant.payer.open(fields).approve()

        assert window.ask_for_receipt(use="company", business_no="1").page.status == 422

        window.ask_for_receipt(use="personal", phone="010-9876-5432")
        assert "98765432" not in str(merchant.ledger())
