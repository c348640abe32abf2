"""Commands for operators: ``flask --app app …``."""

import json
import logging
import threading
from dataclasses import asdict

import click
from flask import Flask

from shop import clock
from shop.services import catalogue, ledger, sweep
from shop.views.shop import client

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(seed)
    app.cli.add_command(show_ledger)
    app.cli.add_command(run_sweep)


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
        click.echo(json.dumps(asdict(sweep.run(client(), now=clock.now()))))
        return
    pause = threading.Event()
    while not pause.wait(every):
        try:
            click.echo(json.dumps(asdict(sweep.run(client(), now=clock.now()))))
        except Exception:  # a database that is away for a minute must not end the sweep for good
            log.exception("this run of the sweep failed; the next one tries again")
