"""Measure the shop against a bare Flask page in one run, by turns. No figure passes or fails."""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import requests

from tests.bench import hanging, large, pages, purchases, starting
from tests.bench.measuring import Row
from tests.bench.processes import bare_page
from tests.bench.shopper import Shopper
from tests.tools import postgres, servers
from tests.tools.servers import Program

SETTINGS = {"ADMIN_USERNAME": "bench", "ADMIN_PASSWORD": "a long bench password"}


def main() -> int:
    """Run everything; ``--json FILE`` keeps the figures."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--server", action="append", default=[], metavar="URL", help="measure a page elsewhere, too")
    options.add_argument("--large", action="store_true", help="measure 1,000,000 orders against 1,000 instead")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    wanted = options.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        found = large.rows(Path(folder), SETTINGS) if wanted.large else _rows(Path(folder), wanted.server)
        print(f"{'':55}  {'against':22}  {'median':>9}  {'middle half':>17}  {'CPU':>6}  wanted", flush=True)
        for row in found:
            rows.append(row)
            print(_line(row), flush=True)
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    return 0


def _rows(folder: Path, others: list[str]) -> Iterator[Row]:
    with ExitStack() as open_things:
        program = open_things.enter_context(servers.running(folder / "sqlite", SETTINGS))
        bare = open_things.enter_context(bare_page())
        yield from pages.rows(program, bare)
        for url in others:
            yield from pages.rows_of_server(url, bare)
        yield purchases.work(program, bare)
        yield from starting.rows(program, bare, SETTINGS, folder / "started")
        print(f"calls to the gateway for one payment: {json.dumps(_gateway_calls(program))}")
        yield from purchases.per_second("SQLite", program, SETTINGS)
        yield hanging.row(program)
    yield from _rows_on_postgresql(folder)


def _rows_on_postgresql(folder: Path) -> Iterator[Row]:
    programs = postgres.find_programs()
    if programs is None:
        return
    with postgres.temporary_cluster(programs) as cluster, cluster.fresh_database() as url:
        settings = SETTINGS | {"DATABASE_URL": url}
        with servers.running(folder / "postgresql", settings) as program:
            yield from purchases.per_second("PostgreSQL", program, settings)


def _gateway_calls(program: Program) -> dict[str, int]:
    """What reached the gateway for one payment of the default kind, as the gateway's own ledger has it."""
    buyer = Shopper(program)
    order_no = buyer.order()
    ledger = f"{program.simulator_url}/_sim/ledger"
    before = max((entry["seq"] for entry in requests.get(ledger, timeout=10).json()), default=0)
    buyer.pay(order_no)
    entries = requests.get(ledger, params={"after": before}, timeout=10).json()
    told = Counter(entry["op"] for entry in entries)
    return {op: told[op] for op in ("auth", "window", "confirm", "inquiry", "cancel")}


def _line(row: Row) -> str:
    median, low, high = (f"{value:.3g}{row.unit}" for value in (row.median, row.low, row.high))
    cpu = f"{row.cpu:.2f}x" if row.cpu is not None else ""
    return f"{row.name:55}  {row.against:22}  {median:>9}  {f'{low} to {high}':>17}  {cpu:>6}  {row.wanted}"


if __name__ == "__main__":
    sys.exit(main())
