"""The database fixture gives what it says, and the shop connects so that nothing waits for ever."""

import pytest
from sqlalchemy import create_engine, text

from shop.db import engine_options


@pytest.mark.both_engines
def test_each_engine_hands_out_an_empty_database(database_url: str, database_engine: str) -> None:
    engine = create_engine(database_url)

    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER)"))

    assert engine.dialect.name == database_engine
    engine.dispose()


def test_an_unmarked_test_runs_on_sqlite(database_url: str) -> None:
    assert database_url.startswith("sqlite:///")


@pytest.mark.both_engines
def test_a_connection_of_the_shop_hides_parameters_and_limits_its_waits(
    database_url: str, database_engine: str
) -> None:
    engine = create_engine(database_url, **engine_options(database_url))
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    with engine.connect() as connection:
        assert engine.hide_parameters
        if database_engine == "postgresql":
            shown = [connection.scalar(text(f"SHOW {name}")) for name in limits]
            assert shown == ["5s", "30s", "1min"]
    engine.dispose()
