"""The real client against the simulator, in process: what each journey of a payment comes to on the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import requests

from shop.payple import (
    ChargeMode,
    Credentials,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    PayType,
    Refused,
    UnknownEndpoint,
    codes,
)
from tests.gateway.merchant import SIMULATOR
from tests.gateway.wire import WISH, Wire


@pytest.fixture
def wire(session: requests.Session) -> Wire:
    return Wire(session, [])


def test_a_certified_card_is_charged_by_the_confirm_and_not_before(wire: Wire) -> None:
    result = wire.pay(WISH)
    assert (result.reports_success, result.attempt_no, result.amount, result.charge_mode) == (
        True,
        WISH.attempt_no,
        1000,
        ChargeMode.ON_CONFIRM,
    )
    assert not wire.charged(WISH)

    found = wire.client().confirm(result)

    assert wire.charged(WISH)
    assert (found.attempt_no, found.amount, found.pay_type) == (WISH.attempt_no, 1000, PayType.CARD)
    assert abs((datetime.now(UTC) - found.paid_at).total_seconds()) < 60
    assert found.transfer is None
    assert found.card is not None
    assert found.card.issuer
    assert "*" in found.card.number
    assert found.card.approval_no
    assert found.card.slip_url.startswith(SIMULATOR + "/")


def test_a_certified_transfer_brings_its_bank_and_its_cash_receipt(wire: Wire) -> None:
    wish = replace(WISH, pay_type=PayType.TRANSFER, cash_receipt=True)
    found = wire.client().confirm(wire.pay(wish))
    assert found.pay_type is PayType.TRANSFER
    assert found.card is None
    assert found.transfer is not None
    assert found.transfer.bank_name
    assert found.transfer.cash_receipt_requested
    assert found.transfer.cash_receipt_issued
    assert found.transfer.cash_receipt_number


def test_a_cash_receipt_that_the_payer_skipped_is_not_issued(wire: Wire) -> None:
    wish = replace(WISH, pay_type=PayType.TRANSFER, cash_receipt=True)
    found = wire.client().confirm(wire.pay(wish, cash_receipt=False))
    assert found.transfer is not None
    assert not found.transfer.cash_receipt_issued


@pytest.mark.parametrize("pay_type", PayType)
def test_a_payment_made_in_the_window_is_found_by_inquiry(wire: Wire, pay_type: PayType) -> None:
    wish = replace(WISH, pay_type=pay_type, charge_mode=ChargeMode.IN_WINDOW)
    wire.pay(wish)
    found = wire.inquire(wish)
    assert found is not None
    assert (found.attempt_no, found.amount, found.pay_type) == (wish.attempt_no, 1000, pay_type)


@pytest.mark.parametrize("pay_type", PayType)
def test_an_inquiry_finds_the_very_payment_that_the_confirm_made(wire: Wire, pay_type: PayType) -> None:
    wish = replace(WISH, pay_type=pay_type)
    confirmed = wire.client().confirm(wire.pay(wish))
    inquired = wire.inquire(wish, confirmed.payment_date)
    assert inquired is not None
    assert (inquired.paid_at, inquired.amount, inquired.card, inquired.vat) == (
        confirmed.paid_at,
        confirmed.amount,
        confirmed.card,
        confirmed.vat,
    )


@pytest.mark.parametrize("pay_type", PayType)
def test_an_inquiry_before_any_money_moved_finds_nothing(wire: Wire, pay_type: PayType) -> None:
    wish = replace(WISH, pay_type=pay_type)
    wire.pay(wish)
    assert wire.inquire(wish) is None
    assert wire.client().inquire("NEVER_OPENED", date(2026, 11, 23), pay_type) is None


def test_the_vat_of_a_mixed_order_comes_back_as_it_was_sent(wire: Wire) -> None:
    assert wire.client().confirm(wire.pay(replace(WISH, vat=35))).vat == 35


@pytest.mark.parametrize(
    ("pay_type", "scenario", "code"),
    [
        (PayType.CARD, "limit", "3112"),
        (PayType.CARD, "balance", "3133"),
        (PayType.TRANSFER, "transfer_failed", "CPAY0022"),
    ],
)
def test_a_declined_confirm_is_refused_with_a_code_that_is_explained(
    wire: Wire, pay_type: PayType, scenario: str, code: str
) -> None:
    wish = replace(WISH, pay_type=pay_type)
    result = wire.pay(wish, scenario)
    with pytest.raises(Refused) as refusal:
        wire.client().confirm(result)
    assert refusal.value.code == code
    assert codes.lookup(code) is not None
    assert not wire.charged(wish)


@pytest.mark.parametrize(("scenario", "charged"), [("unknown_paid", True), ("unknown_unpaid", False)])
def test_a_bank_that_has_not_answered_leaves_it_to_the_inquiry(wire: Wire, scenario: str, charged: bool) -> None:
    wish = replace(WISH, pay_type=PayType.TRANSFER)
    result = wire.pay(wish, scenario)
    with pytest.raises(OutcomeUnknown) as unknown:
        wire.client().confirm(result)
    assert unknown.value.code == "CPAY0018"
    assert (wire.inquire(wish) is not None) is charged is wire.charged(wish)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize(
    "kind", ["lost_answer", "http_500", "html_200", "truncated_json", "pending", "unknown_outcome"]
)
def test_a_confirm_whose_answer_broke_is_unknown_and_the_inquiry_knows(wire: Wire, kind: str, phase: str) -> None:
    result = wire.pay(WISH)
    wire.break_next("confirm", kind, phase)
    with pytest.raises(OutcomeUnknown):
        wire.client().confirm(result)
    assert wire.charged(WISH) is (phase == "after")
    assert (wire.inquire(WISH) is not None) is (phase == "after")


def test_a_success_with_a_code_that_is_none_is_unknown(wire: Wire) -> None:
    result = wire.pay(WISH)
    wire.break_next("confirm", "bad_code", "after")
    with pytest.raises(OutcomeUnknown):
        wire.client().confirm(result)


@pytest.mark.parametrize(
    ("kind", "attempt_no", "amount"),
    [("other_amount", WISH.attempt_no, 2000), ("other_oid", "SOMEBODY_ELSES_ORDER", 1000)],
)
def test_what_does_not_fit_the_order_is_handed_over_as_it_is_for_the_caller_to_compare(
    wire: Wire, kind: str, attempt_no: str, amount: int
) -> None:
    result = wire.pay(WISH)
    wire.break_next("confirm", kind, "after")
    found = wire.client().confirm(result)
    assert (found.attempt_no, found.amount) == (attempt_no, amount)


@pytest.mark.parametrize("kind", ["lost_answer", "html_200", "truncated_json"])
def test_an_inquiry_whose_authentication_broke_was_not_sent(wire: Wire, kind: str) -> None:
    wire.client().confirm(wire.pay(WISH))
    wire.break_next("auth", kind, "after")
    with pytest.raises(NotSent):
        wire.inquire(WISH)
    assert wire.exchanges[-1].operation == "authenticate"
    assert wire.inquire(WISH) is not None


@pytest.mark.parametrize("forged", ["request_key", "auth_key"])
def test_a_forged_claim_is_refused_charges_nothing_and_leaves_the_real_one_alive(wire: Wire, forged: str) -> None:
    result = wire.pay(WISH)
    with pytest.raises(Refused):
        wire.client().confirm(replace(result, **{forged: "made-up"}))  # type: ignore[arg-type]  # both are text
    assert not wire.charged(WISH)
    assert wire.client().confirm(result).amount == 1000


def test_an_unknown_request_key_blames_the_claim(wire: Wire) -> None:
    with pytest.raises(Refused) as refusal:
        wire.client().confirm(replace(wire.pay(WISH), request_key="made-up"))
    known = codes.lookup(refusal.value.code)
    assert known is not None
    assert known.fault is codes.Fault.KEYS


def test_a_second_confirm_of_one_claim_never_charges_again(wire: Wire) -> None:
    result = wire.pay(WISH)
    wire.client().confirm(result)
    with pytest.raises(GatewayError):
        wire.client().confirm(result)
    entries = wire.session.get(f"{SIMULATOR}/_sim/ledger").json()
    assert [entry["amount"] for entry in entries if entry["effect"] == "charged"] == [1000]


def test_a_confirm_address_tampered_by_the_window_is_not_dialled(wire: Wire) -> None:
    result = wire.pay(WISH, "tampered_confirm_url")
    with pytest.raises(UnknownEndpoint):
        wire.client().confirm(result)
    assert not wire.charged(WISH)


@pytest.mark.parametrize(
    ("changes", "code"), [({"cst_id": "nobody"}, ("AUTH0001", "AUTH0003")), ({"cust_key": "wrong"}, ("AUTH0002",))]
)
def test_wrong_keys_are_refused_with_an_authentication_code(
    wire: Wire, changes: dict[str, str], code: tuple[str, ...]
) -> None:
    with pytest.raises(Refused) as refusal:
        wire.client(replace(Credentials.public_test(), **changes)).authenticate()
    assert refusal.value.code in code


def test_the_journal_of_a_whole_payment_shows_no_key_and_no_person(wire: Wire) -> None:
    keys = wire.client().authenticate()
    result = wire.pay(WISH)
    wire.client().confirm(result)
    wire.inquire(WISH)
    private = [
        Credentials.public_test().cust_key,
        keys.cst_id,
        keys.cust_key,
        keys.auth_key,
        result.auth_key,
        result.request_key,
        result.payer_id,
        WISH.payer_name,
        WISH.payer_phone,
        WISH.payer_email,
    ]
    assert not [value for value in private if value and value in repr(wire.exchanges)]
    assert all(exchange.outcome == "answered" for exchange in wire.exchanges)
