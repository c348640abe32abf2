"""Cancels: all of a payment goes back, or a part."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from tests.gateway.merchant import Merchant

CANCEL = {"PCD_PAYCANCEL_FLAG": "Y"}


@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({}, "PAYC0007", "cancel_payment_unknown"),
        ({"PCD_REFUND_KEY": "wrong"}, "PAYC0002", "refund_key_wrong"),
        ({"PCD_AUTH_KEY": "bWFkZSB1cA=="}, "PAYC0001", "token_unknown"),
    ],
)
def test_what_was_never_paid_is_not_cancelled(
    merchant: Merchant, changes: dict[str, str], code: str, rule: str
) -> None:
    """Unknown number, wrong key, made-up token; needs no payer, so it can be tried anywhere (응답코드)."""
    never = {"PCD_PAY_OID": f"NEVER{uuid4().hex[:20]}", "PCD_PAY_TIME": "20260102030405", "PCD_PAY_TOTAL": "1000"}

    answer = merchant.cancel(never, **changes)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
    merchant.broke(rule)


def test_a_full_cancel_of_a_card(merchant: Merchant) -> None:
    """PAYC0000; the trade key and the slip are those of the cancellation (quick guide 4-3)."""
    paid = merchant.paid()

    done = merchant.cancel(paid)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"], done["PCD_PAY_MSG"]) == ("success", "PAYC0000", "승인취소성공")
    assert (done["PCD_PAY_OID"], done["PCD_PAY_TYPE"]) == (paid["PCD_PAY_OID"], "card")
    assert (done["PCD_REFUND_TOTAL"], done["PCD_REFUND_TAXTOTAL"]) == ("1000", "91")
    assert re.fullmatch(r"\d{24}", done["PCD_PAY_CARDTRADENUM"])
    assert done["PCD_PAY_CARDTRADENUM"] != paid["PCD_PAY_CARDTRADENUM"]
    slip = merchant.session.get(done["PCD_PAY_CARDRECEIPT"]).text
    assert done["PCD_PAY_CARDTRADENUM"] in slip
    payment = merchant.payment(paid["PCD_PAY_OID"])
    assert (payment["state"], payment["refunded_total"]) == ("cancelled", 1000)


def test_a_full_cancel_of_a_transfer(merchant: Merchant) -> None:
    """Without a receipt the answer does not speak of one (quick guide 4-3)."""
    done = merchant.cancel(merchant.paid(PCD_PAY_TYPE="transfer"))

    assert (done["PCD_PAY_CODE"], done["PCD_PAY_MSG"]) == ("PAYC0000", "환불성공")
    assert not [name for name in done if "CARD" in name or "TAXSAVE" in name]


def test_several_partial_cancels_until_nothing_is_left(merchant: Merchant) -> None:
    """PCD_REFUND_TOTAL below what was paid, again and again (undocumented: our choice)."""
    paid = merchant.paid()

    answers = [merchant.cancel(paid, amount) for amount in (300, 300, 400)]

    assert [answer["PCD_REFUND_TOTAL"] for answer in answers] == ["300", "300", "400"]
    assert sum(int(answer["PCD_REFUND_TAXTOTAL"]) for answer in answers) == 91
    assert len({answer["PCD_PAY_CARDTRADENUM"] for answer in answers}) == 3
    assert len({answer["PCD_PAY_CARDRECEIPT"] for answer in answers}) == 3
    assert merchant.payment(paid["PCD_PAY_OID"])["state"] == "cancelled"


def test_the_same_part_asked_for_twice_goes_back_twice(merchant: Merchant) -> None:
    """The protocol has no key against repetition (quick guide 4-3)."""
    paid = merchant.paid()

    assert [merchant.cancel(paid, 400)["PCD_PAY_RST"] for _ in range(2)] == ["success"] * 2
    assert merchant.payment(paid["PCD_PAY_OID"])["refunded_total"] == 800


@pytest.mark.parametrize("amounts", [(1001,), (600, 401)])
def test_never_more_than_what_is_left(merchant: Merchant, amounts: tuple[int, ...]) -> None:
    """PAYC0011 (응답코드)."""
    paid = merchant.paid()
    *before, last = amounts
    for amount in before:
        merchant.cancel(paid, amount)

    assert merchant.cancel(paid, last)["PCD_PAY_CODE"] == "PAYC0011"
    assert merchant.payment(paid["PCD_PAY_OID"])["refunded_total"] == sum(before)


def test_a_second_full_cancel_finds_nothing(merchant: Merchant) -> None:
    """PAYC0007 (응답코드)."""
    paid = merchant.paid()
    merchant.cancel(paid)

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
    ],
)
def test_a_wrong_cancel_is_refused_and_moves_nothing(
    merchant: Merchant, changes: dict[str, str], code: str, rule: str
) -> None:
    """Refund key, tokens, members, amount, number and date (quick guide 4-3; 응답코드)."""
    paid = merchant.paid()

    answer = merchant.cancel(paid, **changes)

    assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
    merchant.broke(rule)
    assert merchant.payment(paid["PCD_PAY_OID"])["refunded_total"] == 0


def test_an_authenticated_but_unconfirmed_payment_has_nothing_to_cancel(merchant: Merchant) -> None:
    """PAYC0007: no money has moved (undocumented: our choice)."""
    assert merchant.cancel(merchant.claim())["PCD_PAY_CODE"] == "PAYC0007"


def test_one_authentication_serves_one_cancel(merchant: Merchant) -> None:
    """The second request with the same tokens is refused (quick guide 3-3)."""
    paid = merchant.paid()
    ticket = merchant.authenticate(**CANCEL)
    sent = merchant.tokens(ticket) | CANCEL | {
        "PCD_REFUND_KEY": merchant.refund_key,
        "PCD_PAY_OID": paid["PCD_PAY_OID"],
        "PCD_PAY_DATE": paid["PCD_PAY_TIME"][:8],
        "PCD_REFUND_TOTAL": "100",
    }  # fmt: skip

    codes = [merchant.post(ticket["return_url"], sent)["PCD_PAY_CODE"] for _ in range(2)]

    assert codes == ["PAYC0000", "PAYC0001"]
    merchant.broke("token_used")


def test_a_form_with_old_names_does_too(merchant: Merchant) -> None:
    """Older requests are forms and call the tax part PCD_PAY_TAXTOTAL (official samples)."""
    paid = merchant.paid(PCD_PAY_TAXTOTAL="50")
    ticket = merchant.authenticate(**CANCEL)
    sent = merchant.tokens(ticket) | CANCEL | {
        "PCD_REFUND_KEY": merchant.refund_key,
        "PCD_PAY_OID": paid["PCD_PAY_OID"],
        "PCD_PAY_DATE": paid["PCD_PAY_TIME"][:8],
        "PCD_REFUND_TOTAL": "200",
        "PCD_PAY_TAXTOTAL": "20",
    }  # fmt: skip

    answer = merchant.session.post(ticket["return_url"], data=sent).json()

    assert (answer["PCD_PAY_RST"], answer["PCD_REFUND_TAXTOTAL"]) == ("success", "20")


class TestTax:
    """PCD_REFUND_TAXTOTAL: the VAT in what goes back."""

    @pytest.mark.parametrize("given", ["", "0", "NaN"])
    def test_a_taxable_order_is_split_in_proportion(self, merchant: Merchant, given: str) -> None:
        """Blank, 0 and NaN mean that none was given (undocumented: our choice)."""
        answer = merchant.cancel(merchant.paid(), 500, PCD_REFUND_TAXTOTAL=given)

        assert answer["PCD_REFUND_TAXTOTAL"] == "46"

    def test_an_exempt_order_has_none(self, merchant: Merchant) -> None:
        """PCD_PAY_ISTAX N (quick guide 4-3)."""
        paid = merchant.paid(PCD_PAY_ISTAX="N")

        assert merchant.cancel(paid, 500, PCD_REFUND_TAXTOTAL="1")["PCD_PAY_CODE"] == "1126"
        assert merchant.cancel(paid, 500)["PCD_REFUND_TAXTOTAL"] == "0"

    def test_a_part_of_a_mixed_order_names_its_tax(self, merchant: Merchant) -> None:
        """PCD_REFUND_TAXTOTAL; a full cancel takes what is left (quick guide 4-3)."""
        paid = merchant.paid(PCD_PAY_TAXTOTAL="50")

        assert merchant.cancel(paid, 500)["PCD_PAY_CODE"] == "1101"
        merchant.broke("cancel_tax_missing")
        assert merchant.cancel(paid, 100, PCD_REFUND_TAXTOTAL="0")["PCD_REFUND_TAXTOTAL"] == "0"
        assert merchant.cancel(paid, 500, PCD_REFUND_TAXTOTAL="40")["PCD_REFUND_TAXTOTAL"] == "40"
        assert merchant.cancel(paid, 100, PCD_REFUND_TAXTOTAL="11")["PCD_PAY_CODE"] == "1126"
        assert merchant.cancel(paid, 400)["PCD_REFUND_TAXTOTAL"] == "10"

    def test_the_tax_is_a_part_of_the_amount(self, merchant: Merchant) -> None:
        """1126 (응답코드)."""
        assert merchant.cancel(merchant.paid(), 10, PCD_REFUND_TAXTOTAL="11")["PCD_PAY_CODE"] == "1126"
