"""Secrets and people do not enter the ledger: a secret leaves a fingerprint, so that two uses can still be matched."""

import hashlib
from collections.abc import Mapping

SECRETS = {
    *("custKey", "AuthKey", "clientKey", "PCD_CUST_KEY", "PCD_AUTH_KEY", "PCD_REFUND_KEY"),
    *("PCD_PAY_REQKEY", "PCD_PAYER_ID"),
}
PERSONAL = {
    *("PCD_PAYER_NAME", "PCD_PAYER_HP", "PCD_PAYER_EMAIL"),
    *("PCD_TAXSAVE_IDENTINUM", "PCD_TAXSAVE_IDNUM"),
}
LONGEST_CST_ID = 8  # what is longer is a token
LONGEST_VALUE = 300


def masked(message: Mapping[str, str]) -> dict[str, str]:
    return {name: _masked_value(name, value) for name, value in message.items()}


def fingerprint(secret: str) -> str:
    return "•••• " + hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()[:8]


def _masked_value(name: str, value: str) -> str:
    if not value:
        return value
    if name in SECRETS or (name in ("cst_id", "PCD_CST_ID") and len(value) > LONGEST_CST_ID):
        return fingerprint(value)
    if name in PERSONAL:
        return value[0] + "***"
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"
