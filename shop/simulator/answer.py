"""What the simulator says to a server: the fields, or silence."""

from __future__ import annotations

from dataclasses import dataclass, field

from shop.simulator import codes
from shop.simulator.rulebook import Rule


@dataclass(frozen=True)
class Answer:
    """`lost`: the effect has happened as the scenario wants it, and the answer never leaves; `seconds`: it is late."""

    fields: dict[str, str] = field(default_factory=dict)
    lost: bool = False
    seconds: float = 0.0


def error(code: str, message: str = "", **more: str) -> dict[str, str]:
    """A business refusal, as Payple words it."""
    return {"PCD_PAY_RST": "error", "PCD_PAY_CODE": code, "PCD_PAY_MSG": message or codes.message(code), **more}


def refusal(rule: Rule, method: str, **more: str) -> dict[str, str]:
    """The answer to a request that broke a rule."""
    return error(rule.code_for(method), rule.message_for(method), **more)
