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

from tests.chaos import processes, shop
from tests.chaos.campaigns import CAMPAIGNS
from tests.chaos.drain import drain, judge
from tests.chaos.report import Plan, Report, as_json, as_table, is_clean, merged
from tests.chaos.stage import ENGINES, Stage, open_stage
from tests.tools import postgres

QUICK_SEED = 1
"""What turns red between two changes is then about the change."""
AT_REST = "everything at rest"

Reports = dict[tuple[str, str], Report]
"""By engine and campaign."""


@dataclass(frozen=True)
class Job:
    """What one process is to run, and on which engine."""

    engine: str
    names: tuple[str, ...]
    share: tuple[int, int]
    seed: int
    is_full: bool
    scale: float
    bug: str
    keep: bool


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; 0 if no invariant was violated and every figure was reached."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if asked.job:
        processes.die_with_parent()
        asked.job.write_bytes(pickle.dumps(_run(pickle.loads(asked.job.read_bytes()))))  # noqa: S301 - our own bytes
        return 0
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
    reports = _run_all(asked, seed)
    rows = [
        merged(of) for name in (*CAMPAIGNS, AT_REST) if (of := [one for key, one in reports.items() if key[1] == name])
    ]
    seconds = round(time.monotonic() - began, 1)
    print(as_table(rows))
    print(f"seed {seed}; {seconds:.0f} s")
    if asked.json:
        head = {"seed": seed, "full": asked.full, "scale": asked.scale, "seconds": seconds}
        asked.json.write_text(json.dumps(as_json(rows, **head), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if is_clean(rows) else 1


def _run_all(asked: argparse.Namespace, seed: int) -> Reports:
    """Both engines side by side, each in a process of its own; then, on one engine, what measures speed."""
    engines = ENGINES if asked.engine == "both" else (asked.engine,)
    chosen = [name for name in CAMPAIGNS if not asked.only or name in asked.only]
    shared = tuple(name for name in chosen if not CAMPAIGNS[name].on_one_engine)
    alone = tuple(name for name in chosen if CAMPAIGNS[name].on_one_engine)
    common = (seed, asked.full, asked.scale, asked.bug, asked.keep)
    found: Reports = {}
    if shared:
        found |= _side_by_side([Job(one, shared, (place, len(engines)), *common) for place, one in enumerate(engines)])
    if alone:
        found |= _side_by_side([Job(engines[0], alone, (0, 1), *common)])
    return found


def _side_by_side(jobs: list[Job]) -> Reports:
    """Each job in a process of its own; they give their reports back in a file each."""
    found: Reports = {}
    started: list[tuple[Path, subprocess.Popen[bytes]]] = []
    with tempfile.TemporaryDirectory(prefix="chaos-jobs-", dir="/tmp") as folder:
        try:
            for job in jobs:
                path = Path(folder) / job.engine
                path.write_bytes(pickle.dumps(job))
                started.append((path, subprocess.Popen([sys.executable, "-m", "tests.chaos", "--job", str(path)])))
            for path, process in started:
                if process.wait():
                    raise SystemExit(f"{path.name} broke off")
                for key, report in pickle.loads(path.read_bytes()).items():  # noqa: S301 - our own bytes
                    found[key] = report
        finally:
            for _, process in started:
                process.terminate()
                process.wait()
    return found


def _run(job: Job) -> Reports:
    """All campaigns of one engine on one stage, one after the other; then the reckoning."""
    reports: dict[str, Report] = {}
    with open_stage(job.engine, job.bug, keep=job.keep) as stage:
        for name in job.names:
            reports[name] = _campaign(stage, job, name)
        rest = Report(AT_REST, "stages", job.engine, 1)
        began = time.monotonic()
        judge(stage, drain(stage, rest), reports, rest)
        rest.seconds = time.monotonic() - began
        rest.trial()
        reports[AT_REST] = rest
        stage.keep_logs |= any(report.breaches or report.broken for report in reports.values())
    return {(job.engine, name): report for name, report in reports.items()}


def _campaign(stage: Stage, job: Job, name: str) -> Report:
    campaign = CAMPAIGNS[name]
    wanted = (campaign.full if job.is_full else campaign.quick) * job.scale / job.share[1]
    report = Report(name, campaign.unit, job.engine, max(1, round(wanted)))
    plan = Plan(name, job.seed, job.engine, report.wanted, job.is_full, job.share, job.scale)
    began = time.monotonic()
    try:
        campaign.run(stage, plan, report)
    except Exception:  # noqa: BLE001 - a campaign that broke off is a result, and the others still run
        report.broken = traceback.format_exc()[-1500:]
    stage.recover()
    stage.collect(report)
    report.seconds = time.monotonic() - began
    told = f"{report.cells.total()} trials, {len(report.breaches)} violated, {report.seconds:.0f} s"
    print(f"[{job.engine}] {name}: {told}", flush=True)
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the long run: about an hour")
    parser.add_argument("--seed", type=int, help="repeats a run; the quick one always draws the same")
    parser.add_argument("--only", nargs="+", metavar="CAMPAIGN", choices=tuple(CAMPAIGNS), help="just these")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report for programs")
    parser.add_argument("--scale", type=float, default=1.0, help="so much of each figure, such as 0.1")
    parser.add_argument("--bug", default="", help="serve the shop with this planted bug")
    parser.add_argument("--keep", action="store_true", help="keep logs and databases of a clean run, too")
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
