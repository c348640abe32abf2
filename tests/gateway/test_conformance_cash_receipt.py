"""Cash receipts of transfers: issued and cancelled by request."""

from uuid import uuid4

import pytest

from tests.gateway.merchant import Fields, Merchant

IDENTITY = {"PCD_TAXSAVE_TRADEUSE": "personal", "PCD_TAXSAVE_IDENTINUM": "01012345678"}
COMPANY = {"PCD_TAXSAVE_TRADEUSE": "company", "PCD_TAXSAVE_IDENTINUM": "123-45-67890"}


@pytest.fixture
def paid(merchant: Merchant) -> Fields:
    """A transfer without a receipt."""
    return merchant.paid(PCD_PAY_TYPE="transfer")


@pytest.fixture
def receipted(merchant: Merchant) -> Fields:
    """A transfer with the receipt that the payer asked for in the window."""
    return merchant.paid(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="Y")


# 현금영수증 API.
@pytest.mark.parametrize("work", ["TSREG", "TSCANCEL"])
def test_what_was_never_paid_has_no_receipt(merchant: Merchant, work: str) -> None:
    """An error without a code that is documented; needs no payer."""
    never = {"PCD_PAY_OID": f"NEVER{uuid4().hex[:20]}", "PCD_PAYER_ID": "bWFkZSB1cA=="}

    assert merchant.receipt(work, never)["PCD_PAY_RST"] == "error"
    merchant.broke("receipt_payment_unknown")


def test_a_receipt_is_issued_after_the_payment(merchant: Merchant, paid: Fields) -> None:
    done = merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT="1000", **IDENTITY)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"]) == ("success", "TSRG0000")
    assert (done["PCD_PAY_WORK"], done["PCD_PAY_MSG"]) == ("TSREG", "현금영수증 발행완료")
    assert (done["PCD_PAY_OID"], done["PCD_PAYER_ID"]) == (paid["PCD_PAY_OID"], paid["PCD_PAYER_ID"])
    assert (done["PCD_TAXSAVE_AMOUNT"], bool(done["PCD_TAXSAVE_MGTNUM"])) == ("1000", True)
    assert merchant.cash_receipt(paid) == ("issued", 1000)
    assert "01012345678" not in str(merchant.ledger())


def test_the_receipt_of_a_monthly_payment_tells_its_month(merchant: Merchant) -> None:
    month = {"PCD_REGULER_FLAG": "Y", "PCD_PAY_YEAR": "2026", "PCD_PAY_MONTH": "11"}
    paid = merchant.paid(PCD_PAY_TYPE="transfer", **month)

    answers = [merchant.receipt("TSREG", paid), merchant.receipt("TSCANCEL", paid)]

    assert all(answer.items() >= month.items() for answer in answers)


@pytest.mark.parametrize(
    "shape", [{}, {"PCD_TAXSAVE_AMOUNT": "1000", **COMPANY}, {"PCD_TAXSAVE_AMOUNT": "0"}, {"PCD_TAXSAVE_AMOUNT": " "}]
)
def test_a_receipt_is_cancelled_by_itself(merchant: Merchant, receipted: Fields, shape: Fields) -> None:
    """No amount or 0 is all of it."""
    done = merchant.receipt("TSCANCEL", receipted, **shape)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"]) == ("success", "0000")
    assert (done["PCD_PAY_WORK"], done["PCD_PAY_MSG"]) == ("TSCANCEL", "현금영수증 발행취소 완료")
    assert (done["PCD_TAXSAVE_MGTNUM"], done["PCD_TAXSAVE_AMOUNT"]) == (receipted["PCD_TAXSAVE_MGTNUM"], "1000")
    assert merchant.cash_receipt(receipted) == ("cancelled", 0)


@pytest.mark.parametrize(("refunded", "amount"), [(0, "1001"), (300, "701"), (0, "0"), (0, "ten"), (1000, "")])
def test_no_receipt_is_above_what_is_left(merchant: Merchant, paid: Fields, refunded: int, amount: str) -> None:
    if refunded:
        merchant.cancel(paid, refunded)

    merchant.refused(merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT=amount), "1105", "receipt_above_paid")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"PCD_PAYER_ID": ""}, "receipt_field_missing"),
        ({"PCD_PAYER_ID": "somebody else"}, "receipt_payer_differs"),
        ({"PCD_TAXSAVE_TRADEUSE": "family"}, "receipt_identity_wrong"),
        ({"PCD_TAXSAVE_IDENTINUM": "12"}, "receipt_identity_wrong"),
        ({"PCD_AUTH_KEY": "made up"}, "token_unknown"),
    ],
)
@pytest.mark.parametrize("work", ["TSREG", "TSCANCEL"])
def test_a_wrong_request_is_refused_and_changes_nothing(
    merchant: Merchant, receipted: Fields, work: str, changes: Fields, rule: str
) -> None:
    assert merchant.receipt(work, receipted, **changes)["PCD_PAY_RST"] == "error"
    merchant.broke(rule)
    assert merchant.cash_receipt(receipted) == ("issued", 1000)


def test_cards_and_unconfirmed_transfers_have_no_receipt(merchant: Merchant) -> None:
    merchant.receipt("TSREG", merchant.paid())
    merchant.broke("receipt_for_card")

    merchant.receipt("TSREG", merchant.claim(PCD_PAY_TYPE="transfer"))
    merchant.broke("receipt_payment_unknown")


def test_a_payment_has_one_receipt_at_a_time_which_is_cancelled_once_and_for_its_own_amount(
    merchant: Merchant, paid: Fields
) -> None:
    merchant.refused(merchant.receipt("TSCANCEL", paid), "1117", "receipt_none")
    first = merchant.receipt("TSREG", paid)
    merchant.refused(merchant.receipt("TSREG", paid), "1103", "receipt_twice")
    merchant.refused(merchant.receipt("TSCANCEL", paid, PCD_TAXSAVE_AMOUNT="999"), "1126", "receipt_amount_differs")
    merchant.receipt("TSCANCEL", paid)
    merchant.refused(merchant.receipt("TSCANCEL", paid), "1115", "receipt_cancelled")

    again = merchant.receipt("TSREG", paid, **COMPANY)

    assert again["PCD_PAY_CODE"] == "TSRG0000"
    assert again["PCD_TAXSAVE_MGTNUM"] != first["PCD_TAXSAVE_MGTNUM"]


# Official samples.
def test_a_request_without_amount_and_number_means_all_that_is_left(merchant: Merchant, paid: Fields) -> None:
    merchant.cancel(paid, 300)

    assert merchant.receipt("TSREG", paid)["PCD_TAXSAVE_AMOUNT"] == "700"
    assert merchant.receipt("TSCANCEL", paid)["PCD_PAY_RST"] == "success"
