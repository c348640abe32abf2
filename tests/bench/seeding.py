"""Many orders at once, put into the database by SQL: the list is measured, not the placing of orders."""

import sqlite3
from contextlib import closing
from pathlib import Path

_COLUMNS = (
    "order_no, visitor, cart_id, state, amount, taxable, exempt, vat, goods, payer_name, payer_phone, phone_end,"
    " payer_email, placed_at, expires_at"
)
_ORDERS = f"""
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO orders ({_COLUMNS})
SELECT printf('20200101-%08d', n), 'bench', 'bench-' || n, 'awaiting_payment', 1000, 1000, 0, 91, 'bench', 'bench',
       '01000000000', '0000', 'bench@example.com', '2020-01-01 00:00:00.000000', '2999-01-01 00:00:00.000000'
FROM numbers
"""


def fill(database: Path, count: int) -> None:
    """Add so many unpaid orders that never expire."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(_ORDERS, {"count": count})
