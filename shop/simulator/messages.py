"""Results of the window, answers to servers, and refusals."""

import hashlib
from collections.abc import Mapping

from shop.simulator import clock
from shop.simulator.codes import MESSAGES
from shop.simulator.fields import MONTH, Fields, is_mixed, month_of
from shop.simulator.payment import Payment
from shop.simulator.policy import Policy
from shop.simulator.rulebook import Rule
from shop.simulator.web import settings

CONFIRM_PATHS = {"card": "/php/PayCardConfirmAct.php?ACT_=PAYM", "transfer": "/php/PayConfirmAct.php?ACT_=PAYM"}
APP_CARD_CONFIRM_PATH = "/api/v1/payments/cards/approval/confirm"
PAID = {"card": "카드승인완료", "transfer": "출금이체완료"}
AUTHENTICATED = {"card": "카드인증완료", "transfer": "계좌인증완료"}
REGISTERED = {"card": "카드등록완료", "transfer": "계좌등록완료"}  # our words
REGISTERED_BEFORE = "기 인증고객 입니다."
CLOSED = "결제를 종료하였습니다."
EASY_PAY = ("naverPay", "kakaoPay")
ATTACKER = "https://payple.kr.attacker.invalid"

# Members of the call that come back with every result.
ECHOED = (
    *("PCD_PAY_TYPE", "PCD_CARD_VER", "PCD_PAY_WORK", "PCD_PAY_OID", "PCD_PAY_GOODS"),
    *("PCD_PAY_TOTAL", "PCD_PAY_TAXTOTAL", "PCD_PAY_ISTAX"),
    *("PCD_PAYER_NO", "PCD_PAYER_NAME", "PCD_PAYER_HP", "PCD_PAYER_EMAIL"),
    *("PCD_SIMPLE_FLAG", "PCD_RST_URL", "PCD_USER_DEFINE1", "PCD_USER_DEFINE2"),
    *MONTH,
)
# Members that the result of a registration does not have.
OF_PAYMENTS_ONLY = {
    *("PCD_PAY_OID", "PCD_PAY_GOODS", "PCD_PAY_AMOUNT", "PCD_PAY_DISCOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_PAY_TOTAL"),
    *("PCD_PAY_TAXTOTAL", "PCD_PAY_ISTAX", "PCD_PAY_TIME", "PCD_PAY_REQKEY"),
    *("PCD_PAY_CARDQUOTA", "PCD_PAY_CARDTRADENUM", "PCD_PAY_CARDAUTHNO", "PCD_PAY_CARDRECEIPT"),
}
NUMBERS = (
    *("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_PAY_TAXTOTAL", "PCD_PAYER_NO"),
    *("PCD_REFUND_TOTAL", "PCD_REFUND_TAXTOTAL", "PCD_TAXSAVE_AMOUNT"),
)


def error(code: str, **more: str) -> Fields:
    return {"PCD_PAY_RST": "error", "PCD_PAY_CODE": code, "PCD_PAY_MSG": MESSAGES.get(code, ""), **more}


def refusal(rule: Rule, method: str = "", **more: str) -> Fields:
    return error(rule.code_for(method), **more)


def echo(asked: Fields) -> Fields:
    left_out = "PCD_CARD_VER" if asked.get("PCD_PAY_TYPE") == "transfer" else ""
    return {name: asked[name] for name in ECHOED if name in asked and name != left_out}


def success(payment: Payment, policy: Policy) -> Fields:
    """The window's result: PAY has moved the money, CERT has not and says where to confirm."""
    is_cert = payment.work == "CERT"
    path = confirm_path(payment, policy) if is_cert else ""
    message = (AUTHENTICATED if is_cert else PAID)[payment.method]
    return {
        "PCD_PAY_RST": "success",
        **echo(payment.asked),
        "PCD_PAY_WORK": payment.work,
        "PCD_AUTH_KEY": payment.result_key,
        "PCD_PAY_REQKEY": payment.request_key,
        "PCD_PAY_HOST": settings().origin,
        "PCD_PAY_URL": path,
        "PCD_PAY_COFURL": settings().origin + path if path else "",
        "PCD_RST_URL": payment.asked.get("PCD_RST_URL", ""),
        **_answer(payment, policy, "0000", message),
    }


def confirm_path(payment: Payment, policy: Policy) -> str:
    is_newer = payment.is_app_card or (payment.method == "card" and policy.confirm_host == "api_v2")
    return APP_CARD_CONFIRM_PATH if is_newer else CONFIRM_PATHS[payment.method]


def registered(payment: Payment, *, again: bool) -> Fields:
    """The window's result of AUTH: there is a billing key, and no amount and no number."""
    message = REGISTERED_BEFORE if again else REGISTERED[payment.method]
    result = success(payment, Policy())
    return {name: value for name, value in result.items() if name not in OF_PAYMENTS_ONLY} | {"PCD_PAY_MSG": message}


def closed(payment: Payment) -> Fields:
    """The payer has closed the window: the whole call comes back with `close`, and no code."""
    return payment.asked | {"PCD_PAY_RST": "close", "PCD_PAY_MSG": CLOSED}


def tampered(result: Fields, member: str) -> Fields:
    if member == "amount":
        less = str(int(result["PCD_PAY_TOTAL"]) - 100)
        return result | {"PCD_PAY_TOTAL": less, "PCD_PAY_AMOUNT": less, "PCD_PAY_AMOUNT_REAL": less}
    if member == "number":
        return result | {"PCD_PAY_OID": result["PCD_PAY_OID"][::-1] + "X"}
    if member == "confirm_url" and result["PCD_PAY_COFURL"]:
        return result | {"PCD_PAY_COFURL": ATTACKER + result["PCD_PAY_URL"], "PCD_PAY_HOST": ATTACKER}
    return result


def confirmed(payment: Payment, policy: Policy) -> Fields:
    code, message = ("PCCF0000", "카드결제완료") if payment.method == "card" else ("0000", PAID["transfer"])
    return _answer(payment, policy, code, message) | {"PCD_PAY_REQKEY": payment.request_key}


def found(payment: Payment, policy: Policy) -> Fields:
    """The inquiry's answer about a completed payment; with refunds only if the policy says so."""
    message = PAID["transfer"] if payment.method == "transfer" else "결제완료"
    answer = _answer(payment, policy, policy.inquiry_code, message) | {"PCD_PAY_STATE": "1"}
    if policy.inquiry_shows_refund == "off":
        return answer
    state = "1" if payment.remainder else "2"
    return answer | {"PCD_PAY_STATE": state, "PCD_REFUND_TOTAL": str(payment.refunded_total)}


def as_json(answer: Mapping[str, str], policy: Policy) -> dict[str, str | int]:
    """The members of an answer: strings, as documented, or numbers where some real answers have numbers."""
    if policy.numbers_as_numbers == "off":
        return dict(answer)
    return {name: int(value) if name in NUMBERS and value.isdigit() else value for name, value in answer.items()}


def _answer(payment: Payment, policy: Policy, code: str, message: str) -> Fields:
    return {
        "PCD_PAY_RST": "success",
        "PCD_PAY_CODE": policy.transfer_code if payment.method == "transfer" and code == "0000" else code,
        "PCD_PAY_MSG": message,
        "PCD_PAY_TYPE": payment.method,
        **_payment_fields(payment, policy),
        **(_card_fields(payment) if payment.method == "card" else _account_fields(payment)),
    }


def _payment_fields(payment: Payment, policy: Policy) -> Fields:
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
        "PCD_PAY_TAXTOTAL": "0" if policy.tax_in_result == "zero" and not is_mixed(asked) else str(payment.tax),
        "PCD_PAY_ISTAX": asked.get("PCD_PAY_ISTAX", "") or "Y",
        "PCD_PAY_TIME": clock.stamp(payment.approved_at or payment.authenticated_at),
        "PCD_SIMPLE_FLAG": "Y" if payment.has_known_instrument else "N",
        **month_of(asked),
    }


def _card_fields(payment: Payment) -> Fields:
    card = payment.instrument
    fields = {
        "PCD_CARD_VER": "02" if payment.is_app_card else "01",
        "PCD_PAY_CARDNAME": card.name if card else "",
        "PCD_PAY_CARDNUM": card.number if card else "",
        "PCD_PAY_CARDQUOTA": f"{payment.instalment_months:02d}",
        "PCD_PAY_CARDTRADENUM": payment.trade_key,
        "PCD_PAY_CARDAUTHNO": payment.approval_no,
        "PCD_PAY_CARDRECEIPT": f"{settings().origin}/slip/{payment.slip_key}" if payment.slip_key else "",
    }
    if not payment.asked.get("clientKey"):
        return fields
    method = payment.asked.get("PCD_PAY_METHOD", "") or ("appCard" if payment.is_app_card else "")
    return fields | {
        "PCD_PAY_METHOD": method,
        "PCD_EASY_PAY_METHOD": "card" if method in EASY_PAY else "",
        "PCD_TX_KEY": hashlib.sha256(payment.token.encode()).hexdigest()[:40],
    }


def _account_fields(payment: Payment) -> Fields:
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
