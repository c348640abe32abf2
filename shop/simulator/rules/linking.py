"""Whether a payment link may be registered (링크결제 API)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shop.simulator import clock
from shop.simulator.links import METHODS
from shop.simulator.policy import Policy
from shop.simulator.rulebook import RULES, Rule
from shop.simulator.rules import opening
from shop.simulator.rules.partner import origin_of


def broken_by_link(asked: Mapping[str, str], policy: Policy, now: datetime) -> Rule | None:
    """The first rule that a registration breaks: those of the window, an hour to come, and a web address."""
    methods = METHODS.get(asked.get("PCD_PAY_TYPE", ""))
    if not methods or not opening.is_number(asked.get("PCD_PAY_TOTAL", "")):
        return RULES["link_malformed"]
    if any(opening.broken_by_fields(call(asked, method), policy) for method in methods):
        return RULES["link_malformed"]
    expires = asked.get("PCD_LINK_EXPIREDATE", "")
    if expires and not _is_hour_to_come(expires, now):
        return RULES["link_expiry_wrong"]
    goes_on = asked.get("PCD_LINK_URL", "")
    return RULES["link_url_wrong"] if goes_on and not origin_of(goes_on) else None


def call(asked: Mapping[str, str], method: str) -> dict[str, str]:
    """The window's call that a link stands for."""
    return {**asked, "PCD_PAY_TYPE": method, "PCD_PAY_WORK": "PAY", "PCD_RST_URL": "link"}


def _is_hour_to_come(text: str, now: datetime) -> bool:
    try:
        hour = datetime.strptime(text, "%Y%m%d%H").replace(tzinfo=clock.KOREA)
    except ValueError:
        return False
    return opening.is_number(text) and len(text) == len("yyyyMMddHH") and hour > now
