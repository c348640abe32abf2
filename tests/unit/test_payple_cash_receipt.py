"""Cash receipts by themselves: what is sent, what counts as issued or cancelled, and whose number nobody sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shop.payple import (
    CashReceiptCancel,
    CashReceiptCancelled,
    CashReceiptIssued,
    CashReceiptRequest,
    Exchange,
    NotSent,
    OutcomeUnknown,
    PaypleClient,
    ReceiptPurpose,
    Refused,
    UnknownEndpoint,
)
from tests.loopback import Behaviour, Loopback, answering, loopback
from tests.unit.stub_gateway import LOST, TOKENS, client, granted, path_of, refused

ACT = "/php/taxsave/api/tsAct.php?ACT_="
PAYER_ID = "NS9qNTgzU2xRNH-billing-key"
PHONE = "01012345678"
REQUEST = CashReceiptRequest("ORDER_1", PAYER_ID, 15000, ReceiptPurpose.PERSONAL, PHONE)
CANCEL = CashReceiptCancel("ORDER_1", PAYER_ID, 15000, ReceiptPurpose.PERSONAL, PHONE)
ISSUED: dict[str, object] = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "TSRG0000",
    "PCD_PAY_MSG": "현금영수증 발행완료",
    "PCD_PAY_WORK": "TSREG",
    "PCD_PAYER_ID": PAYER_ID,
    "PCD_PAY_OID": "ORDER_1",
    "PCD_TAXSAVE_AMOUNT": "15000",
    "PCD_TAXSAVE_MGTNUM": "test15424392310644",
}
CANCELLED: dict[str, object] = ISSUED | {
    "PCD_PAY_CODE": "0000",
    "PCD_PAY_MSG": "현금영수증 발행취소 완료",
    "PCD_PAY_WORK": "TSCANCEL",
}

Call = Callable[[PaypleClient], CashReceiptIssued | CashReceiptCancelled]


def issue(watched: PaypleClient) -> CashReceiptIssued:
    return watched.issue_cash_receipt(REQUEST)


def cancel(watched: PaypleClient) -> CashReceiptCancelled:
    return watched.cancel_cash_receipt(CANCEL)


def ask(
    server: Loopback, call: Call, answer: Behaviour, seen: list[Exchange] | None = None
) -> CashReceiptIssued | CashReceiptCancelled:
    path = ACT + ("TSREG" if call is issue else "TSCANCEL")
    server.behaviours[:] = [granted(server, path), answer]
    return call(client(server, seen))


BOTH = pytest.mark.parametrize(("call", "answer"), [(issue, ISSUED), (cancel, CANCELLED)], ids=["issue", "cancel"])


@pytest.mark.parametrize(
    ("call", "answer", "work"), [(issue, ISSUED, "TSREG"), (cancel, CANCELLED, "TSCANCEL")], ids=["issue", "cancel"]
)
def test_a_receipt_is_asked_for_with_its_own_authentication(call: Call, answer: dict[str, object], work: str) -> None:
    with loopback() as server:
        receipt = ask(server, call, answering(answer))
        assert [path_of(request) for request in server.requests] == ["/php/auth.php", ACT + work]
        assert server.bodies() == [
            {"cst_id": "test", "custKey": "abcd1234567890", "PCD_PAY_WORK": work},
            {
                **TOKENS,
                "PCD_PAYER_ID": PAYER_ID,
                "PCD_PAY_OID": "ORDER_1",
                "PCD_TAXSAVE_AMOUNT": "15000",
                "PCD_TAXSAVE_TRADEUSE": "personal",
                "PCD_TAXSAVE_IDENTINUM": PHONE,
            },
        ]
    assert (receipt.attempt_no, receipt.number, receipt.amount) == ("ORDER_1", "test15424392310644", 15000)
    assert (receipt.code, receipt.message) == (answer["PCD_PAY_CODE"], answer["PCD_PAY_MSG"])


def test_a_receipt_asked_for_in_the_window_is_repeated_without_its_number() -> None:
    with loopback() as server:
        server.behaviours[:] = [granted(server, ACT + "TSCANCEL"), answering(CANCELLED)]
        client(server).cancel_cash_receipt(CashReceiptCancel("ORDER_1", PAYER_ID, 15000))
        assert not [name for name in server.bodies()[1] if name in ("PCD_TAXSAVE_TRADEUSE", "PCD_TAXSAVE_IDENTINUM")]


@pytest.mark.parametrize(
    ("purpose", "identity", "sent"),
    [
        (ReceiptPurpose.PERSONAL, "010-1234-5678", "01012345678"),
        (ReceiptPurpose.PERSONAL, "0111234567", "0111234567"),
        (ReceiptPurpose.PERSONAL, "1234567890123456789", "1234567890123456789"),
        (ReceiptPurpose.COMPANY, "123-45-67890", "1234567890"),
    ],
)
def test_an_identity_number_is_sent_as_digits(purpose: ReceiptPurpose, identity: str, sent: str) -> None:
    with loopback() as server:
        server.behaviours[:] = [granted(server, ACT + "TSREG"), answering(ISSUED)]
        client(server).issue_cash_receipt(CashReceiptRequest("ORDER_1", PAYER_ID, 15000, purpose, identity))
        assert server.bodies()[1]["PCD_TAXSAVE_TRADEUSE"] == purpose.value
        assert server.bodies()[1]["PCD_TAXSAVE_IDENTINUM"] == sent


@pytest.mark.parametrize(
    ("amount", "purpose", "identity"),
    [
        *((amount, ReceiptPurpose.PERSONAL, PHONE) for amount in (0, -1)),
        *(
            (1000, ReceiptPurpose.PERSONAL, identity)
            for identity in ("", "010", "０１０１２３４５６７８", "0101234567x")
        ),
        *((1000, ReceiptPurpose.COMPANY, identity) for identity in ("", PHONE, "123456789", "123-45-67890\n")),
        (1000, None, PHONE),
    ],
)
@pytest.mark.parametrize("order", [CashReceiptRequest, CashReceiptCancel])
def test_a_receipt_that_cannot_be_is_not_even_a_request(
    order: type[CashReceiptRequest | CashReceiptCancel], amount: int, purpose: ReceiptPurpose | None, identity: str
) -> None:
    with pytest.raises(ValueError, match="cash receipt") as malformed:
        order("ORDER_1", PAYER_ID, amount, purpose, identity)
    assert not identity or identity not in str(malformed.value)


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        *({"PCD_PAY_OID": oid} for oid in ("ORDER_2", "", None)),
        *({"PCD_TAXSAVE_AMOUNT": amount} for amount in ("1", 0, "-15000", [15000])),
        *({"PCD_PAY_WORK": "PUSERDEL"}, {"PCD_PAY_RST": ""}, {"PCD_PAY_CODE": "X00001"}),
    ],
    ids=str,
)
def test_a_yes_that_does_not_fit_the_request_is_unknown(
    call: Call, answer: dict[str, object], changes: dict[str, object]
) -> None:
    with loopback() as server, pytest.raises(OutcomeUnknown):
        ask(server, call, answering({**answer, **changes}))


@BOTH
def test_an_older_answer_without_amount_work_and_code_counts(call: Call, answer: dict[str, object]) -> None:
    old = {name: value for name, value in answer.items() if name not in ("PCD_TAXSAVE_AMOUNT", "PCD_PAY_WORK")}
    with loopback() as server:
        assert ask(server, call, answering(old | {"PCD_PAY_CODE": ""})).amount == 15000


def test_only_an_issued_receipt_must_have_its_number() -> None:
    with loopback() as server:
        assert ask(server, cancel, answering(CANCELLED | {"PCD_TAXSAVE_MGTNUM": ""})).number == ""
        with pytest.raises(OutcomeUnknown):
            ask(server, issue, answering(ISSUED | {"PCD_TAXSAVE_MGTNUM": ""}))


@BOTH
@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [
        (refused("-10002122"), Refused),
        (refused("1115"), Refused),
        (refused("TSRG0099"), OutcomeUnknown),
        (LOST, OutcomeUnknown),
    ],
    ids=["refused", "already cancelled", "new code", "lost"],
)
def test_what_is_no_yes_ends_as_it_deserves(
    call: Call, answer: dict[str, object], behaviour: Behaviour, ending: type[Exception]
) -> None:
    with loopback() as server:
        with pytest.raises(ending):
            ask(server, call, behaviour)
        assert len(server.requests) == 2


@BOTH
@pytest.mark.parametrize(
    "behaviour", [answering({"result": "error", "result_msg": "AUTH0004"}), LOST], ids=["refused", "lost"]
)
def test_a_receipt_whose_authentication_failed_was_not_asked_for(
    call: Call, answer: dict[str, object], behaviour: Behaviour
) -> None:
    with loopback(behaviour) as server:
        with pytest.raises(NotSent):
            call(client(server))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("call", "path"),
    [
        *((issue, ACT + act) for act in ("TSCANCEL", "", "TSREG&ACT_=TSCANCEL", "TSREG%20")),
        (issue, "/php/taxsave/api/tsAct.php"),
        (cancel, ACT + "TSREG"),
        (cancel, "/php/account/api/cPayCAct.php"),
    ],
)
def test_an_authentication_that_leads_to_the_other_act_is_not_followed(call: Call, path: str) -> None:
    with loopback() as server:
        server.behaviours[:] = [granted(server, path)]
        with pytest.raises(UnknownEndpoint):
            call(client(server))
        assert len(server.requests) == 1


@BOTH
def test_nobody_sees_the_identity_number_or_the_billing_key(
    call: Call, answer: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Exchange] = []
    echo = {"PCD_TAXSAVE_IDENTINUM": PHONE, "PCD_PAY_MSG": f"{PHONE} 010-1234-5678 완료", "PCD_NEW": PHONE}
    hostile = {"PCD_PAY_RST": "error", "PCD_PAY_CODE": PHONE, "PCD_PAY_MSG": PAYER_ID, "PCD_TAXSAVE_MGTNUM": PHONE}
    with loopback() as server:
        receipt = ask(server, call, answering({**answer, **echo}), seen)
        with pytest.raises(OutcomeUnknown) as unknown:
            ask(server, call, answering(hostile), seen)
    assert seen[1].operation == ("issue_cash_receipt" if call is issue else "cancel_cash_receipt")
    assert seen[1].request["PCD_TAXSAVE_TRADEUSE"] == "personal"
    shown = [seen, REQUEST, CANCEL, receipt, unknown.value, unknown.value.code, unknown.value.message, caplog.text]
    assert not [private for private in (PHONE, "010-1234-5678", PAYER_ID) if private in repr(shown)]
