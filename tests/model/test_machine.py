"""The state machine, run: quickly in every ``make test``, longer in ``make test-full``, for long by hand.

    MODEL_EXAMPLES=2000 MODEL_STEPS=60 MODEL_SEED=1 nice python -m pytest tests/model/test_machine.py -m full -s

runs the long one on SQLite, and a tenth of it on PostgreSQL. The same seed plays the same examples again.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model import stages
from tests.model.machine import ShopMachine
from tests.model.stage import Stage

SEED = int(os.environ.get("MODEL_SEED", "20261123"))
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "100"))
STEPS = int(os.environ.get("MODEL_STEPS", "50"))
SHRINKS = os.environ.get("MODEL_SHRINKS", "yes") == "yes"
QUICK_EXAMPLES, QUICK_STEPS = 40, 25
POSTGRESQL_SHARE = 10
"""One of so many examples: each one needs a database of its own, which PostgreSQL takes its time to copy."""


def play(stage: Stage, examples: int, steps: int) -> None:
    """Play so many examples; the seed stands in the output of a failure."""

    @seed(SEED)
    class Machine(ShopMachine):
        reached: ClassVar[Counter[str]] = Counter()

    Machine.stage = stage
    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if SHRINKS else [])],
    )
    print(f"\nMODEL_SEED={SEED}: {examples} examples of {steps} steps")  # noqa: T201 - what repeats a failure
    started = time.monotonic()
    try:
        run_state_machine_as_test(Machine, settings=wanted)
    finally:
        seconds = time.monotonic() - started
        print(f"{seconds:.0f} s, {examples / seconds:.1f} examples/s, reached: {dict(Machine.reached)}")  # noqa: T201
    assert Machine.reached["attempt paid"], "a run in which nobody paid shows nothing"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of faults on purpose need no lines in the log."""
    caplog.set_level(logging.CRITICAL)


def test_no_sequence_breaks_an_invariant(sqlite_stage: Stage) -> None:
    play(sqlite_stage, QUICK_EXAMPLES, QUICK_STEPS)


@pytest.mark.full
def test_no_longer_sequence_breaks_an_invariant(sqlite_stage: Stage) -> None:
    play(sqlite_stage, EXAMPLES, STEPS)


@pytest.mark.full
@pytest.mark.both_engines
def test_no_sequence_breaks_an_invariant_on_either_engine(
    database_engine: str, database_url: str, tmp_path: Path
) -> None:
    opened = stages.on_sqlite(tmp_path) if database_engine == "sqlite" else stages.on_postgresql(database_url, tmp_path)
    with opened as stage:
        play(stage, max(1, EXAMPLES // POSTGRESQL_SHARE), STEPS)
