"""The fields of the wire: their documented lengths, and how amounts and taxes are written."""

from collections.abc import Mapping

Fields = dict[str, str]

LONGEST_NUMBER = 20
LENGTHS = {
    "PCD_PAY_TYPE": 20,
    "PCD_PAY_WORK": 20,
    "PCD_CARD_VER": 2,
    "PCD_PAY_GOODS": 255,
    "PCD_PAY_TOTAL": 10,
    "PCD_PAY_OID": 255,
    "PCD_PAYER_NO": 20,
    "PCD_PAYER_NAME": 80,
    "PCD_PAYER_HP": 15,
    "PCD_PAYER_EMAIL": 100,
    "PCD_PAY_ISTAX": 1,
    "PCD_PAY_TAXTOTAL": 9,
    "PCD_TAXSAVE_FLAG": 1,
    "PCD_SIMPLE_FLAG": 1,
    "PCD_PAYER_ID": 255,
    "PCD_USER_DEFINE1": 2048,
    "PCD_USER_DEFINE2": 2048,
}
# Shorter ones that third parties have met in the clientKey window: by all of them, and by some.
CLIENT_KEY_LENGTHS = LENGTHS | {"PCD_PAYER_NO": 18, "PCD_PAY_GOODS": 50, "PCD_PAY_OID": 30}
STRICT_LENGTHS = CLIENT_KEY_LENGTHS | {"PCD_PAYER_NAME": 20, "PCD_PAYER_EMAIL": 50}
# A monthly payment: with the flag, a billing key pays a month once.
MONTH = ("PCD_REGULER_FLAG", "PCD_PAY_YEAR", "PCD_PAY_MONTH")
# What is not kept with a payment or a link.
SECRETS = ("PCD_CST_ID", "PCD_CUST_KEY", "PCD_AUTH_KEY", "PCD_TAXSAVE_IDNUM")
# Official samples send all of these for "no VAT given".
NO_TAX_GIVEN = ("", "0", "NaN")


def is_too_long(asked: Mapping[str, str], lengths: Mapping[str, int] = LENGTHS) -> bool:
    return any(len(asked.get(name, "")) > longest for name, longest in lengths.items())


def is_number(value: str) -> bool:
    """Whether a field is digits and nothing else, and not more of them than the longest documented number has."""
    return value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER


def is_tax(value: str, total: int) -> bool:
    """Whether a VAT is left out, or a number below the total."""
    return value in NO_TAX_GIVEN or (is_number(value) and int(value) < total)


def is_mixed(asked: Mapping[str, str]) -> bool:
    """Whether a call names the VAT itself, because only a part of the goods is taxed."""
    return asked.get("PCD_PAY_ISTAX") != "N" and asked.get("PCD_PAY_TAXTOTAL", "") not in NO_TAX_GIVEN


def contained_tax(asked: Mapping[str, str]) -> int:
    """The VAT of a payment: as sent for a mixed order, none for an exempt one, else total / 11 rounded."""
    if asked.get("PCD_PAY_ISTAX") == "N":
        return 0
    return int(asked["PCD_PAY_TAXTOTAL"]) if is_mixed(asked) else (int(asked["PCD_PAY_TOTAL"]) * 2 + 11) // 22


def month_of(asked: Mapping[str, str]) -> Fields:
    """The flag, year and month of a monthly payment; nothing for any other."""
    return {name: asked.get(name, "") for name in MONTH} if asked.get("PCD_REGULER_FLAG") == "Y" else {}
