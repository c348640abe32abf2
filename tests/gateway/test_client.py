"""The real client against the simulator, whose own books are compared to the won."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shop.payple import (
    CashReceiptRequest,
    ChargeMode,
    Credentials,
    PaymentFound,
    PayType,
    ReceiptAnswer,
    ReceiptPurpose,
    RefundRequest,
    Refused,
    WindowRequest,
    codes,
)
from tests.gateway.wire import WISH, Wire

TRANSFER = replace(WISH, pay_type=PayType.TRANSFER)
WITH_RECEIPT = replace(TRANSFER, cash_receipt=True)


def back(paid: PaymentFound, amount: int, tax: int | None = None) -> RefundRequest:
    return RefundRequest(paid.attempt_no, paid.payment_date, amount, tax)


def receipt(wire: Wire) -> tuple[str, int]:
    booked = wire.booked(WISH)
    return booked["cash_receipt"], booked["cash_receipt_amount"]


def test_a_card_is_charged_by_the_confirm_and_not_before(wire: Wire) -> None:
    result = wire.pay(WISH)
    assert wire.booked(WISH)["state"] == "authenticated"

    found = wire.client().confirm(result)

    assert wire.booked(WISH)["state"] == "approved"
    assert (found.attempt_no, found.amount, found.pay_type) == (WISH.attempt_no, 1000, PayType.CARD)
    assert abs(datetime.now(UTC) - found.paid_at) < timedelta(minutes=1)
    assert found.card
    assert (found.card.issuer, "*" in found.card.number, bool(found.card.approval_no)) == ("삼성카드", True, True)
    assert wire.session.get(found.card.slip_url).ok


def test_a_transfer_brings_its_bank_and_its_cash_receipt(wire: Wire) -> None:
    found = wire.confirm(WITH_RECEIPT)

    assert found.transfer
    assert (found.transfer.bank_name, found.transfer.cash_receipt_issued) == ("우리은행", True)
    assert found.transfer.cash_receipt_number


@pytest.mark.parametrize("mode", ChargeMode)
@pytest.mark.parametrize("pay_type", PayType)
def test_an_inquiry_finds_a_payment_once_money_has_moved(wire: Wire, pay_type: PayType, mode: ChargeMode) -> None:
    wish = replace(WISH, pay_type=pay_type, charge_mode=mode)
    result = wire.pay(wish)
    today = datetime.now(UTC) + timedelta(hours=9)

    found = wire.client().inquire(wish.attempt_no, today.date(), pay_type)

    assert bool(found) is (mode is ChargeMode.IN_WINDOW)
    if mode is ChargeMode.ON_CONFIRM:
        confirmed = wire.client().confirm(result)
        found = wire.client().inquire(wish.attempt_no, confirmed.payment_date, pay_type)
        assert found
        assert (found.paid_at, found.card, found.vat) == (confirmed.paid_at, confirmed.card, confirmed.vat)
    assert found
    assert (found.attempt_no, found.amount, found.pay_type) == (wish.attempt_no, 1000, pay_type)


@pytest.mark.parametrize(
    ("wish", "scenario", "code"), [(WISH, "limit", "3112"), (TRANSFER, "transfer_failed", "CPAY0022")]
)
def test_a_declined_confirm_has_a_known_code(wire: Wire, wish: WindowRequest, scenario: str, code: str) -> None:
    result = wire.pay(wish, scenario)

    with pytest.raises(Refused) as refusal:
        wire.client().confirm(result)

    assert (refusal.value.code, wire.booked(wish)["state"]) == (code, "declined")
    assert codes.lookup(code)


def test_parts_are_refunded_with_their_tax_until_nothing_is_left(wire: Wire) -> None:
    paid = wire.confirm(replace(WISH, vat=35))
    assert paid.vat == 35
    for amount, tax, left in ((400, 30, 600), (600, 5, 0)):
        with pytest.raises(Refused, match="PAYC0011"):
            wire.client().refund(back(paid, amount + left + 1, tax))
        done = wire.client().refund(back(paid, amount, tax))
        assert (done.amount, done.tax, done.receipt) == (amount, tax, None)
        assert (bool(done.refunded_at), bool(done.trade_key), bool(done.slip_url)) == (True, True, True)
        assert wire.booked(WISH)["refunded_total"] == 1000 - left

    with pytest.raises(Refused) as refusal:
        wire.client().refund(back(paid, 1000))
    assert codes.says_already_cancelled(refusal.value.code)


def test_a_refund_reduces_or_cancels_the_receipt(wire: Wire) -> None:
    paid = wire.confirm(WITH_RECEIPT)
    for amount, after in ((400, ("issued", 600)), (600, ("cancelled", 0))):
        done = wire.client().refund(back(paid, amount))
        assert done.receipt
        assert done.receipt.is_adjusted
        assert receipt(wire) == after


def test_a_receipt_that_a_refund_left_is_cancelled_and_issued_again_the_next_day(wire: Wire) -> None:
    paid = wire.confirm(WITH_RECEIPT)
    wire.steer("policy", receipt_on_refund="fail")

    done = wire.client().refund(back(paid, 400))

    assert done.receipt == ReceiptAnswer("-10002122", "현금영수증 발행취소 실패..")
    assert (wire.booked(WISH)["refunded_total"], receipt(wire)) == (400, ("issued", 1000))
    cancel = CashReceiptRequest(paid.attempt_no, paid.billing_key, 1000)
    with pytest.raises(Refused, match="-10002122"):
        wire.client().cancel_cash_receipt(cancel)
    wire.steer("clock", advance=86_400)
    wire.client().cancel_cash_receipt(cancel)
    wire.client().issue_cash_receipt(CashReceiptRequest(paid.attempt_no, paid.billing_key, 600))
    assert receipt(wire) == ("issued", 600)


@pytest.mark.parametrize(
    ("purpose", "identity"), [(ReceiptPurpose.PERSONAL, "010-1234-5678"), (ReceiptPurpose.COMPANY, "123-45-67890")]
)
def test_a_receipt_is_issued_later_and_cancelled_once(wire: Wire, purpose: ReceiptPurpose, identity: str) -> None:
    paid = wire.confirm(TRANSFER)
    facts = (paid.attempt_no, paid.billing_key, 1000, purpose, identity)

    issued = wire.client().issue_cash_receipt(CashReceiptRequest(*facts))
    assert (bool(issued.number), receipt(wire)) == (True, ("issued", 1000))
    wire.client().cancel_cash_receipt(CashReceiptRequest(*facts))
    assert receipt(wire) == ("cancelled", 0)
    with pytest.raises(Refused) as refusal:
        wire.client().cancel_cash_receipt(CashReceiptRequest(*facts))

    assert codes.says_already_cancelled(refusal.value.code)


def test_the_observer_gets_no_key_and_no_person(wire: Wire) -> None:
    keys, result = wire.client().authenticate(), wire.pay(TRANSFER)
    paid = wire.client().confirm(result)
    facts = (paid.attempt_no, paid.billing_key, 1000, ReceiptPurpose.PERSONAL, WISH.payer_phone)
    wire.client().issue_cash_receipt(CashReceiptRequest(*facts))
    wire.client().refund(back(paid, 1000))

    private = [Credentials.public_test().cust_key, Credentials.public_test().refund_key]
    private += [keys.cst_id, keys.cust_key, keys.auth_key, result.auth_key, result.request_key, result.billing_key]
    private += [WISH.payer_name, WISH.payer_phone, WISH.payer_email]
    assert not [value for value in private if value in repr(wire.exchanges)]
    assert {exchange.outcome for exchange in wire.exchanges} == {"answered"}
