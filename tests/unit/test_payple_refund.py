"""A refund: what is sent, what counts as done, and what stays open because money may have gone back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import (
    Exchange,
    Gateway,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    PayType,
    ReceiptAnswer,
    RefundDone,
    RefundRequest,
    Refused,
    UnknownEndpoint,
    codes,
)
from shop.payple.masking import Mask
from shop.payple.messages import Answer
from tests.loopback import Behaviour, Loopback, answering, loopback
from tests.unit.stub_gateway import KEYS, LOST, TOKENS, client, granted, path_of, refused

CANCEL_PATH = "/php/account/api/cPayCAct.php"
WANTED = RefundRequest("ORDER_1", date(2023, 12, 19), 1000)
CARD: dict[str, object] = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "PAYC0000",
    "PCD_PAY_MSG": "승인취소성공",
    "PCD_PAY_OID": "ORDER_1",
    "PCD_PAY_TYPE": "card",
    "PCD_PAYER_ID": "OVA3U-billing-key",
    "PCD_PAY_GOODS": "테스트 상품명",
    "PCD_REFUND_TOTAL": "1000",
    "PCD_REFUND_TAXTOTAL": "91",
    "PCD_PAY_TIME": "20231220101112",
    "PCD_PAY_CARDTRADENUM": "202312201011122302115099",
    "PCD_PAY_CARDRECEIPT": "https://www.danalpay.com/receipt?tid=1",
}
TRANSFER: dict[str, object] = {name: value for name, value in CARD.items() if "CARD" not in name} | {
    "PCD_PAY_MSG": "환불성공",
    "PCD_PAY_TYPE": "transfer",
    "PCD_TAXSAVE_RST": "0000",
    "PCD_TAXSAVE_MSG": "현금영수증 발행취소 성공",
}


def refund(
    server: Loopback, answer: Behaviour, wanted: RefundRequest = WANTED, seen: list[Exchange] | None = None
) -> RefundDone:
    server.behaviours[:] = [granted(server, CANCEL_PATH), answer]
    return client(server, seen).refund(wanted)


def done(fields: dict[str, object], wanted: RefundRequest = WANTED) -> RefundDone:
    return RefundDone.from_wire(Answer(fields, Mask(fields)), wanted, Gateway.test())


# What is sent.


def test_a_refund_authenticates_for_it_and_sends_the_tokens_with_the_refund_key() -> None:
    with loopback() as server:
        refund(server, answering(CARD))
        assert [path_of(request) for request in server.requests] == ["/php/auth.php", CANCEL_PATH]
        assert server.bodies() == [
            {"cst_id": "test", "custKey": "abcd1234567890", "PCD_PAYCANCEL_FLAG": "Y"},
            {
                **TOKENS,
                "PCD_REFUND_KEY": KEYS.refund_key,
                "PCD_PAYCANCEL_FLAG": "Y",
                "PCD_PAY_OID": "ORDER_1",
                "PCD_PAY_DATE": "20231219",
                "PCD_REFUND_TOTAL": "1000",
            },
        ]


@pytest.mark.parametrize(("tax", "sent"), [(None, None), (0, "0"), (35, "35"), (1000, "1000")])
def test_the_tax_part_is_sent_exactly_when_it_is_named(tax: int | None, sent: str | None) -> None:
    with loopback() as server:
        refund(server, answering(CARD), RefundRequest("ORDER_1", date(2023, 12, 19), 1000, tax))
        assert server.bodies()[1].get("PCD_REFUND_TAXTOTAL") == sent


@pytest.mark.parametrize(("amount", "tax"), [(0, None), (-1, None), (1000, -1), (1000, 1001)])
def test_an_amount_that_cannot_be_is_not_even_a_request(amount: int, tax: int | None) -> None:
    with pytest.raises(ValueError, match="at least 1 won"):
        RefundRequest("ORDER_1", date(2023, 12, 19), amount, tax)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(answering({"result": "error", "result_msg": "AUTH0004"}), "AUTH0004"), (LOST, ""), (answering(b"[]"), "")],
    ids=["refused", "lost", "senseless"],
)
def test_a_refund_whose_authentication_failed_was_not_sent(behaviour: Behaviour, code: str) -> None:
    with loopback(behaviour) as server:
        with pytest.raises(NotSent) as failure:
            client(server).refund(WANTED)
        assert len(server.requests) == 1
    assert failure.value.code == code


@pytest.mark.parametrize("path", ["/php/PayChkAct.php", "/index.php?ACT_=PAYM", "/php/taxsave/api/tsAct.php"])
def test_the_refund_key_goes_nowhere_but_to_the_cancel_address(path: str) -> None:
    with loopback() as server:
        server.behaviours.append(granted(server, path))
        with pytest.raises(UnknownEndpoint):
            client(server).refund(WANTED)
        assert KEYS.refund_key.encode() not in b"".join(server.requests)


# What is done.


def test_a_card_refund_reads_into_words_of_ours() -> None:
    back = done(CARD)
    assert (back.attempt_no, back.pay_type, back.amount, back.tax) == ("ORDER_1", PayType.CARD, 1000, 91)
    assert back.refunded_at == datetime(2023, 12, 20, 1, 11, 12, tzinfo=UTC)
    assert back.trade_key == "202312201011122302115099"
    assert back.slip_url == "https://www.danalpay.com/receipt?tid=1"
    assert (back.code, back.message, back.receipt) == ("PAYC0000", "승인취소성공", None)


def test_a_transfer_refund_tells_what_became_of_the_cash_receipt() -> None:
    back = done(TRANSFER)
    assert (back.pay_type, back.trade_key, back.slip_url) == (PayType.TRANSFER, "", "")
    assert back.receipt == ReceiptAnswer("0000", "현금영수증 발행취소 성공")
    assert back.receipt.is_adjusted


@pytest.mark.parametrize(
    "code", ["-10002122", -10002122, "Y", "N", "000", "0", 0, "00000", "PAYC0000", "success"], ids=repr
)
def test_a_receipt_that_could_not_be_cancelled_leaves_the_refund_done(code: object) -> None:
    back = done({**TRANSFER, "PCD_TAXSAVE_RST": code, "PCD_TAXSAVE_MSG": "현금영수증 발행취소 실패.."})
    assert back.amount == 1000
    assert back.receipt == ReceiptAnswer(str(code), "현금영수증 발행취소 실패..")
    assert not back.receipt.is_adjusted


@pytest.mark.parametrize("silence", ["", None])
def test_a_refund_that_says_nothing_of_a_receipt_says_none(silence: object) -> None:
    assert done({**TRANSFER, "PCD_TAXSAVE_RST": silence, "PCD_TAXSAVE_MSG": silence}).receipt is None


def test_a_receipt_with_words_and_no_code_is_not_adjusted() -> None:
    back = done({**TRANSFER, "PCD_TAXSAVE_RST": ""})
    assert back.receipt is not None
    assert not back.receipt.is_adjusted


def test_what_only_adorns_a_refund_may_be_missing_or_senseless() -> None:
    adorned = {"PCD_PAY_TYPE": "coin", "PCD_REFUND_TAXTOTAL": "-", "PCD_PAY_TIME": "soon"}
    back = done({**CARD, **adorned, "PCD_PAY_CARDRECEIPT": "javascript:alert(1)", "PCD_REFUND_TOTAL": 1000})
    assert (back.pay_type, back.tax, back.refunded_at, back.slip_url) == (None, None, None, "")


# What is not.


@pytest.mark.parametrize(
    "changes",
    [
        *({"PCD_PAY_OID": "ORDER_2"}, {"PCD_PAY_OID": ""}, {"PCD_PAY_OID": None}, {"PCD_PAY_OID": "ORDER_11"}),
        *({"PCD_REFUND_TOTAL": total} for total in ("2000", "999", 0, "0", "", None, "-1000", "1000.0", 1000.0, True)),
        *({"PCD_PAY_RST": result} for result in ("", None, "close", "pending", "SUCCESS")),
        *({"PCD_PAY_CODE": code} for code in ("X00001", "PAYC0007", "1125", "0000 0000")),
        {"PCD_TAXSAVE_RST": ["0000"]},
    ],
    ids=str,
)
def test_a_yes_that_does_not_fit_the_request_is_never_done(changes: dict[str, object]) -> None:
    with pytest.raises(OutcomeUnknown):
        done({**TRANSFER, **changes})


@pytest.mark.parametrize(
    "code", ["PAYC0001", "PAYC0002", "PAYC0007", "PAYC0011", "1115", "1116", "1123", "1128", "1144", "3121", "CBIL0003"]
)
def test_a_refund_is_refused_only_by_a_code_that_says_no_money_went_back(code: str) -> None:
    with loopback() as server, pytest.raises(Refused) as refusal:
        refund(server, refused(code))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "code", ["1120", "1125", "1113", "1103", "CPAY0018", "SPAY0011", "3201", "ZZZZ9999", "0007", ""]
)
def test_a_refund_that_may_be_under_way_stays_unknown(code: str) -> None:
    with loopback() as server, pytest.raises(OutcomeUnknown) as unknown:
        refund(server, refused(code))
    assert unknown.value.code == code


@pytest.mark.parametrize(
    ("code", "message", "found"),
    [
        ("", "[PAYC0011] 취소 가능 금액 초과", "PAYC0011"),
        ("", "취소실패PAYC0007", "PAYC0007"),
        (None, "CBIL0002: 인증세션이 만료되었습니다.", "CBIL0002"),
        ("1115", "PAYC0011", "1115"),
    ],
)
def test_a_refusals_code_may_stand_in_its_message(code: object, message: str, found: str) -> None:
    fields = {"PCD_PAY_RST": "error", "PCD_PAY_CODE": code, "PCD_PAY_MSG": message}
    with pytest.raises(Refused) as refusal:
        done(fields)
    assert refusal.value.code == found


def test_a_code_field_nobody_knows_is_not_overruled_by_the_message() -> None:
    with pytest.raises(OutcomeUnknown):
        done({"PCD_PAY_RST": "error", "PCD_PAY_CODE": "ZZZZ9999", "PCD_PAY_MSG": "[PAYC0011]"})


@pytest.mark.parametrize(
    "behaviour", [LOST, answering(b'{"PCD_PAY_RST":"success",}'), answering(b"null")], ids=["lost", "comma", "null"]
)
def test_a_refund_whose_answer_was_lost_is_unknown_and_sent_once(behaviour: Behaviour) -> None:
    with loopback() as server:
        with pytest.raises(OutcomeUnknown):
            refund(server, behaviour)
        assert len(server.requests) == 2


def test_a_second_full_cancel_is_recognised_as_done_before() -> None:
    with loopback() as server, pytest.raises(Refused) as refusal:
        refund(server, refused("PAYC0007"))
    assert codes.says_already_cancelled(refusal.value.code)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(TRANSFER)), JSON))
def test_any_change_of_a_good_answer_is_this_refund_or_one_of_the_errors(changes: dict[str, object]) -> None:
    try:
        back = done({**TRANSFER, **changes})
    except GatewayError:
        return
    assert (back.attempt_no, back.amount) == ("ORDER_1", 1000)
    assert codes.is_success(back.code)


# What may be kept of it.


def test_the_observer_sees_the_refund_and_no_key() -> None:
    seen: list[Exchange] = []
    with loopback() as server:
        refund(server, answering({**CARD, "PCD_PAY_GOODS": f"echo {KEYS.refund_key}"}), seen=seen)
    assert [(e.operation, e.attempt_no, e.path, e.outcome) for e in seen] == [
        ("authenticate", "ORDER_1", "/php/auth.php", "answered"),
        ("refund", "ORDER_1", CANCEL_PATH, "answered"),
    ]
    assert seen[1].request["PCD_REFUND_TOTAL"] == "1000"
    assert seen[1].request["PCD_PAY_DATE"] == "20231219"
    private = [KEYS.refund_key, KEYS.cust_key, *TOKENS.values(), "OVA3U-billing-key"]
    assert not [value for value in private if value in repr(seen)]


@pytest.mark.parametrize("field", ["PCD_PAY_CODE", "PCD_PAY_MSG"])
def test_a_key_that_the_answer_repeats_stays_out_of_the_error(field: str) -> None:
    echo = {"PCD_PAY_RST": "error", field: f"{KEYS.refund_key}"}
    with loopback() as server, pytest.raises(OutcomeUnknown) as unknown:
        refund(server, answering(echo))
    assert KEYS.refund_key[:20] not in str(unknown.value) + unknown.value.code
