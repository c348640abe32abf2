"""The gateway's answer: what is a yes, what is a no, and what is neither."""

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import Gateway, GatewayError, OutcomeUnknown, PaymentFound, PayType, Refused
from shop.payple.masking import Mask
from shop.payple.messages import Answer, read_object

CARD = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "PCCF0000",
    "PCD_PAY_MSG": "카드결제완료",
    "PCD_PAY_OID": "ORDER_17027809",
    "PCD_PAY_TYPE": "card",
    "PCD_PAYER_ID": "OVA3U-secret-billing-key",
    "PCD_PAY_GOODS": "테스트 상품",
    "PCD_PAY_AMOUNT": "1000",
    "PCD_PAY_DISCOUNT": "",
    "PCD_PAY_AMOUNT_REAL": "1000",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_TAXTOTAL": "91",
    "PCD_PAY_TIME": "20231219134223",
    "PCD_PAY_CARDNAME": "삼성카드",
    "PCD_PAY_CARDNUM": "1234-****-****-5678",
    "PCD_PAY_CARDQUOTA": "03",
    "PCD_PAY_CARDTRADENUM": "202312191342223302115099",
    "PCD_PAY_CARDAUTHNO": "85324231",
    "PCD_PAY_CARDRECEIPT": "https://www.danalpay.com/receipt?tid=1",
}
TRANSFER = {name: value for name, value in CARD.items() if "CARD" not in name} | {
    "PCD_PAY_CODE": "0000",
    "PCD_PAY_TYPE": "transfer",
    "PCD_PAY_BANK": "020",
    "PCD_PAY_BANKNAME": "우리은행",
    "PCD_PAY_BANKNUM": "123-********-456",
    "PCD_TAXSAVE_FLAG": "Y",
    "PCD_TAXSAVE_RST": "Y",
    "PCD_TAXSAVE_MGTNUM": "G3482429",
}


def found(fields: dict[str, object]) -> PaymentFound:
    return PaymentFound.from_wire(Answer(fields, Mask(fields)), Gateway.test())


def card(**changes: object) -> dict[str, object]:
    """The card answer with some fields changed, by their name without PCD_PAY_; None leaves one out."""
    fields: dict[str, object] = {**CARD, **{f"PCD_PAY_{name}": value for name, value in changes.items()}}
    return {name: value for name, value in fields.items() if value is not None}


def transfer(**changes: object) -> dict[str, object]:
    return {**TRANSFER, **{f"PCD_TAXSAVE_{name}": value for name, value in changes.items()}}


def test_a_card_payment_reads_into_words_of_ours() -> None:
    payment = found(card())
    assert payment.attempt_no == "ORDER_17027809"
    assert payment.pay_type is PayType.CARD
    assert (payment.amount, payment.requested_amount, payment.charged_amount) == (1000, 1000, 1000)
    assert (payment.discount, payment.vat, payment.refunded_amount) == (None, 91, None)
    assert payment.paid_at == datetime(2023, 12, 19, 4, 42, 23, tzinfo=UTC)
    assert payment.transfer is None
    assert payment.card is not None
    assert (payment.card.issuer, payment.card.number) == ("삼성카드", "1234-****-****-5678")
    assert payment.card.instalment_months == 3
    assert (payment.card.trade_key, payment.card.approval_no) == ("202312191342223302115099", "85324231")
    assert payment.card.slip_url == "https://www.danalpay.com/receipt?tid=1"
    assert "secret" not in repr(payment)


def test_a_transfer_reads_into_words_of_ours() -> None:
    payment = found(transfer())
    assert payment.card is None
    assert payment.transfer is not None
    assert (payment.transfer.bank_code, payment.transfer.bank_name) == ("020", "우리은행")
    assert payment.transfer.account == "123-********-456"
    assert payment.transfer.cash_receipt_requested
    assert payment.transfer.cash_receipt_issued
    assert payment.transfer.cash_receipt_number == "G3482429"


@pytest.mark.parametrize(
    ("flag", "result", "number", "issued"),
    [("Y", "Y", "G1", True), ("Y", "N", "", False), ("Y", "N", "G1", False), ("", "", "G1", True), ("", "", "", False)],
)
def test_a_receipt_is_issued_when_the_answer_says_so_or_gives_only_its_number(
    flag: str, result: str, number: str, issued: bool
) -> None:
    payment = found(transfer(FLAG=flag, RST=result, MGTNUM=number))
    assert payment.transfer is not None
    assert payment.transfer.cash_receipt_issued is issued


def test_numbers_may_come_as_json_numbers_and_unknown_fields_are_ignored() -> None:
    payment = found({**card(TOTAL=1000, AMOUNT=1000, CARDQUOTA=0, TAXTOTAL=91), "PCD_NEW": [1], "x": {"y": None}})
    assert (payment.amount, payment.requested_amount, payment.vat) == (1000, 1000, 91)


def test_the_inquirys_older_spelling_of_card_fields_is_read() -> None:
    fields = card(CARDNAME=None, CARDNUM=None, CARDTRADENUM="")
    payment = found({**fields, "PCD_CARDNAME": "국민카드", "PCD_CARDNUM": "9***", "PCD_CARDTRADENUM": "77"})
    assert payment.card is not None
    assert (payment.card.issuer, payment.card.number, payment.card.trade_key) == ("국민카드", "9***", "77")


def test_an_optional_refunded_sum_is_read() -> None:
    assert found({**card(), "PCD_REFUND_TOTAL": "300"}).refunded_amount == 300


@pytest.mark.parametrize("slip", ["javascript:alert(1)", "//danalpay.com/x", "http://www.danalpay.com/x", 7])
def test_a_doubtful_sales_slip_never_becomes_a_link(slip: object) -> None:
    payment = found(card(CARDRECEIPT=slip))
    assert payment.card is not None
    assert payment.card.slip_url == ""


@pytest.mark.parametrize(
    ("time", "payment_date"),
    [
        ("20231219134223", date(2023, 12, 19)),
        ("2020-03-20 13:04:05", date(2020, 3, 20)),
        ("2020-03-20T13:04:05", date(2020, 3, 20)),
        ("20261123000000", date(2026, 11, 23)),
        ("20261122235959", date(2026, 11, 22)),
        (20231219134223, date(2023, 12, 19)),
    ],
)
def test_the_payment_date_is_the_day_in_korea(time: object, payment_date: date) -> None:
    assert found(card(TIME=time)).payment_date == payment_date


def test_just_after_midnight_in_korea_it_is_still_the_day_before_in_utc() -> None:
    payment = found(card(TIME="20261123000003"))
    assert payment.paid_at.date() == date(2026, 11, 22)
    assert payment.payment_date == date(2026, 11, 23)


@pytest.mark.parametrize("code", [None, "", "0000", "PCHK000", "BILL0000", "PCCF0000"])
def test_a_success_with_a_blank_code_or_one_of_zeros_is_a_yes(code: str | None) -> None:
    assert found(card(CODE=code)).amount == 1000


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        (card(CODE="X00001"), "a code that only contains zeros"),
        (card(CODE="3112"), "success beside a refusal's code"),
        (card(CODE="CPAY0018"), "success beside an unknown outcome's code"),
        (card(RST="SUCCESS"), "another spelling of success"),
        (card(RST=""), "a blank result"),
        (card(RST=None), "no result"),
        (card(RST="pending"), "still pending"),
        (card(RST="close"), "a window's word in a server's answer"),
        (card(RST="error", CODE="CPAY0018"), "the bank has not answered"),
        (card(RST="error", CODE="SPAY0011"), "the bank has not answered"),
        (card(RST="error", CODE="ZZZZ9999"), "a code nobody published"),
        (card(RST="error", CODE=""), "a no without a code"),
        (card(RST="error", CODE="0000"), "a no beside a success's code"),
        (card(RST="error", CODE="1"), "no code at all"),
        ({}, "an empty object"),
        ({"result": "error", "result_msg": "AUTH0001"}, "an authentication's answer"),
    ],
)
def test_what_is_neither_a_yes_nor_a_definite_no_stays_unknown(fields: dict[str, object], because: str) -> None:
    with pytest.raises(OutcomeUnknown):
        found(fields)


@pytest.mark.parametrize(
    "fields",
    [
        card(OID=None),
        card(OID=""),
        card(OID="   "),
        card(TYPE=None),
        card(TYPE="CARD"),
        card(TYPE="phone"),
        card(TOTAL=None),
        card(TOTAL=""),
        card(TOTAL="-1000"),
        card(TOTAL="1,000"),
        card(TOTAL="1000.0"),
        card(TOTAL=-1000),
        card(TOTAL="１０００"),
        card(TOTAL="12345678901"),
        card(AMOUNT="a thousand"),
        card(AMOUNT_REAL="?"),
        card(TIME=None),
        card(TIME=""),
        card(TIME="20231319134223"),
        card(TIME="2023-12-19"),
        card(TIME="now"),
        card(TIME="00010101000000"),
        card(TIME="20230229120000"),
    ],
)
def test_a_yes_without_its_facts_stays_unknown(fields: dict[str, object]) -> None:
    with pytest.raises(OutcomeUnknown):
        found(fields)


@pytest.mark.parametrize("name", ["RST", "CODE", "MSG", "OID", "TOTAL", "TYPE", "TIME", "CARDNAME", "GOODS"])
@pytest.mark.parametrize("value", [True, ["1000"], {"a": 1}], ids=repr)
def test_a_field_of_a_wrong_type_leaves_the_outcome_unknown(name: str, value: object) -> None:
    with pytest.raises(OutcomeUnknown):
        found(card(**{name: value}))


@pytest.mark.parametrize("code", ["3112", "3133", "CPCA9999", "CBIL0003", "BILL0003", "PCCFD001", "AUTH0008"])
def test_an_error_with_a_definite_code_is_a_no(code: str) -> None:
    with pytest.raises(Refused) as refusal:
        found(card(RST="error", CODE=code, MSG="한도가 초과하였습니다."))
    assert (refusal.value.code, refusal.value.message) == (code, "한도가 초과하였습니다.")


@pytest.mark.parametrize("attempt_no", ["ORDER_2", ""])
def test_a_no_says_whose_payment_it_is_about(attempt_no: str) -> None:
    with pytest.raises(Refused) as refusal:
        found(card(RST="error", CODE="3112", OID=attempt_no))
    assert refusal.value.attempt_no == attempt_no


def test_a_numeric_code_is_read_as_its_digits() -> None:
    with pytest.raises(Refused) as refusal:
        found(card(RST="error", CODE=3112))
    assert refusal.value.code == "3112"


def test_a_code_inside_the_message_counts_where_the_field_is_blank() -> None:
    with pytest.raises(Refused) as refusal:
        found(card(RST="error", CODE="", MSG="[CBIL0003] 결제내역이 존재하지 않습니다."))
    assert refusal.value.code == "CBIL0003"


def test_an_error_shows_no_key_and_no_person_that_the_gateway_echoed() -> None:
    fields = card(RST="error", CODE="3112", MSG="홍길동 01012345678 a@b.kr OVA3U-secret-billing-key: 한도 초과")
    fields["PCD_PAYER_NAME"] = "홍길동"
    with pytest.raises(Refused) as refusal:
        found(fields)
    assert str(refusal.value) == "3112 *** *** *** ***: 한도 초과"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"1000",
        b'"success"',
        b"[]",
        b'[{"PCD_PAY_RST":"success"}]',
        b"<html>502</html>",
        b'{"PCD_PAY_RST":"succ',
        b'{"PCD_PAY_RST":"success",}',
        b'{"a":1}{"a":2}',
        b'{"PCD_PAY_RST":"success","PCD_PAY_RST":"error"}',
        b'{"a":{"b":1,"b":2}}',
        '{"PCD_PAY_MSG":"결제완료"}'.encode("euc-kr"),
        '{"a":"1"}'.encode("utf-16"),
        b'{"a":"\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: repr(body[:32]),
)
def test_what_is_not_one_plain_json_object_stays_unknown(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        read_object(body)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_object(b"\xef\xbb\xbf" + '{"PCD_PAY_MSG":"결제완료"}'.encode()) == {"PCD_PAY_MSG": "결제완료"}


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_unknown(body: bytes) -> None:
    with suppress(OutcomeUnknown):
        assert isinstance(read_object(body), dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({**CARD, **TRANSFER})), JSON))
def test_any_change_of_a_good_answer_is_a_payment_or_one_of_the_errors(changes: dict[str, object]) -> None:
    try:
        payment = found({**CARD, **changes})
    except GatewayError:
        return
    assert payment.attempt_no
    assert 0 <= payment.amount <= 9_999_999_999
    assert payment.paid_at.tzinfo is UTC
    assert not any(char < " " for char in payment.attempt_no + payment.goods + payment.message)
