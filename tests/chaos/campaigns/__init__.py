"""The campaigns, in the order of a run, with the figures of a quick and a full one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.campaigns import (
    fault_cells,
    forged,
    kills,
    midnight,
    oversell,
    races,
    slow,
    soak,
    subscriptions,
    wrong_money,
)
from tests.chaos.report import Plan, Report
from tests.chaos.stage import Stage

Run = Callable[[Stage, Plan, Report], None]


@dataclass(frozen=True)
class Campaign:
    """A row of the table: how many trials of a quick and a full run, over both engines together.

    ``on_one_engine``: it measures how fast pages are, so it runs when the other engine is done.
    """

    quick: int
    full: int
    run: Run
    on_one_engine: bool = False


CAMPAIGNS: dict[str, Campaign] = {
    "forged": Campaign(1_000, 20_000, forged.post_results),
    "webhooks": Campaign(500, 10_000, forged.post_webhooks),
    "races": Campaign(120, 3_000, races.run),
    "oversell": Campaign(50, 500, oversell.run),
    "midnight": Campaign(30, 300, midnight.run),
    "fault_cells": Campaign(1, 10, fault_cells.run),
    "subscriptions": Campaign(1, 10, subscriptions.run),
    "kills": Campaign(40, 500, kills.run),
    "soak": Campaign(200, 5_000, soak.run),
    "wrong_money": Campaign(60, 600, wrong_money.run),
    "hanging": Campaign(10, 300, slow.hanging_gateway, on_one_engine=True),
    "stalled": Campaign(40, 40, slow.stalled_clients, on_one_engine=True),
}
