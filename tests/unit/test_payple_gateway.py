"""Addresses that a browser brings select ours or are refused, and are never called as they came."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import Authentication, Gateway, NotSent, UnknownEndpoint, WindowScript
from shop.payple.messages import Answer

TEST = Gateway.test()
LIVE = Gateway.live()
STAND_IN = Gateway.at("http://127.0.0.1:8001")

PATH = "/php/PayCardConfirmAct.php?ACT_=PAYM"
CARD = "https://democpay.payple.kr" + PATH
TRANSFER = "https://democpay.payple.kr/php/PayConfirmAct.php?ACT_=PAYM"
APP_CARD = "https://demo-api-v2.payple.kr/api/v1/payments/cards/approval/confirm"

HOSTILE = [
    *("", " ", PATH, "file:///etc/passwd", "javascript:alert(1)", "//democpay.payple.kr" + PATH),
    *(
        "http://democpay.payple.kr" + PATH,
        "https://evil.example" + PATH,
        "https://democpay.payple.kr@evil.example" + PATH,
    ),
    *("https://democpay.payple.kr.evil.example" + PATH, "https://evil.example\\@democpay.payple.kr" + PATH),
    *(CARD.replace("/php/", path) for path in ("/php/../php/", "/php//", "/php/account/api/", "/PHP/", "/p%68p/")),
    "https://democpay.payple.kr/api/v1/payments/cards/approval/confirm",
    "https://api-v2.payple.kr/api/v1/payments/cards/approval/confirm",
]


@pytest.mark.parametrize(
    ("received", "selected"),
    [*((known, known) for known in (CARD, TRANSFER, APP_CARD)), (CARD.replace("?", "?run=7&"), CARD)],
)
def test_a_known_confirm_address_selects_our_own_constant(received: str, selected: str) -> None:
    assert TEST.select_confirm(received) == selected
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


def authenticated(gateway: Gateway, return_url: str) -> Authentication:
    answer = {"result": "success", "cst_id": "A", "custKey": "B", "AuthKey": "C", "return_url": return_url}
    return Authentication.from_wire(Answer(answer), gateway)


def test_an_authentication_leads_to_its_gateway_only() -> None:
    inquiry = "https://democpay.payple.kr/php/PayChkAct.php"
    assert authenticated(TEST, inquiry).return_url == inquiry
    for gateway, received in ((LIVE, inquiry), (TEST, ""), (TEST, "https://democpay.payple.kr.evil.example/php/")):
        with pytest.raises(UnknownEndpoint):
            authenticated(gateway, received)


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        (TEST, "https://www.danalpay.com/receipt?tid=1&a=%20"),
        (STAND_IN, "http://127.0.0.1:8001/slips/1"),
    ],
)
def test_a_sales_slip_over_https_or_of_the_stand_in_may_be_shown(gateway: Gateway, url: str) -> None:
    assert gateway.safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "//danalpay.com/x", "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", " https://a.b/"),
        *("vbscript://danalpay.com/x", "http://127.0.0.1:8002/slips/1", "http://www.danalpay.com/receipt"),
    ],
)
def test_a_doubtful_sales_slip_is_no_link(url: str) -> None:
    assert TEST.safe_url(url) == STAND_IN.safe_url(url) == ""


@pytest.mark.parametrize("address", ["http://127.0.0.1:8001", "http://localhost:8001/", "http://[::1]:8001"])
def test_a_stand_in_is_an_origin(address: str) -> None:
    gateway = Gateway.at(address)
    assert gateway.origin == address.rstrip("/")
    assert all(url.startswith(gateway.origin + "/") for url in gateway.confirm_urls)


@pytest.mark.parametrize(
    "address",
    [
        *("", "127.0.0.1:8001", "http://", "http://gateway.example", "http://10.0.0.1:8001", "ftp://127.0.0.1"),
        *("http://127.0.0.1:8001/php", "http://127.0.0.1:8001?x=1", "http://127.0.0.1.evil.example"),
    ],
)
def test_a_stand_in_is_never_reached_in_plain_text_over_a_network(address: str) -> None:
    with pytest.raises(ValueError, match="gateway"):
        Gateway.at(address)


def test_each_gateway_has_its_scripts() -> None:
    assert TEST.script_url(WindowScript.WITH_AUTHENTICATION) == "https://democpay.payple.kr/js/cpay.payple.1.0.1.js"
    assert LIVE.script_url(WindowScript.WITH_CLIENT_KEY) == "https://cpay.payple.kr/js/v1/payment.js"
