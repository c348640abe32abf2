"""Received addresses select or are refused; they are never dialled, or shown, as they came."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import Gateway, NotSent, Purpose, UnknownEndpoint, WindowScript

TEST = Gateway.test()
LIVE = Gateway.live()
STAND_IN = Gateway.at("http://127.0.0.1:8001")

CARD = "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM"
TRANSFER = "https://democpay.payple.kr/php/PayConfirmAct.php?ACT_=PAYM"
APP_CARD = "https://demo-api-v2.payple.kr/api/v1/payments/cards/approval/confirm"

HOSTILE = [
    "",
    " ",
    "null",
    "/php/PayCardConfirmAct.php?ACT_=PAYM",
    "//democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "//evil.example/php/PayCardConfirmAct.php?ACT_=PAYM",
    "http://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "ftp://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,hello",
    "https:democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https:/democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https:\\\\democpay.payple.kr\\php\\PayCardConfirmAct.php?ACT_=PAYM",
    "https://evil.example\\@democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://evil.example/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://evil.example?democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://evil.example#@democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://evil.example/https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr@evil.example/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://user:password@democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://@democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr.evil.example/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://evil-democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://xdemocpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://cpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr./php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay%2Epayple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://dеmocpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",  # a Cyrillic letter
    "https://democpay。payple。kr/php/PayCardConfirmAct.php?ACT_=PAYM",  # ideographic full stops
    "https://xn--dmocpay-8ve.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr:8443/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr:80/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr:99999/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr:x/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://127.0.0.1/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://[::1]/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://[::1/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://169.254.169.254/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://2130706433/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM\r\nHost: evil.example",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM\n",
    " https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democ\tpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM\0",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=OTHER",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM&ACT_=OTHER",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM#there",
    "https://democpay.payple.kr/php/../php/PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr/php//PayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr/php/%50ayCardConfirmAct.php?ACT_=PAYM",
    "https://democpay.payple.kr/php/paycardconfirmact.php?ACT_=PAYM",
    "https://democpay.payple.kr/php/account/api/cPayCAct.php?ACT_=PAYM",
    "https://democpay.payple.kr/api/v1/payments/cards/approval/confirm",
    "https://api-v2.payple.kr/api/v1/payments/cards/approval/confirm",
    "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM&pad=" + "x" * 3000,
]


@pytest.mark.parametrize("received", [CARD, TRANSFER, APP_CARD])
def test_a_known_confirm_address_selects_our_own_constant(received: str) -> None:
    assert TEST.select_confirm(received) == received
    assert any(TEST.select_confirm(received) is url for url in TEST.confirm_urls)


@pytest.mark.parametrize(
    "received",
    [
        "https://democpay.payple.kr:443/php/PayCardConfirmAct.php?ACT_=PAYM",
        "HTTPS://DemoCPay.Payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
        "https://democpay.payple.kr/php/PayCardConfirmAct.php?run=7&ACT_=PAYM",
    ],
)
def test_another_spelling_of_a_known_address_still_dials_only_our_constant(received: str) -> None:
    assert TEST.select_confirm(received) == CARD


@pytest.mark.parametrize("received", HOSTILE)
def test_a_hostile_confirm_address_is_refused_before_anything_is_sent(received: str) -> None:
    with pytest.raises(UnknownEndpoint) as refusal:
        TEST.select_confirm(received)
    assert isinstance(refusal.value, NotSent)
    assert "evil" not in str(refusal.value)


@pytest.mark.parametrize("received", [CARD, TRANSFER, APP_CARD])
def test_the_live_gateway_does_not_know_the_test_addresses(received: str) -> None:
    with pytest.raises(UnknownEndpoint):
        LIVE.select_confirm(received)


@settings(deadline=None)
@given(st.text())
def test_no_text_at_all_leads_away_from_our_constants(received: str) -> None:
    with suppress(UnknownEndpoint):
        assert TEST.select_confirm(received) in TEST.confirm_urls


@settings(deadline=None)
@given(st.text(alphabet="htps:/@.?#&=[]%\\democpay.payple.kr", max_size=80))
def test_no_address_like_text_makes_an_unsafe_link_or_a_crash(received: str) -> None:
    slip = TEST.safe_slip_url(received)
    assert slip in {"", received}
    assert not slip or slip.lower().startswith("https://")


WINDOW = "https://democpay.payple.kr/index.php?ACT_=PAYM&CPAYVER=202102051731"


@pytest.mark.parametrize(
    ("purpose", "return_url"),
    [
        (Purpose.WINDOW, WINDOW),
        (Purpose.WINDOW, "https://democpay.payple.kr/php/?ACT_=PAYM"),
        (Purpose.INQUIRY, "https://democpay.payple.kr/php/PayChkAct.php"),
        (Purpose.REFUND, "https://democpay.payple.kr/php/account/api/cPayCAct.php"),
        (Purpose.RECEIPT_ISSUE, "https://democpay.payple.kr/php/taxsave/api/tsAct.php?ACT_=TSREG"),
        (Purpose.RECEIPT_CANCEL, "https://democpay.payple.kr/php/taxsave/api/tsAct.php?run=7&ACT_=TSCANCEL"),
    ],
)
def test_a_return_url_of_the_right_purpose_is_admitted(purpose: Purpose, return_url: str) -> None:
    assert TEST.return_url(purpose, return_url) == return_url


def test_an_admitted_return_url_is_rebuilt_on_our_own_origin() -> None:
    assert (
        TEST.return_url(Purpose.WINDOW, WINDOW.replace("https://democpay.payple.kr", "https://DEMOCPAY.payple.kr:443"))
        == WINDOW
    )


@pytest.mark.parametrize(
    "return_url",
    [
        *HOSTILE,
        "https://democpay.payple.kr/php/PayChkAct.php",
        "https://democpay.payple.kr/php/account/api/cPayCAct.php",
        "https://demo-api-v2.payple.kr/index.php?ACT_=PAYM",
        WINDOW + "#fragment",
        WINDOW + "&next=https://evil.example",
        WINDOW + "&markup='",
    ],
)
def test_a_return_url_that_is_not_the_windows_is_refused(return_url: str) -> None:
    with pytest.raises(UnknownEndpoint):
        TEST.return_url(Purpose.WINDOW, return_url)


@pytest.mark.parametrize("return_url", [WINDOW, *(url for url in HOSTILE if "cPayCAct" not in url)])
@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.WINDOW])
def test_a_return_url_that_is_not_this_purposes_is_refused(purpose: Purpose, return_url: str) -> None:
    with pytest.raises(UnknownEndpoint):
        TEST.return_url(purpose, return_url)


@pytest.mark.parametrize("purpose", [Purpose.INQUIRY, Purpose.RECEIPT_ISSUE, Purpose.RECEIPT_CANCEL])
def test_no_other_purpose_leads_to_the_cancel_address(purpose: Purpose) -> None:
    with pytest.raises(UnknownEndpoint):
        TEST.return_url(purpose, "https://democpay.payple.kr/php/account/api/cPayCAct.php?ACT_=PAYM")


@pytest.mark.parametrize("url", ["https://www.danalpay.com/receipt?tid=1&a=%20", "https://slip.example:8443/x"])
def test_an_https_sales_slip_may_be_shown(url: str) -> None:
    assert TEST.safe_slip_url(url) == url


def test_the_stand_ins_own_sales_slip_may_be_shown_and_no_other_plain_one() -> None:
    assert STAND_IN.safe_slip_url("http://127.0.0.1:8001/slips/1") == "http://127.0.0.1:8001/slips/1"
    assert STAND_IN.safe_slip_url("http://127.0.0.1:8002/slips/1") == ""
    assert TEST.safe_slip_url("http://www.danalpay.com/receipt") == ""


@pytest.mark.parametrize(
    "url",
    [
        *("", "https://", "https:///x", "//danalpay.com/x", "javascript:alert(1)", "java\tscript:alert(1)"),
        *("data:text/html,x", "https://user@danalpay.com/", 'https://danalpay.com/"><script>', " https://a.b/"),
        *("https://danalpay.com/한글", "https://danalpay.com:0x50/", "vbscript://danalpay.com/x"),
    ],
)
def test_a_doubtful_sales_slip_is_no_link(url: str) -> None:
    assert TEST.safe_slip_url(url) == ""


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://localhost:8001/", "http://localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
        ("https://Gateway.Example:443", "https://gateway.example"),
    ],
)
def test_a_stand_in_has_an_address_and_nothing_more(address: str, origin: str) -> None:
    gateway = Gateway.at(address)
    assert gateway.origin == origin
    assert all(url.startswith(origin + "/") for url in gateway.confirm_urls)


@pytest.mark.parametrize(
    "address",
    [
        *("", "127.0.0.1:8001", "http://", "http://gateway.example", "http://10.0.0.1:8001", "ftp://127.0.0.1"),
        *("http://127.0.0.1:8001/php", "http://127.0.0.1:8001?x=1", "http://user@127.0.0.1:8001"),
        *("http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://127.0.0.1:port"),
    ],
)
def test_a_stand_in_is_never_reached_in_plain_text_over_a_network(address: str) -> None:
    with pytest.raises(ValueError, match="gateway"):
        Gateway.at(address)


def test_each_script_generation_has_its_address() -> None:
    assert TEST.script_url(WindowScript.WITH_AUTHENTICATION) == "https://democpay.payple.kr/js/cpay.payple.1.0.1.js"
    assert LIVE.script_url(WindowScript.WITH_CLIENT_KEY) == "https://cpay.payple.kr/js/v1/payment.js"
    assert STAND_IN.script_url(WindowScript.WITH_AUTHENTICATION).startswith("http://127.0.0.1:8001/js/")


def test_a_payment_page_admits_the_gateways_origin_only() -> None:
    assert TEST.page_origins == ("https://democpay.payple.kr",)
    assert STAND_IN.page_origins == ("http://127.0.0.1:8001",)
