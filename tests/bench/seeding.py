"""Many orders at once: copies of a paid order, made by SQL."""

from collections.abc import Mapping

from sqlalchemy import Connection, create_engine, text

from shop.db import Base
from shop.models import Attempt, JournalEntry, Order, OrderLine

FIRST = 10_000
"""The id of the first copy."""
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i FROM n)",
    "postgresql": "(SELECT i FROM generate_series(1, :count) AS i)",
}
_DAY = {
    "sqlite": "date('2020-01-01', '+' || (i % 1500) || ' days')",
    "postgresql": "date '2020-01-01' + i % 1500",
}
_MOMENT = {
    "sqlite": "datetime('2020-01-01', '+' || i || ' minutes') || '.000000'",
    "postgresql": "timestamptz '2020-01-01 00:00Z' + i * interval '1 minute'",
}


def fill(url: str, order_no: str, count: int) -> None:
    """Copy an order with its lines, attempts and journal over four years; each of twenty payers has a twentieth."""
    engine = create_engine(url)
    with engine.begin() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        day, moment = _DAY[engine.dialect.name], _MOMENT[engine.dialect.name]
        number, end = f"CAST({FIRST} + i AS VARCHAR(20))", "CAST(2000 + i % 20 AS VARCHAR(4))"
        order = {"id": f"{FIRST} + i", "order_no": f"'20200101-' || {number}", "cart_id": f"'bench-' || {number}"}
        order |= {"visitor": f"'bench-' || {number}", "phone_end": end, "payer_phone": f"'0109876' || {end}"}
        order |= {"payer_name": "'payer ' || CAST(i % 20 AS VARCHAR(2))", "placed_at": moment}
        attempt = {"attempt_no": f"'20200101_' || {number}", "payment_date": day, "started_at": moment}
        template = connection.scalar(text("SELECT id FROM orders WHERE order_no = :order_no"), {"order_no": order_no})
        numbers = {"count": count, "template": template, "order_no": order_no}
        _copy(connection, Order, "id = :template", order, numbers)
        part = {"id": None, "order_id": f"{FIRST} + i"}
        _copy(connection, OrderLine, "order_id = :template", part, numbers)
        _copy(connection, Attempt, "order_id = :template", part | attempt, numbers)
        entry = {"id": None, "order_no": order["order_no"], "attempt_no": attempt["attempt_no"], "at": moment}
        _copy(connection, JournalEntry, "order_no = :order_no", entry, numbers)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not is_sqlite:  # autovacuum would do it in a minute
            connection.execute(text("VACUUM ANALYZE"))


def _copy(
    connection: Connection,
    model: type[Base],
    those: str,
    values: Mapping[str, str | None],
    numbers: Mapping[str, object],
) -> None:
    names = [column.name for column in model.__table__.columns if values.get(column.name, "") is not None]
    new = ", ".join(values.get(name) or f'one."{name}"' for name in names)
    into = ", ".join(f'"{name}"' for name in names)
    source = f"{model.__tablename__} AS one, {_NUMBERS[connection.dialect.name]} AS numbers"
    connection.execute(
        text(f"INSERT INTO {model.__tablename__} ({into}) SELECT {new} FROM {source} WHERE one.{those}"), numbers
    )
