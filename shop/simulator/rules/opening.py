"""Whether a window may open: pages, fields, amounts (quick guide 3-3)."""

from __future__ import annotations

from collections.abc import Mapping

from shop.simulator.billing_keys import BillingKey
from shop.simulator.policy import Policy
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules import partner

MINIMUM_AMOUNT = 1_000
LONGEST_NUMBER = 20
LARGEST_PAYER_NO = 18_446_744_073_709_551_615

# The documented maximum lengths.
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
# Shorter ones that third parties have met in the newer window.
STRICT_LENGTHS = LENGTHS | {
    "PCD_PAYER_NO": 18,
    "PCD_PAYER_NAME": 20,
    "PCD_PAYER_EMAIL": 50,
    "PCD_PAY_GOODS": 50,
    "PCD_PAY_OID": 30,
}
PAYMENT_NEEDS = ("PCD_PAY_GOODS", "PCD_PAY_TOTAL", "PCD_RST_URL")
REQUIRED = {"PAY": PAYMENT_NEEDS, "CERT": PAYMENT_NEEDS, "AUTH": ("PCD_RST_URL",)}
NUMBERS = ("PCD_PAY_TOTAL", "PCD_PAYER_NO", "PCD_PAYER_HP")
# Official samples send all of these for "no VAT given".
NO_TAX_GIVEN = ("", "0", "NaN")


def broken_by_page(auth_host: str, referer: str, page_url: str) -> Rule | None:
    """AUTH0007: the page that opens the window is on the host (ports aside) that the authentication named."""
    if not referer:
        return RULES["referer_missing"]
    if not auth_host:
        return RULES["auth_referer_missing"]
    hosts = {partner.host_of(referer), partner.host_of(page_url or referer)}
    return RULES["referer_differs"] if hosts != {auth_host} else None


def broken_by_fields(asked: Mapping[str, str], policy: Policy) -> Rule | None:
    """The first rule that the window's fields break."""
    lengths = STRICT_LENGTHS if policy.strict_lengths == "on" else LENGTHS
    broken = _broken_by_choices(asked) or _broken_by_form(asked, lengths)
    return broken or (None if asked["PCD_PAY_WORK"] == "AUTH" else _broken_by_amount(asked))


def broken_by_key(asked: Mapping[str, str], key: BillingKey | None) -> Rule | None:
    """A password window, and a registration that renews a key, need a key that is registered for this method."""
    names_key = bool(asked.get("PCD_PAYER_ID")) and asked.get("PCD_CARD_VER") != "02"
    uses_key = asked.get("PCD_PAY_WORK") == "AUTH" or asked.get("PCD_SIMPLE_FLAG") == "Y"
    if not (names_key and uses_key):
        return None
    return None if key and key.method == asked.get("PCD_PAY_TYPE") else RULES["window_key_unknown"]


def _broken_by_choices(asked: Mapping[str, str]) -> Rule | None:
    if asked.get("PCD_PAY_TYPE") not in ("card", "transfer"):
        return RULES["method_unknown"]
    if asked.get("PCD_PAY_WORK") not in REQUIRED:
        return RULES["work_unknown"]
    version = asked.get("PCD_CARD_VER", "") if asked["PCD_PAY_TYPE"] == "card" else ""
    if version not in ("", "01", "02"):
        return RULES["card_version_unknown"]
    return RULES["app_card_unregistrable"] if version == "02" and asked["PCD_PAY_WORK"] == "AUTH" else None


def _broken_by_form(asked: Mapping[str, str], lengths: Mapping[str, int]) -> Rule | None:
    if not all(asked.get(name, "").strip() for name in REQUIRED[asked["PCD_PAY_WORK"]]):
        return RULES["field_missing"]
    if any(len(asked.get(name, "")) > longest for name, longest in lengths.items()):
        return RULES["field_too_long"]
    if not all(is_number(asked[name]) for name in NUMBERS if asked.get(name)):
        return RULES["field_malformed"]
    if int(asked.get("PCD_PAYER_NO") or 0) > LARGEST_PAYER_NO or asked.get("PCD_PAY_ISTAX", "") not in ("", "Y", "N"):
        return RULES["field_malformed"]
    return None


def _broken_by_amount(asked: Mapping[str, str]) -> Rule | None:
    total, tax = int(asked["PCD_PAY_TOTAL"]), asked.get("PCD_PAY_TAXTOTAL", "")
    if total < MINIMUM_AMOUNT:
        return RULES["amount_below_minimum"]
    if tax not in NO_TAX_GIVEN and (not is_number(tax) or int(tax) >= total):
        return RULES["field_malformed"]
    return None


def contained_tax(asked: Mapping[str, str]) -> int:
    """The VAT of a payment: as sent for a mixed order, none for an exempt one, else total / 11 rounded."""
    if asked.get("PCD_PAY_ISTAX") == "N":
        return 0
    return int(asked["PCD_PAY_TAXTOTAL"]) if is_mixed(asked) else (int(asked["PCD_PAY_TOTAL"]) * 2 + 11) // 22


def is_mixed(asked: Mapping[str, str]) -> bool:
    """Whether a call names the VAT itself, because only a part of the goods is taxed."""
    return asked.get("PCD_PAY_ISTAX") != "N" and asked.get("PCD_PAY_TAXTOTAL", "") not in NO_TAX_GIVEN


def is_number(value: str) -> bool:
    """Whether a field is digits and nothing else, and not more of them than the longest documented number has."""
    return value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER
