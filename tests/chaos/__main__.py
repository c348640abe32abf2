"""`python -m tests.chaos`: run the campaigns against real servers, print one table, end with 1 if anything is wrong."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import campaigns, clockwork, processes, profile
from tests.chaos.drain import collect
from tests.chaos.profile import Profile
from tests.chaos.report import Report, Row, as_json, as_table, is_clean, merged
from tests.chaos.schedule import Plan
from tests.chaos.stage import ENGINES, Stage, open_stage
from tests.tools import postgres

QUICK_SEED = 1
"""What turns red between two changes is then about the change; the full run draws another schedule each time."""
ALONE = ("hung",)
"""What measures how fast pages are runs by itself, on one engine, when everything else is over."""


Reports = dict[tuple[str, str], Report]
"""By engine and campaign."""


@dataclass(frozen=True)
class Order:
    """What one process is to run, and on which engine."""

    engine: str
    names: tuple[str, ...]
    share: tuple[int, int]
    seed: int
    is_full: bool
    scale: float
    profile: Profile
    schedules: Path
    keep: bool


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 0 if no invariant was violated and every figure reached."""
    asked = _parser().parse_args(arguments)
    if asked.seed is None:
        asked.seed = random.randrange(1, 1_000_000) if asked.full else QUICK_SEED
    signal.signal(signal.SIGTERM, _stop)
    if asked.carry_out:
        return _carry_out(asked.carry_out)
    if problem := _missing(asked.engine):
        print(problem, file=sys.stderr)
        if os.environ.get("CI") == "true":
            return 1
        asked.engine = "sqlite" if asked.engine == "both" and postgres.find_programs() is None else asked.engine
    began = time.monotonic()
    orders = _orders(asked)
    reports = _run_all([order for order in orders if order.names])
    rows = [_row(name, reports) for name in _chosen(asked.only) if any(key[1] == name for key in reports)]
    seconds = round(time.monotonic() - began, 1)
    print(as_table(rows))
    print(f"seed {asked.seed}; {seconds:.0f} s; schedules in {orders[0].schedules}")
    if asked.json:
        head = {"seed": asked.seed, "full": asked.full, "scale": asked.scale, "seconds": seconds}
        asked.json.write_text(json.dumps(as_json(rows, **head), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if is_clean(rows) else 1


def _stop(_number: int, _frame: object) -> None:
    """Whoever asks us to stop gets everything ended that we have started."""
    sys.exit(1)


def _run_all(orders: list[Order]) -> Reports:
    """Both engines side by side, each in a process of its own; then, in this one, what has to run alone."""
    crowded = [order for order in orders if order.names != ALONE]
    found = _run(crowded[0]) if len(crowded) == 1 else _side_by_side(crowded)
    for order in orders:
        if order.names == ALONE:
            found |= _run(order)
    return found


def _side_by_side(orders: list[Order]) -> Reports:
    """Each order in a process of its own; they give their reports back in a file each."""
    found: Reports = {}
    started = []
    for order in orders:
        path = order.schedules / f"{order.engine}.order"
        path.write_bytes(pickle.dumps(order))
        started.append((path, subprocess.Popen([sys.executable, "-m", "tests.chaos", "--carry-out", str(path)])))
    try:
        for path, process in started:
            if process.wait():
                raise SystemExit(f"{path.stem} broke off")
            found |= pickle.loads(path.read_bytes())  # noqa: S301 - our own process has written it
    finally:
        for _, process in started:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return found


def _carry_out(path: Path) -> int:
    """The other side of it."""
    processes.die_with_parent()
    path.write_bytes(pickle.dumps(_run(pickle.loads(path.read_bytes()))))  # noqa: S301 - our own process has written it
    return 0


def _run(order: Order) -> Reports:
    """All campaigns of one engine, on one stage."""
    found: Reports = {}
    with open_stage(order.engine, order.profile, keep=order.keep) as stage:
        for name in order.names:
            found[order.engine, name] = _campaign(stage, order, name)
    return found


def _campaign(stage: Stage, order: Order, name: str) -> Report:
    campaign = campaigns.load(name)
    figure = campaign.FIGURE
    wanted = max(1, round((figure.full if order.is_full else figure.quick) * order.scale / order.share[1]))
    report = Report(figure, order.engine, wanted)
    path = order.schedules / f"{name}-{order.engine}.jsonl"
    plan = Plan(name, order.seed, order.engine, wanted, order.is_full, order.share, path)
    began = time.monotonic()
    if missing := [need for need in figure.needs if not stage.can(need)]:
        report.not_run(f"this shop or machine lacks: {', '.join(missing)}")
    else:
        try:
            campaign.run(stage, plan, report)
        except Exception:  # noqa: BLE001 - a broken campaign is a result too, and the others still run
            report.not_run("the campaign broke: " + traceback.format_exc()[-1500:])
            stage.recover()
        collect(stage, report)
    report.seconds = time.monotonic() - began
    print(
        f"[{order.engine}] {name}: {report.trials} trials, {len(report.violations)} violated, {report.seconds:.0f} s",
        flush=True,
    )
    return report


def _orders(asked: argparse.Namespace) -> list[Order]:
    engines = ENGINES if asked.engine == "both" else (asked.engine,)
    chosen = _chosen(asked.only)
    together = tuple(name for name in chosen if name not in ALONE)
    alone = tuple(name for name in chosen if name in ALONE)
    schedules = Path(tempfile.mkdtemp(prefix="chaos-schedule-", dir="/tmp"))
    settings = profile.from_file(asked.profile) if asked.profile else Profile()
    common = (asked.seed, asked.full, asked.scale, settings, schedules, asked.keep)
    shared = [
        Order(engine, together, (number, len(engines)), *common) for number, engine in enumerate(engines) if together
    ]
    return [*shared, Order(engines[0], alone, (0, 1), *common)]


def _chosen(only: list[str] | None) -> list[str]:
    there = campaigns.available()
    if unknown := set(only or ()) - set(there):
        raise SystemExit(f"there is no campaign {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    return [name for name in there if not only or name in only]


def _row(name: str, reports: Reports) -> Row:
    return merged([report for (_, of), report in reports.items() if of == name])


def _missing(engine: str) -> str:
    """What this machine lacks, in a sentence each."""
    problems = []
    if clockwork.find_library() is None:
        problems.append(f"libfaketime is missing, so no figure can be run to its end; on Debian: {clockwork.INSTALL}")
    if engine != "sqlite" and postgres.find_programs() is None:
        problems.append(f"PostgreSQL is missing, so everything runs on SQLite; on Debian: {postgres.INSTALL}")
    return "\n".join(problems)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the long run: up to two hours")
    parser.add_argument("--seed", type=int, help="repeats a run; the quick one always draws the same")
    parser.add_argument("--only", nargs="+", metavar="CAMPAIGN", help="just these")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report for machines")
    parser.add_argument("--scale", type=float, default=1.0, help="so much of each figure, such as 0.1")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="how another shop is started (JSON)")
    parser.add_argument("--keep", action="store_true", help="leave folders and logs under /tmp")
    parser.add_argument("--carry-out", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
