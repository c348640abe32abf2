"""Cancels: all of a payment goes back, or a part, and its cash receipt follows."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.gateway.merchant import CANCEL, Fields, Merchant

RECEIPT = {"PCD_PAY_TYPE": "transfer", "PCD_TAXSAVE_FLAG": "Y"}


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

    merchant.refused(merchant.cancel(never, **changes), code, rule)


# Quick guide 4-3.
def test_a_full_cancel_of_a_card_has_a_trade_key_and_a_slip_of_its_own(merchant: Merchant) -> None:
    paid = merchant.paid()

    done = merchant.cancel(paid)

    assert (done["PCD_PAY_RST"], done["PCD_PAY_CODE"], done["PCD_PAY_MSG"]) == ("success", "PAYC0000", "승인취소성공")
    assert (done["PCD_PAY_OID"], done["PCD_PAY_TYPE"]) == (paid["PCD_PAY_OID"], "card")
    assert (done["PCD_REFUND_TOTAL"], done["PCD_REFUND_TAXTOTAL"]) == ("1000", "91")
    assert re.fullmatch(r"\d{24}", done["PCD_PAY_CARDTRADENUM"])
    assert done["PCD_PAY_CARDTRADENUM"] in merchant.session.get(done["PCD_PAY_CARDRECEIPT"]).text
    assert merchant.refunded(paid) == ("cancelled", 1000)


def test_a_cancel_of_a_transfer_without_a_receipt_says_nothing_of_one(merchant: Merchant) -> None:
    done = merchant.cancel(merchant.paid(PCD_PAY_TYPE="transfer"))

    assert (done["PCD_PAY_CODE"], done["PCD_PAY_MSG"]) == ("PAYC0000", "환불성공")
    assert not [name for name in done if "CARD" in name or "TAXSAVE" in name]


def test_parts_go_back_until_nothing_is_left(merchant: Merchant) -> None:
    """The protocol has no key against repetition."""
    paid = merchant.paid()

    answers = [merchant.cancel(paid, amount) for amount in (300, 300, 401, 400, 1)]

    assert [answer["PCD_PAY_CODE"] for answer in answers[2:]] == ["PAYC0011", "PAYC0000", "PAYC0007"]
    merchant.broke("already_cancelled")
    done = [answer for answer in answers if answer["PCD_PAY_RST"] == "success"]
    assert [answer["PCD_REFUND_TOTAL"] for answer in done] == ["300", "300", "400"]
    assert sum(int(answer["PCD_REFUND_TAXTOTAL"]) for answer in done) == 91
    trade_keys = {answer["PCD_PAY_CARDTRADENUM"] for answer in (paid, *done)}
    assert len(trade_keys) == len({answer["PCD_PAY_CARDRECEIPT"] for answer in (paid, *done)}) == 4
    assert merchant.refunded(paid) == ("cancelled", 1000)


@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({"PCD_PAYCANCEL_FLAG": ""}, "1101", "cancel_field_missing"),
        ({"PCD_REFUND_TOTAL": ""}, "1101", "cancel_field_missing"),
        ({"PCD_REFUND_TOTAL": "0"}, "1126", "cancel_amount_malformed"),
        ({"PCD_REFUND_TOTAL": "10.5"}, "1126", "cancel_amount_malformed"),
        ({"PCD_REFUND_TOTAL": "1001"}, "PAYC0011", "cancel_above_remainder"),
        ({"PCD_PAY_DATE": "20200101"}, "PAYC0007", "cancel_payment_unknown"),
        ({"PCD_REFUND_TAXTOTAL": "92"}, "1126", "cancel_tax_wrong"),
        ({"PCD_REFUND_TOTAL": "10", "PCD_REFUND_TAXTOTAL": "11"}, "1126", "cancel_tax_wrong"),
    ],
)
def test_a_wrong_cancel_is_refused_and_moves_nothing(merchant: Merchant, changes: Fields, code: str, rule: str) -> None:
    paid = merchant.paid()

    merchant.refused(merchant.cancel(paid, **changes), code, rule)

    assert merchant.refunded(paid) == ("approved", 0)
    refused = merchant.ledger()[-1]
    assert (refused["code"], refused["rule"], bool(refused["why"]["en"])) == (code, rule, True)
    assert merchant.refund_key not in str(merchant.ledger())


def test_an_exempt_order_has_no_tax(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_ISTAX="N")

    assert merchant.cancel(paid, 500, PCD_REFUND_TAXTOTAL="1")["PCD_PAY_CODE"] == "1126"
    assert merchant.cancel(paid, 500)["PCD_REFUND_TAXTOTAL"] == "0"


def test_a_part_of_a_mixed_order_names_its_tax_and_the_last_part_takes_what_is_left(merchant: Merchant) -> None:
    paid = merchant.paid(PCD_PAY_TAXTOTAL="50")

    merchant.refused(merchant.cancel(paid, 500), "1101", "cancel_tax_missing")
    assert merchant.cancel(paid, 100, PCD_REFUND_TAXTOTAL="0")["PCD_REFUND_TAXTOTAL"] == "0"
    assert merchant.cancel(paid, 500, PCD_REFUND_TAXTOTAL="40")["PCD_REFUND_TAXTOTAL"] == "40"
    assert merchant.cancel(paid, 100, PCD_REFUND_TAXTOTAL="11")["PCD_PAY_CODE"] == "1126"
    assert merchant.cancel(paid, 400)["PCD_REFUND_TAXTOTAL"] == "10"


# Quick guide 3-3.
def test_one_authentication_serves_one_cancel(merchant: Merchant) -> None:
    url, sent = merchant.prepare(CANCEL, **merchant.cancel_fields(merchant.paid(), 100))

    assert merchant.post(url, sent)["PCD_PAY_CODE"] == "PAYC0000"
    merchant.refused(merchant.post(url, sent), "PAYC0001", "token_used")


# 현금영수증 API.
@pytest.mark.parametrize(
    ("receipt", "refund", "after", "effect"),
    [
        (1000, 1000, ("cancelled", 0), "receipt_cancelled"),
        (1000, 300, ("issued", 700), "receipt_reduced"),
        (500, 300, ("issued", 500), ""),  # it still fits
    ],
)
def test_a_refund_cancels_or_reduces_the_receipt(
    merchant: Merchant, receipt: int, refund: int, after: tuple[str, int], effect: str
) -> None:
    paid = merchant.paid(PCD_PAY_TYPE="transfer")
    merchant.receipt("TSREG", paid, PCD_TAXSAVE_AMOUNT=str(receipt))

    done = merchant.cancel(paid, refund)

    assert (done["PCD_TAXSAVE_RST"], done["PCD_TAXSAVE_MSG"]) == ("0000", "현금영수증 발행취소 성공")
    assert merchant.cash_receipt(paid) == after
    assert [line["effect"] for line in merchant.ledger() if line["op"] == "receipt"] == [effect] * bool(effect)


@pytest.mark.parametrize(("switch", "code"), [("fail", "0000"), ("fail_for_good", "-10002122")])
def test_a_failed_receipt_stops_no_refund(merchant: Merchant, switch: str, code: str) -> None:
    receipted = merchant.paid(**RECEIPT)
    merchant.policy(receipt_on_refund=switch)

    done = merchant.cancel(receipted, 300)

    assert (done["PCD_PAY_RST"], done["PCD_TAXSAVE_RST"]) == ("success", "-10002122")
    assert merchant.cash_receipt(receipted) == ("issued", 1000)
    merchant.refused(merchant.receipt("TSCANCEL", receipted), "-10002122", "receipt_cancel_blocked")
    merchant.advance(24 * 3600)
    assert merchant.receipt("TSCANCEL", receipted)["PCD_PAY_CODE"] == code


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


def test_cancels_at_the_same_time_do_not_overrun(merchant: Merchant) -> None:
    paid = merchant.paid()

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: merchant.cancel(paid, 300)["PCD_PAY_CODE"], range(6)))

    assert sorted(codes) == ["PAYC0000"] * 3 + ["PAYC0011"] * 3
    assert merchant.refunded(paid)[1] == 900


def test_a_refund_unknown_to_the_shop_leaves_less_and_takes_the_receipt_too(merchant: Merchant) -> None:
    """As if in Payple's partner admin; also while the window still waits for the wish of a receipt."""
    window = merchant.open(PCD_PAY_WORK="PAY", **RECEIPT).approve()
    oid = merchant.payments()[0]["oid"]
    merchant.order("POST", f"/payments/{oid}/cancel", {"amount": 400})
    assert merchant.ledger()[-1]["note"] == "done behind the shop's back"
    paid = window.ask_for_receipt().delivered
    assert merchant.cash_receipt(paid) == ("issued", 600)

    assert merchant.cancel(paid)["PCD_PAY_CODE"] == "PAYC0011"
    assert merchant.cancel(paid, 500)["PCD_PAY_RST"] == "success"
    merchant.order("POST", f"/payments/{oid}/cancel", {})

    assert (merchant.refunded(paid), merchant.cash_receipt(paid)) == (("cancelled", 1000), ("cancelled", 0))
