"""The schedule: drawn from a seed, the same every time, one line per step."""

from __future__ import annotations

import json
from pathlib import Path

from tests.chaos.schedule import Plan


def plan(seed: int = 7, **values: object) -> Plan:
    return Plan("soak", seed, "sqlite", 10, **values)  # type: ignore[arg-type]  # each test names what it needs


def test_the_same_seed_gives_the_same_dice() -> None:
    assert [plan().dice("a").random() for _ in range(2)] == [plan().dice("a").random()] * 2
    assert plan().dice("a").random() != plan().dice("b").random()
    assert plan().dice("a").random() != plan(8).dice("a").random()


def test_a_step_throws_its_own_dice_whoever_asks_and_however_often() -> None:
    made = plan()
    first, second = made.step(), made.step()

    assert first.dice.random() == first.dice.random() == plan().step().dice.random()
    assert first.dice.random() != second.dice.random()


def test_every_step_is_a_line_that_says_how_to_repeat_it(tmp_path: Path) -> None:
    written = tmp_path / "soak.jsonl"
    made = plan(schedule=written)
    steps = [made.step(op="confirm", kind="reset"), made.step(op="cancel", kind="drip")]

    lines = [json.loads(line) for line in written.read_text().splitlines()]

    assert lines == [json.loads(step.line) for step in steps]
    assert lines[1] == {"campaign": "soak", "engine": "sqlite", "step": 2, "seed": 7, "op": "cancel", "kind": "drip"}


def test_two_engines_share_a_table_and_nobody_leaves_anything_out() -> None:
    cells = list(range(7))
    halves = [plan(share=(which, 2)).mine(cells) for which in (0, 1)]

    assert sorted(halves[0] + halves[1]) == cells
    assert abs(len(halves[0]) - len(halves[1])) <= 1
    assert plan().mine(cells) == cells
