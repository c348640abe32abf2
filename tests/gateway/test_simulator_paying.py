"""The payer in the window, and the result that the browser delivers (quick guide 3-4, 3-5)."""

from __future__ import annotations

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
    good = {"card_number": "9999020000001232", "expiry": "1239", "identity": "1234567890", "password": "12"}
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
    window.approve(card_number="9999031234567898", identity="7711223344", password="87")

    kept = str(merchant.ledger()) + str(merchant.order("GET", "/payments"))
    assert "9999031234567898" not in kept
    assert "7711223344" not in kept


def test_a_wrong_receipt_number_is_asked_for_again_and_not_written_down(merchant: Merchant) -> None:
    fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY", PCD_TAXSAVE_FLAG="Y")
    window = merchant.payer.open(fields).approve()

    assert window.ask_for_receipt(use="company", business_no="1").page.status == 422

    window.ask_for_receipt(use="personal", phone="010-9876-5432")
    assert "98765432" not in str(merchant.ledger())
