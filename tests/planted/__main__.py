"""`python -m tests.planted`: put each known bug into real servers and see `tests.chaos` name the broken invariant.

First every campaign runs without a bug and must be clean.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from tests.chaos.jobs import Job, run_side_by_side
from tests.planted.bugs import BUGS

SEED = 2

HUNTS = {
    ("forged", 0.1): (
        "forged_success_believed",
        "paid_again_by_a_late_result",
        "confirm_address_dialled_as_received",
    ),
    ("webhooks", 0.1): ("webhook_believed", "link_matched_by_the_webhook"),
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
    ("midnight", 0.3): ("trade_date_from_utc", "one_day_asked"),
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
    job = Job("sqlite", (campaign,), share=(0, 1), seed=seed, is_full=False, scale=scale, bug=name, keep=False)
    reports = run_side_by_side([job])
    violated = {breach.invariant: breach.text for report in reports for breach in report.breaches}
    broken = [report.broken for report in reports if report.broken]
    is_right = bool(violated.keys() & BUGS[name].caught_by) if name else not (violated or broken)
    found = " ".join(sorted(violated)) or "-"
    word = ("caught" if name else "clean") if is_right else "WRONG"
    print(f"{name or '(no bug)':<38}{campaign:<14}{found:<24}{word:<8}{time.monotonic() - began:>5.0f} s", flush=True)
    if not is_right:
        print("\n".join(f"    {line}" for line in [*map(" ".join, violated.items()), *broken]))
    return is_right


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
