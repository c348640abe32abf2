"""What a campaign will do, decided before it does it: drawn from a seed, written down, repeatable line by line."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Step:
    """One line of the schedule: what is done to whom. Its dice fall the same way whenever the seed is the same."""

    campaign: str
    engine: str
    number: int
    seed: int
    what: dict[str, object]

    @property
    def dice(self) -> random.Random:
        """Fresh dice of this step, whichever thread it runs in."""
        return random.Random(f"{self.seed}:{self.campaign}:{self.engine}:{self.number}")

    @property
    def line(self) -> str:
        """As it stands in the schedule."""
        head = {"campaign": self.campaign, "engine": self.engine, "step": self.number, "seed": self.seed}
        return json.dumps(head | self.what, ensure_ascii=False, default=str)


@dataclass
class Plan:
    """What one campaign is asked for on one engine.

    `count` is this engine's share of the figure. `share` is (which, of how many): a campaign with a fixed table of
    cells takes `plan.mine(cells)`. Make all steps first, then run them in a crowd: then the schedule does not depend
    on which thread was faster.
    """

    campaign: str
    seed: int
    engine: str
    count: int
    is_full: bool = False
    share: tuple[int, int] = (0, 1)
    schedule: Path | None = None
    steps: list[Step] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def dice(self, name: str = "") -> random.Random:
        """Dice of the whole campaign, the same ones every time, and others on the other engine."""
        return random.Random(f"{self.seed}:{self.campaign}:{self.engine}:{name}")

    def step(self, **what: object) -> Step:
        """Write down one step, and answer it."""
        with self._lock:
            step = Step(self.campaign, self.engine, len(self.steps) + 1, self.seed, what)
            self.steps.append(step)
            if self.schedule:
                with self.schedule.open("a", encoding="utf-8") as lines:
                    lines.write(step.line + "\n")
        return step

    def mine(self, items: Sequence[Item]) -> list[Item]:
        """This engine's part of a fixed table: every other item when there are two engines."""
        which, of = self.share
        return list(items[which::of])
