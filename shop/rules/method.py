"""The ways to pay that the shop offers, and what each one is for the gateway."""

from enum import StrEnum

from shop.payple import CardApp, PayType


class Method(StrEnum):
    """A way to pay, in the shop's words."""

    CARD = "card"
    APP_CARD = "app_card"
    NAVER_PAY = "naver_pay"
    KAKAO_PAY = "kakao_pay"
    TRANSFER = "transfer"

    @property
    def pay_type(self) -> PayType:
        return PayType.TRANSFER if self is Method.TRANSFER else PayType.CARD

    @property
    def card_app(self) -> CardApp | None:
        return _APPS.get(self)


EASY_PAY = (Method.NAVER_PAY, Method.KAKAO_PAY)
"""Only partners whose contract names them have these."""
_APPS = {
    Method.APP_CARD: CardApp.APP_CARD,
    Method.NAVER_PAY: CardApp.NAVER_PAY,
    Method.KAKAO_PAY: CardApp.KAKAO_PAY,
}
