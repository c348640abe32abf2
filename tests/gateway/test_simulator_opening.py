"""The payment window opens, or does not (quick guide 3-3)."""

from __future__ import annotations

from tests.gateway.merchant import SIMULATOR, Merchant


def test_the_window_shows_what_is_paid_and_to_whom(merchant: Merchant) -> None:
    window = merchant.payer.open(merchant.fields(PCD_PAY_TOTAL="12300"))

    assert (window.amount, window.goods) == ("12,300원", "테스트 상품")
    assert "시뮬레이터" in merchant.session.get(window.page.url).text


def test_the_goods_are_shown_as_the_merchant_wrote_them(merchant: Merchant) -> None:
    """The 1.0.x script escapes some characters once; markup stays text."""
    window = merchant.payer.open(merchant.fields(PCD_PAY_GOODS="노트 &#40;3+1) <b>"))

    assert window.goods == "노트 (3+1) <b>"


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
