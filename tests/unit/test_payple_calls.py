"""The calls of the client: which key goes where, what each failure means, and what the observer gets."""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from shop.payple import (
    CashReceiptRequest,
    Credentials,
    Exchange,
    Gateway,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    PaypleClient,
    PayType,
    ReceiptPurpose,
    RefundRequest,
    Refused,
    UnknownEndpoint,
    UnverifiedResult,
)
from tests.loopback import Behaviour, answering, loopback
from tests.unit.answers import BILLING_KEY, Fields, card, no, receipt, refund
from tests.unit.conftest import LOST, TOKENS, Stub

KEYS = Credentials.public_test()
PHONE = "01012345678"
DAY = date(2023, 12, 19)
RAW = {"cst_id": "test", "custKey": "abcd1234567890"}
WITH_TOKENS = {"PCD_CST_ID": "cst-id-token", "PCD_CUST_KEY": "cust-key-token", "PCD_AUTH_KEY": "auth-key-token"}
ABOUT = {"PCD_PAY_OID": "ORDER_1", "PCD_PAY_DATE": "20231219"}
QUESTION = {"PCD_PAYCHK_FLAG": "Y", "PCD_PAY_TYPE": "card"} | ABOUT
REFUND = {"PCD_REFUND_KEY": KEYS.refund_key, "PCD_PAYCANCEL_FLAG": "Y", "PCD_REFUND_TOTAL": "1000"} | ABOUT
RECEIPT = {
    "PCD_PAYER_ID": BILLING_KEY,
    "PCD_PAY_OID": "ORDER_1",
    "PCD_TAXSAVE_AMOUNT": "15000",
    "PCD_TAXSAVE_TRADEUSE": "personal",
    "PCD_TAXSAVE_IDENTINUM": PHONE,
}
CONFIRM_PATH = "/php/PayCardConfirmAct.php?ACT_=PAYM"
TAX_PATH = "/php/taxsave/api/tsAct.php?ACT_="
REFUSED = answering({"result": "error", "result_msg": "AUTH0004"})


OF_PAYMENT = ("ORDER_1", DAY, PayType.CARD)
OF_REFUND = (RefundRequest("ORDER_1", DAY, 1000),)
OF_RECEIPT = (CashReceiptRequest("ORDER_1", BILLING_KEY, 15000, ReceiptPurpose.PERSONAL, PHONE),)


@dataclass(frozen=True)
class Call:
    """A call with an authentication of its own: its flag, its address, its fields and a success."""

    operation: str
    arguments: tuple[Any, ...]
    flag: tuple[str, str]
    path: str
    sent: dict[str, str]
    success: Fields

    def make(self, client: PaypleClient) -> object:
        return getattr(client, self.operation)(*self.arguments)


INQUIRY, CANCEL = ("PCD_PAYCHK_FLAG", "Y"), ("PCD_PAYCANCEL_FLAG", "Y")
ISSUE, TAKE_BACK = ("PCD_PAY_WORK", "TSREG"), ("PCD_PAY_WORK", "TSCANCEL")
FOUND, CANCELLED = card(PAY_CODE="PCHK000"), receipt(PAY_CODE="0000", PAY_WORK="TSCANCEL")
CALLS = [
    Call("inquire", OF_PAYMENT, INQUIRY, "/php/PayChkAct.php", QUESTION, FOUND),
    Call("refund", OF_REFUND, CANCEL, "/php/account/api/cPayCAct.php", REFUND, refund()),
    Call("issue_cash_receipt", OF_RECEIPT, ISSUE, TAX_PATH + "TSREG", RECEIPT, receipt()),
    Call("cancel_cash_receipt", OF_RECEIPT, TAKE_BACK, TAX_PATH + "TSCANCEL", RECEIPT, CANCELLED),
]
EACH = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)


@EACH
def test_a_call_authenticates_for_its_purpose_and_sends_the_tokens(stub: Stub, call: Call) -> None:
    stub.answers(stub.granted(call.path), call.success)

    call.make(stub.client)

    assert stub.paths == ["/php/auth.php", call.path]
    assert stub.server.bodies() == [RAW | dict([call.flag]), WITH_TOKENS | call.sent]


@EACH
@pytest.mark.parametrize(
    ("behaviour", "code"), [(REFUSED, "AUTH0004"), (LOST, ""), (answering(b"[]"), "")], ids=["no", "lost", "senseless"]
)
def test_a_call_without_an_authentication_is_not_sent(stub: Stub, call: Call, behaviour: Behaviour, code: str) -> None:
    stub.answers(behaviour)

    with pytest.raises(NotSent) as failure:
        call.make(stub.client)

    assert (failure.value.code, stub.paths) == (code, ["/php/auth.php"])


@EACH
def test_an_authentication_that_leads_elsewhere_is_not_followed(stub: Stub, call: Call) -> None:
    stub.answers(stub.granted("http://127.0.0.1:1" + call.path))

    with pytest.raises(UnknownEndpoint):
        call.make(stub.client)

    assert stub.paths == ["/php/auth.php"]


@EACH
@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [(answering(no("1116")), Refused), (answering(no("ZZZZ9999")), OutcomeUnknown), (LOST, OutcomeUnknown)],
    ids=["no", "new code", "lost"],
)
def test_a_call_is_sent_once_however_it_ends(
    stub: Stub, call: Call, behaviour: Behaviour, ending: type[GatewayError]
) -> None:
    stub.answers(stub.granted(call.path), behaviour)

    with pytest.raises(ending):
        call.make(stub.client)

    assert len(stub.paths) == 2


# Authentication.


def test_an_authentication_for_the_window_sends_the_raw_keys_and_brings_the_tokens(stub: Stub) -> None:
    stub.answers(stub.granted("/index.php?ACT_=PAYM"))

    keys = stub.client.authenticate()

    assert (stub.paths, stub.server.bodies()) == (["/php/auth.php"], [RAW])
    assert stub.server.headers()["referer"] == "http://localhost:8000"
    assert (keys.cst_id, keys.cust_key, keys.auth_key) == tuple(TOKENS.values())
    assert keys.return_url == stub.server.address + "/index.php?ACT_=PAYM"


@pytest.mark.parametrize(
    ("message", "code"),
    [("[AUTH0004] 도메인 확인이 필요합니다.", "AUTH0004"), ("ERROR AUTH0099", "AUTH0099"), ("거절", "")],
)
def test_the_code_of_a_refused_authentication_is_found(stub: Stub, message: str, code: str) -> None:
    stub.answers({"result": "error", "result_msg": message})

    with pytest.raises(NotSent) as refusal:
        stub.client.authenticate()

    assert (refusal.value.code, refusal.value.message) == (code, message)


@pytest.mark.parametrize("changes", [{"result": ""}, {"result": "pending"}, {"AuthKey": ""}], ids=str)
def test_without_its_keys_nothing_is_sent(stub: Stub, changes: Fields) -> None:
    stub.answers(stub.granted("/index.php?ACT_=PAYM") | changes)

    with pytest.raises(NotSent):
        stub.client.authenticate()


# Confirm: the only call that charges.


def result(stub: Stub, **changes: str) -> UnverifiedResult:
    fields = {
        "PCD_PAY_RST": "success",
        "PCD_PAY_OID": "ORDER_1",
        "PCD_AUTH_KEY": "K0VnW-result-token",
        "PCD_PAY_REQKEY": "Vnx-request-key",
        "PCD_PAYER_ID": BILLING_KEY,
        "PCD_PAY_COFURL": stub.server.address + CONFIRM_PATH,
    }
    return UnverifiedResult.from_form(fields | changes)


@pytest.mark.parametrize("payer_id", [BILLING_KEY, ""])
def test_a_confirm_sends_the_raw_keys_with_those_of_the_result(stub: Stub, payer_id: str) -> None:
    stub.answers(card())

    found = stub.client.confirm(result(stub, PCD_PAYER_ID=payer_id))

    assert (found.attempt_no, found.amount, stub.paths) == ("ORDER_1", 1000, [CONFIRM_PATH])
    assert stub.server.bodies() == [
        {
            "PCD_CST_ID": "test",
            "PCD_CUST_KEY": "abcd1234567890",
            "PCD_AUTH_KEY": "K0VnW-result-token",
            "PCD_PAY_REQKEY": "Vnx-request-key",
            "PCD_PAYER_ID": payer_id,
        }
    ]
    assert [(one.operation, one.outcome) for one in stub.seen] == [("confirm", "answered")]
    assert not [key for key in ("K0VnW-result-token", "Vnx-request-key", KEYS.cust_key) if key in repr(stub.seen)]


def test_no_key_goes_to_an_address_that_a_forger_names(stub: Stub) -> None:
    with loopback(answering(card())) as canary:
        for address in ("", CONFIRM_PATH, canary.address + CONFIRM_PATH):
            with pytest.raises(UnknownEndpoint):
                stub.client.confirm(result(stub, PCD_PAY_COFURL=address))
        assert (canary.connections, stub.server.connections) == (0, 0)


@pytest.mark.parametrize("missing", ["PCD_AUTH_KEY", "PCD_PAY_REQKEY"])
def test_a_result_without_keys_is_not_confirmed(stub: Stub, missing: str) -> None:
    with pytest.raises(NotSent):
        stub.client.confirm(result(stub, **{missing: ""}))
    assert stub.server.connections == 0


def test_a_call_that_moves_money_does_not_leave_too_late(stub: Stub) -> None:
    stub.answers(stub.granted("/php/account/api/cPayCAct.php"))
    over = time.monotonic() - 1

    with pytest.raises(NotSent, match="too late"):
        stub.client.confirm(result(stub), leave_by=over)
    with pytest.raises(NotSent, match="too late"):
        stub.client.refund(*OF_REFUND, leave_by=over)

    assert stub.paths == ["/php/auth.php"]


@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [
        (answering(no("3112")), Refused),
        (answering(no("CBIL0003")), Refused),
        (answering(no("CPAY0018")), OutcomeUnknown),
        (answering(card(PAY_CODE="X00001")), OutcomeUnknown),
        (answering(card(PAY_OID="")), OutcomeUnknown),
        (LOST, OutcomeUnknown),
    ],
    ids=["declined", "nothing pending", "no answer from the bank", "odd success", "no number", "lost"],
)
def test_a_confirm_is_never_repeated(stub: Stub, behaviour: Behaviour, ending: type[GatewayError]) -> None:
    stub.answers(behaviour)

    with pytest.raises(ending):
        stub.client.confirm(result(stub))

    assert len(stub.paths) == 1


def test_the_observer_is_told_what_was_lost_and_what_was_not_sent(stub: Stub) -> None:
    stub.answers(LOST)
    with pytest.raises(OutcomeUnknown):
        stub.client.confirm(result(stub))
    away = PaypleClient(Gateway.at("http://127.0.0.1:1"), KEYS, referer="http://localhost", observer=stub.seen.append)
    with pytest.raises(NotSent):
        away.confirm(result(stub, PCD_PAY_COFURL="http://127.0.0.1:1" + CONFIRM_PATH))

    assert [(one.outcome, one.response) for one in stub.seen] == [
        ("unknown", "the gateway answered HTTP 502"),
        ("not_sent", "the gateway could not be reached"),
    ]


def test_an_observer_that_fails_or_none_changes_nothing(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Exchange) -> None:
        raise RuntimeError("the journal is full")

    stub.answers(card())
    gateway = Gateway.at(stub.server.address)
    for observer in (broken, None):
        client = PaypleClient(gateway, KEYS, referer="http://localhost:8000", observer=observer)
        assert client.confirm(result(stub)).amount == 1000

    assert caplog.text.count("the observer of gateway exchanges failed") == 1
    assert KEYS.cust_key not in caplog.text


def test_printed_credentials_show_no_secret() -> None:
    assert not any(key in repr(KEYS) for key in (KEYS.cust_key, KEYS.client_key, KEYS.refund_key))


# Inquiries.


@pytest.mark.parametrize("code", ["CBIL0003", "BILL0003"])
def test_an_inquiry_that_finds_nothing_returns_none(stub: Stub, code: str) -> None:
    stub.answers(stub.granted("/php/PayChkAct.php"), no(code))

    assert stub.client.inquire(*OF_PAYMENT) is None


class Time:
    """A clock that only moves when somebody waits, or when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr("shop.payple.client.time", clock)
    return clock


def ask_in_a_batch(stub: Stub, clock: Time, pauses: list[int], *answers: Fields | Behaviour) -> str:
    """Ask after each pause. Returns what was sent: A for an authentication, Q for an inquiry, ! for an error."""
    stub.answers(*(answer or stub.granted("/php/PayChkAct.php") for answer in answers))
    batch = stub.client.inquiries()
    for pause in pauses:
        clock.seconds += pause
        try:
            assert batch.inquire(*OF_PAYMENT) is None
        except GatewayError:
            stub.server.requests.append(b"! failed")
    return "".join({"/php/auth.php": "A", "/php/PayChkAct.php": "Q"}.get(path, "!") for path in stub.paths)


NOTHING = no("CBIL0003")
GRANTED: Fields = {}


@pytest.mark.parametrize(
    ("pauses", "answers", "sent"),
    [
        ([0, 0, 0], [GRANTED, NOTHING], "AQQQ"),
        ([0, 24 * 60, 2 * 60], [GRANTED, NOTHING, NOTHING, GRANTED, NOTHING], "AQQAQ"),
        ([0, 0, 0], [GRANTED, NOTHING, no("CBIL0002"), GRANTED, NOTHING], "AQQ!AQ"),
        ([0, 0], [REFUSED, GRANTED, NOTHING], "A!AQ"),
        ([0, 0], [GRANTED, LOST, NOTHING], "AQ!Q"),
    ],
    ids=["shared", "renewed in time", "refused", "no keys", "lost"],
)
def test_a_batch_shares_an_authentication_while_it_lasts(
    stub: Stub, clock: Time, pauses: list[int], answers: list[Fields | Behaviour], sent: str
) -> None:
    assert ask_in_a_batch(stub, clock, pauses, *answers) == sent


def test_a_batch_asks_twice_a_second_and_waits_for_nothing_else(stub: Stub, clock: Time) -> None:
    ask_in_a_batch(stub, clock, [0, 0, 0, 0, 10], GRANTED, NOTHING)

    assert clock.waited == [0.5, 0.5, 0.5]
