"""The database fixture gives what it says."""

import pytest
from sqlalchemy import create_engine, text


@pytest.mark.both_engines
def test_each_engine_hands_out_an_empty_database(database_url: str, database_engine: str) -> None:
    engine = create_engine(database_url)

    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER)"))

    assert engine.dialect.name == database_engine
    engine.dispose()


def test_an_unmarked_test_runs_on_sqlite(database_url: str) -> None:
    assert database_url.startswith("sqlite:///")
