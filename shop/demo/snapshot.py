"""The older orders of the lived-in shop, kept for the day: making them takes seconds, copying them does not.

For SQLite only; on PostgreSQL they are made anew each time.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from shop import clock
from shop.db import db
from shop.demo.simulator import SimulatorAway
from shop.demo.tools import simulator
from shop.extensions import settings


def keep(tables: Iterable[str]) -> None:
    """Keep the present rows of the shop and of the simulator."""
    database = _database()
    if database is None:
        return
    draft = _file().with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(draft),))
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        kept = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for name in kept - {*tables, "alembic_version"}:
            connection.execute(f"DROP TABLE {name}")
    for old in settings().instance.glob("lived-in-*"):
        if old != draft:
            old.unlink()
    simulator().control("POST", "snapshot", {"name": _file().stem})
    draft.replace(_file())


def restore(tables: Iterable[str]) -> bool:
    """Put today's rows back. Return False if there are none that fit."""
    database, kept = _database(), _file()
    if database is None or not kept.exists():
        return False
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS kept", (str(kept),))
        if not (_has_same_tables(connection) and _restore_simulator(kept.stem)):
            return False
        connection.execute("BEGIN IMMEDIATE")
        for name in tables:
            connection.execute(f"DELETE FROM main.{name}")  # noqa: S608 - our own names
            connection.execute(f"INSERT INTO main.{name} SELECT * FROM kept.{name}")  # noqa: S608
        connection.execute("COMMIT")
    return True


def _has_same_tables(connection: sqlite3.Connection) -> bool:
    """Whether no migration has come in between."""
    query = "SELECT version_num FROM {}.alembic_version"
    present, then = (connection.execute(query.format(name)).fetchall() for name in ("main", "kept"))
    return present == then


def _restore_simulator(name: str) -> bool:
    try:
        simulator().control("POST", "snapshot/restore", {"name": name})
    except SimulatorAway:  # another simulator, or one whose file was deleted
        return False
    return True


def _database() -> Path | None:
    url = db.engine.url
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _file() -> Path:
    """Another day or other code of the demo means another file."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    name = f"lived-in-{clock.today():%Y%m%d}-{hashlib.sha256(code).hexdigest()[:8]}"
    return settings().instance / f"{name}.sqlite"
