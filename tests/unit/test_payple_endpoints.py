"""Received addresses select or are refused; they are never dialled, or shown, as they came."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import Gateway, NotSent, Purpose, UnknownEndpoint, WindowScript

TEST = Gateway.test()
LIVE = Gateway.live()
STAND_IN = Gateway.at("http://127.0.0.1:8001")

PATH = "/php/PayCardConfirmAct.php?ACT_=PAYM"
CARD = "https://democpay.payple.kr" + PATH
TRANSFER = "https://democpay.payple.kr/php/PayConfirmAct.php?ACT_=PAYM"
APP_CARD = "https://demo-api-v2.payple.kr/api/v1/payments/cards/approval/confirm"

HOSTILE_HOSTS = [
    *("", "//democpay.payple.kr", "//evil.example", "http://democpay.payple.kr", "ftp://democpay.payple.kr"),
    *("https:democpay.payple.kr", "https:/democpay.payple.kr", "https:\\\\democpay.payple.kr", "https://payple.kr"),
    *("https://evil.example\\@democpay.payple.kr", "https://evil.example", "https://evil.example?democpay.payple.kr"),
    *("https://evil.example#@democpay.payple.kr", "https://evil.example/https://democpay.payple.kr"),
    *("https://democpay.payple.kr@evil.example", "https://user:password@democpay.payple.kr", "https://[::1]"),
    *("https://democpay.payple.kr.evil.example", "https://evil-democpay.payple.kr", "https://cpay.payple.kr"),
    *("https://democpay.payple.kr.", "https://democpay%2Epayple.kr", "https://xn--dmocpay-8ve.payple.kr"),
    "https://dеmocpay.payple.kr",  # a Cyrillic letter
    "https://democpay。payple。kr",  # ideographic full stops
    *(f"https://democpay.payple.kr:{port}" for port in ("8443", "80", "99999", "x")),
    *("https://127.0.0.1", "https://[::1", "https://169.254.169.254", "https://2130706433"),
    *(" https://democpay.payple.kr", "https://democ\tpay.payple.kr"),
]
HOSTILE = [
    *("", " ", "null", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,hello"),
    *(host + PATH for host in HOSTILE_HOSTS),
    *(CARD + tail for tail in ("\r\nHost: evil.example", "\n", "\0", "&ACT_=OTHER", "#there", "&pad=" + "x" * 3000)),
    *("https://democpay.payple.kr/php/PayCardConfirmAct.php" + query for query in ("", "?ACT_=", "?ACT_=OTHER")),
    *(CARD.replace("/php/", path) for path in ("/php/../php/", "/php//", "/php/account/api/", "/PHP/", "/p%68p/")),
    "https://democpay.payple.kr/api/v1/payments/cards/approval/confirm",
    "https://api-v2.payple.kr/api/v1/payments/cards/approval/confirm",
]


@pytest.mark.parametrize(
    ("received", "selected"),
    [
        *((known, known) for known in (CARD, TRANSFER, APP_CARD)),
        (CARD.replace(".kr/", ".kr:443/"), CARD),
        (CARD.replace("https://democpay.payple", "HTTPS://DemoCPay.Payple"), CARD),
        (CARD.replace("?", "?run=7&"), CARD),
    ],
)
def test_a_known_confirm_address_selects_our_own_constant(received: str, selected: str) -> None:
    assert TEST.select_confirm(received) == selected
    assert any(TEST.select_confirm(received) is url for url in TEST.confirm_urls)
    with pytest.raises(UnknownEndpoint):
        LIVE.select_confirm(received)


@pytest.mark.parametrize("received", HOSTILE)
def test_a_hostile_confirm_address_is_refused_before_anything_is_sent(received: str) -> None:
    with pytest.raises(UnknownEndpoint) as refusal:
        TEST.select_confirm(received)
    assert isinstance(refusal.value, NotSent)
    assert "evil" not in str(refusal.value)


@settings(deadline=None)
@given(st.text())
def test_no_text_at_all_leads_away_from_our_constants(received: str) -> None:
    with suppress(UnknownEndpoint):
        assert TEST.select_confirm(received) in TEST.confirm_urls


@settings(deadline=None)
@given(st.text(alphabet="htps:/@.?#&=[]%\\democpay.payple.kr", max_size=80))
def test_no_address_like_text_makes_an_unsafe_link_or_a_crash(received: str) -> None:
    slip = TEST.safe_url(received)
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
    spelled = WINDOW.replace("https://democpay.payple.kr", "https://DEMOCPAY.payple.kr:443")
    assert TEST.return_url(Purpose.WINDOW, spelled) == WINDOW


CANCEL = "https://democpay.payple.kr/php/account/api/cPayCAct.php"


@pytest.mark.parametrize(
    ("purpose", "return_url"),
    [
        *((purpose, url) for purpose in Purpose for url in HOSTILE),
        *((purpose, WINDOW) for purpose in Purpose if purpose is not Purpose.WINDOW),
        *((purpose, CANCEL) for purpose in Purpose if purpose is not Purpose.REFUND),
        (Purpose.WINDOW, "https://democpay.payple.kr/php/PayChkAct.php"),
        (Purpose.WINDOW, "https://demo-api-v2.payple.kr/index.php?ACT_=PAYM"),
        *((Purpose.WINDOW, WINDOW + tail) for tail in ("#fragment", "&next=https://evil.example", "&markup='")),
    ],
)
def test_a_return_url_that_is_not_this_purposes_is_refused(purpose: Purpose, return_url: str) -> None:
    with pytest.raises(UnknownEndpoint):
        TEST.return_url(purpose, return_url)


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        (TEST, "https://www.danalpay.com/receipt?tid=1&a=%20"),
        (TEST, "https://slip.example:8443/x"),
        (STAND_IN, "http://127.0.0.1:8001/slips/1"),
    ],
)
def test_a_sales_slip_over_https_or_of_the_stand_in_may_be_shown(gateway: Gateway, url: str) -> None:
    assert gateway.safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "https://", "https:///x", "//danalpay.com/x", "javascript:alert(1)", "java\tscript:alert(1)"),
        *("data:text/html,x", "https://user@danalpay.com/", 'https://danalpay.com/"><script>', " https://a.b/"),
        *("https://danalpay.com/한글", "https://danalpay.com:0x50/", "vbscript://danalpay.com/x"),
        *("http://127.0.0.1:8002/slips/1", "http://www.danalpay.com/receipt"),
    ],
)
def test_a_doubtful_sales_slip_is_no_link(url: str) -> None:
    assert TEST.safe_url(url) == STAND_IN.safe_url(url) == ""


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://localhost:8001/", "http://localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
        ("https://Gateway.Example:443", "https://gateway.example"),
    ],
)
def test_a_stand_in_is_an_origin(address: str, origin: str) -> None:
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


def test_each_gateway_has_its_scripts_and_one_origin_for_the_payment_page() -> None:
    assert TEST.script_url(WindowScript.WITH_AUTHENTICATION) == "https://democpay.payple.kr/js/cpay.payple.1.0.1.js"
    assert LIVE.script_url(WindowScript.WITH_CLIENT_KEY) == "https://cpay.payple.kr/js/v1/payment.js"
    assert TEST.page_origins == ("https://democpay.payple.kr",)
    assert STAND_IN.page_origins == ("http://127.0.0.1:8001",)
