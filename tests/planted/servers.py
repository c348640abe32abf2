"""Where each planted bug has to show when real servers have it: which campaign of the money-safety run, and how much.

``python -m tests.planted`` runs them. The servers and the sweep have the bug; what reads the books afterwards
(``ledger``) is the honest shop. Invariants have the names of ``tests/chaos/README.md``: where a bug breaks
another one there than in ``bug.caught_by``, ``also`` says which, and why.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.chaos.profile import Profile
from tests.planted.bugs import Bug

SETTING = "PLANTED_BUG"
INSTEAD = {"app:app": "tests.planted.app:app", "app": "tests.planted.app"}
"""What names the shop in a command, and what names the shop with a bug."""


@dataclass(frozen=True)
class Hunt:
    """The campaign that meets a bug, and so much of its figure; ``why`` this one, where that is not plain.

    ``also``: other invariants that the bug breaks in a server, each with the reason.
    """

    campaign: str
    scale: float
    why: str = ""
    also: Mapping[str, str] = field(default_factory=dict)

    @property
    def story(self) -> tuple[str, float]:
        """What is run; several bugs may share it."""
        return self.campaign, self.scale


@dataclass(frozen=True)
class Verdict:
    """What a run has told: the invariants that were violated, a sentence about each, and why it says nothing, if so."""

    violated: Mapping[str, str]
    missing: str = ""
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Run to its end, and nothing was violated."""
        return not (self.violated or self.missing)


def catches(bug: Bug, hunt: Hunt, verdict: Verdict) -> bool:
    """Whether the run has named what this bug breaks; one that broke off has said nothing."""
    return not verdict.missing and bool(verdict.violated.keys() & (bug.caught_by | hunt.also.keys()))


def stories(hunts: Iterable[Hunt]) -> list[tuple[str, float]]:
    """Everything that has to be clean without a bug, each once, in the order of the hunts."""
    return list(dict.fromkeys(hunt.story for hunt in hunts))


def verdict_of(report: Mapping[str, Any], seconds: float) -> Verdict:
    """What the harness's report for machines says; a figure that was not reached says nothing."""
    figures = report["figures"]
    missing = [row["missing"] or "too few trials" for row in figures if not row["reached"]]
    violated = {found["invariant"]: found["text"] for row in figures for found in reversed(row["violations"])}
    return Verdict(violated, "; ".join(missing) if figures else "no figure was run", seconds)


# --- how to run it --------------------------------------------------------------------------------------------------


def profile_with(name: str) -> Profile:
    """This repository's shop with a bug; without a name the same servers are honest."""
    usual = Profile()
    return replace(
        usual,
        linked=(*usual.linked, "tests"),
        serve=_planted(usual.serve),
        sweep=_planted(usual.sweep),
        settings={**usual.settings, SETTING: name},
    )


def _planted(command: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(INSTEAD.get(word, word) for word in command)


def as_json(profile: Profile) -> str:
    """A profile as ``--profile`` reads it."""
    return json.dumps(asdict(profile), default=str)


def command(story: tuple[str, float], seed: int, profile: Path, report: Path) -> list[str]:
    """One run of the harness: this campaign, so much of it, on SQLite."""
    campaign, scale = story
    chosen = ["--only", campaign, "--scale", str(scale), "--seed", str(seed), "--engine", "sqlite"]
    return [sys.executable, "-m", "tests.chaos", *chosen, "--profile", str(profile), "--json", str(report)]


# --- where to look --------------------------------------------------------------------------------------------------

HUNTS: dict[str, Hunt] = {
    "forged_success_believed": Hunt("forged", 0.1),
    "webhook_believed": Hunt("webhooks", 0.1),
    "stock_back_on_forged_failure": Hunt("forged", 0.1),
    "paid_again_by_a_late_result": Hunt("forged", 0.1, "real results come again there about refunded orders, too"),
    "confirm_address_dialled_as_received": Hunt("addresses", 0.15),
    "cookie_from_the_result_route": Hunt(
        "forged", 0.1, also={"I11": "a cookie for whoever posts a result is told with what lies have done"}
    ),
    "amount_not_compared": Hunt("wrong_money", 0.16),
    "method_not_compared": Hunt("wrong_money", 0.16),
    "refunded_payment_counts_as_paid": Hunt("wrong_money", 0.16),
    "number_not_compared": Hunt("wrong_money", 0.16),
    "success_by_substring": Hunt(
        "hostile",
        0.02,
        "its first answer, and that is all of it, says yes with an odd code when nothing was charged",
        also={"I1": "from outside a yes that is none is an order that is paid and was never charged"},
    ),
    "timeout_is_declined": Hunt("fault_cells", 0.2, "lost confirms, and buyers who pay again"),
    "not_found_is_declined": Hunt("fault_cells", 0.2, "lost confirms that are found late, and buyers who pay again"),
    "trade_date_from_utc": Hunt("midnight", 0.2, "midnight in Korea is three in the afternoon in UTC"),
    "confirmed_twice": Hunt("fault_cells", 0.2),
    "intent_not_committed": Hunt(
        "races", 0.06, "two posts of one result are two confirms when nobody knows of the first"
    ),
    "order_not_checked_before_the_confirm": Hunt("races", 0.06, "both windows of an order are gone through"),
    "authentication_reused": Hunt("forged", 0.1, "threads there ask and refund more than once"),
    "sweep_expires_without_asking": Hunt(
        "midnight", 0.2, "payments that no browser and no webhook reports, and a sweep when their windows are over"
    ),
    "unknown_without_a_next_check": Hunt("fault_cells", 0.2, "confirms without an answer"),
    "one_day_asked": Hunt("midnight", 0.2, "windows that are opened before midnight and used after it"),
    "other_method_not_asked": Hunt("wrong_money", 0.16),
    "orphan_not_cancelled": Hunt("wrong_money", 0.16),
    "second_payment_taken": Hunt("wrong_money", 0.16, "both windows of an order charge"),
    "partial_refund_repeated": Hunt("fault_cells", 0.2),
    "refunds_not_counted": Hunt("races", 0.06, "refund forms that claim too much"),
    "refund_amount_from_the_form": Hunt("races", 0.06, "refund forms that claim too much"),
    "two_operators_at_once": Hunt(
        "races",
        0.2,
        "two people have to meet in the same moment, so they get more tries than the others",
        also={"I7": "two refunds of a part fit into what is left, and only one of them was due"},
    ),
    "receipt_not_reduced": Hunt("fault_cells", 0.2, "transfers with a cash receipt are refunded"),
    "oversold": Hunt("oversell", 0.3),
    "secret_in_an_error_page": Hunt("owners", 0.1, "strangers are told that nothing is here"),
    "owner_not_checked": Hunt("owners", 0.1),
}
UNMET = {
    "refused_confirm_is_repeated": "no campaign posts a result again after the confirm was refused",
    "late_charge_not_looked_for": "no campaign hides a payment for longer than its window is open",
    "stock_not_taken_again": "no campaign pays late for goods of which there are few",
}
"""Bugs that no campaign meets, and why. They are caught in process only."""
