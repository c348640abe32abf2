"""The payment window: what it shows, what may be typed, and its three minutes."""

import pytest

from tests.gateway.merchant import REGISTRATION, SIMULATOR, Fields, Merchant
from tests.payer import Window

CARD, APP_CARD, TRANSFER = {"PCD_CARD_VER": "01"}, {"PCD_CARD_VER": "02"}, {"PCD_PAY_TYPE": "transfer"}


@pytest.mark.parametrize("goods", ["테스트 상품", '노트 &#40;3+1) <b> "x"'])
def test_the_window_shows_what_the_merchant_wrote_and_works_in_a_cross_site_frame(
    merchant: Merchant, goods: str
) -> None:
    window = merchant.open(PCD_PAY_TOTAL="12300", PCD_PAY_GOODS=goods)
    headers = merchant.session.get(window.page.url).headers

    assert (window.amount, window.goods) == ("12,300원", goods)
    assert not merchant.session.cookies
    assert not {"Set-Cookie", "X-Frame-Options", "Cross-Origin-Opener-Policy"} & set(headers)
    assert "frame-ancestors" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_nobody_guesses_a_window(merchant: Merchant) -> None:
    assert merchant.session.get(f"{SIMULATOR}/window/guess").status_code == 404
    assert merchant.session.post(f"{SIMULATOR}/window/guess/submit").status_code == 404


def test_pressing_twice_pays_once_and_closing_afterwards_changes_nothing(merchant: Merchant) -> None:
    window = merchant.open(PCD_PAY_WORK="PAY")

    first, second, closed = window.approve(), window.approve("lost_card"), window.close()

    assert (first.result, closed.delivered["PCD_PAY_RST"]) == (second.result, "success")
    assert merchant.charges() == 1


@pytest.mark.parametrize(
    ("call", "typed"),
    [
        (CARD, {"card_number": "1234"}),
        (CARD, {"card_number": "9999010200000002"}),
        (CARD, {"expiry": "13/39"}),
        (CARD, {"identity": "991332"}),
        (CARD, {"password": "x1"}),
        (TRANSFER, {"bank": "999"}),
        (TRANSFER, {"account": "01012345678"}),
        (TRANSFER, {"holder": "company", "business_no": ""}),
        (APP_CARD, {"company": "123456"}),
        (APP_CARD | {"PCD_PAY_TOTAL": "49990"}, {"instalments": "3"}),
    ],
)
def test_what_cannot_be_real_is_asked_for_again(merchant: Merchant, call: Fields, typed: Fields) -> None:
    window = merchant.open(**call).approve(**typed)

    assert (window.page.status, window.result) == (422, None)
    if call is CARD:
        assert typed.items() <= window.page.form_with("window-approve").fields.items()


@pytest.mark.parametrize(
    ("call", "typed", "name", "value"),
    [
        (CARD, {"card_number": "9999020000001232", "expiry": "1239", "identity": "1234567890"}, "CARDNAME", "신한카드"),
        (TRANSFER, {"holder": "company"}, "BANKACCTYPE", "company"),
    ],
)
def test_a_company_pays_too(merchant: Merchant, call: Fields, typed: Fields, name: str, value: str) -> None:
    assert merchant.open(**call).approve(**typed).delivered[f"PCD_PAY_{name}"] == value


def test_what_the_payer_types_is_kept_nowhere(merchant: Merchant) -> None:
    merchant.open().approve(card_number="9999031234567898", identity="7711223344", password="87")
    window = merchant.open(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY", PCD_TAXSAVE_FLAG="Y").approve()
    assert window.ask_for_receipt(use="company", business_no="1").page.status == 422
    window.ask_for_receipt(use="personal", phone="010-9876-5432")

    kept = str(merchant.ledger()) + str(merchant.payments())
    assert not [number for number in ("9999031234567898", "7711223344", "98765432") if number in kept]


def expire(merchant: Merchant, window: Window) -> Window:
    """What the script of the window does when its countdown is over."""
    address = next(form.action for form in window.page.forms if "data-expire" in form.attributes)
    return Window(merchant.session, merchant.session.post(address))


def test_the_window_counts_down_from_three_minutes_and_delivers_its_end_itself(merchant: Merchant) -> None:
    """One that ends too early leaves the window open."""
    window = merchant.open()
    merchant.advance(60)
    page, early = merchant.session.get(window.page.url).text, expire(merchant, window)
    assert any(f'data-countdown="{left}"' in page for left in (118, 119, 120))
    assert early.result is None
    merchant.advance(121)

    assert merchant.payments()[0]["state"] == "expired"
    assert not {"submit", "result"} & {entry["op"] for entry in merchant.ledger()}
    assert expire(merchant, window).delivered["PCD_PAY_CODE"] == "CPCA0001"


def test_every_window_speaks_both_languages(merchant: Merchant) -> None:
    key = merchant.claim(**REGISTRATION)["PCD_PAYER_ID"]
    calls: list[tuple[Fields, str, str]] = [
        ({}, "시뮬레이터", "Payment simulator"),
        (APP_CARD, "카드사", "Card company"),
        (REGISTRATION, "카드 등록하기", "Register the card"),
        ({"PCD_SIMPLE_FLAG": "Y", "PCD_PAYER_ID": key}, "결제 비밀번호 6자리", "Payment password (6 digits)"),
    ]
    for call, ko, en in calls:
        url = merchant.open(**call).page.url
        assert ko in merchant.session.get(url).text
        assert en in merchant.session.get(url, params={"lang": "en"}).text
        assert en in merchant.session.get(url, headers={"Accept-Language": "en-US,en;q=0.9"}).text


def test_a_card_registered_with_a_test_number_goes_on_refusing(merchant: Merchant) -> None:
    key = merchant.open(**REGISTRATION).approve(card_number="9999010231120000").delivered["PCD_PAYER_ID"]

    assert merchant.paid(PCD_SIMPLE_FLAG="Y", PCD_PAYER_ID=key)["PCD_PAY_CODE"] == "3112"
