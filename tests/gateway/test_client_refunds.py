"""The real client refunds and keeps cash receipts against the simulator, whose own books are compared to the won."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from shop.payple import (
    CashReceiptCancel,
    CashReceiptRequest,
    Credentials,
    NotSent,
    OutcomeUnknown,
    PaymentFound,
    PayType,
    ReceiptAnswer,
    ReceiptPurpose,
    RefundRequest,
    Refused,
    codes,
)
from tests.gateway.wire import WISH, Wire

TRANSFER = replace(WISH, pay_type=PayType.TRANSFER)
WITH_RECEIPT = replace(TRANSFER, cash_receipt=True)


@pytest.fixture
def wire(session: requests.Session) -> Wire:
    return Wire(session, [])


@pytest.fixture
def card(wire: Wire) -> PaymentFound:
    return wire.client().confirm(wire.pay(WISH))


@pytest.fixture
def transfer(wire: Wire) -> PaymentFound:
    """Paid without a cash receipt."""
    return wire.client().confirm(wire.pay(TRANSFER))


@pytest.fixture
def receipted(wire: Wire) -> PaymentFound:
    """Paid with a cash receipt, issued in the window."""
    return wire.client().confirm(wire.pay(WITH_RECEIPT))


def back(paid: PaymentFound, amount: int, tax: int | None = None) -> RefundRequest:
    return RefundRequest(paid.attempt_no, paid.payment_date, amount, tax)


def books(wire: Wire) -> tuple[str, int]:
    booked = wire.booked(WISH)
    return booked["state"], booked["refunded_total"]


def receipt(wire: Wire) -> tuple[str, int]:
    booked = wire.booked(WISH)
    return booked["cash_receipt"], booked["cash_receipt_amount"]


# Refunds.


def test_a_card_is_refunded_in_full(wire: Wire, card: PaymentFound) -> None:
    done = wire.client().refund(back(card, 1000))
    assert (done.attempt_no, done.pay_type, done.amount, done.receipt) == (WISH.attempt_no, PayType.CARD, 1000, None)
    assert done.refunded_at is not None
    assert abs((datetime.now(UTC) - done.refunded_at).total_seconds()) < 60
    assert card.card is not None
    assert done.trade_key not in ("", card.card.trade_key)
    assert done.slip_url
    assert books(wire) == ("cancelled", 1000)


def test_parts_are_refunded_until_nothing_is_left(wire: Wire, card: PaymentFound) -> None:
    for part, total in ((300, 300), (300, 600), (400, 1000)):
        assert wire.client().refund(back(card, part)).amount == part
        assert books(wire) == ("cancelled" if total == 1000 else "partially_cancelled", total)
    with pytest.raises(Refused) as refusal:
        wire.client().refund(back(card, 1))
    assert codes.says_already_cancelled(refusal.value.code)


def test_more_than_is_left_is_refused_and_nothing_goes_back(wire: Wire, card: PaymentFound) -> None:
    wire.client().refund(back(card, 300))
    with pytest.raises(Refused) as refusal:
        wire.client().refund(back(card, 701))
    assert refusal.value.code == "PAYC0011"
    assert not codes.says_already_cancelled(refusal.value.code)
    assert books(wire) == ("partially_cancelled", 300)


def test_a_mixed_order_takes_back_the_tax_that_is_named(wire: Wire) -> None:
    paid = wire.client().confirm(wire.pay(replace(WISH, vat=35)))
    assert wire.client().refund(back(paid, 400, 30)).tax == 30
    with pytest.raises(Refused):
        wire.client().refund(back(paid, 300, 6))
    assert wire.client().refund(back(paid, 600, 5)).tax == 5
    assert books(wire) == ("cancelled", 1000)


def test_another_days_payment_is_not_found(wire: Wire, card: PaymentFound) -> None:
    with pytest.raises(Refused) as refusal:
        wire.client().refund(replace(back(card, 1000), payment_date=card.payment_date - timedelta(days=1)))
    assert refusal.value.code == "PAYC0007"
    assert books(wire) == ("approved", 0)


def test_a_wrong_refund_key_refunds_nothing(wire: Wire, card: PaymentFound) -> None:
    with pytest.raises(Refused) as refusal:
        wire.client(replace(Credentials.public_test(), refund_key="wrong")).refund(back(card, 1000))
    assert refusal.value.code == "PAYC0002"
    assert books(wire) == ("approved", 0)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("kind", ["lost_answer", "http_500", "html_200", "truncated_json"])
def test_a_refund_whose_answer_broke_is_unknown_and_a_second_full_cancel_tells(
    wire: Wire, card: PaymentFound, kind: str, phase: str
) -> None:
    wire.break_next("cancel", kind, phase)
    with pytest.raises(OutcomeUnknown):
        wire.client().refund(back(card, 1000))
    assert books(wire) == (("cancelled", 1000) if phase == "after" else ("approved", 0))
    if phase == "before":
        assert wire.client().refund(back(card, 1000)).amount == 1000
    else:
        with pytest.raises(Refused) as refusal:
            wire.client().refund(back(card, 1000))
        assert codes.says_already_cancelled(refusal.value.code)
    assert books(wire) == ("cancelled", 1000)


@pytest.mark.parametrize("kind", ["other_amount", "other_oid", "bad_code"])
def test_a_yes_to_something_else_is_never_done(wire: Wire, card: PaymentFound, kind: str) -> None:
    wire.break_next("cancel", kind, "after")
    with pytest.raises(OutcomeUnknown):
        wire.client().refund(back(card, 400))
    assert books(wire) == ("partially_cancelled", 400)


@pytest.mark.parametrize("kind", ["lost_answer", "html_200"])
def test_a_refund_whose_authentication_broke_was_not_sent(wire: Wire, card: PaymentFound, kind: str) -> None:
    wire.break_next("auth", kind, "after")
    with pytest.raises(NotSent):
        wire.client().refund(back(card, 1000))
    assert books(wire) == ("approved", 0)


# Cash receipts.


def test_a_refund_cancels_the_receipt_or_reduces_it(wire: Wire, receipted: PaymentFound) -> None:
    for part, left in ((400, 600), (600, 0)):
        done = wire.client().refund(back(receipted, part))
        assert done.receipt is not None
        assert done.receipt.is_adjusted
        assert receipt(wire) == ("issued" if left else "cancelled", left)


def test_a_receipt_that_a_refund_could_not_cancel_is_cancelled_and_issued_again_the_next_day(
    wire: Wire, receipted: PaymentFound
) -> None:
    wire.steer("policy", receipt_on_refund="fail")
    done = wire.client().refund(back(receipted, 400))
    assert done.receipt == ReceiptAnswer("-10002122", "현금영수증 발행취소 실패..")
    assert (books(wire), receipt(wire)) == (("partially_cancelled", 400), ("issued", 1000))

    cancel = CashReceiptCancel(receipted.attempt_no, receipted.payer_id, 1000)
    with pytest.raises(Refused) as refusal:
        wire.client().cancel_cash_receipt(cancel)
    assert refusal.value.code == "-10002122"

    wire.steer("clock", advance=86_400)
    wire.client().cancel_cash_receipt(cancel)
    wire.client().issue_cash_receipt(CashReceiptRequest(receipted.attempt_no, receipted.payer_id, 600))
    assert receipt(wire) == ("issued", 600)


def test_a_transfer_without_a_receipt_says_nothing_of_one(wire: Wire, transfer: PaymentFound) -> None:
    assert wire.client().refund(back(transfer, 1000)).receipt is None


@pytest.mark.parametrize(
    ("purpose", "identity"), [(ReceiptPurpose.PERSONAL, "010-1234-5678"), (ReceiptPurpose.COMPANY, "123-45-67890")]
)
def test_a_receipt_is_issued_later_once_and_cancelled(
    wire: Wire, transfer: PaymentFound, purpose: ReceiptPurpose, identity: str
) -> None:
    wanted = CashReceiptRequest(transfer.attempt_no, transfer.payer_id, 1000, purpose, identity)
    issued = wire.client().issue_cash_receipt(wanted)
    assert issued.number
    assert receipt(wire) == ("issued", 1000)
    with pytest.raises(OutcomeUnknown):
        wire.client().issue_cash_receipt(wanted)
    assert receipt(wire) == ("issued", 1000)

    cancel = CashReceiptCancel(transfer.attempt_no, transfer.payer_id, 1000, purpose, identity)
    assert wire.client().cancel_cash_receipt(cancel).number in ("", issued.number)
    assert receipt(wire) == ("cancelled", 0)
    with pytest.raises(Refused) as refusal:
        wire.client().cancel_cash_receipt(cancel)
    assert codes.says_already_cancelled(refusal.value.code)
    assert identity.replace("-", "") not in repr(wire.exchanges)
    assert transfer.payer_id not in repr(wire.exchanges)


def test_a_receipt_for_more_than_was_paid_is_not_issued(wire: Wire, transfer: PaymentFound) -> None:
    wanted = CashReceiptRequest(transfer.attempt_no, transfer.payer_id, 1001, ReceiptPurpose.PERSONAL, WISH.payer_phone)
    with pytest.raises(Refused):
        wire.client().issue_cash_receipt(wanted)
    assert receipt(wire) == ("none", 0)


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_receipt_whose_answer_was_lost_may_be_asked_for_again(wire: Wire, transfer: PaymentFound, phase: str) -> None:
    wanted = CashReceiptRequest(transfer.attempt_no, transfer.payer_id, 1000, ReceiptPurpose.PERSONAL, WISH.payer_phone)
    wire.break_next("receipt_issue", "lost_answer", phase)
    with pytest.raises(OutcomeUnknown):
        wire.client().issue_cash_receipt(wanted)
    with suppress(OutcomeUnknown):
        wire.client().issue_cash_receipt(wanted)
    assert receipt(wire) == ("issued", 1000)


def test_a_receipt_of_the_window_is_cancelled_and_issued_again_for_what_is_left(
    wire: Wire, receipted: PaymentFound
) -> None:
    """Its identity number is known to the payer and the gateway only."""
    cancelled = wire.client().cancel_cash_receipt(CashReceiptCancel(receipted.attempt_no, receipted.payer_id, 1000))
    assert receipt(wire) == ("cancelled", 0)
    again = wire.client().issue_cash_receipt(CashReceiptRequest(receipted.attempt_no, receipted.payer_id, 600))
    assert again.number not in ("", cancelled.number)
    assert receipt(wire) == ("issued", 600)
