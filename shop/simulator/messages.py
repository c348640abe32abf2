"""The messages that tell of a payment: the window's result, the confirm's answer, the inquiry's answer."""

from __future__ import annotations

import hashlib
import html

from shop.simulator import clock
from shop.simulator.answer import error
from shop.simulator.payment import Payment, State
from shop.simulator.policy import Policy
from shop.simulator.rulebook import Rule

CONFIRM_PATHS = {"card": "/php/PayCardConfirmAct.php?ACT_=PAYM", "transfer": "/php/PayConfirmAct.php?ACT_=PAYM"}
PAID = {"card": "카드승인완료", "transfer": "출금이체완료"}
AUTHENTICATED = {"card": "카드인증완료", "transfer": "계좌인증완료"}
CONFIRMED = {"card": ("PCCF0000", "카드결제완료"), "transfer": ("0000", "출금이체완료")}
EASY_PAY = ("naverPay", "kakaoPay")
CLOSED = "결제를 종료하였습니다."
ATTACKER = "https://payple.kr.attacker.invalid"

# Members of the call that come back with every result.
ECHOED = (
    *("PCD_PAY_TYPE", "PCD_CARD_VER", "PCD_PAY_WORK", "PCD_PAY_OID", "PCD_PAY_GOODS"),
    *("PCD_PAY_TOTAL", "PCD_PAY_TAXTOTAL", "PCD_PAY_ISTAX"),
    *("PCD_PAYER_NO", "PCD_PAYER_NAME", "PCD_PAYER_HP", "PCD_PAYER_EMAIL"),
    *("PCD_SIMPLE_FLAG", "PCD_RST_URL", "PCD_USER_DEFINE1", "PCD_USER_DEFINE2"),
)


def echo(asked: dict[str, str]) -> dict[str, str]:
    """What the merchant sent, as far as results repeat it."""
    left_out = "PCD_CARD_VER" if asked.get("PCD_PAY_TYPE") == "transfer" else ""
    return {name: asked[name] for name in ECHOED if name in asked and name != left_out}


def goods_text(goods: str) -> str:
    """The goods for people: the 1.0.x script escapes some characters once."""
    return html.unescape(goods)


def success(payment: Payment, origin: str) -> dict[str, str]:
    """The window's result: PAY has moved the money, CERT has not and says where to confirm."""
    is_cert = payment.work == "CERT"
    message = (AUTHENTICATED if is_cert else PAID)[payment.method]
    return {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": "0000",
        "PCD_PAY_MSG": message,
        **echo(payment.asked),
        "PCD_PAY_WORK": payment.work,
        "PCD_AUTH_KEY": payment.result_key,
        "PCD_PAY_REQKEY": payment.request_key,
        "PCD_PAY_HOST": origin,
        "PCD_PAY_URL": CONFIRM_PATHS[payment.method] if is_cert else "",
        "PCD_PAY_COFURL": origin + CONFIRM_PATHS[payment.method] if is_cert else "",
        **_payment_fields(payment),
        "PCD_RST_URL": payment.asked.get("PCD_RST_URL", ""),
        **_instrument_fields(payment, origin),
    }


def failure(payment: Payment, code: str) -> dict[str, str]:
    """The window's result when nothing was authenticated or charged: the call comes back with a code."""
    return error(code, **echo(payment.asked))


def refused_window(asked: dict[str, str], rule: Rule) -> dict[str, str]:
    """The result of a window that never opened."""
    method = asked.get("PCD_PAY_TYPE", "")
    return error(rule.code_for(method), rule.message_for(method), **echo(asked))


def closed(payment: Payment) -> dict[str, str]:
    """The payer has closed the window: the whole call comes back with `close`, and no code."""
    return payment.asked | {"PCD_PAY_RST": "close", "PCD_PAY_MSG": CLOSED}


def tampered(result: dict[str, str], field: str) -> dict[str, str]:
    """A result as somebody in the payer's browser would change it."""
    if field == "amount":
        less = str(int(result["PCD_PAY_TOTAL"]) - 100)
        return result | {"PCD_PAY_TOTAL": less, "PCD_PAY_AMOUNT": less, "PCD_PAY_AMOUNT_REAL": less}
    if field == "number":
        return result | {"PCD_PAY_OID": result["PCD_PAY_OID"][::-1] + "X"}
    if field == "confirm_url" and result["PCD_PAY_COFURL"]:
        return result | {"PCD_PAY_COFURL": ATTACKER + result["PCD_PAY_URL"], "PCD_PAY_HOST": ATTACKER}
    return result


def confirmed(payment: Payment, origin: str) -> dict[str, str]:
    """The confirm's answer to a charge."""
    code, message = CONFIRMED[payment.method]
    return _told(payment, origin, code, message) | {"PCD_PAY_REQKEY": payment.request_key}


def found(payment: Payment, origin: str, policy: Policy) -> dict[str, str]:
    """The inquiry's answer about a completed payment; what went back since is told only if the policy says so."""
    message = PAID["transfer"] if payment.method == "transfer" else "결제완료"
    told = _told(payment, origin, policy.inquiry_code, message)
    if policy.inquiry_shows_refund == "off":
        return told
    state = "2" if payment.state is State.CANCELLED else "1"
    return told | {"PCD_PAY_STATE": state, "PCD_REFUND_TOTAL": str(payment.refunded_total)}


def _told(payment: Payment, origin: str, code: str, message: str) -> dict[str, str]:
    return {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": code,
        "PCD_PAY_MSG": message,
        "PCD_PAY_TYPE": payment.method,
        **_payment_fields(payment),
        **_instrument_fields(payment, origin),
    }


def _payment_fields(payment: Payment) -> dict[str, str]:
    asked, total = payment.asked, str(payment.total)
    return {
        "PCD_PAY_OID": payment.oid,
        "PCD_PAYER_ID": payment.payer_id,
        "PCD_PAYER_NO": asked.get("PCD_PAYER_NO", "") or "0",
        "PCD_PAYER_NAME": payment.payer_name,
        "PCD_PAYER_HP": asked.get("PCD_PAYER_HP", ""),
        "PCD_PAYER_EMAIL": asked.get("PCD_PAYER_EMAIL", ""),
        "PCD_PAY_GOODS": payment.goods,
        "PCD_PAY_AMOUNT": total,
        "PCD_PAY_DISCOUNT": "",
        "PCD_PAY_AMOUNT_REAL": total,
        "PCD_PAY_TOTAL": total,
        "PCD_PAY_TAXTOTAL": str(payment.tax),
        "PCD_PAY_ISTAX": asked.get("PCD_PAY_ISTAX", "") or "Y",
        "PCD_PAY_TIME": clock.stamp(payment.approved_at or payment.authenticated_at),
        "PCD_SIMPLE_FLAG": "Y" if payment.has_known_instrument else "N",
    }


def _instrument_fields(payment: Payment, origin: str) -> dict[str, str]:
    return _card_fields(payment, origin) if payment.method == "card" else _account_fields(payment)


def _card_fields(payment: Payment, origin: str) -> dict[str, str]:
    card = payment.instrument
    return {
        "PCD_CARD_VER": "02" if payment.is_app_card else "01",
        "PCD_PAY_CARDNAME": card.name if card else "",
        "PCD_PAY_CARDNUM": card.number if card else "",
        "PCD_PAY_CARDQUOTA": f"{payment.instalment_months:02d}",
        **_newer_fields(payment),
        "PCD_PAY_CARDTRADENUM": payment.trade_key,
        "PCD_PAY_CARDAUTHNO": payment.approval_no,
        "PCD_PAY_CARDRECEIPT": f"{origin}/slip/{payment.slip_key}" if payment.slip_key else "",
    }


def _newer_fields(payment: Payment) -> dict[str, str]:
    """What only the clientKey window tells of a card payment."""
    if not payment.asked.get("clientKey"):
        return {}
    method = payment.asked.get("PCD_PAY_METHOD", "") or ("appCard" if payment.is_app_card else "")
    return {
        "PCD_PAY_METHOD": method,
        "PCD_EASY_PAY_METHOD": "card" if method in EASY_PAY else "",
        "PCD_TX_KEY": hashlib.sha256(payment.token.encode()).hexdigest()[:40],
    }


def _account_fields(payment: Payment) -> dict[str, str]:
    account, receipt = payment.instrument, payment.receipt
    fields = {
        "PCD_PAY_BANKACCTYPE": account.holder if account else "",
        "PCD_PAY_BANK": account.code if account else "",
        "PCD_PAY_BANKNAME": account.name if account else "",
        "PCD_PAY_BANKNUM": account.number if account else "",
    }
    if receipt.state == "none":
        return fields
    is_issued = receipt.state == "issued"
    return fields | {
        "PCD_TAXSAVE_FLAG": "Y",
        "PCD_TAXSAVE_RST": "Y" if is_issued else "N",
        "PCD_TAXSAVE_MGTNUM": receipt.number if is_issued else "",
    }
