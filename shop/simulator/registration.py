"""The result of PCD_PAY_WORK=AUTH: a card or an account is registered, and its billing key is what comes of it."""

from __future__ import annotations

from shop.simulator.messages import success
from shop.simulator.payment import Payment

REGISTERED = {"card": "카드등록완료", "transfer": "계좌등록완료"}  # our words
REGISTERED_BEFORE = "기 인증고객 입니다."
# Members that a registration's result does not have.
OF_PAYMENTS_ONLY = {
    *("PCD_PAY_OID", "PCD_PAY_GOODS", "PCD_PAY_AMOUNT", "PCD_PAY_DISCOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_PAY_TOTAL"),
    *("PCD_PAY_TAXTOTAL", "PCD_PAY_ISTAX", "PCD_PAY_TIME", "PCD_PAY_REQKEY"),
    *("PCD_PAY_CARDQUOTA", "PCD_PAY_CARDTRADENUM", "PCD_PAY_CARDAUTHNO", "PCD_PAY_CARDRECEIPT"),
}


def registered(payment: Payment, origin: str, *, again: bool) -> dict[str, str]:
    """The window's result of AUTH: the billing key is the product, and there is no amount and no number."""
    paid = success(payment, origin)
    message = REGISTERED_BEFORE if again else REGISTERED[payment.method]
    return {name: value for name, value in paid.items() if name not in OF_PAYMENTS_ONLY} | {"PCD_PAY_MSG": message}
