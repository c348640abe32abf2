"""The ways to pay: what each is for the gateway."""

from shop.payple import CardApp, PayType
from shop.rules.method import Method


def test_an_app_pays_by_card_and_only_a_transfer_by_account() -> None:
    assert {method: method.pay_type for method in Method if method.pay_type is not PayType.CARD} == {
        Method.TRANSFER: PayType.TRANSFER
    }
    assert [method.card_app for method in Method] == [None, *CardApp, None]
