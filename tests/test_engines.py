"""The shop connects so that nothing waits for ever and an error names nobody."""

import pytest
from sqlalchemy import create_engine, text

from shop.db import engine_options


@pytest.mark.both_engines
def test_a_connection_hides_parameters_and_limits_its_waits(database_url: str, database_engine: str) -> None:
    engine = create_engine(database_url, **engine_options(database_url))
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    with engine.connect() as connection:
        assert engine.dialect.name == database_engine
        assert engine.hide_parameters
        if database_engine == "postgresql":
            assert [connection.scalar(text(f"SHOW {name}")) for name in limits] == ["5s", "30s", "1min"]
    engine.dispose()
