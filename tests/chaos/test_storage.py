"""An outage is one: nobody else can write while it lasts, and everybody can when it is over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.chaos import processes, storage
from tests.tools import postgres

WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for _ in sys.stdin:
    try:
        connection.execute("INSERT INTO things VALUES ('more')")
        print("written", flush=True)
    except sqlite3.OperationalError as error:
        print(error, flush=True)
"""


@pytest.fixture
def url(database_url: str) -> str:
    with storage.connected(database_url) as connection:
        connection.execute(text("CREATE TABLE things (name TEXT)"))
        connection.execute(text("INSERT INTO things VALUES ('first')"))
    return database_url


def write(url: str) -> None:
    with storage.connected(url) as connection:
        wait = "PRAGMA busy_timeout=50" if connection.dialect.name == "sqlite" else "SET lock_timeout = '50ms'"
        connection.execute(text(wait))
        connection.execute(text("INSERT INTO things VALUES ('more')"))


@pytest.mark.both_engines
def test_who_holds_the_lock_lets_others_read_and_not_write(url: str) -> None:
    with storage.locked(url):
        with pytest.raises(OperationalError):
            write(url)
        assert list(storage.rows_of(url)) == ["things: ('first',)"]

    write(url)
    assert len(list(storage.rows_of(url))) == 2


@pytest.mark.skipif(postgres.find_programs() is None, reason="PostgreSQL is not installed; CI requires it")
@pytest.mark.parametrize("database_engine", ["postgresql"])
def test_a_connection_is_cut_in_the_middle(database_url: str) -> None:
    with storage.connected(database_url) as connection:
        with storage.cut_off(database_url), pytest.raises(OperationalError):
            connection.execute(text("SELECT pg_sleep(20)"))
        connection.invalidate()

    with storage.connected(database_url) as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_process_without_space_writes_nothing_until_there_is_some(tmp_path: Path) -> None:
    path = tmp_path / "things.sqlite"
    with storage.connected(f"sqlite:///{path}") as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.execute(text("CREATE TABLE things (name TEXT)"))
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:

        def says() -> str:
            assert writer.stdin
            assert writer.stdout
            print("write", file=writer.stdin, flush=True)
            return writer.stdout.readline().strip()

        assert says() == "written"
        with storage.no_space([writer.pid]):
            assert says() == "disk I/O error"
        assert says() == "written"

    assert len(list(storage.rows_of(f"sqlite:///{path}"))) == 2


def test_space_for_a_process_that_has_ended_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass

    with storage.no_space([ended.pid]):
        assert not processes.is_running(ended.pid)
