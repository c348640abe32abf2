"""Answers as Payple's documents print them. A change names its field without PCD_; None leaves the field out."""

from shop.payple.messages import Answer

Fields = dict[str, object]

BILLING_KEY = "OVA3U-secret-billing-key"
CARD: Fields = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "PCCF0000",
    "PCD_PAY_MSG": "카드결제완료",
    "PCD_PAY_OID": "ORDER_1",
    "PCD_PAY_TYPE": "card",
    "PCD_PAYER_ID": BILLING_KEY,
    "PCD_PAY_GOODS": "테스트 상품",
    "PCD_PAY_AMOUNT": "1000",
    "PCD_PAY_DISCOUNT": "",
    "PCD_PAY_AMOUNT_REAL": "1000",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_TAXTOTAL": "91",
    "PCD_PAY_TIME": "20231219134223",
    "PCD_PAY_CARDNAME": "삼성카드",
    "PCD_PAY_CARDNUM": "1234-****-****-5678",
    "PCD_PAY_CARDQUOTA": "03",
    "PCD_PAY_CARDTRADENUM": "202312191342223302115099",
    "PCD_PAY_CARDAUTHNO": "85324231",
    "PCD_PAY_CARDRECEIPT": "https://www.danalpay.com/receipt?tid=1",
}
TRANSFER: Fields = {name: value for name, value in CARD.items() if "CARD" not in name} | {
    "PCD_PAY_CODE": "0000",
    "PCD_PAY_TYPE": "transfer",
    "PCD_PAY_BANK": "020",
    "PCD_PAY_BANKNAME": "우리은행",
    "PCD_PAY_BANKNUM": "123-********-456",
    "PCD_TAXSAVE_FLAG": "Y",
    "PCD_TAXSAVE_RST": "Y",
    "PCD_TAXSAVE_MGTNUM": "G3482429",
}
REFUND: Fields = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "PAYC0000",
    "PCD_PAY_MSG": "승인취소성공",
    "PCD_PAY_OID": "ORDER_1",
    "PCD_PAY_TYPE": "card",
    "PCD_REFUND_TOTAL": "1000",
    "PCD_REFUND_TAXTOTAL": "91",
    "PCD_PAY_TIME": "20231220101112",
    "PCD_PAY_CARDTRADENUM": "202312201011122302115099",
    "PCD_PAY_CARDRECEIPT": "https://www.danalpay.com/receipt?tid=1",
}
RECEIPT: Fields = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "TSRG0000",
    "PCD_PAY_MSG": "현금영수증 발행완료",
    "PCD_PAY_WORK": "TSREG",
    "PCD_PAY_OID": "ORDER_1",
    "PCD_TAXSAVE_AMOUNT": "15000",
    "PCD_TAXSAVE_MGTNUM": "test15424392310644",
}


def card(**changes: object) -> Fields:
    return _changed(CARD, changes)


def transfer(**changes: object) -> Fields:
    return _changed(TRANSFER, changes)


def refund(**changes: object) -> Fields:
    return _changed(REFUND, changes)


def receipt(**changes: object) -> Fields:
    return _changed(RECEIPT, changes)


def no(code: str, message: str = "거절") -> Fields:
    return {"PCD_PAY_RST": "error", "PCD_PAY_CODE": code, "PCD_PAY_MSG": message}


def read(fields: Fields) -> Answer:
    return Answer(fields)


def _changed(fields: Fields, changes: Fields) -> Fields:
    changed = fields | {f"PCD_{name}": value for name, value in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}
