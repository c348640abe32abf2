"""Paying again with a billing key, from server to server; once or every month (quick guide, 빌링키 결제)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shop.simulator.billing_keys import BillingKey
from shop.simulator.payment import CashReceipt
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules.opening import LENGTHS, NO_TAX_GIVEN, is_number

MINIMUM_BY_CARD = 100
SECRETS = ("PCD_CST_ID", "PCD_CUST_KEY", "PCD_AUTH_KEY", "PCD_TAXSAVE_IDNUM")


def broken_by_request(asked: Mapping[str, str], flags: Mapping[str, str], key: BillingKey | None) -> Rule | None:
    """The first rule that a re-payment breaks; `flags` are those of its address, and come again in the request."""
    if any(asked.get(name) != value for name, value in flags.items()):
        return RULES["repay_flag_missing"]
    return (
        _broken_by_key(asked, key, flags["PCD_PAY_TYPE"])
        or _broken_by_fields(asked, flags["PCD_PAY_TYPE"])
        or (_broken_by_month(asked) if "PCD_REGULER_FLAG" in flags else None)
    )


def _broken_by_key(asked: Mapping[str, str], key: BillingKey | None, method: str) -> Rule | None:
    if not asked.get("PCD_PAYER_ID"):
        return RULES["key_missing"]
    if key is None:
        return RULES["key_unknown"]
    return None if key.method == method else RULES["key_of_other_method"]


def _broken_by_fields(asked: Mapping[str, str], method: str) -> Rule | None:
    total, tax = asked.get("PCD_PAY_TOTAL", ""), asked.get("PCD_PAY_TAXTOTAL", "")
    if not asked.get("PCD_PAY_GOODS", "").strip():
        return RULES["repay_goods_missing"]
    if any(len(asked.get(name, "")) > longest for name, longest in LENGTHS.items()):
        return RULES["field_too_long"]
    if not is_number(total) or asked.get("PCD_PAY_ISTAX", "") not in ("", "Y", "N"):
        return RULES["repay_malformed"]
    if int(total) < (MINIMUM_BY_CARD if method == "card" else 1):
        return RULES["repay_amount_low"]
    is_tax = tax in NO_TAX_GIVEN or (is_number(tax) and int(tax) < int(total))
    return None if is_tax else RULES["repay_malformed"]


def _broken_by_month(asked: Mapping[str, str]) -> Rule | None:
    if not re.fullmatch(r"20\d\d", asked.get("PCD_PAY_YEAR", ""), re.ASCII):
        return RULES["repay_year_wrong"]
    is_month = re.fullmatch(r"0[1-9]|1[0-2]", asked.get("PCD_PAY_MONTH", ""), re.ASCII)
    return None if is_month else RULES["repay_month_wrong"]


def receipt_wished(asked: Mapping[str, str], method: str) -> CashReceipt:
    """A re-payment has older names for the cash receipt: PCD_TAXSAVE_FLAG, PCD_TAXSAVE_TRADE, PCD_TAXSAVE_IDNUM."""
    if method != "transfer" or asked.get("PCD_TAXSAVE_FLAG") != "Y":
        return CashReceipt()
    return CashReceipt("answered", "company" if asked.get("PCD_TAXSAVE_TRADE") == "company" else "personal")
