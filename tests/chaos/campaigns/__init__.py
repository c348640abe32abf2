"""The campaigns: one module per figure, with `FIGURE` and `run(stage, plan, report)`. The order is that of a run."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Protocol, cast

from tests.chaos.report import Figure, Report
from tests.chaos.schedule import Plan
from tests.chaos.stage import Stage

NAMES = (
    "forged",
    "webhooks",
    "wrong_money",
    "addresses",
    "hostile",
    "owners",
    "races",
    "oversell",
    "midnight",
    "fault_cells",
    "kills",
    "outages",
    "soak",
    "hung",
)


class Campaign(Protocol):
    """What a module of this package has."""

    FIGURE: Figure

    def run(self, stage: Stage, plan: Plan, report: Report) -> None:
        """Make the trials, count them, drain the stage, and write down what was violated."""


def load(name: str) -> Campaign:
    """A campaign by its name."""
    return cast("Campaign", importlib.import_module(f"{__name__}.{name}"))


def available() -> list[str]:
    """The campaigns that are there, in the order of a run."""
    return [name for name in NAMES if importlib.util.find_spec(f"{__name__}.{name}")]
