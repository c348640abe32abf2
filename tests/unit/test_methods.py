"""The ways to pay: what each is for the gateway, and which of them a shop offers."""

from pathlib import Path

import pytest

from shop.payple import CardApp, PayType
from shop.rules.method import EASY_PAY, Method
from shop.settings import Settings, SettingsError
from tests.live import LIVE


def offered(**values: str) -> list[str]:
    return list(Settings.from_env(LIVE | values, Path("instance")).methods)


def test_an_app_pays_by_card_and_only_a_transfer_by_account() -> None:
    assert {method: method.pay_type for method in Method if method.pay_type is not PayType.CARD} == {
        Method.TRANSFER: PayType.TRANSFER
    }
    assert [method.card_app for method in Method] == [None, *CardApp, None]


def test_easy_pay_is_offered_where_the_contract_has_it() -> None:
    assert offered() == ["card", "app_card", "transfer"]
    assert offered(PAYPLE_EASY_PAY="kakao_pay") == ["card", "app_card", "kakao_pay", "transfer"]
    assert offered(PAYPLE_EASY_PAY="kakao_pay, naver_pay") == list(Method)
    assert set(EASY_PAY) < set(Method)


def test_an_unknown_easy_pay_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="PAYPLE_EASY_PAY must name naver_pay or kakao_pay"):
        offered(PAYPLE_EASY_PAY="naverPay")
