"""Commands for operators: ``flask --app app …``."""

import json
import logging
import sys
import threading
from dataclasses import asdict
from datetime import datetime

import click
from flask import Flask

from shop import clock
from shop.errors import StaffProblem
from shop.services import catalogue, ledger, reconciling, staff, sweep
from shop.services.leases import Busy
from shop.services.reconciling import Period
from shop.views.shop import client

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(seed)
    app.cli.add_command(show_ledger)
    app.cli.add_command(run_sweep)
    app.cli.add_command(reconcile)
    app.cli.add_command(staff_accounts)


@click.command("seed")
def seed() -> None:
    """Put the demo catalogue into an empty shop."""
    click.echo(json.dumps({"added": catalogue.seed_demo()}))


@click.command("ledger")
def show_ledger() -> None:
    """Print every attempt as one JSON object per line."""
    for line in ledger.lines():
        click.echo(json.dumps(asdict(line), ensure_ascii=False))


@click.command("sweep")
@click.option("--every", type=click.IntRange(min=1), help="Repeat after this many seconds until stopped.")
def run_sweep(every: int | None) -> None:
    """Ask the gateway about everything open, settle it, expire unpaid orders; print what was done as JSON."""
    if every is None:
        click.echo(json.dumps(sweep.run(client(), now=clock.now()).as_json()))
        return
    pause = threading.Event()
    while not pause.wait(every):
        try:
            click.echo(json.dumps(sweep.run(client(), now=clock.now()).as_json()))
        except Exception:  # a database that is away for a minute must not end the sweep for good
            log.exception("this run of the sweep failed; the next one tries again")


DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("reconcile")
@click.option("--from", "first", type=DAY, required=True, help="The first Korean day, such as 2026-11-01.")
@click.option("--to", "last", type=DAY, required=True, help="The last one; 31 days at most.")
def reconcile(first: datetime, last: datetime) -> None:
    """Hold the shop's books against the gateway's answers for some days; print sums and differences as JSON."""
    period = Period(first.date(), last.date())
    if not period.is_valid:
        raise click.ClickException("The days have to be in order, and no more than 31.")
    try:
        result = reconciling.run(client(), period, by="command line", now=clock.now())
    except Busy as busy:
        result = {"skipped": f"a reconciliation is running until {busy.until.isoformat(timespec='seconds')}"}
    click.echo(json.dumps(result, ensure_ascii=False))


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
        staff.add(name, password, now=clock.now())
    except StaffProblem as problem:
        raise click.ClickException(_told(problem)) from problem
    click.echo(f"{name} can sign in now.")


@staff_accounts.command("disable")
@click.argument("name")
def disable_staff(name: str) -> None:
    """Close an account for good. What it did stays in the journal."""
    try:
        staff.disable(name, now=clock.now())
    except StaffProblem as problem:
        raise click.ClickException(_told(problem)) from problem
    click.echo(f"{name} can no longer sign in.")


def _told(problem: StaffProblem) -> str:
    return {
        StaffProblem.Reason.NAME: f"A name is one word of at most {staff.LONGEST_NAME} letters.",
        StaffProblem.Reason.PASSWORD: (
            f"A password has {staff.LEAST_PASSWORD} to {staff.LONGEST_PASSWORD} characters."
        ),
        StaffProblem.Reason.TAKEN: "There is an account of this name already.",
        StaffProblem.Reason.UNKNOWN: "There is no account of this name.",
    }[problem.reason]
