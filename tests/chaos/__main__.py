"""`python -m tests.chaos`: run the campaigns against real servers, print one table, end with 1 if anything is wrong."""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Sequence

from tests.chaos import shop
from tests.chaos.campaigns import CAMPAIGNS
from tests.chaos.jobs import AT_REST, Job, run_side_by_side
from tests.chaos.report import Report, as_table, merged
from tests.chaos.stage import ENGINES
from tests.tools import postgres

QUICK_SEED = 1
"""What turns red between two changes is then about the change."""


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 0 if no invariant was violated and every figure was reached."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if shop.find_faketime() is None:
        print(f"libfaketime is missing, so no clock can be moved; on Debian: {shop.INSTALL}", file=sys.stderr)
        return 1
    if asked.engine == "both" and postgres.find_programs() is None:
        print(f"PostgreSQL is missing, so everything runs on SQLite; on Debian: {postgres.INSTALL}", file=sys.stderr)
        if os.environ.get("CI") == "true":
            return 1
        asked.engine = "sqlite"
    seed = asked.seed or (random.randrange(1, 1_000_000) if asked.full else QUICK_SEED)
    began = time.monotonic()
    found = _run_all(asked, seed)
    rows = [merged(of) for name in (*CAMPAIGNS, AT_REST) if (of := [one for one in found if one.name == name])]
    print(as_table(rows))
    print(f"seed {seed}; {time.monotonic() - began:.0f} s")
    return 0 if all(row.is_clean for row in rows) else 1


def _run_all(asked: argparse.Namespace, seed: int) -> list[Report]:
    """Both engines side by side, each in a process of its own; then, on one engine, what measures speed."""
    engines = ENGINES if asked.engine == "both" else (asked.engine,)
    chosen = [name for name in CAMPAIGNS if not asked.only or name in asked.only]
    shared = tuple(name for name in chosen if not CAMPAIGNS[name].on_one_engine)
    alone = tuple(name for name in chosen if CAMPAIGNS[name].on_one_engine)
    common = (seed, asked.full, asked.scale, asked.bug, asked.keep)
    first = [Job(one, shared, (place, len(engines)), *common) for place, one in enumerate(engines)] if shared else []
    last = [Job(engines[0], alone, (0, 1), *common)] if alone else []
    return [report for some in (first, last) if some for report in run_side_by_side(some)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the long run: about an hour")
    parser.add_argument("--seed", type=int, help="repeats a run; the quick one always draws the same")
    parser.add_argument("--only", nargs="+", metavar="CAMPAIGN", choices=tuple(CAMPAIGNS), help="just these")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--scale", type=float, default=1.0, help="so much of each figure, such as 0.1")
    parser.add_argument("--bug", default="", help="serve the shop with this planted bug")
    parser.add_argument("--keep", action="store_true", help="keep logs and databases of a clean run, too")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
