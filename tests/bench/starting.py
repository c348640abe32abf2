"""What it takes to start, to stay in memory, and to load the first page."""

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.bench import processes
from tests.bench.measuring import Row, row_of
from tests.bench.processes import Server
from tests.tools import servers
from tests.tools.servers import Program

IMPORTS = 5
STARTS = 3
FILE = re.compile(r'(?:src|href)="(/static/[^"]+)"')


def rows(program: Program, bare: Server, settings: dict[str, str], folder: Path) -> Iterator[Row]:
    ours = processes.memory_of(processes.workers_of(program.process.pid, "shop"))
    theirs = statistics.mean(processes.memory_of(bare.workers))
    yield row_of("memory of a worker", "bare worker", "≤ 2.8", [one / theirs for one in ours])
    times = [
        processes.seconds_to_import("app", program.home, settings)
        / processes.seconds_to_import("flask", program.home, settings)
        for _pair in range(IMPORTS)
    ]
    yield row_of("import of app", "import of flask", "≤ 6.6", times)
    yield row_of("first page, transferred", "", "≤ 60 KB", [_first_page(program)], " KB")
    yield row_of("make run, second start", "", "≤ 1.5 s", list(_starts(folder, settings)), " s")


def _first_page(program: Program) -> float:
    """Kilobytes of the page and its files with their headers, as a browser loads them."""
    page = requests.get(program.shop_url, timeout=10)
    files = [requests.get(program.shop_url + path, timeout=10) for path in {*FILE.findall(page.text)}]
    sizes = [int(answer.headers["Content-Length"]) + len(str(answer.headers)) for answer in (page, *files)]
    return sum(sizes) / 1000


def _starts(folder: Path, settings: dict[str, str]) -> Iterator[float]:
    """Seconds until the banner, in an installation that has run before."""
    home = servers.lay_home(folder)
    for start in range(1 + STARTS):
        started = time.monotonic()
        program = servers.start(home, settings)
        servers.wait_until_ready(program)
        seconds = time.monotonic() - started
        program.stop()
        if start > 0:
            yield seconds
