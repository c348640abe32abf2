"""How messages look where Payple's documents differ among themselves: the run's policy has the last word."""

from __future__ import annotations

from collections.abc import Mapping

from shop.simulator.payment import Payment
from shop.simulator.policy import Policy
from shop.simulator.rules.opening import is_mixed

API_V2_CONFIRM_PATH = "/api/v1/payments/cards/approval/confirm"
NUMBERS = (
    *("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_PAY_TAXTOTAL", "PCD_PAYER_NO"),
    *("PCD_REFUND_TOTAL", "PCD_REFUND_TAXTOTAL", "PCD_TAXSAVE_AMOUNT"),
)


def worded(told: dict[str, str], payment: Payment, policy: Policy, origin: str) -> dict[str, str]:
    """A message of success: code of transfers, tax of orders that are not mixed, address of the confirm."""
    changes = {}
    if payment.method == "transfer" and told["PCD_PAY_CODE"] == "0000":
        changes["PCD_PAY_CODE"] = policy.transfer_code
    if policy.tax_in_result == "zero" and not is_mixed(payment.asked) and "PCD_PAY_TAXTOTAL" in told:
        changes["PCD_PAY_TAXTOTAL"] = "0"
    if policy.confirm_host == "api_v2" and payment.method == "card" and told.get("PCD_PAY_COFURL"):
        changes |= {"PCD_PAY_URL": API_V2_CONFIRM_PATH, "PCD_PAY_COFURL": origin + API_V2_CONFIRM_PATH}
    return told | changes


def as_json(told: Mapping[str, str], policy: Policy) -> dict[str, str | int]:
    """The members of an answer: strings, as documented, or numbers where some real answers have numbers."""
    if policy.numbers_as_numbers == "off":
        return dict(told)
    return {name: int(value) if name in NUMBERS and value.isdigit() else value for name, value in told.items()}
