"""`python -m tests.planted`: put each known bug into real servers and see `tests.chaos` name the broken invariant.

First every campaign runs without a bug and must be clean.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.processes import ProcessGroup
from tests.chaos.watch import wait_until
from tests.planted.bugs import BUGS
from tests.tools.sources import ROOT

SEED = 2
LONGEST = 900.0
"""Seconds after which a run is ended; then it has failed."""

HUNTS = {
    ("forged", 0.1): (
        "forged_success_believed",
        "paid_again_by_a_late_result",
        "confirm_address_dialled_as_received",
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
    ("races", 0.2): ("order_not_checked_before_the_confirm", "refunds_not_counted", "two_operators_at_once"),
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
"""The campaigns that meet the bugs, and so much of each figure. The other bugs are caught in process only."""


def main(arguments: Sequence[str]) -> int:
    """Hunt these bugs, or all; 0 if every one was caught and the shop without a bug was clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="BUG", help="just these")
    parser.add_argument("--seed", type=int, default=SEED, help="draw another schedule")
    asked = parser.parse_args(arguments)
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
    violated, trouble = _violated(name, campaign, scale, seed)
    is_right = bool(violated.keys() & BUGS[name].caught_by) if name else not (violated or trouble)
    found = " ".join(sorted(violated)) or "-"
    word = ("caught" if name else "clean") if is_right else "WRONG"
    print(f"{name or '(no bug)':<38}{campaign:<14}{found:<24}{word:<8}{time.monotonic() - began:>5.0f} s", flush=True)
    if not is_right:
        print("\n".join([*(f"    {key} {text}" for key, text in violated.items()), f"    {trouble}"]))
    return is_right


def _violated(name: str, campaign: str, scale: float, seed: int) -> tuple[dict[str, str], str]:
    """A sentence about each violated invariant, and why the run broke off, if it did."""
    command = [sys.executable, "-m", "tests.chaos", "--engine", "sqlite", "--only", campaign, "--bug", name]
    options = ["--scale", str(scale), "--seed", str(seed)]
    with tempfile.NamedTemporaryFile(prefix="planted-", dir="/tmp") as file:
        log = Path(file.name)
        harness = ProcessGroup([*command, *options], ROOT, os.environ, log)
        try:
            wait_until(lambda: not harness.is_alive, LONGEST, pause=0.2)
        finally:
            harness.end()
        table = log.read_text(encoding="utf-8")
    has_ended = f"seed {seed}; " in table
    broken = re.findall(r"^    broke off: (.*)", table, flags=re.MULTILINE) if has_ended else [table[-1_500:]]
    return dict(re.findall(r"^(I\d+) (\[.*)$", table, flags=re.MULTILINE)), "; ".join(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
