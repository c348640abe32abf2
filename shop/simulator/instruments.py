"""Cards and accounts as the payer types them: checked, masked, and never kept as typed."""

import hashlib
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
ISSUERS = {
    "999901": "삼성카드", "999902": "신한카드", "999903": "KB국민카드", "999904": "현대카드", "999905": "롯데카드",
    "999906": "하나카드", "999907": "우리카드", "999908": "NH농협카드", "999909": "비씨카드",
}  # fmt: skip
OTHER_ISSUER = "시뮬레이터카드"
INSTALMENT_MINIMUM = 50_000
INSTALMENTS = (0, *range(2, 13))
TEST_PASSWORD = "123456"  # noqa: S105 - the one that every made-up billing key has
TEST_RECEIPT = {"phone": "01000000000", "business_no": "1234567890"}


class Unusable(ValueError):
    """What was typed cannot be a card or an account; carries the sentence for the payer in Korean and English."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko, self.en = ko, en


def card_from(typed: Mapping[str, str], now: datetime) -> Instrument:
    """A card whose number, expiry, birth date or business number and password digits have the right form."""
    number = _digits(typed.get("card_number", ""))
    if not re.fullmatch(r"\d{15,16}", number, re.ASCII) or not is_luhn(number):
        raise Unusable("카드번호를 확인해 주세요.", "Please check the card number.")
    if _expires(typed.get("expiry", "")) < clock.trade_date(now)[2:6]:
        raise Unusable("유효기간을 확인해 주세요.", "Please check the expiry date.")
    _check_identity(typed.get("identity", ""))
    if not re.fullmatch(r"\d{2}", typed.get("password", ""), re.ASCII):
        raise Unusable("카드 비밀번호 앞 2자리를 입력해 주세요.", "Enter the first two digits of the card password.")
    masked = f"{number[:4]}-****-****-{number[-4:]}"
    mark = number[8:12] if number.startswith("9999") else ""
    return Instrument(ISSUERS.get(number[:6], OTHER_ISSUER), masked, fingerprint=_fingerprint(number), mark=mark)


def app_card_from(typed: Mapping[str, str]) -> Instrument:
    company = typed.get("company", "")
    if company not in ISSUERS:
        raise Unusable("카드사를 선택해 주세요.", "Please choose a card company.")
    return Instrument(ISSUERS[company], f"{company[:4]}-****-****-0002", code=company)


def instalments_from(typed: Mapping[str, str], total: int) -> int:
    """Months of an app card; 0 is a lump sum, and below 50,000 won there is nothing else."""
    months = typed.get("instalments", "0")
    if months not in {str(choice) for choice in instalments_for(total)}:
        raise Unusable("할부 개월을 확인해 주세요.", "Please check the instalments.")
    return int(months)


def instalments_for(total: int) -> tuple[int, ...]:
    return INSTALMENTS if total >= INSTALMENT_MINIMUM else (0,)


def account_from(typed: Mapping[str, str]) -> Instrument:
    """A personal or business account whose bank, number and holder number have the right form."""
    bank, number = typed.get("bank", ""), _digits(typed.get("account", ""))
    if re.fullmatch(r"01\d{8,9}", number, re.ASCII):
        raise Unusable(
            "평생계좌번호가 아닌 실계좌번호를 입력해 주세요.",
            "Enter the account's own number, not a phone-number alias.",
        )
    if bank not in BANKS or not re.fullmatch(r"\d{10,14}", number, re.ASCII) or len(set(number)) == 1:
        raise Unusable("은행과 계좌번호를 확인해 주세요.", "Please check bank and account number.")
    is_company = typed.get("holder") == "company"
    _check_identity(typed.get("business_no" if is_company else "birth", ""), 10 if is_company else 6)
    masked = f"{number[:3]}-{'*' * (len(number) - 6)}-{number[-3:]}"
    mark = number[6:10] if number == account_number(number[6:10]) else ""
    holder = "company" if is_company else "personal"
    return Instrument(BANKS[bank], masked, bank, holder, _fingerprint(bank + number), mark)


def check_password(typed: Mapping[str, str]) -> None:
    """The payment password that belongs to a billing key, or the code of the text message."""
    if typed.get("payment_password", "") != TEST_PASSWORD:
        raise Unusable(
            f"비밀번호가 맞지 않습니다. 테스트 비밀번호는 {TEST_PASSWORD}입니다.",
            f"This is not the password. The test password is {TEST_PASSWORD}.",
        )


def receipt_number_from(typed: Mapping[str, str]) -> str:
    if typed.get("use") == "company":
        number, form = _digits(typed.get("business_no", "")), r"\d{10}"
    else:
        number, form = _digits(typed.get("phone", "")), r"01\d{8,9}"
    if not re.fullmatch(form, number, re.ASCII):
        raise Unusable("현금영수증을 받을 번호를 확인해 주세요.", "Please check the number for the cash receipt.")
    return number


def _check_identity(text: str, length: int = 0) -> None:
    """Six digits of birth, or ten of a business number; `length` admits only one of them."""
    number = _digits(text)
    birth = r"\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
    if not re.fullmatch(rf"{birth}|\d{{10}}", number, re.ASCII) or length not in (0, len(number)):
        raise Unusable(
            "생년월일 6자리 또는 사업자등록번호 10자리를 입력해 주세요.",
            "Enter 6 digits of birth or 10 of a business number.",
        )


def _digits(text: str) -> str:
    return re.sub(r"[\s-]", "", text)


def _fingerprint(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:32]


def _expires(text: str) -> str:
    """MM/YY as YYMM, blank if it is none: blank is before every date."""
    match = re.fullmatch(r"(0[1-9]|1[0-2])\s*/?\s*(\d{2})", text.strip(), re.ASCII)
    return match[2] + match[1] if match else ""


def is_luhn(number: str) -> bool:
    doubled = (int(digit) * 2 if place % 2 else int(digit) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004 - digits


def card_number(mark: str = "0000") -> str:
    """The made-up card whose digits 9 to 12 name a scenario; 0000 names none."""
    head = f"99990102{mark}000"
    return next(head + str(check) for check in range(10) if is_luhn(head + str(check)))


def account_number(mark: str = "0000") -> str:
    """The made-up account whose digits 7 to 10 name a scenario; 0000 names none."""
    return f"100200{mark}456"


TEST_CARD = {
    "card_number": " ".join(re.findall("....", card_number())),
    "expiry": "12/39",
    "identity": "900101",
    "password": "00",
}
TEST_ACCOUNT = {"bank": "020", "account": account_number(), "birth": "900101", "business_no": "1234567890"}
