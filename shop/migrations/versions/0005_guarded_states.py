"""Refuse illegal changes of state, and every change of the journal, inside the database.

The edges are frozen here as they were at this revision; ``shop.graph`` has today's, and a test holds the triggers of a
migrated database to it. Whoever changes an edge writes a further revision that drops the triggers of that table and
creates them anew.

On SQLite ``op.batch_alter_table`` makes a new table and drops the old one together with its triggers. A later revision
that needs it has to create the triggers of that table again; ``op.add_column`` and ``op.create_index`` leave them alone.

Rows may be inserted in any state: moving the shop to another database does just that.

Every row that exists gets one journal entry, ``state_recorded``, with its figures. Older entries name neither edge nor
proof, so the replay starts from these. Stop the shop for this revision: older code writes entries without them.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EDGES = {
    "orders": (
        "awaiting_payment checking",
        "awaiting_payment paid",
        "awaiting_payment attention",
        "awaiting_payment expired",
        "checking awaiting_payment",
        "checking paid",
        "checking attention",
        "checking expired",
        "attention awaiting_payment",
        "attention checking",
        "attention paid",
        "attention expired",
        "expired paid",
        "expired attention",
        "paid partially_refunded",
        "paid refunded",
        "partially_refunded refunded",
    ),
    "attempts": (
        "prepared confirming",
        "prepared unknown",
        "prepared paid",
        "prepared orphaned",
        "prepared attention",
        "prepared expired",
        "confirming prepared",
        "confirming unknown",
        "confirming paid",
        "confirming orphaned",
        "confirming attention",
        "confirming declined",
        "unknown prepared",
        "unknown paid",
        "unknown orphaned",
        "unknown attention",
        "unknown declined",
        "unknown expired",
        "declined paid",
        "declined orphaned",
        "declined attention",
        "expired paid",
        "expired orphaned",
        "expired attention",
        "attention orphaned",
    ),
    "refunds": (
        "reserved submitted",
        "reserved refused",
        "submitted done",
        "submitted refused",
        "submitted unknown",
        "submitted reserved",
        "unknown submitted",
        "unknown done",
        "unknown refused",
    ),
    "cash_receipts": (
        "none requested",
        "none issued",
        "requested issued",
        "requested failed",
        "issued cancel_due",
        "issued cancelled",
        "cancel_due cancelled",
    ),
}
NEEDS = (
    ("orders", "expired", "released_at"),
    ("attempts", "confirming", "confirming_at"),
    ("attempts", "paid", "trade_date"),
    ("refunds", "submitted", "submitted_at"),
    ("refunds", "done", "settled_at"),
    ("refunds", "refused", "settled_at"),
    ("cash_receipts", "issued", "issued_at"),
    ("cash_receipts", "cancelled", "cancelled_at"),
    ("cash_receipts", "cancel_due", "due_at"),
)
"""Without the column there is no proof of the state."""

ORDER = "'table', 'orders', 'key', o.order_no, 'state', o.state, 'amount', o.amount, 'released', CASE WHEN o.released_at IS NULL THEN 0 ELSE 1 END"
ATTEMPT = "'table', 'attempts', 'key', a.attempt_no, 'state', a.state, 'amount', a.amount, 'method', a.method, 'work', a.work, 'charged_amount', a.charged_amount, 'trade_date', CAST(a.trade_date AS TEXT)"
REFUND = "'table', 'refunds', 'key', r.id, 'state', r.state, 'attempt_id', r.attempt_id, 'amount', r.amount, 'vat', r.vat, 'is_full', CASE WHEN r.is_full THEN 1 ELSE 0 END, 'requested_by', r.requested_by, 'decided_by', r.decided_by"
RECEIPT = "'table', 'cash_receipts', 'key', r.id, 'state', r.state, 'attempt_id', r.attempt_id, 'amount', r.amount, 'reissue_amount', r.reissue_amount, 'number', r.number"
RECORDED = (
    (ORDER, "''", "orders AS o", "o.id"),
    (ATTEMPT, "a.attempt_no", "attempts AS a JOIN orders AS o ON o.id = a.order_id", "a.id"),
    (
        REFUND,
        "a.attempt_no",
        "refunds AS r JOIN attempts AS a ON a.id = r.attempt_id JOIN orders AS o ON o.id = r.order_id",
        "r.id",
    ),
    (
        RECEIPT,
        "a.attempt_no",
        "cash_receipts AS r JOIN attempts AS a ON a.id = r.attempt_id JOIN orders AS o ON o.id = r.order_id",
        "r.id",
    ),
)

FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%: %', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'check_violation'; END
$$
"""


def upgrade() -> None:
    op.add_column("orders", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    _remember_released_goods()
    _record_states()
    if _is_postgresql():
        op.execute(FUNCTION)
    for name, table, moment, condition, reason in triggers():
        op.execute(_create(name, table, moment, condition, reason))
    if _is_postgresql():
        op.execute(
            "CREATE TRIGGER journal_is_not_emptied BEFORE TRUNCATE ON journal "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('only ever added to')"
        )


def downgrade() -> None:
    if _is_postgresql():
        op.execute("DROP TRIGGER journal_is_not_emptied ON journal")
    for name, table, *_rest in triggers():
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if _is_postgresql() else ""))
    if _is_postgresql():
        op.execute("DROP FUNCTION refuse_change()")
    op.drop_column("orders", "released_at")


def triggers() -> list[tuple[str, str, str, str, str]]:
    """Name, table, moment, condition and reason of each."""
    found = [
        ("journal_is_not_changed", "journal", "UPDATE", "", "only ever added to"),
        ("journal_is_not_deleted", "journal", "DELETE", "", "only ever added to"),
    ]
    for table, edges in EDGES.items():
        known = ", ".join(f"'{edge}'" for edge in edges)
        condition = f"OLD.state <> NEW.state AND OLD.state || ' ' || NEW.state NOT IN ({known})"
        found.append((f"{table}_keep_to_the_graph", table, "UPDATE OF state", condition, "no such edge"))
    for table, state, column in NEEDS:
        condition = f"NEW.state = '{state}' AND NEW.{column} IS NULL"
        for moment in ("INSERT", "UPDATE"):
            name = f"{table}_{state}_needs_{column}_{moment.lower()}"
            found.append((name, table, moment, condition, f"{state} without {column}"))
    return found


def _create(name: str, table: str, moment: str, condition: str, reason: str) -> str:
    """The same condition in both dialects."""
    when = f"WHEN ({condition}) " if condition else ""
    if _is_postgresql():
        body = f"EXECUTE FUNCTION refuse_change('{reason}')"
    else:
        body = f"BEGIN SELECT RAISE(ABORT, '{table}: {reason}'); END"
    return f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW {when}{body}"


def _remember_released_goods() -> None:
    """Expired orders have given their goods back; so have those whose late money a person still has to look at."""
    late = "SELECT order_no FROM journal WHERE event = 'order_expired'"
    op.execute("UPDATE orders SET released_at = expires_at WHERE state = 'expired'")
    op.execute(f"UPDATE orders SET released_at = expires_at WHERE state = 'attention' AND order_no IN ({late})")


def _record_states() -> None:
    """One statement per table, whatever its size; orders first, because the replay forgets what came before them."""
    build = "json_build_object" if _is_postgresql() else "json_object"
    now = datetime.now(UTC)
    for figures, attempt_no, rows, order in RECORDED:
        evidence = f"{build}('order', o.state, 'row', {build}({figures}))"
        statement = sa.text(
            "INSERT INTO journal (at, order_no, attempt_no, event, source, evidence) "
            f"SELECT :now, o.order_no, {attempt_no}, 'state_recorded', 'shop', {evidence} FROM {rows} ORDER BY {order}"
        )
        op.execute(statement.bindparams(sa.bindparam("now", now, sa.DateTime(timezone=True))))


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
