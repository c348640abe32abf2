"""The normal form of what people type or paste: no invisible marks, plain digits, no country code."""

import re
import unicodedata

import phonenumbers

COUNTRY_CODE = 82
SHORTEST_PHONE = 10
JOINERS = "\u200c\u200d"
"""Invisible, but they shape the letters and emoji around them."""
BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs that show nothing."""
DASHES = "ㅡ_·・−ー─⁃"
"""What people type for a dash, besides the signs that are one."""
_ORDER_NO = re.compile(r"([0-9]{8})[-\s]*([0-9A-Z]{8})(?![0-9A-Z])")


def one_line(value: str | None) -> str:
    """Text on one line, of whole syllables, without invisible marks; empty if nothing of it can be seen."""
    text = unicodedata.normalize("NFC", value or "")
    text = "".join(sign for sign in text if sign in JOINERS or unicodedata.category(sign) != "Cf")
    text = " ".join(text.split())
    is_visible = any(sign not in BLANKS and unicodedata.category(sign)[0] in "LNPS" for sign in text)
    return text if is_visible else ""


def digits(value: str | None) -> str:
    """A number in plain digits, without the dashes, dots, brackets and blanks people put between its parts."""
    text = _plain(value)
    return "".join(sign for sign in text if sign not in "-." and unicodedata.category(sign) not in ("Ps", "Pe", "Zs"))


def plain_amount(value: str | None) -> str:
    """A sum in plain digits: commas, blanks and the won sign do not matter."""
    return re.sub(r"[,\s₩원]", "", _plain(value))


def phone(value: str | None) -> str:
    """A Korean phone number as 01012345678; anything else as `digits` leaves it."""
    text = re.sub(r"^00[-\s]*(?=82)", "+", _plain(value))
    try:
        number = phonenumbers.parse(text, "KR")
    except phonenumbers.NumberParseException:
        return digits(value)
    prefixes = ("0", str(COUNTRY_CODE))  # 101-23-45678 is no phone
    has_prefix = phonenumbers.normalize_digits_only(text).startswith(prefixes)
    is_korean = has_prefix and number.country_code == COUNTRY_CODE and not number.extension
    return f"0{number.national_number}" if is_korean else digits(value)


def order_number(value: str | None) -> str:
    """An order number in capitals; also out of the pasted address of the order."""
    text = _plain(value).upper()
    found = _ORDER_NO.search(text)
    return "-".join(found.groups()) if found else text


def search_words(value: str | None) -> str:
    """An order number, a phone number or its last digits in their normal form, other words on one line."""
    number, phone_number = order_number(value), phone(value)
    if _ORDER_NO.fullmatch(number):
        return number
    is_whole = len(phone_number) >= SHORTEST_PHONE  # the last digits may begin with 0 or 82
    plain = phone_number if is_whole else digits(value)
    return plain if plain.isascii() and plain.isdigit() else one_line(value)


def _plain(value: str | None) -> str:
    """One line in plain letters and digits, with one kind of dash."""
    signs = ("-" if sign in DASHES or unicodedata.category(sign) == "Pd" else sign for sign in one_line(value))
    return unicodedata.normalize("NFKC", "".join(signs))
