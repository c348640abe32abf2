"""What browser, shop and gateway say about an order, in time order.

The shop's journal holds its own calls and decisions, the simulator's ledger what passes between browser and gateway.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shop import clock
from shop.demo.decisions import Lines, lines_behind
from shop.models import JournalEntry, Order


class Lane(StrEnum):
    BROWSER = "browser"
    SHOP = "shop"
    GATEWAY = "gateway"


class Kind(StrEnum):
    """What an item is worth as evidence."""

    SENT = "sent"
    UNVERIFIED = "unverified"
    ANSWER = "answer"
    REFUSED = "refused"
    LOST = "lost"
    DECISION = "decision"
    EFFECT = "effect"


@dataclass(frozen=True)
class Item:
    """A message from one lane to another, or what happens inside one. ``key`` is unique and stays."""

    key: str
    at: datetime
    kind: Kind
    event: str
    sender: Lane
    receiver: Lane
    fields: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    seconds: float | None = None
    differing: frozenset[str] = frozenset()
    lines: Lines | None = None

    @property
    def korea_time(self) -> datetime:
        return clock.korea_time(self.at)

    @property
    def as_json(self) -> str:
        return json.dumps(dict(self.fields), ensure_ascii=False, indent=2)


def items_of(order: Order, journal: Iterable[JournalEntry], ledger: Iterable[Mapping[str, Any]]) -> list[Item]:
    """Return everything about an order, oldest first."""
    found = [*_of_journal(journal), *_of_ledger(ledger)]
    return sorted((_compared(order, item) for item in found), key=lambda item: item.at)


def _of_journal(journal: Iterable[JournalEntry]) -> Iterator[Item]:
    last_call = ""
    for entry in journal:
        evidence = _fields(entry.evidence)
        if "url" in entry.evidence:
            last_call = entry.event
            yield from _call(entry)
        elif entry.event in _HEARD:
            sender, kind = _HEARD[entry.event]
            yield Item(f"j{entry.id}", entry.at, kind, entry.event, sender, Lane.SHOP, evidence)
            if evidence.get("refused"):
                yield _decision(entry, "result_refused", evidence, last_call)
        else:
            yield _decision(entry, entry.event, evidence, last_call)


_HEARD = {
    "order_placed": (Lane.BROWSER, Kind.SENT),
    "attempt_started": (Lane.BROWSER, Kind.SENT),
    "result": (Lane.BROWSER, Kind.UNVERIFIED),
    "webhook": (Lane.GATEWAY, Kind.UNVERIFIED),
}


_OF_WINDOW = ("opened", "authenticated", "closed")


def _decision(entry: JournalEntry, event: str, evidence: Mapping[str, str], last_call: str) -> Item:
    lines = lines_behind(event, evidence.get("reason", ""), last_call)
    return Item(f"j{entry.id}-{event}", entry.at, Kind.DECISION, event, Lane.SHOP, Lane.SHOP, evidence, lines=lines)


def _call(entry: JournalEntry) -> Iterator[Item]:
    """A call of the shop: the request, and what became of it."""
    kept = entry.evidence
    asked, path = _fields(kept["request"]), str(kept["url"])
    yield Item(f"j{entry.id}", entry.at, Kind.SENT, entry.event, Lane.SHOP, Lane.GATEWAY, asked, path)
    seconds = float(kept["seconds"])
    at, kind, answer = entry.at + timedelta(seconds=seconds), Kind.LOST, {}
    if kept["outcome"] == "answered":
        answer = _fields(kept["response"])
        kind = Kind.ANSWER if "success" in (answer.get("result"), answer.get("PCD_PAY_RST")) else Kind.REFUSED
    yield Item(f"j{entry.id}-answer", at, kind, entry.event, Lane.GATEWAY, Lane.SHOP, answer, seconds=seconds)


def _of_ledger(ledger: Iterable[Mapping[str, Any]]) -> Iterator[Item]:
    for line in ledger:
        key, at, op, effect = f"l{line['seq']}", datetime.fromisoformat(line["at"]), line["op"], line["effect"]
        if op == "window":
            kind = Kind.SENT if line["outcome"] == "ok" else Kind.REFUSED
            yield Item(key, at, kind, "window", Lane.BROWSER, Lane.GATEWAY, _fields(line["asked"]))
        elif op in ("result", "close"):
            answered = _fields(line["answered"])
            yield Item(key, at, Kind.UNVERIFIED, "window_result", Lane.GATEWAY, Lane.BROWSER, answered)
        elif effect and effect not in _OF_WINDOW:
            amount = {"amount": _text(line["amount"])}
            yield Item(key, at, Kind.EFFECT, effect, Lane.GATEWAY, Lane.GATEWAY, amount)


def _compared(order: Order, item: Item) -> Item:
    """Mark the fields of a payment that differ from what was ordered."""
    attempts = {attempt.attempt_no: attempt for attempt in order.attempts}
    attempt = attempts.get(item.fields.get("PCD_PAY_OID", ""))
    if "PCD_PAY_OID" not in item.fields or "PCD_REFUND_TOTAL" in item.fields:
        return item
    if attempt is None:
        return Item(**vars(item) | {"differing": frozenset({"PCD_PAY_OID"})})
    wanted = {"PCD_PAY_TOTAL": str(attempt.amount), "PCD_PAY_TYPE": attempt.pay_type.value}
    differing = frozenset(name for name, value in wanted.items() if item.fields.get(name, value) != value)
    return Item(**vars(item) | {"differing": differing})


@dataclass(frozen=True)
class Moved:
    """What was charged and cancelled, in won."""

    charged: int
    cancelled: int


def money_moved(items: Iterable[Item]) -> Moved:
    """Add up what the gateway did, also under a number that is not the shop's."""
    charged = cancelled = 0
    for item in items:
        if item.kind is Kind.EFFECT and item.event == "charged":
            charged += int(item.fields["amount"])
        elif item.kind is Kind.EFFECT and item.event == "cancelled":
            cancelled += int(item.fields["amount"])
        elif item.kind is Kind.ANSWER and item.event == "confirm" and "PCD_PAY_OID" in item.differing:
            charged += int(item.fields["PCD_PAY_TOTAL"])
    return Moved(charged, cancelled)


def as_curl(item: Item, origin: str) -> str:
    """Return a call as a command. Its keys are masked."""
    body = json.dumps(dict(item.fields), ensure_ascii=False)
    return f"curl -X POST '{origin}{item.path}' -H 'Content-Type: application/json' -d '{body}'"


def as_markdown(order_no: str, items: Sequence[Item]) -> str:
    """Return the whole conversation for a support ticket."""
    parts = [f"# {order_no}"]
    for item in items:
        parts.append(f"## {item.at.isoformat(timespec='milliseconds')} {item.sender} → {item.receiver}: {item.event}")
        parts.append(f"{item.kind}" + (f", {item.path}" if item.path else ""))
        if item.fields:
            parts.append(f"```json\n{item.as_json}\n```")
    return "\n\n".join(parts) + "\n"


def _fields(message: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(value) for name, value in message.items() if value not in (None, "")}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
