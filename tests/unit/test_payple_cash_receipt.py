"""Cash receipts by themselves: what is sent, and what counts as issued or cancelled."""

import pytest

from shop.payple import CashReceiptRequest, OutcomeUnknown, ReceiptPurpose, Refused
from tests.unit.answers import Fields, no, read, receipt
from tests.unit.conftest import Stub

PERSONAL, COMPANY = ReceiptPurpose.PERSONAL, ReceiptPurpose.COMPANY
PHONE = "01012345678"


def answered(fields: Fields) -> str:
    return CashReceiptRequest("ORDER_1", "key", 15000).read_number(read(fields))


@pytest.mark.parametrize(
    ("purpose", "identity", "sent"),
    [
        (PERSONAL, "010-1234-5678", PHONE),
        (PERSONAL, "0111234567", "0111234567"),
        (PERSONAL, "1234567890123456789", "1234567890123456789"),
        (COMPANY, "123-45-67890", "1234567890"),
        (None, "", None),
    ],
)
def test_an_identity_number_is_sent_as_digits_or_not_at_all(
    stub: Stub, purpose: ReceiptPurpose | None, identity: str, sent: str | None
) -> None:
    stub.answers(stub.granted("/php/taxsave/api/tsAct.php?ACT_=TSREG"), receipt())

    stub.client.issue_cash_receipt(CashReceiptRequest("ORDER_1", "key", 15000, purpose, identity))

    body = stub.server.bodies()[1]
    assert (body.get("PCD_TAXSAVE_TRADEUSE"), body.get("PCD_TAXSAVE_IDENTINUM")) == (purpose, sent)


@pytest.mark.parametrize(
    ("amount", "purpose", "identity"),
    [
        *((amount, PERSONAL, PHONE) for amount in (0, -1)),
        *((1000, PERSONAL, identity) for identity in ("", "010", "０１０１２３４５６７８", "0101234567x")),
        *((1000, COMPANY, identity) for identity in ("", PHONE, "123456789", "123-45-67890\n")),
        (1000, None, PHONE),
    ],
)
def test_an_impossible_receipt_makes_no_request(amount: int, purpose: ReceiptPurpose | None, identity: str) -> None:
    with pytest.raises(ValueError, match="cash receipt") as malformed:
        CashReceiptRequest("ORDER_1", "key", amount, purpose, identity)
    assert not identity or identity not in str(malformed.value)


def test_a_receipt_is_read_and_an_older_answer_lacks_amount_work_and_code() -> None:
    for answer in (receipt(), receipt(PAY_WORK=None, TAXSAVE_AMOUNT=None, PAY_CODE="")):
        assert answered(answer) == "test15424392310644"


@pytest.mark.parametrize(
    "changes",
    [
        *({"PAY_OID": number} for number in ("ORDER_2", "", None)),
        *({"TAXSAVE_AMOUNT": amount} for amount in ("1", 0, "-15000", [15000])),
        *({"PAY_RST": ""}, {"PAY_CODE": "X00001"}),
    ],
    ids=str,
)
def test_a_success_that_does_not_fit_the_request_is_unknown(changes: Fields) -> None:
    with pytest.raises(OutcomeUnknown):
        answered(receipt(**changes))


@pytest.mark.parametrize("code", ["-10002122", "1115"])
def test_a_definite_code_is_a_no(code: str) -> None:
    with pytest.raises(Refused, match=code):
        answered(no(code))
