"""A PostgreSQL server of our own: its files in a temporary folder, no port, gone when the tests end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

START_SECONDS = 20.0
ADMIN = "tests"
INSTALL = "apt-get install -y postgresql"
# Nothing here must survive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class CannotStart(Exception):
    """The temporary server did not come up; the message ends with its log."""


@dataclass(frozen=True)
class Cluster:
    folder: Path

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{ADMIN}@/{database}?host={self.folder}"

    @property
    def libpq_address(self) -> str:
        """The address of the server's own database, as psycopg itself wants it."""
        return f"host={self.folder} user={ADMIN} dbname=postgres"

    @contextmanager
    def fresh_database(self, template: str = "template1") -> Iterator[str]:
        """A copy of a database, an empty one by default; dropped afterwards even when somebody is connected."""
        name = f"shop_{uuid4().hex}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield self.url(name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def keep(self, table: str, database: str) -> None:
        """Remember the rows of a table for `empty`."""
        name = sql.Identifier(table)
        self._run(sql.SQL("CREATE SCHEMA kept; CREATE TABLE kept.{0} AS TABLE {0}").format(name), database)

    def empty(self, kept: str, database: str) -> None:
        """Delete all rows but the kept ones, also while somebody is connected. A fresh copy takes ten times as long."""
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != ALL(%s)"
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid != pg_backend_pid()"
        with psycopg.connect(self._address(database), autocommit=True) as connection:
            connection.execute(others, (database,))
            names = [sql.Identifier(row[0]) for row in connection.execute(tables, (["alembic_version", kept],))]
            every = sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(names))
            connection.execute(every)
            again = sql.SQL("DELETE FROM {0}; INSERT INTO {0} SELECT * FROM kept.{0}")
            connection.execute(again.format(sql.Identifier(kept)))

    def _address(self, database: str) -> str:
        return self.libpq_address.replace("dbname=postgres", f"dbname={database}")

    def _run(self, statement: sql.Composed, database: str = "postgres") -> None:
        with psycopg.connect(self._address(database), autocommit=True) as connection:
            connection.execute(statement)


def find_programs() -> Path | None:
    """The folder of initdb and postgres: on the path, or where Debian keeps the newest version."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parent.parent.name), default=None)
    return newest.parent if newest else None


@contextmanager
def temporary_cluster(programs: Path) -> Iterator[Cluster]:
    """Make, start, stop and remove a server.

    :raises CannotStart: with the log of what went wrong
    """
    # Directly under /tmp, because the path of a Unix socket may have about a hundred letters only.
    folder = Path(tempfile.mkdtemp(prefix="shop-pg-", dir="/tmp"))
    account = _account()
    os.chown(folder, account.pw_uid, account.pw_gid)
    trusting = ["-U", ADMIN, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    settings = [f"unix_socket_directories={folder}", "listen_addresses=", *FAST]
    arguments = [word for setting in settings for word in ("-c", setting)]
    try:
        if _start_as(account, folder, [f"{programs}/initdb", "-D", f"{folder}/data", *trusting]).wait():
            raise CannotStart((folder / "log").read_text())
        server = _start_as(account, folder, [f"{programs}/postgres", "-D", f"{folder}/data", *arguments])
        try:
            _wait_until_ready(server, folder)
            yield Cluster(folder)
        finally:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: it does not wait for clients
            server.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd:
    """Who runs the server: ourselves, but PostgreSQL refuses root; then an account without power."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def _start_as(account: pwd.struct_passwd, folder: Path, command: list[str]) -> subprocess.Popen[bytes]:
    root = os.geteuid() == 0
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            user=account.pw_uid if root else None,
            group=account.pw_gid if root else None,
            extra_groups=[] if root else None,
        )


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(Cluster(folder).libpq_address).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise CannotStart((folder / "log").read_text())
