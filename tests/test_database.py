"""The database on both engines: how the shop connects, and the tables that its migrations make."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from shop.db import db, engine_options
from tests.world import World

pytestmark = pytest.mark.both_engines


def test_a_connection_hides_parameters_and_limits_its_waits(database_url: str, database_engine: str) -> None:
    engine = create_engine(database_url, **engine_options(database_url))
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    with engine.connect() as connection:
        assert engine.dialect.name == database_engine
        assert engine.hide_parameters
        if database_engine == "postgresql":
            assert [connection.scalar(text(f"SHOW {name}")) for name in limits] == ["5s", "30s", "1min"]
    engine.dispose()


def test_the_migrations_make_the_tables_of_the_models(world: World) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, db.metadata) == []
