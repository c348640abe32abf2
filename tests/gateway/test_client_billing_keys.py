"""The real client against the simulator: what a billing key is charged, looked up and deregistered with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from shop.payple import (
    KOREA,
    CardApp,
    ChargeRequest,
    NotSent,
    OutcomeUnknown,
    PayerCheck,
    PaymentFound,
    PayType,
    Refused,
    RegistrationRequest,
    codes,
    read_webhook,
)
from tests.gateway.merchant import SIMULATOR
from tests.gateway.wire import WISH, Wire

NOVEMBER, DECEMBER = date(2026, 11, 30), date(2026, 12, 1)


@pytest.fixture(params=PayType)
def first(wire: Wire, request: pytest.FixtureRequest) -> PaymentFound:
    """A payment in the window, which leaves a billing key."""
    return wire.confirm(replace(WISH, pay_type=request.param))


def again(first: PaymentFound, number: str = "MONTH-2", **changes: object) -> ChargeRequest:
    wish = ChargeRequest(number, 15_000, "매달 책 한 권", first.pay_type, first.billing_key, taxable=False)
    return replace(wish, **changes)  # type: ignore[arg-type]  # what a test changes


def booked(wire: Wire, number: str) -> int:
    """Return how much the simulator's books have charged under a number."""
    entries = wire.session.get(f"{SIMULATOR}/_sim/ledger").json()
    return sum(entry["amount"] for entry in entries if (entry["oid"], entry["effect"]) == (number, "charged"))


def test_a_charge_takes_the_money_and_answers_like_a_confirm(wire: Wire, first: PaymentFound) -> None:
    found = wire.client().charge(again(first))

    assert (found.attempt_no, found.amount, found.pay_type, found.vat) == ("MONTH-2", 15_000, first.pay_type, 0)
    assert found.billing_key == first.billing_key
    assert wire.client().inquire("MONTH-2", found.payment_date, first.pay_type) == replace(
        found, code="PCHK000", message="결제완료" if first.card else "출금이체완료", state="1"
    )
    assert booked(wire, "MONTH-2") == 15_000


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_charge_whose_answer_is_lost_is_unknown_and_the_inquiry_tells(
    wire: Wire, first: PaymentFound, phase: str
) -> None:
    wire.break_next("repay", "lost_answer", phase)
    with pytest.raises(OutcomeUnknown):
        wire.client().charge(again(first))

    found = wire.client().inquire("MONTH-2", datetime.now(KOREA).date(), first.pay_type)
    assert bool(found) is bool(booked(wire, "MONTH-2")) is (phase == "after")


def test_a_charge_that_is_too_late_is_not_sent(wire: Wire, first: PaymentFound) -> None:
    with pytest.raises(NotSent):
        wire.client().charge(again(first), leave_by=0.0)

    assert booked(wire, "MONTH-2") == 0


def test_a_number_is_charged_once(wire: Wire, first: PaymentFound) -> None:
    wire.client().charge(again(first))
    with pytest.raises(OutcomeUnknown):
        wire.client().charge(again(first))

    assert booked(wire, "MONTH-2") == 15_000


def test_a_month_is_paid_once(wire: Wire, first: PaymentFound) -> None:
    wire.client().charge(again(first, month=NOVEMBER))
    with pytest.raises(OutcomeUnknown) as unknown:
        wire.client().charge(again(first, "MONTH-2-AGAIN", month=NOVEMBER.replace(day=1)))
    wire.client().charge(again(first, "MONTH-3", month=DECEMBER))

    assert codes.says_month_is_paid(unknown.value.code)
    assert codes.lookup(unknown.value.code)
    assert [booked(wire, number) for number in ("MONTH-2", "MONTH-2-AGAIN", "MONTH-3")] == [15_000, 0, 15_000]


def test_a_monthly_payment_in_the_window_counts_for_its_month(wire: Wire) -> None:
    first = wire.confirm(replace(WISH, month=NOVEMBER))

    with pytest.raises(OutcomeUnknown):
        wire.client().charge(again(first, month=NOVEMBER))


def test_a_billing_key_is_looked_up_and_deregistered(wire: Wire, first: PaymentFound) -> None:
    client, key = wire.client(), first.billing_key

    registered = client.find_billing_key(key)
    client.delete_billing_key(key)
    client.delete_billing_key(key)  # its first answer may have been lost

    assert registered
    assert (registered.billing_key, registered.pay_type) == (key, first.pay_type)
    assert registered.issuer == (first.card.issuer if first.card else first.transfer and first.transfer.bank_name)
    assert "*" in registered.number
    assert client.find_billing_key(key) is None
    with pytest.raises(Refused) as refused:
        client.charge(again(first))
    assert codes.lookup(refused.value.code)


def test_a_billing_key_is_in_no_exchange_and_in_no_text_of_the_values(wire: Wire, first: PaymentFound) -> None:
    request = again(first, user_define1="회원 1234")
    found = wire.client().charge(request)
    wire.client().find_billing_key(first.billing_key)
    wire.client().delete_billing_key(first.billing_key)

    written = repr([wire.exchanges, request, found])
    assert first.billing_key not in written
    assert "회원 1234" not in written
    assert {"charge", "find_billing_key", "delete_billing_key"} < {one.operation for one in wire.exchanges}


@pytest.mark.parametrize("check", PayerCheck)
def test_a_payer_pays_again_in_the_window_with_the_billing_key(
    wire: Wire, first: PaymentFound, check: PayerCheck
) -> None:
    wish = replace(WISH, attempt_no="AGAIN", pay_type=first.pay_type, payer_check=check, billing_key=first.billing_key)

    found = wire.confirm(wish)

    assert (found.attempt_no, found.billing_key, found.pay_type) == ("AGAIN", first.billing_key, first.pay_type)


@pytest.mark.parametrize("app", CardApp)
def test_an_app_pays_in_instalments_and_leaves_no_billing_key(wire: Wire, app: CardApp) -> None:
    wish = replace(WISH, amount=60_000, card_app=app)
    found = wire.client().confirm(wire.pay(wish, instalments="3"))

    assert found.card
    assert (found.billing_key, found.card.instalment_months, wire.booked(wish)["state"]) == ("", 3, "approved")


def test_a_registration_brings_a_billing_key_without_a_payment(wire: Wire) -> None:
    own = 'a "quote" & <tag>'
    wish = RegistrationRequest(PayType.CARD, "/registered", user_define1=own, user_define2="&quot;")
    result = wire.pay(wish)

    registered = wire.client().find_billing_key(result.billing_key)

    assert (result.reports_success, result.user_define1, result.user_define2) == (True, own, "&quot;")
    assert registered
    assert registered.pay_type is PayType.CARD


def test_a_webhook_tells_that_a_billing_key_was_deregistered() -> None:
    told = read_webhook(b'{"PCD_PAY_RST": "success", "PCD_PAY_WORK": "PUSERDEL", "PCD_PAYER_ID": "OVA3U"}')

    assert (told.reports_deregistration, told.billing_key) == (True, "OVA3U")


@pytest.mark.parametrize(
    "changes",
    [
        {"card_app": CardApp.APP_CARD, "pay_type": PayType.TRANSFER},
        {"card_app": CardApp.APP_CARD, "payer_check": PayerCheck.PASSWORD},
        {"billing_key": "OVA3U"},
        {"user_define1": "x" * 2049},
    ],
    ids=str,
)
def test_an_impossible_window_makes_no_request(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"app|billing key|characters"):
        replace(WISH, **changes)  # type: ignore[arg-type]  # what the case changes
