"""Commands for operators: ``flask --app app …``."""

import json
import logging
import sys
import threading
from dataclasses import asdict
from datetime import datetime

import click
from flask import Flask
from flask_babel import force_locale

from shop import doctor
from shop.errors import StaffProblem
from shop.extensions import client
from shop.services import catalogue, reports, staff, sweep

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    for command in (seed, show_ledger, run_sweep, reconcile, run_doctor, staff_accounts):
        app.cli.add_command(command)


@click.command("seed")
def seed() -> None:
    """Put the demo catalogue into an empty shop."""
    click.echo(json.dumps({"added": catalogue.seed_demo()}))


@click.command("ledger")
def show_ledger() -> None:
    """Print every attempt as one JSON object per line."""
    for line in reports.ledger():
        click.echo(json.dumps(line, ensure_ascii=False))


@click.command("sweep")
@click.option("--every", type=click.IntRange(min=1), help="Repeat after this many seconds until stopped.")
def run_sweep(every: int | None) -> None:
    """Settle what is open, charge subscriptions, send refunds, expire unpaid orders; print what was done as JSON."""
    if every is None:
        click.echo(json.dumps(asdict(sweep.run(client()))))
        return
    pause = threading.Event()
    while not pause.wait(every):
        try:
            click.echo(json.dumps(asdict(sweep.run(client()))))
        except Exception:  # a database that is away for a minute must not end the sweep for good
            log.exception("this run of the sweep failed; the next one tries again")


@click.command("reconcile")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="A trade date in Korea.")
def reconcile(day: datetime) -> None:
    """Ask the gateway about the payments of a trade date and print what differs, one JSON object per line."""
    result = reports.compare_day(client(), day.date())
    for difference in result.differences:
        click.echo(json.dumps(asdict(difference), ensure_ascii=False))
    sums = {"compared": result.compared, "differences": len(result.differences), "left": result.left}
    click.echo(json.dumps({"date": day.date().isoformat()} | sums))


@click.command("doctor")
def run_doctor() -> None:
    """Check settings, address, gateway, database and sweep. The exit status is 1 if something is bad."""
    with force_locale("en"):
        findings = doctor.examine()
    for finding in findings:
        click.echo(f"{finding.level:4}  {finding.check:8}  {finding.sentence}")
        if finding.advice:
            click.echo(f"{'':16}{finding.advice}")
    if not doctor.is_safe(findings):
        sys.exit(1)


@click.group("staff")
def staff_accounts() -> None:
    """Accounts for the staff area."""


@staff_accounts.command("add")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def add_staff(name: str, *, password_stdin: bool) -> None:
    """Make an account. The password is asked for, so that it stands in no history and no process list."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        staff.add(name, password)
    except StaffProblem as problem:
        raise click.ClickException(_sentence(problem)) from problem
    click.echo(f"{name} can sign in now.")


@staff_accounts.command("disable")
@click.argument("name")
def disable_staff(name: str) -> None:
    """Close an account for good. What it did stays in the journal."""
    try:
        staff.disable(name)
    except StaffProblem as problem:
        raise click.ClickException(_sentence(problem)) from problem
    click.echo(f"{name} can no longer sign in.")


def _sentence(problem: StaffProblem) -> str:
    return {
        StaffProblem.Reason.NAME: f"A name is one word of at most {staff.LONGEST_NAME} letters.",
        StaffProblem.Reason.PASSWORD: (
            f"A password has {staff.LEAST_PASSWORD} to {staff.LONGEST_PASSWORD} characters."
        ),
        StaffProblem.Reason.TAKEN: "There is an account of this name already.",
        StaffProblem.Reason.UNKNOWN: "There is no account of this name.",
    }[problem.reason]
