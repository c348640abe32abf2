"""Cancels: all of a payment goes back, or a part."""

import re
from uuid import uuid4

import pytest

from tests.gateway.merchant import CANCEL, Fields, Merchant


# 응답코드.
@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({}, "PAYC0007", "cancel_payment_unknown"),
        ({"PCD_REFUND_KEY": "wrong"}, "PAYC0002", "refund_key_wrong"),
        ({"PCD_AUTH_KEY": "bWFkZSB1cA=="}, "PAYC0001", "token_unknown"),
    ],
)
def test_what_was_never_paid_is_not_cancelled(merchant: Merchant, changes: Fields, code: str, rule: str) -> None:
    """Needs no payer."""
    never = {"PCD_PAY_OID": f"NEVER{uuid4().hex[:20]}", "PCD_PAY_TIME": "20260102030405", "PCD_PAY_TOTAL": "1000"}

    answer = merchant.cancel(never, **changes)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
    merchant.broke(rule)


@pytest.mark.parametrize("amounts", [(1001,), (600, 401)])
def test_never_more_than_what_is_left(merchant: Merchant, amounts: tuple[int, ...]) -> None:
    paid = merchant.paid()

    codes = [merchant.cancel(paid, amount)["PCD_PAY_CODE"] for amount in amounts]

    assert codes[-1] == "PAYC0011"
    assert merchant.refunded(paid)[1] == sum(amounts[:-1])


# Quick guide 4-3.
def test_a_full_cancel_of_a_card_has_a_trade_key_and_a_slip_of_its_own(merchant: Merchant) -> None:
    paid = merchant.paid()

    done = merchant.cancel(paid)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"], done["PCD_PAY_MSG"]) == ("success", "PAYC0000", "승인취소성공")
    assert (done["PCD_PAY_OID"], done["PCD_PAY_TYPE"]) == (paid["PCD_PAY_OID"], "card")
    assert (done["PCD_REFUND_TOTAL"], done["PCD_REFUND_TAXTOTAL"]) == ("1000", "91")
    assert re.fullmatch(r"\d{24}", done["PCD_PAY_CARDTRADENUM"])
    assert done["PCD_PAY_CARDTRADENUM"] != paid["PCD_PAY_CARDTRADENUM"]
    assert done["PCD_PAY_CARDTRADENUM"] in merchant.session.get(done["PCD_PAY_CARDRECEIPT"]).text
    assert merchant.refunded(paid) == ("cancelled", 1000)


def test_a_cancel_of_a_transfer_without_a_receipt_says_nothing_of_one(merchant: Merchant) -> None:
    done = merchant.cancel(merchant.paid(PCD_PAY_TYPE="transfer"))

    assert (done["PCD_PAY_CODE"], done["PCD_PAY_MSG"]) == ("PAYC0000", "환불성공")
    assert not [name for name in done if "CARD" in name or "TAXSAVE" in name]


def test_parts_go_back_until_nothing_is_left(merchant: Merchant) -> None:
    """The protocol has no key against repetition."""
    paid = merchant.paid()

    answers = [merchant.cancel(paid, amount) for amount in (300, 300, 400)]

    assert [answer["PCD_REFUND_TOTAL"] for answer in answers] == ["300", "300", "400"]
    assert sum(int(answer["PCD_REFUND_TAXTOTAL"]) for answer in answers) == 91
    for name in ("PCD_PAY_CARDTRADENUM", "PCD_PAY_CARDRECEIPT"):
        assert len({answer[name] for answer in answers}) == 3
    assert merchant.refunded(paid) == ("cancelled", 1000)
    assert merchant.cancel(paid)["PCD_PAY_CODE"] == "PAYC0007"
    merchant.broke("already_cancelled")


@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({"PCD_REFUND_KEY": "wrong"}, "PAYC0002", "refund_key_wrong"),
        ({"PCD_REFUND_KEY": ""}, "PAYC0002", "refund_key_wrong"),
        ({"PCD_AUTH_KEY": "made up"}, "PAYC0001", "token_unknown"),
        ({"PCD_CST_ID": "test", "PCD_CUST_KEY": "abcd1234567890"}, "PAYC0001", "token_unknown"),
        ({"PCD_PAYCANCEL_FLAG": ""}, "1101", "cancel_field_missing"),
        ({"PCD_PAY_OID": ""}, "1101", "cancel_field_missing"),
        ({"PCD_PAY_DATE": ""}, "1101", "cancel_field_missing"),
        ({"PCD_REFUND_TOTAL": ""}, "1101", "cancel_field_missing"),
        ({"PCD_REFUND_TOTAL": "0"}, "1126", "cancel_amount_malformed"),
        ({"PCD_REFUND_TOTAL": "-100"}, "1126", "cancel_amount_malformed"),
        ({"PCD_REFUND_TOTAL": "10.5"}, "1126", "cancel_amount_malformed"),
        ({"PCD_PAY_OID": "OTHER"}, "PAYC0007", "cancel_payment_unknown"),
        ({"PCD_PAY_DATE": "20200101"}, "PAYC0007", "cancel_payment_unknown"),
        ({"PCD_REFUND_TAXTOTAL": "92"}, "1126", "cancel_tax_wrong"),
        ({"PCD_REFUND_TAXTOTAL": "x"}, "1126", "cancel_tax_wrong"),
        ({"PCD_REFUND_TOTAL": "10", "PCD_REFUND_TAXTOTAL": "11"}, "1126", "cancel_tax_wrong"),
    ],
)
def test_a_wrong_cancel_is_refused_and_moves_nothing(merchant: Merchant, changes: Fields, code: str, rule: str) -> None:
    paid = merchant.paid()

    answer = merchant.cancel(paid, **changes)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
    merchant.broke(rule)
    assert merchant.refunded(paid) == ("approved", 0)


def test_an_exempt_order_has_no_tax(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_ISTAX="N")

    assert merchant.cancel(paid, 500, PCD_REFUND_TAXTOTAL="1")["PCD_PAY_CODE"] == "1126"
    assert merchant.cancel(paid, 500)["PCD_REFUND_TAXTOTAL"] == "0"


def test_a_part_of_a_mixed_order_names_its_tax_and_the_last_part_takes_what_is_left(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_TAXTOTAL="50")

    assert merchant.cancel(paid, 500)["PCD_PAY_CODE"] == "1101"
    merchant.broke("cancel_tax_missing")
    assert merchant.cancel(paid, 100, PCD_REFUND_TAXTOTAL="0")["PCD_REFUND_TAXTOTAL"] == "0"
    assert merchant.cancel(paid, 500, PCD_REFUND_TAXTOTAL="40")["PCD_REFUND_TAXTOTAL"] == "40"
    assert merchant.cancel(paid, 100, PCD_REFUND_TAXTOTAL="11")["PCD_PAY_CODE"] == "1126"
    assert merchant.cancel(paid, 400)["PCD_REFUND_TAXTOTAL"] == "10"


# Quick guide 3-3.
def test_one_authentication_serves_one_cancel(merchant: Merchant) -> None:
    url, sent = merchant.prepare(CANCEL, **merchant.cancel_fields(merchant.paid(), 100))

    codes = [merchant.post(url, sent)["PCD_PAY_CODE"] for _ in range(2)]

    assert codes == ["PAYC0000", "PAYC0001"]
    merchant.broke("token_used")


# Official samples.
def test_a_cancel_may_be_a_form_with_the_older_name_of_the_tax(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_TAXTOTAL="50")
    url, sent = merchant.prepare(CANCEL, **merchant.cancel_fields(paid, 200), PCD_PAY_TAXTOTAL="20")

    answer = merchant.session.post(url, data=sent).json()

    assert (answer["PCD_PAY_RST"], answer["PCD_REFUND_TAXTOTAL"]) == ("success", "20")


# Undocumented: our choice.
def test_an_authenticated_but_unconfirmed_payment_has_nothing_to_cancel(merchant: Merchant) -> None:
    assert merchant.cancel(merchant.claim())["PCD_PAY_CODE"] == "PAYC0007"


@pytest.mark.parametrize("given", ["", "0", "NaN"])
def test_the_tax_of_a_taxable_order_is_split_in_proportion(merchant: Merchant, given: str) -> None:
    """Blank, 0 and NaN mean that none was given."""
    assert merchant.cancel(merchant.paid(), 500, PCD_REFUND_TAXTOTAL=given)["PCD_REFUND_TAXTOTAL"] == "46"
