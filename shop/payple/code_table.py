"""Payple's documented response codes, grouped by what they mean: our sentence in Korean and in English.

A code counts as DECLINED only if it says that no money moved. After an unanswered telegram, a failed record, a failed
notice or a repeated number it is UNKNOWN, and an inquiry decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Who can correct it."""

    PAYER = "payer"
    ISSUER = "issuer"
    SHOP = "shop"
    GATEWAY = "gateway"
    KEYS = "keys"  # the keys of the result are wrong, used up or unknown


class Outcome(StrEnum):
    """What the code says about money."""

    SUCCESS = "success"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Group:
    """Texts by the codes that share them. `retry`: the payer may simply pay again."""

    fault: Fault
    outcome: Outcome
    retry: bool
    texts: Mapping[str, tuple[str, str]]


# fmt: off
GROUPS = (
    Group(Fault.GATEWAY, Outcome.SUCCESS, retry=False, texts={
        "0000 PCCF0000 SPCD0000 CDAU0000 BILL0000 PAYC0000 PCHK000 TSRG0000 TSDL0000 PUSER0000":
            ("요청하신 내용이 잘 처리됐어요.",
             "Your request went through."),
    }),
    # The payer can correct it.
    Group(Fault.PAYER, Outcome.DECLINED, retry=True, texts={
        "CPCA0001 2137 CBIL0002 PCCFD001 SPCD0004 RPCD0006 CDAU0001 1124 1153":
            ("결제 시간이 지났어요. 처음부터 다시 결제해 주세요.",
             "The time for paying is over; please start the payment again."),
        "CPCA0002 SPCD0001 SPCD0011 SPCD0012 RPCD0001 RPCD0011 RPCD0012":
            ("등록되지 않았거나 해지된 카드예요. 다른 카드로 결제해 주세요.",
             "This card is not registered or was removed; please use another card."),
        "CPCA0003 SPCD0013 RPCD0013":
            ("아직 인증하지 않은 카드예요. 카드 인증을 마치고 다시 결제해 주세요.",
             "This card has not been verified yet; please verify it and pay again."),
        "CPCA0004 CDAU0002 CDAU9999 CDAUCK04 1149 3110":
            ("카드 정보가 맞지 않아요. 카드 번호를 다시 확인해 주세요.",
             "The card details do not match; please check the card number."),
        "1150":
            ("카드 보안코드(CVC)가 맞지 않아요. 다시 확인해 주세요.",
             "The card security code (CVC) is wrong; please check it."),
        "CDAUCK06 1151 3115":
            ("카드 비밀번호가 맞지 않아요. 다시 확인해 주세요.",
             "The card password is wrong; please check it."),
        "CDAUCK05 1152 3119":
            ("카드 유효기간이 맞지 않아요. 다시 확인해 주세요.",
             "The card's expiry date is wrong; please check it."),
        "3100":
            ("유효기간이 지난 카드예요. 다른 카드로 결제해 주세요.",
             "This card has expired; please use another card."),
        "CDAUCK03 CPAY0003":
            ("입력하신 결제 정보가 맞지 않아요. 다시 확인해 주세요.",
             "The payment details you entered do not match; please check them."),
        "ARSA0002 SPAY0002":
            ("평생계좌번호로는 결제할 수 없어요. 실제 계좌번호를 입력해 주세요.",
             "A lifetime account alias cannot be used; please enter the real account number."),
        "ARSA0006 CPAY0012 CPAY0013":
            ("계좌번호나 생년월일이 맞지 않아요. 다시 확인해 주세요.",
             "The account number or date of birth does not match; please check them."),
        "ARSA0007":
            ("예금주 이름이 계좌와 달라요. 다시 확인해 주세요.",
             "The account holder's name does not match; please check it."),
        "CPAY0002 CPAY0004 SPAY0005":
            ("등록된 계좌를 찾지 못했어요. 계좌를 다시 등록해 주세요.",
             "No registered account was found; please register the account again."),
        "ARSA0010":
            ("전화(ARS) 인증을 마치지 못했어요. 다시 시도해 주세요.",
             "The phone verification was not completed; please try again."),
        "2101":
            ("결제를 취소하셨어요. 원하시면 다시 결제할 수 있어요.",
             "You cancelled the payment; you can pay again whenever you like."),
        "2118":
            ("브라우저가 결제창을 막았어요. 팝업을 허용하고 다시 결제해 주세요.",
             "The browser blocked the payment window; please allow pop-ups and pay again."),
    }),
    # The card company or the bank refuses.
    Group(Fault.ISSUER, Outcome.DECLINED, retry=True, texts={
        "1132 1133 1135 3112":
            ("카드 한도를 넘었어요. 다른 카드나 결제 방법을 이용해 주세요.",
             "The card's limit is exceeded; please use another card or method."),
        "1134 3111":
            ("카드 사용 횟수를 넘었어요. 다른 카드나 결제 방법을 이용해 주세요.",
             "This card has been used too many times; please use another card or method."),
        "3133":
            ("잔액이 부족해요. 잔액을 확인하거나 다른 방법으로 결제해 주세요.",
             "The balance is too low; please check it or pay another way."),
        "3123 3128 3146":
            ("지금은 쓸 수 없는 카드예요. 카드사에 문의하거나 다른 카드를 이용해 주세요.",
             "This card cannot be used; please ask the card company or use another card."),
        "3143":
            ("카드사에서 결제를 허용하지 않았어요. 카드사에 문의해 주세요.",
             "The card company did not allow this payment; please contact it."),
        "3134":
            ("카드사 인증 시간이 지났어요. 다시 결제해 주세요.",
             "The card company's verification time ran out; please pay again."),
        "1122 1136 3101":
            ("선택하신 할부 개월로는 결제할 수 없어요. 할부를 바꿔 다시 결제해 주세요.",
             "This number of instalments is not possible; please choose another and pay again."),
        "3267":
            ("카드사 점검 시간이에요. 잠시 뒤에 다시 결제해 주세요.",
             "The card company is under maintenance; please try again later."),
        "ARSA9998 CPAY9998 SPAY9998":
            ("은행 점검 시간이에요. 잠시 뒤에 다시 결제하거나 카드를 이용해 주세요.",
             "The bank is under maintenance; please try again later or pay by card."),
        "CPAY0022 SPAY0012":
            ("계좌에서 출금되지 않았어요. 계좌를 확인하거나 다른 방법으로 결제해 주세요.",
             "The bank did not make the transfer; please check the account or pay another way."),
        "CPCA9999 SPCD0018 CDAU0007":
            ("카드 결제가 되지 않았어요. 다른 카드나 결제 방법을 이용해 주세요.",
             "The card payment failed; please use another card or method."),
    }),
    # The card company refuses this card for good.
    Group(Fault.ISSUER, Outcome.DECLINED, retry=False, texts={
        "3122":
            ("분실이나 도난으로 신고된 카드예요. 카드사에 문의해 주세요.",
             "This card is reported lost, stolen or altered; please contact the card company."),
        "3117":
            ("비밀번호를 여러 번 틀려서 카드가 잠겼어요. 카드사에 문의해 주세요.",
             "The password was wrong too many times; please contact the card company."),
    }),
    # The shop must correct it. Staff read those about refunds.
    Group(Fault.SHOP, Outcome.DECLINED, retry=False, texts={
        "AUTH0001 AUTH0002 AUTH0003 SPCD9991 RPCD9991 CDAU9991":
            ("상점의 결제 연동 정보가 올바르지 않아 결제하지 못했어요. 상점에 문의해 주세요.",
             "The shop's payment keys are not accepted; please contact the shop."),
        "AUTH0004 AUTH0007":
            ("상점 주소가 결제 서비스에 등록된 주소와 달라 결제하지 못했어요. 상점에 문의해 주세요.",
             "The shop's web address is not the one registered for payments; please contact the shop."),
        "AUTH0006":
            ("상점이 안전하지 않은 연결로 요청해서 결제하지 못했어요. 상점에 문의해 주세요.",
             "The shop asked over an unsafe connection; please contact the shop."),
        ("CPCA0006 CPCA0007 CPCA0022 CPCA0023 CPCA0024 CPCA0025 SPCD0009 SPCD0010 RPCD0009 RPCD0010 ARSA0003 "
         "ARSA0004 CPAY0005 CPAY0006 SPAY0003 SPAY0004 1137 1138 1139 1141"):
            ("상점의 결제 한도를 넘었어요. 상점에 문의해 주세요.",
             "The shop's payment limit is exceeded; please contact the shop."),
        "CPCA9998 SPCD0007 RPCD0007 1112":
            ("상점이 아직 쓸 수 없는 결제 방법이에요. 다른 방법을 고르거나 상점에 문의해 주세요.",
             "The shop may not use this payment method; please choose another or contact the shop."),
        ("CPCA9997 cpc0034 SPCD0003 SPCD9998 RPCD0003 RPCD0004 RPCD0005 RPCD9998 CDAU9998 CDAUCK01 CDAUCK02 "
         "SPAY0019 1101"):
            ("상점이 보낸 결제 요청에 잘못된 값이 있어요. 상점에 문의해 주세요.",
             "The shop's payment request has a wrong value; please contact the shop."),
        "SPCD0002 RPCD0002 1110 3213":
            ("결제할 수 있는 최소 금액보다 적어요. 상점에 문의해 주세요.",
             "The amount is below the smallest that can be paid; please contact the shop."),
        "CPCAE004 1105":
            ("요청한 금액이 원래 금액과 달라서 처리하지 않았어요. 상점에 문의해 주세요.",
             "The amount differs from the original one, so nothing was done; please contact the shop."),
        "CPCAE003":
            ("할인 이벤트가 끝나서 결제하지 못했어요. 다시 결제해 주세요.",
             "The discount event is over; please pay again."),
        "1104 1117 3120 3250":
            ("해당 결제를 찾지 못했어요. 상점에 문의해 주세요.",
             "No such payment was found; please contact the shop."),
        "PAYC0001":
            ("환불 요청의 인증이 거절되어 환불하지 않았어요. 결제 연동 정보를 확인해 주세요.",
             "The keys of the refund request were not accepted, so nothing was refunded; please check the settings."),
        "PAYC0002":
            ("환불 서비스 키가 맞지 않아 환불하지 않았어요. 설정의 환불 키를 확인해 주세요.",
             "The refund key is wrong, so nothing was refunded; please check it in the settings."),
        "1115 3121":
            ("이미 취소된 결제예요.",
             "This payment has already been cancelled."),
        "PAYC0007":
            ("이미 모두 취소됐거나 찾을 수 없는 결제예요. 앞선 환불과 거래일을 확인해 주세요.",
             "This payment is already cancelled in full or was not found; check earlier refunds and the trade date."),
        "1116 1130 3118 3252":
            ("취소할 수 없는 상태의 결제예요. 페이플에 문의해 주세요.",
             "This payment cannot be cancelled; please ask Payple."),
        "1123 1140 3247":
            ("취소할 수 있는 기간이 지났어요. 다른 방법으로 돌려드리거나 페이플에 문의해 주세요.",
             "The time for cancelling this payment is over; please refund another way or ask Payple."),
        "PAYC0011 1127 1128":
            ("취소할 수 있는 금액을 넘었어요. 남은 금액을 확인해 주세요.",
             "The amount is more than can still be refunded; please check what is left."),
        "1129":
            ("하루에 취소할 수 있는 한도를 넘었어요. 내일 다시 시도해 주세요.",
             "The limit for refunds in one day is exceeded; please try again tomorrow."),
        "1126 3212":
            ("환불할 금액이나 부가세가 원래 결제와 맞지 않아 환불하지 않았어요. 금액을 확인해 주세요.",
             "The amount or its VAT does not fit the payment, so nothing was refunded; please check the amounts."),
        "1144":
            ("일부만 취소할 수 없는 결제예요. 전액 환불하거나 페이플에 문의해 주세요.",
             "This payment cannot be refunded in part; please refund it in full or ask Payple."),
    }),
    # The gateway fails, and nothing is charged.
    Group(Fault.GATEWAY, Outcome.DECLINED, retry=True, texts={
        "AUTH0005 CDAU0003 CDAU0004 CDAU0005 CDAU0006 CDAU0008 CDAU0009 ARSA0005 ARSA0008 ARSA0009":
            ("결제 서비스에 잠시 문제가 있어요. 조금 뒤에 다시 시도해 주세요.",
             "The payment service has a problem right now; please try again shortly."),
    }),
    # The tax office's answer to a cash receipt. It concerns no money.
    Group(Fault.GATEWAY, Outcome.DECLINED, retry=False, texts={
        "-10002122":
            ("현금영수증 발행을 취소하지 못했어요. 다음 날 다시 시도해 주세요.",
             "The cash receipt could not be cancelled; please try again the next day."),
    }),
    # The keys of the result are not valid. This says nothing about the attempt.
    Group(Fault.KEYS, Outcome.DECLINED, retry=True, texts={
        "CPCA0005 CBIL0001 ARSA0001 CPAY0001 SPAY0001 BILL0001 BILL0002":
            ("결제 인증 정보가 맞지 않아 결제하지 않았어요. 다시 결제해 주세요.",
             "The payment's verification keys are not valid, so nothing was charged; please pay again."),
        "CBIL0003 BILL0003":
            ("승인을 기다리는 결제가 없어요. 다시 결제해 주세요.",
             "No payment is waiting for approval; please pay again."),
        "AUTH0008":
            ("결제 승인 주소가 맞지 않아 결제하지 않았어요. 다시 결제해 주세요.",
             "The approval went to another address than it should, so nothing was charged; please pay again."),
    }),
    # Money may have moved. Only an inquiry tells.
    Group(Fault.GATEWAY, Outcome.UNKNOWN, retry=False, texts={
        "CPCA0010 CPCA0018 SPCD1001 RPCD1001 CPAY0018 SPAY0011 3201":
            ("은행이나 카드사의 답을 아직 받지 못했어요. 결제 여부를 확인하고 있으니 다시 결제하지 마세요.",
             "The bank or card company has not answered yet; we are checking, please do not pay again."),
        ("CPCA0008 CPCA0009 CPCA0012 CPCA0013 CPCA0014 CPCA0015 CPCA0016 CPCA0017 CPCA0019 CPCA0020 CPCA0021 "
         "CPCA0026 CPCA0202 CPCAE001 CPCAE002 CPCAD001 CPCAD002 CBIL0004 CBIL0005 CBIL0006 SPCD0008 SPCD0015 "
         "SPCD0016 SPCD0017 SPCD0019 SPCD0020 SPCD0021 SPCD0022 SPCD0023 SPCD0024 SPCD0025 SPCD0026 SPCD1002 "
         "SPCD1004 SPCD9997 SPCD9999 RPCD0008 RPCD0014 RPCD0016 RPCD0017 RPCD0018 RPCD0019 RPCD0020 RPCD0021 "
         "RPCD0022 RPCD0023 RPCD0024 RPCD0025 RPCD0026 RPCD0027 RPCD1002 RPCD9999 CPAY0007 CPAY0008 1113 3106 3268"):
            ("결제 처리 중 오류가 있었어요. 결제 여부를 확인하고 있으니 다시 결제하지 마세요.",
             "Something failed while paying; we are checking whether you were charged, please do not pay again."),
        "CPCA0011 SPCD1003 RPCD1003":
            ("승인에 이상이 있어 결제가 자동으로 취소됐을 수 있어요. 결제 여부를 확인하고 있어요.",
             "The approval looked wrong and may have been cancelled automatically; we are checking it."),
        "1120 1125":
            ("앞선 요청을 처리하고 있어요. 결과를 확인하고 있으니 잠시만 기다려 주세요.",
             "An earlier request is still being handled; we are checking it, please wait a moment."),
    }),
    # A number was used twice, or a month is paid. Money may have moved.
    Group(Fault.SHOP, Outcome.UNKNOWN, retry=False, texts={
        "CPCA0201 SPCD0014 1103 1156 2138 3199":
            ("이미 처리된 결제 번호예요. 앞선 결제를 확인하고 있으니 다시 결제하지 마세요.",
             "This payment number was already used; we are checking the earlier payment, please do not pay again."),
        "RPCD0015 CPAY0202":
            ("이미 처리된 결제 번호이거나 이번 달에 이미 결제됐어요. 확인하고 있으니 다시 결제하지 마세요.",
             "This payment number or this month was already paid; we are checking, please do not pay again."),
    }),
)
# fmt: on
