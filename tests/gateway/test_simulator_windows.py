"""The other windows: app card, registration, payment password, clientKey; and the three minutes."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import SIMULATOR, Merchant
from tests.payer import Window

REGISTRATION = {"PCD_PAY_WORK": "AUTH", "PCD_PAY_GOODS": "", "PCD_PAY_TOTAL": "", "PCD_PAY_OID": ""}


class TestThreeMinutes:
    """The card window counts down, and believes the simulator's clock only."""

    def test_the_window_counts_down(self, merchant: Merchant) -> None:
        window = merchant.payer.open(merchant.fields())
        merchant.order("POST", "/clock", {"advance": 60})

        page = merchant.session.get(window.page.url).text

        assert any(f'data-countdown="{left}"' in page for left in (118, 119, 120))

    def test_the_window_that_gives_up_too_early_stays_open(self, merchant: Merchant) -> None:
        window = merchant.payer.open(merchant.fields())

        early = Window(merchant.session, merchant.session.post(expiry_of(window)))

        assert early.result is None
        assert dict(early.approve().result or [])["PCD_PAY_RST"] == "success"

    def test_the_end_is_delivered(self, merchant: Merchant) -> None:
        window = merchant.payer.open(merchant.fields())
        merchant.order("POST", "/clock", {"advance": 181})

        late = Window(merchant.session, merchant.session.post(expiry_of(window)))

        assert dict(late.result or [])["PCD_PAY_CODE"] == "CPCA0001"

    def test_transfers_have_no_limit(self, merchant: Merchant) -> None:
        window = merchant.payer.open(merchant.fields(PCD_PAY_TYPE="transfer"))

        assert "data-countdown" not in merchant.session.get(window.page.url).text


def expiry_of(window: Window) -> str:
    """Where the window's script reports that the time is over."""
    return next(form.action for form in window.page.forms if "data-expire" in form.attributes)


class TestTyping:
    """Numbers that cannot be real are asked for again."""

    @pytest.mark.parametrize("number", ["9999010200000002", "1111111111111111", "9999 0102 0000 000"])
    def test_a_card_number_has_a_check_digit(self, merchant: Merchant, number: str) -> None:
        assert merchant.payer.open(merchant.fields()).approve(card_number=number).page.status == 422

    @pytest.mark.parametrize("identity", ["991332", "990100", "000000"])
    def test_a_date_of_birth_is_a_date(self, merchant: Merchant, identity: str) -> None:
        assert merchant.payer.open(merchant.fields()).approve(identity=identity).page.status == 422

    def test_a_phone_number_is_no_account(self, merchant: Merchant) -> None:
        """ARSA0002: banks offer numbers for life that are phone numbers."""
        window = merchant.payer.open(merchant.fields(PCD_PAY_TYPE="transfer"))

        assert window.approve(account="01012345678").page.status == 422


def test_both_languages_in_every_window(merchant: Merchant) -> None:
    key = merchant.claim(**REGISTRATION)["PCD_PAYER_ID"]
    calls: list[tuple[dict[str, str], str, str]] = [
        ({"PCD_CARD_VER": "02"}, "카드사", "Card company"),
        (REGISTRATION, "카드 등록하기", "Register the card"),
        ({"PCD_SIMPLE_FLAG": "Y", "PCD_PAYER_ID": key}, "결제 비밀번호 6자리", "Payment password (6 digits)"),
    ]
    for call, ko, en in calls:
        url = merchant.payer.open(merchant.fields(**call)).page.url
        assert ko in merchant.session.get(url).text
        assert en in merchant.session.get(url, params={"lang": "en"}).text


def test_closing_the_browser_delivers_nothing(merchant: Merchant) -> None:
    """The payment stays open until its three minutes are over."""
    window = merchant.payer.open(merchant.fields())

    assert window.result is None
    assert merchant.order("GET", "/payments")[0]["state"] == "opened"
    merchant.order("POST", "/clock", {"advance": 181})
    assert merchant.order("GET", "/payments")[0]["state"] == "expired"
    assert "result" not in {entry["op"] for entry in merchant.ledger()}


def test_a_window_of_nobody_is_a_404(merchant: Merchant) -> None:
    assert merchant.session.post(f"{SIMULATOR}/window/nobody/expire").status_code == 404


@pytest.mark.parametrize(("total", "months"), [("49990", "3"), ("50000", "13"), ("50000", "1"), ("50000", "x")])
def test_other_instalments_of_an_app_card_are_asked_for_again(merchant: Merchant, total: str, months: str) -> None:
    window = merchant.payer.open(merchant.fields(PCD_CARD_VER="02", PCD_PAY_TOTAL=total))

    assert window.approve(instalments=months).page.status == 422


def test_an_app_card_needs_a_company_that_is_offered(merchant: Merchant) -> None:
    window = merchant.payer.open(merchant.fields(PCD_CARD_VER="02"))

    assert window.approve(company="123456").page.status == 422


def test_a_card_registered_with_a_test_number_goes_on_refusing(merchant: Merchant) -> None:
    """Payments by billing key can be made to fail without anybody choosing."""
    registration = merchant.fields(**REGISTRATION)
    key = dict(merchant.payer.pay(registration, card_number="9999010231120000"))["PCD_PAYER_ID"]

    claim = merchant.claim(PCD_SIMPLE_FLAG="Y", PCD_PAYER_ID=key, PCD_PAY_WORK="PAY")

    assert claim["PCD_PAY_CODE"] == "3112"
