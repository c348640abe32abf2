"""What response codes come down to: one plain sentence for the person reading, and what it means for money.

Payple documents about three hundred codes; many say the same thing to a buyer. Each meaning stands here once,
and `code_table.py` gives every code its meaning.

`outcome` is read on the answers to our own calls. DECLINED stands only where the code itself says that no
money moved; a fault that may have struck after the withdrawal (an unanswered telegram, a failed record, a
failed notice, a repeated number) is UNKNOWN, so that an inquiry decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Whose turn it is to put it right."""

    PAYER = "payer"
    ISSUER = "issuer"
    SHOP = "shop"
    GATEWAY = "gateway"
    CLAIM = "claim"  # the keys in the claim are wrong, used up or unknown: no word about the attempt


class Outcome(StrEnum):
    """What the code says about money."""

    SUCCESS = "success"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Meaning:
    """One explanation that several codes share. `retry`: the payer may simply pay again."""

    ko: str
    en: str
    fault: Fault
    outcome: Outcome = Outcome.DECLINED
    retry: bool = False


def _payer(ko: str, en: str) -> Meaning:
    return Meaning(ko, en, Fault.PAYER, retry=True)


def _issuer(ko: str, en: str, *, retry: bool = True) -> Meaning:
    return Meaning(ko, en, Fault.ISSUER, retry=retry)


def _shop(ko: str, en: str) -> Meaning:
    return Meaning(ko, en, Fault.SHOP)


def _gateway(ko: str, en: str) -> Meaning:
    return Meaning(ko, en, Fault.GATEWAY, retry=True)


def _claim(ko: str, en: str) -> Meaning:
    return Meaning(ko, en, Fault.CLAIM, retry=True)


def _unknown(ko: str, en: str, fault: Fault = Fault.GATEWAY) -> Meaning:
    return Meaning(ko, en, fault, Outcome.UNKNOWN)


# fmt: off
DONE = Meaning("요청하신 내용이 잘 처리됐어요.", "Your request went through.", Fault.GATEWAY, Outcome.SUCCESS)

# the payer can put it right
TOO_SLOW = _payer(
    "인증 시간이 지나서 결제가 멈췄어요. 다시 결제해 주세요.",
    "The time for confirming the payment ran out; please pay again.")
SESSION_OVER = _payer(
    "결제 인증이 만료됐어요. 처음부터 다시 결제해 주세요.",
    "The payment session has expired; please start the payment again.")
CARD_UNREGISTERED = _payer(
    "등록되지 않았거나 해지된 카드예요. 다른 카드로 결제해 주세요.",
    "This card is not registered or was removed; please use another card.")
CARD_UNVERIFIED = _payer(
    "아직 인증하지 않은 카드예요. 카드 인증을 마치고 다시 결제해 주세요.",
    "This card has not been verified yet; please verify it and pay again.")
CARD_DETAILS = _payer(
    "카드 정보가 맞지 않아요. 카드 번호를 다시 확인해 주세요.",
    "The card details do not match; please check the card number.")
CARD_SECURITY_CODE = _payer(
    "카드 보안코드(CVC)가 맞지 않아요. 다시 확인해 주세요.",
    "The card security code (CVC) is wrong; please check it.")
CARD_PASSWORD = _payer(
    "카드 비밀번호가 맞지 않아요. 다시 확인해 주세요.",
    "The card password is wrong; please check it.")
CARD_EXPIRY = _payer(
    "카드 유효기간이 맞지 않아요. 다시 확인해 주세요.",
    "The card's expiry date is wrong; please check it.")
CARD_EXPIRED = _payer(
    "유효기간이 지난 카드예요. 다른 카드로 결제해 주세요.",
    "This card has expired; please use another card.")
PAYER_DETAILS = _payer(
    "입력하신 결제 정보가 맞지 않아요. 다시 확인해 주세요.",
    "The payment details you entered do not match; please check them.")
REAL_ACCOUNT = _payer(
    "평생계좌번호로는 결제할 수 없어요. 실제 계좌번호를 입력해 주세요.",
    "A lifetime account alias cannot be used; please enter the real account number.")
ACCOUNT_DETAILS = _payer(
    "계좌번호나 생년월일이 맞지 않아요. 다시 확인해 주세요.",
    "The account number or date of birth does not match; please check them.")
ACCOUNT_HOLDER = _payer(
    "예금주 이름이 계좌와 달라요. 다시 확인해 주세요.",
    "The account holder's name does not match; please check it.")
ACCOUNT_UNREGISTERED = _payer(
    "등록된 계좌를 찾지 못했어요. 계좌를 다시 등록해 주세요.",
    "No registered account was found; please register the account again.")
PHONE_CALL_FAILED = _payer(
    "전화(ARS) 인증을 마치지 못했어요. 다시 시도해 주세요.",
    "The phone verification was not completed; please try again.")
PAYER_STOPPED = _payer(
    "결제를 취소하셨어요. 원하시면 다시 결제할 수 있어요.",
    "You cancelled the payment; you can pay again whenever you like.")
POPUP_BLOCKED = _payer(
    "브라우저가 결제창을 막았어요. 팝업을 허용하고 다시 결제해 주세요.",
    "The browser blocked the payment window; please allow pop-ups and pay again.")
NOTHING_TO_PAY = _payer(
    "결제가 시작되지 않았거나 시간이 지났어요. 다시 결제해 주세요.",
    "The payment did not start or its time has passed; please pay again.")

# the card company or the bank says no
CARD_LIMIT = _issuer(
    "카드 한도를 넘었어요. 다른 카드나 결제 방법을 이용해 주세요.",
    "The card's limit is exceeded; please use another card or method.")
CARD_USE_COUNT = _issuer(
    "카드 사용 횟수를 넘었어요. 다른 카드나 결제 방법을 이용해 주세요.",
    "This card has been used too many times; please use another card or method.")
NO_BALANCE = _issuer(
    "잔액이 부족해요. 잔액을 확인하거나 다른 방법으로 결제해 주세요.",
    "The balance is too low; please check it or pay another way.")
CARD_BLOCKED = _issuer(
    "지금은 쓸 수 없는 카드예요. 카드사에 문의하거나 다른 카드를 이용해 주세요.",
    "This card cannot be used; please ask the card company or use another card.")
CARD_LOST = _issuer(
    "분실이나 도난으로 신고된 카드예요. 카드사에 문의해 주세요.",
    "This card is reported lost, stolen or altered; please contact the card company.", retry=False)
PASSWORD_TRIES = _issuer(
    "비밀번호를 여러 번 틀려서 카드가 잠겼어요. 카드사에 문의해 주세요.",
    "The password was wrong too many times; please contact the card company.", retry=False)
ASK_ISSUER = _issuer(
    "카드사에서 결제를 허용하지 않았어요. 카드사에 문의해 주세요.",
    "The card company did not allow this payment; please contact it.")
ISSUER_TIME = _issuer(
    "카드사 인증 시간이 지났어요. 다시 결제해 주세요.",
    "The card company's verification time ran out; please pay again.")
INSTALMENT = _issuer(
    "선택하신 할부 개월로는 결제할 수 없어요. 할부를 바꿔 다시 결제해 주세요.",
    "This number of instalments is not possible; please choose another and pay again.")
ISSUER_MAINTENANCE = _issuer(
    "카드사 점검 시간이에요. 잠시 뒤에 다시 결제해 주세요.",
    "The card company is under maintenance; please try again later.")
BANK_MAINTENANCE = _issuer(
    "은행 점검 시간이에요. 잠시 뒤에 다시 결제하거나 카드를 이용해 주세요.",
    "The bank is under maintenance; please try again later or pay by card.")
TRANSFER_FAILED = _issuer(
    "계좌에서 출금되지 않았어요. 계좌를 확인하거나 다른 방법으로 결제해 주세요.",
    "The bank did not make the transfer; please check the account or pay another way.")
CARD_FAILED = _issuer(
    "카드 결제가 되지 않았어요. 다른 카드나 결제 방법을 이용해 주세요.",
    "The card payment failed; please use another card or method.")

# the shop must put it right
SHOP_KEYS = _shop(
    "상점의 결제 연동 정보가 올바르지 않아 결제하지 못했어요. 상점에 문의해 주세요.",
    "The shop's payment keys are not accepted; please contact the shop.")
SHOP_DOMAIN = _shop(
    "상점 주소가 결제 서비스에 등록된 주소와 달라 결제하지 못했어요. 상점에 문의해 주세요.",
    "The shop's web address is not the one registered for payments; please contact the shop.")
SHOP_HTTPS = _shop(
    "상점이 안전하지 않은 연결로 요청해서 결제하지 못했어요. 상점에 문의해 주세요.",
    "The shop asked over an unsafe connection; please contact the shop.")
SHOP_LIMIT = _shop(
    "상점의 결제 한도를 넘었어요. 상점에 문의해 주세요.",
    "The shop's payment limit is exceeded; please contact the shop.")
SHOP_CONTRACT = _shop(
    "상점이 아직 쓸 수 없는 결제 방법이에요. 다른 방법을 고르거나 상점에 문의해 주세요.",
    "The shop may not use this payment method; please choose another or contact the shop.")
SHOP_REQUEST = _shop(
    "상점이 보낸 결제 요청에 잘못된 값이 있어요. 상점에 문의해 주세요.",
    "The shop's payment request has a wrong value; please contact the shop.")
SHOP_MINIMUM = _shop(
    "결제할 수 있는 최소 금액보다 적어요. 상점에 문의해 주세요.",
    "The amount is below the smallest that can be paid; please contact the shop.")
SHOP_AMOUNT = _shop(
    "요청한 금액이 원래 금액과 달라서 처리하지 않았어요. 상점에 문의해 주세요.",
    "The amount differs from the original one, so nothing was done; please contact the shop.")
EVENT_OVER = _shop(
    "할인 이벤트가 끝나서 결제하지 못했어요. 다시 결제해 주세요.",
    "The discount event is over; please pay again.")
NO_SUCH_PAYMENT = _shop(
    "해당 결제를 찾지 못했어요. 상점에 문의해 주세요.",
    "No such payment was found; please contact the shop.")

# a refund is refused: staff reads this
REFUND_UNAUTHENTICATED = _shop(
    "환불 요청의 인증이 거절되어 환불하지 않았어요. 결제 연동 정보를 확인해 주세요.",
    "The keys of the refund request were not accepted, so nothing was refunded; please check the settings.")
REFUND_KEY = _shop(
    "환불 서비스 키가 맞지 않아 환불하지 않았어요. 설정의 환불 키를 확인해 주세요.",
    "The refund key is wrong, so nothing was refunded; please check it in the settings.")
ALREADY_REFUNDED = _shop(
    "이미 취소된 결제예요.",
    "This payment has already been cancelled.")
NOTHING_LEFT = _shop(
    "이미 모두 취소됐거나 찾을 수 없는 결제예요. 앞선 환불과 거래일을 확인해 주세요.",
    "This payment is already cancelled in full or was not found; please check earlier refunds and the trade date.")
NOT_REFUNDABLE = _shop(
    "취소할 수 없는 상태의 결제예요. 페이플에 문의해 주세요.",
    "This payment cannot be cancelled; please ask Payple.")
REFUND_TOO_LATE = _shop(
    "취소할 수 있는 기간이 지났어요. 다른 방법으로 돌려드리거나 페이플에 문의해 주세요.",
    "The time for cancelling this payment is over; please refund another way or ask Payple.")
REFUND_TOO_MUCH = _shop(
    "취소할 수 있는 금액을 넘었어요. 남은 금액을 확인해 주세요.",
    "The amount is more than can still be refunded; please check what is left.")
REFUND_DAY_LIMIT = _shop(
    "하루에 취소할 수 있는 한도를 넘었어요. 내일 다시 시도해 주세요.",
    "The limit for refunds in one day is exceeded; please try again tomorrow.")
REFUND_AMOUNT = _shop(
    "환불할 금액이나 부가세가 원래 결제와 맞지 않아 환불하지 않았어요. 금액을 확인해 주세요.",
    "The amount or its VAT does not fit the payment, so nothing was refunded; please check the amounts.")
NO_PARTIAL_REFUND = _shop(
    "일부만 취소할 수 없는 결제예요. 전액 환불하거나 페이플에 문의해 주세요.",
    "This payment cannot be refunded in part; please refund it in full or ask Payple.")

# the gateway, and nothing was charged
GATEWAY_BUSY = _gateway(
    "결제 서비스에 잠시 문제가 있어요. 조금 뒤에 다시 시도해 주세요.",
    "The payment service has a problem right now; please try again shortly.")

# a cash receipt by itself: no money is concerned
RECEIPT_NOT_CANCELLED = Meaning(
    "현금영수증 발행을 취소하지 못했어요. 다음 날 다시 시도해 주세요.",
    "The cash receipt could not be cancelled; please try again the next day.", Fault.GATEWAY)

# the keys that came with the claim are not good: says nothing about the attempt
CLAIM_KEYS = _claim(
    "결제 인증 정보가 맞지 않아 결제하지 않았어요. 다시 결제해 주세요.",
    "The payment's verification keys are not valid, so nothing was charged; please pay again.")
CLAIM_NOTHING_PENDING = _claim(
    "승인을 기다리는 결제가 없어요. 다시 결제해 주세요.",
    "No payment is waiting for approval; please pay again.")
CLAIM_ADDRESS = _claim(
    "결제 승인 주소가 맞지 않아 결제하지 않았어요. 다시 결제해 주세요.",
    "The approval went to another address than it should, so nothing was charged; please pay again.")

# money may have moved: only an inquiry tells
NO_ANSWER = _unknown(
    "은행이나 카드사의 답을 아직 받지 못했어요. 결제 여부를 확인하고 있으니 다시 결제하지 마세요.",
    "The bank or card company has not answered yet; we are checking, please do not pay again.")
UNRECORDED = _unknown(
    "결제 처리 중 오류가 있었어요. 결제 여부를 확인하고 있으니 다시 결제하지 마세요.",
    "Something failed while paying; we are checking whether you were charged, please do not pay again.")
AUTO_CANCELLED = _unknown(
    "승인에 이상이 있어 결제가 자동으로 취소됐을 수 있어요. 결제 여부를 확인하고 있어요.",
    "The approval looked wrong and may have been cancelled automatically; we are checking it.")
DUPLICATE = _unknown(
    "이미 처리된 결제 번호예요. 앞선 결제를 확인하고 있으니 다시 결제하지 마세요.",
    "This payment number was already used; we are checking the earlier payment, please do not pay again.",
    Fault.SHOP)
IN_PROGRESS = _unknown(
    "앞선 요청을 처리하고 있어요. 결과를 확인하고 있으니 잠시만 기다려 주세요.",
    "An earlier request is still being handled; we are checking it, please wait a moment.")
# fmt: on
