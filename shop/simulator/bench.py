"""The webhook bench: where a run's webhooks go, and how they travel until somebody changes it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from shop.simulator.runs import DEFAULT, Run

MOST_COPIES = 10
LONGEST_DELAY = 24 * 3600
FIELDS = "hold, release (true or false), duplicate (extra copies), shuffle, drop (a share from 0 to 1), delay (s), seed"


@dataclass(frozen=True)
class Bench:
    """What happens to a webhook that is made while the bench stands like this.

    `hold` keeps it until a release, `duplicate` is how many copies travel besides, `shuffle` gives it a random place
    among those that wait, `drop` is the share that gets lost, `delay` how many seconds of the run's clock it waits.
    The dice are cast from `seed` and the payment's number: the same run comes out the same.
    """

    hold: bool = False
    duplicate: int = 0
    shuffle: bool = False
    drop: float = 0.0
    delay: float = 0.0
    seed: int = 0

    def drops(self, name: str) -> bool:
        """Whether this one gets lost."""
        return self._dice(f"drop {name}") < self.drop

    def place(self, name: str) -> int:
        """Its place among those that wait; what has the same place goes in the order of its making."""
        return int(self._dice(f"shuffle {name}") * 1_000_000) if self.shuffle else 0

    def _dice(self, name: str) -> float:
        digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48


def changed(bench: Bench, order: Mapping[str, object]) -> Bench:
    """The bench with these wishes granted; ValueError says in a sentence what would have been right."""
    wishes = {name: value for name, value in order.items() if name != "release"}
    if set(wishes) - set(asdict(bench)) or not isinstance(order.get("release", True), bool):
        raise ValueError(f"the bench knows {FIELDS}")
    for name in {"hold", "shuffle"} & set(wishes):
        if not isinstance(wishes[name], bool):
            raise ValueError(f"{name} is true or false")
    if "drop" in wishes:
        wishes["drop"] = float(_number("drop", wishes["drop"], 1, (bool, int, float)))
    if "delay" in wishes:
        wishes["delay"] = float(_number("delay", wishes["delay"], LONGEST_DELAY, (int, float)))
    for name, most in {"duplicate": MOST_COPIES, "seed": 2**31}.items():
        if name in wishes:
            wishes[name] = _number(name, wishes[name], most, (int,))
    return replace(bench, **wishes)  # type: ignore[arg-type]  # each value was looked at above


def _number(name: str, value: object, most: int, kinds: tuple[type, ...]) -> float:
    is_unwanted_flag = isinstance(value, bool) and bool not in kinds
    if is_unwanted_flag or not isinstance(value, bool | int | float) or not isinstance(value, kinds):
        raise ValueError(f"{name} is a number from 0 to {most}")
    if not 0 <= value <= most:
        raise ValueError(f"{name} is a number from 0 to {most}")
    return value


def address(db: sqlite3.Connection, run: str) -> str:
    """Where the webhooks of a run go; blank: nowhere, as with Payple's shared test partner."""
    row = db.execute("SELECT url FROM webhook_benches WHERE run = ?", (run,)).fetchone()
    return str(row["url"]) if row else ""


def register(db: sqlite3.Connection, run: str, url: str) -> None:
    """Send the webhooks of a run to this address from now on."""
    order = "INSERT INTO webhook_benches (run, url) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET url = excluded.url"
    db.execute(order, (run, url))


def register_default(db: sqlite3.Connection, run: Run, url: str) -> None:
    """The address that the simulator was started with is the default run's."""
    if url and run.id == DEFAULT:
        register(db, run.id, url)


def of_run(db: sqlite3.Connection, run: str) -> Bench:
    """How the webhooks of a run travel."""
    row = db.execute("SELECT bench FROM webhook_benches WHERE run = ?", (run,)).fetchone()
    return Bench(**json.loads(row["bench"])) if row else Bench()


def keep(db: sqlite3.Connection, run: str, bench: Bench) -> None:
    """Let the webhooks of a run travel like this from now on."""
    order = (
        "INSERT INTO webhook_benches (run, bench) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET bench = excluded.bench"
    )
    db.execute(order, (run, json.dumps(asdict(bench))))
