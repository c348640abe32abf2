"""People who go on buying while something happens to the shop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from tests.chaos.barriers import lost
from tests.chaos.beside import beside
from tests.chaos.schedule import Step
from tests.chaos.stage import Stage


@contextmanager
def shopping(stage: Stage, step: Step, people: int) -> Iterator[None]:
    """So many people go on buying, as far as they get."""

    def shop_on(over: Event) -> None:
        while not over.is_set():
            lost(stage.buyer(step=step).buy)

    with beside(shop_on, "shopper", people):
        yield
