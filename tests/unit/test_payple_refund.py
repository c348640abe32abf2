"""A refund: what is sent, what counts as done, and what stays open because money may have gone back."""

from datetime import date

import pytest

from shop.payple import Gateway, OutcomeUnknown, RefundDone, RefundRequest, Refused
from tests.unit.answers import Fields, no, read, refund
from tests.unit.conftest import Stub

DAY = date(2023, 12, 19)
FAILED = "현금영수증 발행취소 실패.."


def done(fields: Fields) -> RefundDone:
    return RefundDone.from_wire(read(fields), RefundRequest("ORDER_1", DAY, 1000), Gateway.test())


@pytest.mark.parametrize(("vat", "sent"), [(None, None), (0, "0"), (35, "35"), (1000, "1000")])
def test_the_vat_is_sent_exactly_when_it_is_named(stub: Stub, vat: int | None, sent: str | None) -> None:
    stub.answers(stub.granted("/php/account/api/cPayCAct.php"), refund())

    stub.client.refund(RefundRequest("ORDER_1", DAY, 1000, vat))

    assert stub.server.bodies()[1].get("PCD_REFUND_TAXTOTAL") == sent


@pytest.mark.parametrize(("amount", "vat"), [(0, None), (-1, None), (1000, -1), (1000, 1001)])
def test_an_impossible_amount_makes_no_request(amount: int, vat: int | None) -> None:
    with pytest.raises(ValueError, match="at least 1 won"):
        RefundRequest("ORDER_1", DAY, amount, vat)


def test_a_refund_is_read() -> None:
    back = done(refund())
    assert back.trade_key == "202312201011122302115099"
    assert back.slip_url == "https://www.danalpay.com/receipt?tid=1"
    assert (back.code, back.message, back.receipt_code) == ("PAYC0000", "승인취소성공", "")


@pytest.mark.parametrize("code", ["0000", "-10002122", -10002122, "Y", 0], ids=repr)
def test_a_refund_is_done_whatever_became_of_its_receipt(code: object) -> None:
    back = done(refund(TAXSAVE_RST=code, TAXSAVE_MSG=FAILED))
    assert (back.receipt_code, back.receipt_message) == (str(code), FAILED)


@pytest.mark.parametrize(
    "changes",
    [
        *({"PAY_OID": number} for number in ("ORDER_2", "", None, "ORDER_11")),
        *({"REFUND_TOTAL": total} for total in ("2000", "999", 0, "", None, "-1000", "1000.0", 1000.0, True)),
        *({"PAY_RST": result} for result in ("", None, "close", "pending", "SUCCESS")),
        *({"PAY_CODE": code} for code in ("X00001", "PAYC0007", "1125", "0000 0000")),
    ],
    ids=str,
)
def test_a_success_that_does_not_fit_the_request_is_never_done(changes: Fields) -> None:
    with pytest.raises(OutcomeUnknown):
        done(refund(**changes))


@pytest.mark.parametrize("code", ["PAYC0001", "PAYC0002", "PAYC0007", "PAYC0011", "1115", "1116", "1128", "CBIL0003"])
def test_a_refund_is_refused_only_by_a_code_that_says_no_money_went_back(code: str) -> None:
    with pytest.raises(Refused, match=code):
        done(no(code))


@pytest.mark.parametrize("code", ["1120", "1125", "1113", "1103", "CPAY0018", "SPAY0011", "3201", "0007", "ZZZZ9999"])
def test_a_refund_that_may_be_under_way_stays_unknown(code: str) -> None:
    with pytest.raises(OutcomeUnknown) as unknown:
        done(no(code, "[PAYC0011]"))
    assert unknown.value.code == code
