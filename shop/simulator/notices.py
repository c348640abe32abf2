"""What a webhook tells (Payple's page on webhooks): the result's fields, and what makes the event."""

from __future__ import annotations

from shop.simulator import clock, messages
from shop.simulator.billing_keys import BillingKey
from shop.simulator.payment import Payment

# Documented members that every notice has, blank where there is nothing to say.
ALWAYS = ("PCD_REGULER_FLAG", "PCD_PAY_YEAR", "PCD_PAY_MONTH")
DEREGISTERED = "2008 : 고객요청으로 자동이체 해지되었음(업체해지)"


def paid(payment: Payment, origin: str) -> dict[str, str]:
    """A payment is done."""
    result = messages.success(payment, origin)
    kept = {name: value for name, value in result.items() if name not in ("PCD_AUTH_KEY", "PCD_PAY_REQKEY")}
    addresses = {"PCD_PAY_URL": "", "PCD_PAY_COFURL": ""}
    always = {name: payment.asked.get(name, "") for name in ALWAYS}
    message = {"PCD_PAY_MSG": messages.PAID[payment.method]}
    by_link = _link_fields(payment) if payment.link else {}
    return {"PCD_CST_ID": payment.run, **kept, **message, **addresses, **always, **by_link}


def _link_fields(payment: Payment) -> dict[str, str]:
    """A link's payment is told by webhook only: with what the merchant gave the link to carry."""
    code = "BILL0000" if payment.method == "transfer" else "0000"
    return {"PCD_PAY_CODE": code, "PCD_LINK_ADD_PARAM": payment.asked.get("PCD_LINK_PARAMETER", "")}


def cancelled(payment: Payment, origin: str) -> dict[str, str]:
    """The latest cancel of a payment: some or all of it has been given back."""
    latest = payment.cancellations[-1]
    left_out = ("PCD_USER_DEFINE1", "PCD_USER_DEFINE2")
    told = {name: value for name, value in paid(payment, origin).items() if name not in left_out}
    return told | {
        "PCD_PAY_CODE": "PAYC0000",
        "PCD_PAY_MSG": "승인취소성공" if payment.method == "card" else "환불성공",
        "PCD_PAYCANCEL_FLAG": "Y",
        "PCD_REFUND_TOTAL": str(latest.amount),
        "PCD_REFUND_TIME": clock.stamp(latest.at),
    }


def deregistered(key: BillingKey) -> dict[str, str]:
    """A billing key is gone, because somebody at Payple or the bank took it back."""
    return {
        "PCD_CST_ID": key.run,
        "PCD_PAY_WORK": "PUSERDEL",
        "PCD_PAY_RST": "success",
        "PCD_PAY_MSG": DEREGISTERED,
        "PCD_PAY_TYPE": key.method,
        "PCD_PAYER_ID": key.id,
        "PCD_PAYER_NAME": key.payer_name,
        "PCD_PAYER_HP": key.payer_phone,
    }
