"""The scenarios as a list: for machines, for the console, and as README's table."""

from __future__ import annotations

from dataclasses import asdict

from shop.simulator.scenarios import SCENARIOS, Scenario
from shop.simulator.triggers import triggers_of

HEADINGS = ("id", "이름", "하는 일", "수단", "방식", "카드번호", "계좌번호", "금액 끝 세 자리")
BLANK = "–"


def for_machines() -> list[dict[str, object]]:
    """One row per scenario: its id, its names, what it does, for which payments, and every way to it."""
    return [_row(scenario) for scenario in SCENARIOS.values()]


def markdown() -> str:
    """The table that README shows."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(scenario) for scenario in SCENARIOS.values())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + "\n"


def _row(scenario: Scenario) -> dict[str, object]:
    ways = triggers_of(scenario) | {"arm": {"id": scenario.id}}
    return {
        "id": scenario.id,
        "ko": scenario.ko,
        "en": scenario.en,
        "does_ko": scenario.does_ko,
        "does_en": scenario.does_en,
        "methods": scenario.methods,
        "works": scenario.works,
        "code": scenario.code,
        "trigger": ways,
        "fault": [asdict(fault) for fault in scenario.faults],
        "policy": dict(scenario.policy),
    }


def _cells(scenario: Scenario) -> tuple[str, ...]:
    ways = triggers_of(scenario)
    numbers = (ways["card"], ways["account"], ways["amount"])
    return (
        f"`{scenario.id}`",
        scenario.ko,
        scenario.does_ko,
        ", ".join(scenario.methods),
        ", ".join(scenario.works),
        *(f"`{number}`" if number else BLANK for number in numbers),
    )
