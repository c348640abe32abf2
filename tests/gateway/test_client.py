"""The real client against the simulator: that each reads what the other sends. The rest is in `test_flow.py`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shop.payple import (
    KOREA,
    CardApp,
    CashReceiptRequest,
    ChargeMode,
    ChargeRequest,
    Credentials,
    LinkRequest,
    PayerCheck,
    PaymentFound,
    PayType,
    ReceiptPurpose,
    RefundRequest,
    Refused,
    RegistrationRequest,
    codes,
)
from tests.gateway.wire import WISH, Wire
from tests.payer import Page

LINK = LinkRequest(15_000, "B20261129-7 강의", datetime.now(UTC) + timedelta(days=1))


def again(first: PaymentFound) -> ChargeRequest:
    return ChargeRequest("MONTH-2", 15_000, "매달 책 한 권", first.pay_type, first.billing_key, taxable=False)


@pytest.mark.parametrize("mode", ChargeMode)
@pytest.mark.parametrize("pay_type", PayType)
def test_an_inquiry_finds_a_payment_once_money_has_moved(wire: Wire, pay_type: PayType, mode: ChargeMode) -> None:
    wish = replace(WISH, pay_type=pay_type, charge_mode=mode, cash_receipt=True)
    result, today = wire.pay(wish), datetime.now(KOREA).date()

    found = wire.client().inquire(wish.attempt_no, today, pay_type)

    assert bool(found) is (mode is ChargeMode.IN_WINDOW)
    if mode is ChargeMode.ON_CONFIRM:
        confirmed = wire.client().confirm(result)
        found = wire.client().inquire(wish.attempt_no, confirmed.payment_date, pay_type)
        assert found
        assert (found.paid_at, found.card, found.vat) == (confirmed.paid_at, confirmed.card, confirmed.vat)
    assert found
    assert (found.attempt_no, found.amount, found.pay_type) == (wish.attempt_no, 1000, pay_type)
    assert found.transfer is None or found.transfer.cash_receipt_issued


@pytest.mark.parametrize("pay_type", PayType)
def test_a_charge_answers_like_a_confirm_and_its_key_is_looked_up_and_deregistered(
    wire: Wire, pay_type: PayType
) -> None:
    client, first = wire.client(), wire.confirm(replace(WISH, pay_type=pay_type))
    charged, key = client.charge(again(first)), first.billing_key

    asked = client.inquire("MONTH-2", charged.payment_date, pay_type)
    registered = client.find_billing_key(key)
    client.delete_billing_key(key)
    client.delete_billing_key(key)  # its first answer may have been lost

    assert (charged.amount, charged.vat, charged.billing_key) == (15_000, 0, key)
    assert asked
    assert asked == replace(charged, code=asked.code, message=asked.message, state="1")
    assert registered
    assert (registered.billing_key, registered.pay_type, "*" in registered.number) == (key, pay_type, True)
    assert registered.issuer == (first.card.issuer if first.card else first.transfer and first.transfer.bank_name)
    assert client.find_billing_key(key) is None
    with pytest.raises(Refused) as refused:
        client.charge(again(first))
    assert refused.value.code in codes.TABLE


def test_a_registration_brings_a_billing_key_without_a_payment_and_texts_as_they_were(wire: Wire) -> None:
    own = """{"a": 'b & <c>'}"""
    result = wire.pay(RegistrationRequest(PayType.CARD, "/registered", user_define1=own, user_define2="&quot;"))

    registered = wire.client().find_billing_key(result.billing_key)

    assert (result.reports_success, result.user_define1, result.user_define2) == (True, own, "&quot;")
    assert registered
    assert registered.pay_type is PayType.CARD


def test_a_link_offers_what_was_asked_for_until_the_beginning_of_its_hour_in_korea(wire: Wire) -> None:
    client, now = wire.client(), datetime.now(UTC)
    wishes = [LINK, replace(LINK, pay_types=[PayType.CARD], with_card_app=True, expires_at=now + timedelta(hours=1))]
    links = [client.create_link(wish) for wish in wishes]

    offered = [{name for form in Page(wire.session.get(link)).forms for name in form.buttons} for link in links]
    wire.steer("clock", advance=3600 - now.minute * 60 - now.second)

    assert offered == [{"link-pay-card", "link-pay-transfer"}, {"link-pay-card", "link-pay-app_card"}]
    assert [wire.session.get(link).status_code for link in links] == [200, 410]
    with pytest.raises(Refused) as refused:
        client.create_link(replace(LINK, expires_at=now))
    assert refused.value.code in codes.TABLE


def test_the_observer_gets_no_key_and_no_person(wire: Wire) -> None:
    client, keys = wire.client(), wire.client().authenticate()
    result = wire.pay(replace(WISH, pay_type=PayType.TRANSFER))
    paid = client.confirm(result)
    facts = (paid.attempt_no, paid.billing_key, 1000, ReceiptPurpose.PERSONAL, WISH.payer_phone)
    client.issue_cash_receipt(CashReceiptRequest(*facts))
    client.refund(RefundRequest(paid.attempt_no, paid.payment_date, 1000))
    charge = again(paid)
    client.charge(charge)
    client.find_billing_key(paid.billing_key)
    client.delete_billing_key(paid.billing_key)
    link = client.create_link(LINK)

    private = [Credentials.public_test().cust_key, Credentials.public_test().refund_key, link.partition("SID=")[2]]
    private += [keys.cst_id, keys.cust_key, keys.auth_key, result.auth_key, result.request_key, result.billing_key]
    private += [WISH.payer_name, WISH.payer_phone, WISH.payer_email]
    assert not [value for value in private if value in repr([wire.exchanges, charge, paid])]
    assert {exchange.outcome for exchange in wire.exchanges} == {"answered"}


@pytest.mark.parametrize(
    "changes",
    [
        {"card_app": CardApp.APP_CARD, "pay_type": PayType.TRANSFER},
        {"card_app": CardApp.APP_CARD, "payer_check": PayerCheck.PASSWORD},
        {"billing_key": "OVA3U"},
    ],
    ids=str,
)
def test_an_impossible_window_makes_no_request(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"app|billing key"):
        replace(WISH, **changes)  # type: ignore[arg-type]  # what the case changes
