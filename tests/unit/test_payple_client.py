"""The client's promises: which key goes where, what each failure means, and what the observer may see."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime

import pytest

from shop.payple import (
    Exchange,
    Gateway,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    PaypleClient,
    PayType,
    Purpose,
    Refused,
    UnknownEndpoint,
    UnverifiedResult,
)
from tests.loopback import Behaviour, Loopback, answering, loopback
from tests.unit.stub_gateway import KEYS, LOST, client, granted, path_of, refused

CONFIRMED = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "PCCF0000",
    "PCD_PAY_MSG": "카드결제완료",
    "PCD_PAY_OID": "ORDER_1",
    "PCD_PAY_TYPE": "card",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_TIME": "20231219134223",
    "PCD_PAYER_NAME": "홍길동",
    "PCD_PAYER_HP": "01012345678",
    "PCD_PAYER_EMAIL": "hong@example.com",
    "PCD_PAYER_ID": "OVA3U-billing-key",
    "PCD_PAY_CARDNUM": "1234-****-****-5678",
    "PCD_PAY_REQKEY": "Vnx-request-key",
}
INQUIRED = CONFIRMED | {"PCD_PAY_CODE": "PCHK000"}


def result(server: Loopback, **changes: str) -> UnverifiedResult:
    fields = {
        "PCD_PAY_RST": "success",
        "PCD_PAY_OID": "ORDER_1",
        "PCD_AUTH_KEY": "K0VnW-result-token",
        "PCD_PAY_REQKEY": "Vnx-request-key",
        "PCD_PAYER_ID": "OVA3U-billing-key",
        "PCD_PAY_COFURL": server.address + "/php/PayCardConfirmAct.php?ACT_=PAYM",
    }
    return UnverifiedResult.from_form((fields | changes).items())


def inquire(server: Loopback, seen: list[Exchange] | None = None) -> object:
    return client(server, seen).inquire("ORDER_1", date(2023, 12, 19), PayType.CARD)


# Partner authentication.


def test_authentication_sends_the_raw_keys_and_brings_the_tokens() -> None:
    with loopback() as server:
        server.behaviours.append(granted(server, "/index.php?ACT_=PAYM"))
        keys = client(server).authenticate()
        assert path_of(server.requests[0]) == "/php/auth.php"
        assert server.bodies() == [{"cst_id": "test", "custKey": "abcd1234567890"}]
        assert server.headers()["referer"] == "http://localhost:8000"
    assert (keys.cst_id, keys.cust_key, keys.auth_key) == ("cst-id-token", "cust-key-token", "auth-key-token")
    assert keys.return_url == server.address + "/index.php?ACT_=PAYM"
    assert keys.purpose is Purpose.WINDOW


@pytest.mark.parametrize(
    ("message", "code"),
    [("[AUTH0004] 도메인 확인이 필요합니다.", "AUTH0004"), ("ERROR AUTH0099", "AUTH0099"), ("거절", "")],
)
def test_a_refused_authentication_carries_its_code_from_anywhere_in_the_message(message: str, code: str) -> None:
    no = answering({"result": "error", "result_msg": message})
    with loopback(no) as server, pytest.raises(Refused) as refusal:
        client(server).authenticate()
    assert (refusal.value.code, refusal.value.message) == (code, message)


@pytest.mark.parametrize(
    "changes",
    [{"result": ""}, {"result": "pending"}, {"AuthKey": ""}, {"AuthKey": None}, {"cst_id": 0.5}, {"custKey": ["x"]}],
    ids=str,
)
def test_a_doubtful_authentication_is_unknown(changes: dict[str, object]) -> None:
    with loopback() as server:
        whole: dict[str, object] = {
            "result": "success",
            "cst_id": "a",
            "custKey": "b",
            "AuthKey": "c",
            "return_url": server.address + "/index.php?ACT_=PAYM",
        }
        server.behaviours.append(answering({**whole, **changes}))
        with pytest.raises(OutcomeUnknown):
            client(server).authenticate()


def test_an_authentication_that_leads_elsewhere_is_not_followed() -> None:
    with loopback(answering(INQUIRED)) as canary, loopback() as server:
        server.behaviours.append(granted(canary))
        with pytest.raises(UnknownEndpoint):
            inquire(server)
        assert canary.connections == 0
        assert len(server.requests) == 1


# Confirm: the only call that charges.


def test_a_confirm_sends_the_raw_keys_with_the_claims_own_to_our_constant() -> None:
    with loopback(answering(CONFIRMED)) as server:
        found = client(server).confirm(result(server))
        assert path_of(server.requests[0]) == "/php/PayCardConfirmAct.php?ACT_=PAYM"
        assert server.bodies() == [
            {
                "PCD_CST_ID": "test",
                "PCD_CUST_KEY": "abcd1234567890",
                "PCD_AUTH_KEY": "K0VnW-result-token",
                "PCD_PAY_REQKEY": "Vnx-request-key",
                "PCD_PAYER_ID": "OVA3U-billing-key",
            }
        ]
    assert (found.attempt_no, found.amount, found.pay_type) == ("ORDER_1", 1000, PayType.CARD)
    assert found.paid_at == datetime(2023, 12, 19, 4, 42, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "url", ["", "/php/PayCardConfirmAct.php?ACT_=PAYM", "http://127.0.0.1:1/php/PayCardConfirmAct.php?ACT_=PAYM"]
)
def test_a_claim_with_a_foreign_confirm_address_sends_nothing(url: str) -> None:
    with loopback(answering(CONFIRMED)) as server:
        with pytest.raises(UnknownEndpoint):
            client(server).confirm(result(server, PCD_PAY_COFURL=url))
        assert server.connections == 0


def test_the_keys_never_go_to_the_address_that_a_forger_names() -> None:
    with loopback(answering(CONFIRMED)) as canary, loopback(answering(CONFIRMED)) as server:
        hostile = canary.address + "/php/PayCardConfirmAct.php?ACT_=PAYM"
        with pytest.raises(NotSent):
            client(server).confirm(result(server, PCD_PAY_COFURL=hostile))
        assert canary.connections == 0


@pytest.mark.parametrize("missing", ["PCD_AUTH_KEY", "PCD_PAY_REQKEY"])
def test_a_claim_without_keys_sends_nothing(missing: str) -> None:
    with loopback(answering(CONFIRMED)) as server:
        with pytest.raises(NotSent):
            client(server).confirm(result(server, **{missing: ""}))
        assert server.connections == 0


def test_a_blank_billing_key_is_sent_as_it_is() -> None:
    with loopback(answering(CONFIRMED)) as server:
        client(server).confirm(result(server, PCD_PAYER_ID=""))
        assert server.bodies()[0]["PCD_PAYER_ID"] == ""


@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [
        (refused("3112"), Refused),
        (refused("CBIL0003"), Refused),
        (refused("CPAY0018"), OutcomeUnknown),
        (refused("ZZZZ9999"), OutcomeUnknown),
        (answering(CONFIRMED | {"PCD_PAY_CODE": "X00001"}), OutcomeUnknown),
        (answering(CONFIRMED | {"PCD_PAY_OID": ""}), OutcomeUnknown),
        (LOST, OutcomeUnknown),
    ],
    ids=["declined", "nothing pending", "no answer from the bank", "new code", "odd success", "no number", "lost"],
)
def test_a_confirm_ends_as_its_answer_deserves_and_is_never_repeated(
    behaviour: Behaviour, ending: type[GatewayError]
) -> None:
    with loopback(behaviour) as server:
        with pytest.raises(ending):
            client(server).confirm(result(server))
        assert len(server.requests) == 1


# Inquiry.


def test_an_inquiry_authenticates_for_it_and_asks_with_the_tokens() -> None:
    with loopback() as server:
        server.behaviours += [granted(server), answering(INQUIRED)]
        found = inquire(server)
        assert [path_of(request) for request in server.requests] == ["/php/auth.php", "/php/PayChkAct.php"]
        assert server.bodies() == [
            {"cst_id": "test", "custKey": "abcd1234567890", "PCD_PAYCHK_FLAG": "Y"},
            {
                "PCD_CST_ID": "cst-id-token",
                "PCD_CUST_KEY": "cust-key-token",
                "PCD_AUTH_KEY": "auth-key-token",
                "PCD_PAYCHK_FLAG": "Y",
                "PCD_PAY_TYPE": "card",
                "PCD_PAY_OID": "ORDER_1",
                "PCD_PAY_DATE": "20231219",
            },
        ]
    assert found is not None


@pytest.mark.parametrize("code", ["CBIL0003", "BILL0003"])
def test_an_inquiry_that_finds_nothing_says_none(code: str) -> None:
    with loopback() as server:
        server.behaviours += [granted(server), refused(code)]
        assert inquire(server) is None


def test_an_inquiry_that_is_refused_otherwise_is_no_none() -> None:
    with loopback() as server:
        server.behaviours += [granted(server), refused("CBIL0001")]
        with pytest.raises(Refused):
            inquire(server)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(answering({"result": "error", "result_msg": "AUTH0004"}), "AUTH0004"), (LOST, ""), (answering(b"[]"), "")],
    ids=["refused", "lost", "senseless"],
)
def test_an_inquiry_whose_authentication_failed_was_not_sent(behaviour: Behaviour, code: str) -> None:
    with loopback(behaviour) as server:
        with pytest.raises(NotSent) as failure:
            inquire(server)
        assert len(server.requests) == 1
    assert failure.value.code == code


# The observer.

PRIVATE = [
    KEYS.cust_key,
    "cst-id-token",
    "cust-key-token",
    "auth-key-token",
    "K0VnW-result-token",
    "Vnx-request-key",
    "OVA3U-billing-key",
    "홍길동",
    "01012345678",
    "hong@example.com",
    "1234-****-****-5678",
]


def test_the_observer_sees_every_exchange_and_nothing_private() -> None:
    seen: list[Exchange] = []
    before = datetime.now(UTC)
    with loopback() as server:
        server.behaviours += [granted(server), answering(INQUIRED), answering(CONFIRMED)]
        watched = client(server, seen)
        watched.inquire("ORDER_1", date(2023, 12, 19), PayType.CARD)
        watched.confirm(result(server))
    assert [(e.operation, e.attempt_no, e.path, e.outcome) for e in seen] == [
        ("authenticate", "ORDER_1", "/php/auth.php", "answered"),
        ("inquire", "ORDER_1", "/php/PayChkAct.php", "answered"),
        ("confirm", "ORDER_1", "/php/PayCardConfirmAct.php", "answered"),
    ]
    assert all(before <= e.at <= datetime.now(UTC) and 0 <= e.seconds < 5 for e in seen)
    assert isinstance(seen[2].response, dict)
    assert seen[2].response["PCD_PAY_CODE"] == "PCCF0000"
    assert seen[1].request["PCD_PAY_OID"] == "ORDER_1"
    assert not [value for value in PRIVATE if value in repr(seen)]


def test_the_observer_hears_of_what_was_lost_and_of_what_was_never_sent() -> None:
    seen: list[Exchange] = []
    with loopback(LOST) as server, pytest.raises(OutcomeUnknown):
        client(server, seen).confirm(result(server))
    with pytest.raises(NotSent):
        client(server, seen).confirm(result(server))
    assert [(e.outcome, e.response) for e in seen] == [
        ("unknown", "the gateway answered HTTP 502"),
        ("not_sent", "the gateway could not be reached"),
    ]


def test_an_observer_in_trouble_does_not_change_what_became_of_the_payment(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Exchange) -> None:
        raise RuntimeError("the journal is full")

    with loopback(answering(CONFIRMED)) as server, caplog.at_level(logging.ERROR):
        watched = PaypleClient(Gateway.at(server.address), KEYS, referer="http://localhost:8000", observer=broken)
        assert watched.confirm(result(server)).amount == 1000
    assert "observer" in caplog.text
    assert not [value for value in PRIVATE if value in caplog.text]


def test_printed_credentials_show_no_secret() -> None:
    assert not any(key in repr(KEYS) for key in (KEYS.cust_key, KEYS.client_key, KEYS.refund_key))
