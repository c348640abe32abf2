"""Cards and accounts as the payer types them: checked, masked, and never kept as typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from shop.simulator import clock
from shop.simulator.payment import Instrument

BANKS = {
    "002": "산업은행", "003": "기업은행", "004": "국민은행", "007": "수협은행", "011": "농협은행", "020": "우리은행",
    "031": "대구은행", "032": "부산은행", "034": "광주은행", "039": "경남은행", "045": "새마을금고", "048": "신협",
    "071": "우체국", "081": "하나은행", "088": "신한은행",
}  # fmt: skip
# Made-up prefixes: no issuer hands out cards that begin with 9999.
ISSUERS = {"999901": "삼성카드", "999902": "신한카드", "999903": "KB국민카드", "999904": "현대카드"}
OTHER_ISSUER = "시뮬레이터카드"
TEST_CARD = {"card_number": "9999 0100 0000 0001", "expiry": "12/39", "identity": "900101", "password": "00"}
TEST_RECEIPT = {"phone": "01000000000", "business_no": "1234567890"}
TEST_ACCOUNT = {"bank": "020", "account": "1002000000456", "birth": "900101", "business_no": "1234567890"}


class Unusable(ValueError):
    """What was typed cannot be a card or an account; carries the sentence for the payer in Korean and English."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko, self.en = ko, en


def card_from(typed: Mapping[str, str], now: datetime) -> Instrument:
    """A card whose number, expiry, birth date or business number and password digits have the right form."""
    number = _digits(typed.get("card_number", ""))
    if not re.fullmatch(r"\d{15,16}", number, re.ASCII):
        raise Unusable("카드번호를 확인해 주세요.", "Please check the card number.")
    if _expires(typed.get("expiry", "")) < clock.trade_date(now)[2:6]:
        raise Unusable("유효기간을 확인해 주세요.", "Please check the expiry date.")
    if not re.fullmatch(r"\d{6}|\d{10}", _digits(typed.get("identity", "")), re.ASCII):
        raise Unusable(
            "생년월일 6자리 또는 사업자등록번호 10자리를 입력해 주세요.",
            "Enter 6 digits of birth or 10 of a business number.",
        )
    if not re.fullmatch(r"\d{2}", typed.get("password", ""), re.ASCII):
        raise Unusable("카드 비밀번호 앞 2자리를 입력해 주세요.", "Enter the first two digits of the card password.")
    return Instrument(ISSUERS.get(number[:6], OTHER_ISSUER), f"{number[:4]}-****-****-{number[-4:]}")


def account_from(typed: Mapping[str, str]) -> Instrument:
    """A personal or business account whose bank, number and holder number have the right form."""
    bank, number = typed.get("bank", ""), _digits(typed.get("account", ""))
    if bank not in BANKS or not re.fullmatch(r"\d{10,14}", number, re.ASCII):
        raise Unusable("은행과 계좌번호를 확인해 주세요.", "Please check bank and account number.")
    is_company = typed.get("holder") == "company"
    identity = _digits(typed.get("business_no" if is_company else "birth", ""))
    if not re.fullmatch(r"\d{10}" if is_company else r"\d{6}", identity, re.ASCII):
        raise Unusable(
            "생년월일 6자리 또는 사업자등록번호 10자리를 입력해 주세요.",
            "Enter 6 digits of birth or 10 of a business number.",
        )
    masked = f"{number[:3]}-{'*' * (len(number) - 6)}-{number[-3:]}"
    return Instrument(BANKS[bank], masked, bank, "company" if is_company else "personal")


def receipt_number_from(typed: Mapping[str, str]) -> str:
    """The number that a cash receipt is issued to: a mobile number, or a business number."""
    if typed.get("use") == "company":
        number, form = _digits(typed.get("business_no", "")), r"\d{10}"
    else:
        number, form = _digits(typed.get("phone", "")), r"01\d{8,9}"
    if not re.fullmatch(form, number, re.ASCII):
        raise Unusable("현금영수증을 받을 번호를 확인해 주세요.", "Please check the number for the cash receipt.")
    return number


def _digits(text: str) -> str:
    return re.sub(r"[\s-]", "", text)


def _expires(text: str) -> str:
    """MM/YY as YYMM, blank if it is none: blank is before every date."""
    match = re.fullmatch(r"(0[1-9]|1[0-2])\s*/?\s*(\d{2})", text.strip(), re.ASCII)
    return match[2] + match[1] if match else ""
