"""The migrations make the tables that the models describe, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shop.db import db
from tests.world import World


@pytest.mark.both_engines
def test_the_migrations_make_the_tables_of_the_models(world: World) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, db.metadata) == []
