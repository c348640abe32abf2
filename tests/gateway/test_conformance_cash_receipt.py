"""Cash receipts of transfers: issued and cancelled by request."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.gateway.merchant import Merchant

IDENTITY = {"PCD_TAXSAVE_TRADEUSE": "personal", "PCD_TAXSAVE_IDENTINUM": "01012345678"}


@pytest.fixture
def paid(merchant: Merchant) -> dict[str, str]:
    """A transfer without a receipt."""
    return merchant.paid(PCD_PAY_TYPE="transfer")


@pytest.fixture
def receipted(merchant: Merchant) -> dict[str, str]:
    """A transfer with the receipt that the payer asked for in the window."""
    return merchant.paid(PCD_PAY_TYPE="transfer", PCD_TAXSAVE_FLAG="Y")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "receipt_payment_unknown"),
        ({"PCD_PAYER_ID": ""}, "receipt_field_missing"),
        ({"PCD_AUTH_KEY": "bWFkZSB1cA=="}, "token_unknown"),
    ],
)
@pytest.mark.parametrize("work", ["TSREG", "TSCANCEL"])
def test_what_was_never_paid_has_no_receipt(merchant: Merchant, work: str, changes: dict[str, str], rule: str) -> None:
    """An error without a code that is documented; needs no payer, so it can be tried anywhere (현금영수증 API)."""
    never = {"PCD_PAY_OID": f"NEVER{uuid4().hex[:20]}", "PCD_PAYER_ID": "bWFkZSB1cA=="}

    assert merchant.receipt(work, never, **changes)["PCD_PAY_RST"] == "error"
    merchant.broke(rule)


def test_a_receipt_is_issued_after_the_payment(merchant: Merchant, paid: dict[str, str]) -> None:
    """TSRG0000 (현금영수증 API)."""
    answer = merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT="1000", **IDENTITY)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"], answer["PCD_PAY_MSG"]) == (
        *("success", "TSRG0000", "현금영수증 발행완료"),
    )
    assert (answer["PCD_PAY_WORK"], answer["PCD_PAY_OID"]) == ("TSREG", paid["PCD_PAY_OID"])
    assert (answer["PCD_PAYER_ID"], answer["PCD_TAXSAVE_AMOUNT"]) == (paid["PCD_PAYER_ID"], "1000")
    assert answer["PCD_TAXSAVE_MGTNUM"]
    assert merchant.cash_receipt(paid) == ("issued", 1000)
    assert "01012345678" not in str(merchant.ledger())


def test_the_manuals_request_names_neither_amount_nor_number(merchant: Merchant, paid: dict[str, str]) -> None:
    """Older requests: the whole amount, the holder of the payment (official samples)."""
    merchant.cancel(paid, 300)

    assert merchant.receipt("TSREG", paid)["PCD_TAXSAVE_AMOUNT"] == "700"
    assert merchant.receipt("TSCANCEL", paid)["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(
    "shape", [{}, {"PCD_TAXSAVE_AMOUNT": "1000", **IDENTITY}, {"PCD_TAXSAVE_AMOUNT": "0"}, {"PCD_TAXSAVE_AMOUNT": " "}]
)
def test_a_receipt_is_cancelled_by_itself(merchant: Merchant, receipted: dict[str, str], shape: dict[str, str]) -> None:
    """TSCANCEL, in the shapes of samples and manual; no amount or 0 is all of it (현금영수증 API; official samples)."""
    answer = merchant.receipt("TSCANCEL", receipted, **shape)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("success", "0000")
    assert (answer["PCD_PAY_WORK"], answer["PCD_PAY_MSG"]) == ("TSCANCEL", "현금영수증 발행취소 완료")
    assert (answer["PCD_TAXSAVE_MGTNUM"], answer["PCD_TAXSAVE_AMOUNT"]) == (receipted["PCD_TAXSAVE_MGTNUM"], "1000")
    assert merchant.cash_receipt(receipted) == ("cancelled", 0)


def test_never_two_receipts(merchant: Merchant, receipted: dict[str, str]) -> None:
    """One receipt per payment (현금영수증 API)."""
    assert merchant.receipt("TSREG", receipted)["PCD_PAY_CODE"] == "1103"
    merchant.broke("receipt_twice")
    merchant.receipt("TSCANCEL", receipted)

    again = merchant.receipt("TSREG", receipted)

    assert again["PCD_PAY_CODE"] == "TSRG0000"
    assert again["PCD_TAXSAVE_MGTNUM"] != receipted["PCD_TAXSAVE_MGTNUM"]


@pytest.mark.parametrize(("refunded", "amount"), [(0, "1001"), (300, "701"), (0, "0"), (0, "ten"), (1000, "")])
def test_never_more_than_paid_and_not_refunded(
    merchant: Merchant, paid: dict[str, str], refunded: int, amount: str
) -> None:
    """PCD_TAXSAVE_AMOUNT (현금영수증 API)."""
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
    merchant: Merchant, receipted: dict[str, str], work: str, changes: dict[str, str], rule: str
) -> None:
    """Tokens, members, number and holder (현금영수증 API)."""
    assert merchant.receipt(work, receipted, **changes)["PCD_PAY_RST"] == "error"
    merchant.broke(rule)
    assert merchant.cash_receipt(receipted) == ("issued", 1000)


def test_a_company_has_a_business_number(merchant: Merchant, paid: dict[str, str]) -> None:
    """PCD_TAXSAVE_TRADEUSE company wants ten digits (현금영수증 API)."""
    company = {"PCD_TAXSAVE_TRADEUSE": "company", "PCD_TAXSAVE_IDENTINUM": "123-45-67890"}

    assert merchant.receipt("TSREG", paid, **company)["PCD_PAY_CODE"] == "TSRG0000"


def test_a_card_has_no_cash_receipt(merchant: Merchant) -> None:
    """Transfers only (현금영수증 API)."""
    merchant.receipt("TSREG", merchant.paid())

    merchant.broke("receipt_for_card")


def test_an_unconfirmed_transfer_has_none_either(merchant: Merchant) -> None:
    """No money has moved (undocumented: our choice)."""
    merchant.receipt("TSREG", merchant.claim(PCD_PAY_TYPE="transfer"))

    merchant.broke("receipt_payment_unknown")


def test_only_a_receipt_can_be_cancelled_and_once(merchant: Merchant, paid: dict[str, str]) -> None:
    """Nothing to cancel, or no longer (현금영수증 API)."""
    assert merchant.receipt("TSCANCEL", paid)["PCD_PAY_CODE"] == "1117"
    merchant.broke("receipt_none")
    merchant.receipt("TSREG", paid)
    assert merchant.receipt("TSCANCEL", paid, PCD_TAXSAVE_AMOUNT="999")["PCD_PAY_CODE"] == "1126"
    merchant.broke("receipt_amount_differs")
    merchant.receipt("TSCANCEL", paid)

    assert merchant.receipt("TSCANCEL", paid)["PCD_PAY_CODE"] == "1115"
    merchant.broke("receipt_cancelled")
