"""`python -m tests.planted`: put each known bug into real servers and see `tests.chaos` name the broken invariant.

First every campaign runs without a bug and must be clean.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.processes import ProcessGroup
from tests.chaos.watch import wait_until
from tests.planted.bugs import BUGS, Bug
from tests.tools.sources import ROOT

SEED = 2
LONGEST = 900.0
"""Seconds after which a run is ended; then it has failed."""

HUNTS = {
    ("forged", 0.1): (
        "forged_success_believed",
        "paid_again_by_a_late_result",
        "confirm_address_dialled_as_received",
        "secret_in_an_error_page",
        "owner_not_checked",
    ),
    ("webhooks", 0.1): ("webhook_believed",),
    ("wrong_money", 0.5): (
        "amount_not_compared",
        "method_not_compared",
        "number_not_compared",
        "refunded_payment_counts_as_paid",
        "other_method_not_asked",
        "orphan_not_cancelled",
        "second_payment_taken",
    ),
    ("races", 0.2): (
        "order_not_checked_before_the_confirm",
        "refunds_not_counted",
        "two_operators_at_once",
    ),
    ("oversell", 0.5): ("oversold", "stock_not_taken_again"),
    ("midnight", 0.3): ("trade_date_from_utc", "one_day_asked", "sweep_expires_without_asking"),
    ("fault_cells", 0.3): (
        "timeout_is_declined",
        "not_found_is_declined",
        "unknown_without_a_next_check",
        "partial_refund_repeated",
        "receipt_not_reduced",
    ),
}
"""The campaigns that meet the bugs, and so much of each figure."""
UNMET = {
    "intent_not_committed": "a worker has to die there, and the buyer has to come back at once",
    "late_charge_not_looked_for": "no campaign hides a payment for longer than its window is open",
}
"""Caught in process only, and why."""


@dataclass(frozen=True)
class Verdict:
    """What a run says: a sentence about each violated invariant, and why the run counts for nothing, if so."""

    violated: dict[str, str]
    broken: str = ""

    def catches(self, bug: Bug) -> bool:
        """Whether the run names what this bug breaks, even if it broke off because of it."""
        return bool(self.violated.keys() & bug.caught_by)


def main(arguments: Sequence[str]) -> int:
    """Hunt these bugs, or all; 0 if every one was caught and the shop without a bug was clean."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if unknown := set(asked.bugs) - set(BUGS):
        raise SystemExit(f"there is no bug {', '.join(sorted(unknown))}")
    chosen = {story: [name for name in names if name in (asked.bugs or BUGS)] for story, names in HUNTS.items()}
    clean = [_run("", *story, asked.seed) for story, names in chosen.items() if names]
    caught = [_run(name, *story, asked.seed) for story, names in chosen.items() for name in names]
    print(f"{sum(clean)} of {len(clean)} campaigns clean without a bug; {sum(caught)} of {len(caught)} bugs caught")
    return 0 if all(clean + caught) else 1


def _run(name: str, campaign: str, scale: float, seed: int) -> bool:
    """Run one campaign and print one line; whether it is as it should be."""
    began = time.monotonic()
    verdict = _verdict(name, campaign, scale, seed)
    is_right = verdict.catches(BUGS[name]) if name else not (verdict.violated or verdict.broken)
    found = " ".join(sorted(verdict.violated)) or "-"
    word = ("caught" if name else "clean") if is_right else "WRONG"
    print(f"{name or '(no bug)':<38}{campaign:<14}{found:<24}{word:<8}{time.monotonic() - began:>5.0f} s", flush=True)
    if not is_right:
        print("\n".join([*(f"    {key} {text}" for key, text in verdict.violated.items()), f"    {verdict.broken}"]))
    return is_right


def _verdict(name: str, campaign: str, scale: float, seed: int) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="planted-", dir="/tmp") as folder:
        report, log = Path(folder) / "report.json", Path(folder) / "log"
        command = [sys.executable, "-m", "tests.chaos", "--engine", "sqlite", "--only", campaign, "--bug", name]
        options = ["--scale", str(scale), "--seed", str(seed), "--json", str(report)]
        harness = ProcessGroup([*command, *options], ROOT, os.environ, log)
        try:
            wait_until(lambda: not harness.is_alive, LONGEST, pause=0.2)
        finally:
            harness.end()
        if not report.exists():
            return Verdict({}, f"no report: {log.read_text(encoding='utf-8')[-1_500:]}")
        figures = json.loads(report.read_text(encoding="utf-8"))["figures"]
    violated = {breach["invariant"]: breach["text"] for row in figures for breach in reversed(row["breaches"])}
    return Verdict(violated, "; ".join(row["broken"] for row in figures if row["broken"]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="BUG", help="just these")
    parser.add_argument("--seed", type=int, default=SEED, help="draw another schedule")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
