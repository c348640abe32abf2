"""The state machine, run: shortly in every ``make test``, longer in ``make test-full``, for long by hand.

    MODEL_EXAMPLES=2000 MODEL_STEPS=60 MODEL_SEED=1 nice python -m pytest tests/model -m full -s

The same seed plays the same examples again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import ShopMachine
from tests.model.stage import Stage, open_stage

SEED = int(os.environ.get("MODEL_SEED", "20261123"))
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "100"))
STEPS = int(os.environ.get("MODEL_STEPS", "50"))
PARTS = 4
"""The long run is cut into as many tests, so that several processes share it."""
SHRINKS = os.environ.get("MODEL_SHRINKS", "yes") == "yes"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as opened:
        yield opened


def long_run() -> list[object]:
    examples = EXAMPLES // PARTS
    return [
        pytest.param(SEED + part, examples, STEPS, marks=pytest.mark.full, id=f"full-{part}") for part in range(PARTS)
    ]


@pytest.mark.parametrize(("first_seed", "examples", "steps"), [pytest.param(SEED, 12, 25, id="short"), *long_run()])
def test_no_sequence_breaks_an_invariant(
    stage: Stage, first_seed: int, examples: int, steps: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    @seed(first_seed)
    class Machine(ShopMachine):
        pass

    Machine.stage = stage
    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if SHRINKS else [])],
    )
    print(f"MODEL_SEED={first_seed}: {examples} examples of {steps} steps")  # noqa: T201 - what repeats a failure
    run_state_machine_as_test(Machine, settings=wanted)

    assert Machine.paid, "a run in which nobody paid shows nothing"
