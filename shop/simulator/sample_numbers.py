"""Made-up cards and accounts: they pass every check, belong to nobody, and some call a scenario by four digits."""

from __future__ import annotations

import re

TEST_PASSWORD = "123456"  # noqa: S105 - the one that every made-up billing key has
TEST_RECEIPT = {"phone": "01000000000", "business_no": "1234567890"}


def is_luhn(number: str) -> bool:
    """The check digit that every card number has."""
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
