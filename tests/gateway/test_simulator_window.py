"""The payment window: what it shows, what may be typed, and its three minutes."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import SIMULATOR, Merchant
from tests.payer import Window

REGISTRATION = {"PCD_PAY_WORK": "AUTH", "PCD_PAY_GOODS": "", "PCD_PAY_TOTAL": "", "PCD_PAY_OID": ""}
CARD, APP_CARD, TRANSFER = {"PCD_CARD_VER": "01"}, {"PCD_CARD_VER": "02"}, {"PCD_PAY_TYPE": "transfer"}
IMPOSSIBLE = [
    (CARD, {"card_number": "1234"}),
    (CARD, {"card_number": "４" * 16}),
    (CARD, {"card_number": "9999010200000002"}),
    (CARD, {"expiry": "01/20"}),
    (CARD, {"expiry": "13/39"}),
    (CARD, {"identity": "90"}),
    (CARD, {"identity": "991332"}),
    (CARD, {"password": "x1"}),
    (TRANSFER, {"bank": "999"}),
    (TRANSFER, {"account": "12"}),
    (TRANSFER, {"account": "01012345678"}),
    (TRANSFER, {"birth": "1"}),
    (TRANSFER, {"holder": "company", "business_no": ""}),
    (APP_CARD, {"company": "123456"}),
    (APP_CARD | {"PCD_PAY_TOTAL": "49990"}, {"instalments": "3"}),
    (APP_CARD | {"PCD_PAY_TOTAL": "50000"}, {"instalments": "13"}),
]


def test_the_window_shows_what_is_paid_and_to_whom(merchant: Merchant) -> None:
    window = merchant.payer.open(merchant.fields(PCD_PAY_TOTAL="12300"))

    assert (window.amount, window.goods) == ("12,300원", "테스트 상품")
    assert "시뮬레이터" in merchant.session.get(window.page.url).text


def test_the_goods_are_shown_as_the_merchant_wrote_them(merchant: Merchant) -> None:
    goods = '노트 &#40;3+1) <b> "x"'

    assert merchant.payer.open(merchant.fields(PCD_PAY_GOODS=goods)).goods == goods


def test_the_window_speaks_english(merchant: Merchant) -> None:
    url = merchant.payer.open(merchant.fields()).page.url

    assert "Payment simulator" in merchant.session.get(url, params={"lang": "en"}).text
    assert "Pay ₩1,000" in merchant.session.get(url, headers={"Accept-Language": "en-US,en;q=0.9"}).text


def test_the_window_works_in_a_cross_site_frame(merchant: Merchant) -> None:
    """It needs no cookie and forbids no framing: a cross-site frame would lose the one and break at the other."""
    window = merchant.payer.open(merchant.fields())
    headers = merchant.session.get(window.page.url).headers

    assert not merchant.session.cookies
    assert not {"Set-Cookie", "X-Frame-Options", "Cross-Origin-Opener-Policy"} & set(headers)
    assert "frame-ancestors" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_nobody_guesses_a_window(merchant: Merchant) -> None:
    assert merchant.session.get(f"{SIMULATOR}/window/guess").status_code == 404
    assert merchant.session.post(f"{SIMULATOR}/window/guess/submit").status_code == 404


def test_pressing_twice_pays_once(merchant: Merchant) -> None:
    window = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY"))

    first, second = window.approve(), window.approve("lost_card")

    assert first.result == second.result
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_closing_after_paying_changes_nothing(merchant: Merchant) -> None:
    window = merchant.payer.open(merchant.fields(PCD_PAY_WORK="PAY"))
    window.approve()

    assert dict(window.close().result or [])["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(("call", "typed"), IMPOSSIBLE)
def test_what_cannot_be_real_is_asked_for_again(
    merchant: Merchant, call: dict[str, str], typed: dict[str, str]
) -> None:
    """The window stays and keeps what was typed."""
    window = merchant.payer.open(merchant.fields(**call)).approve(**typed)

    assert (window.page.status, window.result) == (422, None)
    assert window.page.texts
    if call is CARD:
        assert typed.items() <= window.page.form_with("window-approve").fields.items()


@pytest.mark.parametrize(
    ("call", "typed", "name", "value"),
    [
        (CARD, {"card_number": "9999020000001232", "expiry": "1239", "identity": "1234567890"}, "CARDNAME", "신한카드"),
        (TRANSFER, {"holder": "company"}, "BANKACCTYPE", "company"),
    ],
)
def test_a_company_pays_too(
    merchant: Merchant, call: dict[str, str], typed: dict[str, str], name: str, value: str
) -> None:
    window = merchant.payer.open(merchant.fields(**call)).approve(**typed)

    assert dict(window.result or [])[f"PCD_PAY_{name}"] == value


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


def expiry_of(window: Window) -> str:
    """Where the window's script reports that the time is over."""
    return next(form.action for form in window.page.forms if "data-expire" in form.attributes)


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


def test_a_card_registered_with_a_test_number_goes_on_refusing(merchant: Merchant) -> None:
    """Payments by billing key can be made to fail without anybody choosing."""
    registration = merchant.fields(**REGISTRATION)
    key = dict(merchant.payer.pay(registration, card_number="9999010231120000"))["PCD_PAYER_ID"]

    claim = merchant.claim(PCD_SIMPLE_FLAG="Y", PCD_PAYER_ID=key, PCD_PAY_WORK="PAY")

    assert claim["PCD_PAY_CODE"] == "3112"
