"""Fixtures for every ring: which database engines take part, and a fresh database for each test."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from werkzeug.security import generate_password_hash

from shop import db as shop_db
from shop.db import db
from shop.factory import create_app
from shop.services import staff
from shop.simulator.store import Store
from tests import world as world_module
from tests.tools import compiled, postgres
from tests.world import World

NO_POSTGRESQL = f"PostgreSQL is not installed, so the tests run on SQLite only; on Debian: {postgres.INSTALL}"
# They wait for servers and browsers most of the time.
WAITING_FILES = {"test_program", "test_kit", "test_two_machines", "test_copy"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let ``make test-full`` insist on PostgreSQL, as CI does."""
    parser.addoption(
        "--require-postgresql", action="store_true", help="stop when PostgreSQL is missing, as with CI=true"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Stop at once when PostgreSQL is required and absent, rather than leave half of the tests out."""
    compiled.compile_once()
    required = config.getoption("--require-postgresql") or os.environ.get("CI") == "true"
    if required and postgres.find_programs() is None:
        raise pytest.UsageError(f"PostgreSQL is required and not installed; on Debian: {postgres.INSTALL}")


def pytest_xdist_auto_num_workers() -> int | None:
    """One more than there are cores: now and then each waits for a browser, a server or a lock."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


def pytest_report_header() -> str:
    """Say on which engines the tests run."""
    programs = postgres.find_programs()
    return f"database engines: SQLite, PostgreSQL ({programs})" if programs else NO_POSTGRESQL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait over the run, so that others use the cores meanwhile. None of them comes last."""
    paths = dict.fromkeys(item.path for item in items)
    waiting = [path for path in paths if path.stem in WAITING_FILES or "browser" in path.parts]
    working = [path for path in paths if path not in waiting]
    places = {path: number / len(working) for number, path in enumerate(working)}
    places |= {path: 0.8 * number / len(waiting) for number, path in enumerate(waiting)}
    items.sort(key=lambda item: places[item.path])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked ``both_engines`` or ``stricter_engine`` on what this machine has."""
    engines = ["sqlite", "postgresql"] if postgres.find_programs() else ["sqlite"]
    for mark, chosen in (("both_engines", engines), ("stricter_engine", engines[-1:])):
        if "database_engine" in metafunc.fixturenames and metafunc.definition.get_closest_marker(mark):
            metafunc.parametrize("database_engine", chosen)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords are hashed in earnest, but quickly: slow hashes took a tenth of the time of all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staff, "generate_password_hash", partial(generate_password_hash, method="scrypt:1024:8:1"))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_commits() -> Iterator[None]:
    """No test pulls the plug, so no commit waits for the disk, in the shop and in a simulator of this process."""
    set_pragmas, connect = shop_db._set_pragmas, Store._connect

    def without_waiting(connection: Any, record: object) -> None:
        set_pragmas(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    def connected_without_waiting(store: Store) -> sqlite3.Connection:
        connection = connect(store)
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop_db, "_set_pragmas", without_waiting)
        patch.setattr(Store, "_connect", connected_without_waiting)
        yield


@pytest.fixture
def database_engine() -> str:
    """The engine of this test; a mark overrules it."""
    return "sqlite"


@pytest.fixture
def database_url(database_engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own: empty, or for a ``world`` on PostgreSQL migrated and filled."""
    if database_engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'shop.sqlite'}"
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgresql_cluster")
    if "world" not in request.fixturenames:
        with cluster.fresh_database() as url:
            yield url
        return
    filled: str = request.getfixturevalue("filled_postgresql")
    if request.node.get_closest_marker("own_database"):
        with cluster.fresh_database(filled) as url:
            yield url
        return
    yield cluster.url(filled)
    cluster.empty("products", filled)


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[postgres.Cluster]:
    """The temporary PostgreSQL server, started when the first test wants it."""
    programs = postgres.find_programs()
    if programs is None:
        pytest.fail(NO_POSTGRESQL)
    with postgres.temporary_cluster(programs) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def filled_postgresql(postgresql_cluster: postgres.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated database with the demo catalogue, made once and emptied after each test."""
    with postgresql_cluster.fresh_database() as url:
        fill(url, tmp_path_factory.mktemp("filled"))
        name = make_url(url).database or ""
        postgresql_cluster.keep("products", name)
        yield name


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for SQLite: a file."""
    file = tmp_path_factory.mktemp("filled") / "shop.sqlite"
    fill(f"sqlite:///{file}", file.parent)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def fill(database_url: str, folder: Path) -> None:
    app = create_app(world_module.shop_settings(database_url, folder))
    world_module.migrate(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def shop_values() -> dict[str, str]:
    """Settings of this test's shop; a file that needs other ones overrides this."""
    return {}


@pytest.fixture
def world(
    database_url: str,
    filled_database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shop_values: dict[str, str],
) -> Iterator[World]:
    """Shop and simulator, in process, on an own database."""
    settings = world_module.shop_settings(database_url, tmp_path, **shop_values)
    with world_module.open_world(settings, tmp_path, monkeypatch, filled_database) as opened:
        yield opened
