"""Runs: partners that share one simulator without seeing each other. The id of a run is its cst_id."""

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shop.simulator import store
from shop.simulator.policy import Policy
from shop.simulator.store import Row

ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Bench:
    """What happens to a run's webhooks: `hold` keeps them until a release, `duplicate` adds copies.

    `shuffle` gives each a random place among those that wait, `drop` is the share that gets lost, `delay` is in seconds
    of the run's clock. `seed` and the payment's number decide, so that the same run has the same outcome.
    """

    hold: bool = False
    duplicate: int = 0
    shuffle: bool = False
    drop: float = 0.0
    delay: float = 0.0
    seed: int = 0

    def drops(self, name: str) -> bool:
        return self._chance(f"drop {name}") < self.drop

    def place(self, name: str) -> int:
        """The place among those that wait; equal places leave in the order of their events."""
        return int(self._chance(f"shuffle {name}") * 1_000_000) if self.shuffle else 0

    def _chance(self, name: str) -> float:
        digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48


@dataclass(frozen=True)
class Run(Row):
    table = "runs"

    id: str
    cust_key: str
    client_key: str
    refund_key: str
    clock_offset: float = 0.0
    domains: tuple[str, ...] = ()
    webhook_url: str = ""
    policy: Policy = field(default_factory=Policy)
    bench: Bench = field(default_factory=Bench)

    def now(self) -> datetime:
        """This run's time: the machine's, moved by `/_sim/clock`."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset)

    def new_oid(self) -> str:
        """The number of a payment to which the merchant gives none, at most 30 characters."""
        return f"{self.id}{secrets.randbelow(10**9):09d}{int(self.now().timestamp() * 1000)}"

    def registers(self, host: str) -> bool:
        """Whether a host is a registered domain or below one; without domains every host is, as on the test server."""
        return not self.domains or any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


# The keys of Payple's shared test partner, printed in its public quick guide and samples.
PUBLIC_TEST_RUN = Run(
    id="test",
    cust_key="abcd1234567890",
    client_key="test_DF55F29DA654A8CBC0F0A9DD4B556486",
    refund_key="a41ce010ede9fcbfb3be86b24858806596a9db68b79d138b147c3e563e1829a0",
)


def start(db: sqlite3.Connection) -> Run:
    """Keep a run of its own with fresh keys, which say themselves that they are no real ones."""
    run_id = "sim" + "".join(secrets.choice(ID_LETTERS) for _ in range(5))
    if by_id(db, run_id):
        return start(db)
    run = Run(
        run_id,
        cust_key=f"simulatorcust{secrets.token_hex(12)}",
        client_key=f"{run_id}_SIMULATOR{secrets.token_hex(12).upper()}",
        refund_key=f"simulatorrefund{secrets.token_hex(24)}",
    )
    store.insert(db, run)
    return run


def save(db: sqlite3.Connection, run: Run) -> None:
    store.save(db, run, id=run.id)


def by_id(db: sqlite3.Connection, run_id: str) -> Run | None:
    return store.find(db, Run, id=run_id)


def by_id_or_default(db: sqlite3.Connection, run_id: str) -> Run:
    return by_id(db, run_id) or by_id(db, PUBLIC_TEST_RUN.id) or PUBLIC_TEST_RUN


def forget(db: sqlite3.Connection, run: Run, webhook_url: str) -> None:
    """Forget everything that happened in a run; its keys stay, and the default run's webhook address of the start."""
    store.forget_run(db, run.id)
    address = webhook_url if run.id == PUBLIC_TEST_RUN.id else ""
    save(db, Run(run.id, run.cust_key, run.client_key, run.refund_key, webhook_url=address))
