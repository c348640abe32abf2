"""One engine's part of a run: the campaigns one after the other on one stage, in a process of its own."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import active_children, get_context

from tests.chaos.campaigns import CAMPAIGNS
from tests.chaos.drain import drain, judge
from tests.chaos.report import Plan, Report
from tests.chaos.stage import Stage, open_stage
from tests.tools.processes import die_with_parent

AT_REST = "everything at rest"


@dataclass(frozen=True)
class Job:
    engine: str
    names: tuple[str, ...]
    share: tuple[int, int]
    seed: int
    is_full: bool
    scale: float
    bug: str
    keep: bool


def run_side_by_side(jobs: list[Job]) -> list[Report]:
    """Run each job in a process of its own, which ends its servers and dies with us."""
    with ProcessPoolExecutor(len(jobs), get_context("spawn"), _prepare_process) as pool:
        try:
            return [report for reports in pool.map(_run, jobs) for report in reports]
        except BaseException:
            for process in active_children():
                process.terminate()
            raise


def _prepare_process() -> None:
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def _run(job: Job) -> list[Report]:
    """All campaigns of one engine on one stage, one after the other; then the reckoning."""
    reports: dict[str, Report] = {}
    with open_stage(job.engine, job.bug, keep=job.keep) as stage:
        for name in job.names:
            reports[name] = _campaign(stage, job, name)
        rest = Report(AT_REST, job.engine, 1)
        began = time.monotonic()
        judge(stage, drain(stage, rest), reports, rest)
        rest.seconds = time.monotonic() - began
        rest.trial()
        reports[AT_REST] = rest
        stage.keep_logs |= not job.bug and any(report.breaches or report.broken for report in reports.values())
    return list(reports.values())


def _campaign(stage: Stage, job: Job, name: str) -> Report:
    campaign = CAMPAIGNS[name]
    wanted = (campaign.full if job.is_full else campaign.quick) * job.scale / job.share[1]
    report = Report(name, job.engine, max(1, round(wanted)))
    plan = Plan(name, job.seed, job.engine, report.wanted, job.is_full, job.share, job.scale)
    began = time.monotonic()
    try:
        campaign.run(stage, plan, report)
    except Exception:  # noqa: BLE001 - a campaign that broke off is a result, and the others still run
        report.broken = traceback.format_exc()[-1500:]
    stage.recover()
    stage.collect(report)
    report.seconds = time.monotonic() - began
    counted = f"{report.trials} trials, {len(report.breaches)} violated, {report.seconds:.0f} s"
    sys.stdout.write(f"[{job.engine}] {name}: {counted}\n")
    sys.stdout.flush()
    return report
