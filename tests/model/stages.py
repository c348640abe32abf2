"""Stages for both engines: the database is migrated once, every life starts from a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url

from shop.db import db
from shop.factory import create_app
from shop.simulator import SimulatorSettings, create_simulator
from tests import world
from tests.model.stage import Stage, insist_on_intent, one_clock, secrets_of
from tests.model.wire import Canary, Points, Wire, watched_session
from tests.world import SIMULATOR

Renew = Callable[[Flask], None]


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Stage]:
    """A file in this folder."""
    kept, used = folder / "filled.sqlite", folder / "shop.sqlite"

    def renew(app: Flask) -> None:
        _let_go(app)
        for ending in ("", "-wal", "-shm"):
            used.with_name(used.name + ending).unlink(missing_ok=True)
        shutil.copyfile(kept, used)

    with _stage(f"sqlite:///{used}", folder, renew) as stage:
        _let_go(stage.app)
        shutil.copyfile(used, kept)
        yield stage


@contextmanager
def on_postgresql(url: str, folder: Path) -> Iterator[Stage]:
    """An empty database of the temporary server; its filled state is kept as a template beside it."""
    name = str(make_url(url).database)
    admin = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")

    def copy(source: str, target: str) -> None:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {target} TEMPLATE {source}"))

    def renew(app: Flask) -> None:
        _let_go(app)
        copy(f"{name}_filled", name)

    try:
        with _stage(url, folder, renew) as stage:
            _let_go(stage.app)
            copy(name, f"{name}_filled")
            yield stage
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}_filled WITH (FORCE)"))
        admin.dispose()


@contextmanager
def _stage(url: str, folder: Path, renew: Renew) -> Iterator[Stage]:
    points, settings = Points(), world.shop_settings(url, folder)
    simulator = create_simulator(SimulatorSettings(folder / "simulator.sqlite", origin=SIMULATOR))
    wire = Wire(simulator, points, lambda path, asked: insist_on_intent(stage, path, asked))
    canary = Canary(lambda address: stage.note("I8", f"{address} was dialled"))
    app = create_app(settings, http=watched_session(wire, canary, SIMULATOR))
    stage = Stage(app, simulator, points, secrets_of(settings), lambda: renew(app))
    world.migrate(app)
    with app.app_context():
        points.watch(db.engine)
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _never_wait_for_the_disk)
    with one_clock(stage):
        yield stage
    _let_go(app)
    simulator.extensions["simulator_store"].close()


def _never_wait_for_the_disk(connection: Any, _record: object) -> None:
    """Nothing here must survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
