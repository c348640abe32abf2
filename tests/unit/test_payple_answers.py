"""The gateway's answer about a payment: what is a success, what is a definite no, and what is neither."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import Gateway, GatewayError, OutcomeUnknown, PaymentFound, PayType, Refused
from tests.unit.answers import CARD, TRANSFER, Fields, card, read, transfer


def found(fields: Fields) -> PaymentFound:
    return PaymentFound.from_wire(read(fields), Gateway.test())


def test_a_card_payment_is_read() -> None:
    payment = found(card())
    assert (payment.attempt_no, payment.pay_type, payment.transfer) == ("ORDER_1", PayType.CARD, None)
    assert (payment.amount, payment.requested_amount, payment.charged_amount) == (1000, 1000, 1000)
    assert (payment.vat, payment.refunded_amount) == (91, None)
    assert payment.paid_at == datetime(2023, 12, 19, 4, 42, 23, tzinfo=UTC)
    assert payment.card
    assert (payment.card.issuer, payment.card.number) == ("삼성카드", "1234-****-****-5678")
    assert payment.card.instalment_months == 3
    assert (payment.card.trade_key, payment.card.approval_no) == ("202312191342223302115099", "85324231")
    assert payment.card.slip_url == "https://www.danalpay.com/receipt?tid=1"
    assert "secret" not in repr(payment)


def test_a_transfer_is_read() -> None:
    payment = found(transfer())
    assert payment.card is None
    assert payment.transfer
    assert payment.transfer.bank_name == "우리은행"
    assert (payment.transfer.account, payment.transfer.cash_receipt_requested) == ("123-********-456", True)
    assert (payment.transfer.cash_receipt_issued, payment.transfer.cash_receipt_number) == (True, "G3482429")


@pytest.mark.parametrize(
    ("flag", "result", "number", "issued"),
    [("Y", "Y", "G1", True), ("Y", "N", "", False), ("Y", "N", "G1", False), ("", "", "G1", True), ("", "", "", False)],
)
def test_whether_a_receipt_was_issued(flag: str, result: str, number: str, issued: bool) -> None:
    payment = found(transfer(TAXSAVE_FLAG=flag, TAXSAVE_RST=result, TAXSAVE_MGTNUM=number))
    assert payment.transfer
    assert payment.transfer.cash_receipt_issued is issued


def test_json_numbers_unknown_fields_and_the_older_spelling_of_card_fields_are_read() -> None:
    fields = card(PAY_TOTAL=1000, PAY_AMOUNT=1000, PAY_TAXTOTAL=91, REFUND_TOTAL="300", PAY_CARDNAME=None)
    payment = found(fields | {"PCD_CARDNAME": "국민카드", "PCD_NEW": [1], "x": {"y": None}})
    assert (payment.amount, payment.requested_amount, payment.vat, payment.refunded_amount) == (1000, 1000, 91, 300)
    assert payment.card
    assert payment.card.issuer == "국민카드"


@pytest.mark.parametrize("slip", ["javascript:alert(1)", "//danalpay.com/x", "http://www.danalpay.com/x", 7])
def test_a_doubtful_sales_slip_never_becomes_a_link(slip: object) -> None:
    payment = found(card(PAY_CARDRECEIPT=slip))
    assert payment.card
    assert payment.card.slip_url == ""


@pytest.mark.parametrize(
    ("time", "in_korea", "in_utc"),
    [
        ("20231219134223", date(2023, 12, 19), date(2023, 12, 19)),
        ("2020-03-20 13:04:05", date(2020, 3, 20), date(2020, 3, 20)),
        ("2020-03-20T13:04:05", date(2020, 3, 20), date(2020, 3, 20)),
        ("20261123000003", date(2026, 11, 23), date(2026, 11, 22)),
        ("20261122235959", date(2026, 11, 22), date(2026, 11, 22)),
        (20231219134223, date(2023, 12, 19), date(2023, 12, 19)),
    ],
)
def test_the_payment_date_is_the_day_in_korea(time: object, in_korea: date, in_utc: date) -> None:
    payment = found(card(PAY_TIME=time))
    assert (payment.payment_date, payment.paid_at.date()) == (in_korea, in_utc)


@pytest.mark.parametrize("code", [None, "", "0000", "PCHK000", "BILL0000", "PCCF0000"])
def test_a_success_has_a_blank_code_or_one_of_zeros(code: str | None) -> None:
    assert found(card(PAY_CODE=code)).amount == 1000


@pytest.mark.parametrize(
    "changes",
    [
        *({"PAY_CODE": code} for code in ("X00001", "3112", "CPAY0018")),
        *({"PAY_RST": result} for result in ("SUCCESS", "", None, "pending", "close")),
        *({"PAY_RST": "error", "PAY_CODE": code} for code in ("CPAY0018", "SPAY0011", "ZZZZ9999", "", "0000", "1")),
        *({"PAY_OID": number} for number in (None, "", "   ")),
        *({"PAY_TYPE": pay_type} for pay_type in (None, "CARD", "phone")),
        *({"PAY_TOTAL": total} for total in (None, "", "-1000", "1,000", "1000.0", -1000, "１０００", "12345678901")),
        *({"PAY_TIME": time} for time in (None, "", "20231319134223", "2023-12-19", "now", "00010101000000")),
        *({"PAY_TIME": "20230229120000"}, {"PAY_AMOUNT": "a thousand"}, {"PAY_AMOUNT_REAL": "?"}),
    ],
    ids=str,
)
def test_what_is_neither_a_whole_success_nor_a_definite_no_stays_unknown(changes: Fields) -> None:
    with pytest.raises(OutcomeUnknown):
        found(card(**changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        *(({"PAY_CODE": code}, code) for code in ("3112", "CPCA9999", "CBIL0003", "PCCFD001", "AUTH0008")),
        ({"PAY_CODE": 3112, "PAY_OID": "ORDER_2"}, "3112"),
        ({"PAY_CODE": "3112", "PAY_OID": ""}, "3112"),
        ({"PAY_CODE": "", "PAY_MSG": "[CBIL0003] 결제내역이 존재하지 않습니다."}, "CBIL0003"),
        ({"PAY_CODE": None, "PAY_MSG": "취소실패PAYC0007"}, "PAYC0007"),
        ({"PAY_CODE": "1115", "PAY_MSG": "PAYC0011"}, "1115"),
    ],
)
def test_a_definite_code_is_a_no(changes: Fields, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        found(card(PAY_RST="error", **changes))
    assert refusal.value.code == code


def test_an_error_shows_no_person_that_the_gateway_repeats() -> None:
    message = "01012345678 a@b.kr: 한도 초과"
    with pytest.raises(Refused) as refusal:
        found(card(PAY_RST="error", PAY_CODE="3112", PAY_MSG=message))
    assert str(refusal.value) == "3112 *** *** 한도 초과"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(CARD | TRANSFER)), JSON))
def test_any_change_of_a_good_answer_is_a_payment_or_one_of_the_errors(changes: Fields) -> None:
    try:
        payment = found(CARD | changes)
    except GatewayError:
        return
    assert payment.attempt_no
    assert 0 <= payment.amount <= 9_999_999_999
    assert payment.paid_at.tzinfo is UTC
    assert not any(char < " " for char in payment.attempt_no + payment.goods + payment.message)
