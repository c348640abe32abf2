"""Cash receipts of transfers: issued and cancelled by request."""

from uuid import uuid4

import pytest

from tests.gateway.merchant import Fields, Merchant

IDENTITY = {"PCD_TAXSAVE_TRADEUSE": "personal", "PCD_TAXSAVE_IDENTINUM": "01012345678"}


@pytest.fixture
def paid(merchant: Merchant) -> Fields:
    """A transfer without a receipt."""
    return merchant.paid(PCD_PAY_TYPE="transfer")


@pytest.fixture
def receipted(merchant: Merchant) -> Fields:
    """A transfer with the receipt that the payer asked for in the window."""
    return merchant.paid(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="Y")


# 현금영수증 API.
@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "receipt_payment_unknown"),
        ({"PCD_PAYER_ID": ""}, "receipt_field_missing"),
        ({"PCD_AUTH_KEY": "bWFkZSB1cA=="}, "token_unknown"),
    ],
)
@pytest.mark.parametrize("work", ["TSREG", "TSCANCEL"])
def test_what_was_never_paid_has_no_receipt(merchant: Merchant, work: str, changes: Fields, rule: str) -> None:
    """An error without a code that is documented; needs no payer."""
    never = {"PCD_PAY_OID": f"NEVER{uuid4().hex[:20]}", "PCD_PAYER_ID": "bWFkZSB1cA=="}

    assert merchant.receipt(work, never, **changes)["PCD_PAY_RST"] == "error"
    merchant.broke(rule)


def test_a_receipt_is_issued_after_the_payment(merchant: Merchant, paid: Fields) -> None:
    done = merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT="1000", **IDENTITY)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"]) == ("success", "TSRG0000")
    assert (done["PCD_PAY_WORK"], done["PCD_PAY_MSG"]) == ("TSREG", "현금영수증 발행완료")
    assert (done["PCD_PAY_OID"], done["PCD_PAYER_ID"]) == (paid["PCD_PAY_OID"], paid["PCD_PAYER_ID"])
    assert (done["PCD_TAXSAVE_AMOUNT"], bool(done["PCD_TAXSAVE_MGTNUM"])) == ("1000", True)
    assert merchant.cash_receipt(paid) == ("issued", 1000)
    assert "01012345678" not in str(merchant.ledger())


def test_a_company_has_a_business_number(merchant: Merchant, paid: Fields) -> None:
    company = {"PCD_TAXSAVE_TRADEUSE": "company", "PCD_TAXSAVE_IDENTINUM": "123-45-67890"}

    assert merchant.receipt("TSREG", paid, **company)["PCD_PAY_CODE"] == "TSRG0000"


@pytest.mark.parametrize(
    "shape", [{}, {"PCD_TAXSAVE_AMOUNT": "1000", **IDENTITY}, {"PCD_TAXSAVE_AMOUNT": "0"}, {"PCD_TAXSAVE_AMOUNT": " "}]
)
def test_a_receipt_is_cancelled_by_itself(merchant: Merchant, receipted: Fields, shape: Fields) -> None:
    """No amount or 0 is all of it."""
    done = merchant.receipt("TSCANCEL", receipted, **shape)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"]) == ("success", "0000")
    assert (done["PCD_PAY_WORK"], done["PCD_PAY_MSG"]) == ("TSCANCEL", "현금영수증 발행취소 완료")
    assert (done["PCD_TAXSAVE_MGTNUM"], done["PCD_TAXSAVE_AMOUNT"]) == (receipted["PCD_TAXSAVE_MGTNUM"], "1000")
    assert merchant.cash_receipt(receipted) == ("cancelled", 0)


def test_a_payment_has_one_receipt_at_a_time(merchant: Merchant, receipted: Fields) -> None:
    assert merchant.receipt("TSREG", receipted)["PCD_PAY_CODE"] == "1103"
    merchant.broke("receipt_twice")
    merchant.receipt("TSCANCEL", receipted)

    again = merchant.receipt("TSREG", receipted)

    assert again["PCD_PAY_CODE"] == "TSRG0000"
    assert again["PCD_TAXSAVE_MGTNUM"] != receipted["PCD_TAXSAVE_MGTNUM"]


@pytest.mark.parametrize(("refunded", "amount"), [(0, "1001"), (300, "701"), (0, "0"), (0, "ten"), (1000, "")])
def test_no_receipt_is_above_what_is_left(merchant: Merchant, paid: Fields, refunded: int, amount: str) -> None:
    if refunded:
        merchant.cancel(paid, refunded)

    assert merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT=amount)["PCD_PAY_CODE"] == "1105"
    merchant.broke("receipt_above_paid")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"PCD_PAYER_ID": ""}, "receipt_field_missing"),
        ({"PCD_PAY_OID": ""}, "receipt_field_missing"),
        ({"PCD_PAY_OID": "OTHER"}, "receipt_payment_unknown"),
        ({"PCD_PAYER_ID": "somebody else"}, "receipt_payer_differs"),
        ({"PCD_TAXSAVE_TRADEUSE": "family"}, "receipt_identity_wrong"),
        ({"PCD_TAXSAVE_IDENTINUM": "12"}, "receipt_identity_wrong"),
        (IDENTITY | {"PCD_TAXSAVE_TRADEUSE": "company"}, "receipt_identity_wrong"),
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


def test_a_receipt_is_cancelled_once_and_for_its_own_amount(merchant: Merchant, paid: Fields) -> None:
    assert merchant.receipt("TSCANCEL", paid)["PCD_PAY_CODE"] == "1117"
    merchant.broke("receipt_none")
    merchant.receipt("TSREG", paid)
    assert merchant.receipt("TSCANCEL", paid, PCD_TAXSAVE_AMOUNT="999")["PCD_PAY_CODE"] == "1126"
    merchant.broke("receipt_amount_differs")
    merchant.receipt("TSCANCEL", paid)

    assert merchant.receipt("TSCANCEL", paid)["PCD_PAY_CODE"] == "1115"
    merchant.broke("receipt_cancelled")


# Official samples.
def test_a_request_without_amount_and_number_means_all_that_is_left(merchant: Merchant, paid: Fields) -> None:
    merchant.cancel(paid, 300)

    assert merchant.receipt("TSREG", paid)["PCD_TAXSAVE_AMOUNT"] == "700"
    assert merchant.receipt("TSCANCEL", paid)["PCD_PAY_RST"] == "success"
