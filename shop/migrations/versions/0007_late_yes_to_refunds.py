"""A yes of the gateway that comes after a person has said "was not refunded" is written down: the money is back.

``batch_alter_table`` is not used, so the other triggers of the table stay.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME = "refunds_keep_to_the_graph"
BEFORE = (
    "reserved submitted",
    "reserved refused",
    "submitted done",
    "submitted refused",
    "submitted unknown",
    "submitted reserved",
    "unknown submitted",
    "unknown done",
    "unknown refused",
)
EDGES = (*BEFORE, "refused done")


def upgrade() -> None:
    _guard(EDGES)


def downgrade() -> None:
    _guard(BEFORE)


def _guard(edges: tuple[str, ...]) -> None:
    """The same trigger as before, with these edges."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    known = ", ".join(f"'{edge}'" for edge in edges)
    condition = f"OLD.state <> NEW.state AND OLD.state || ' ' || NEW.state NOT IN ({known})"
    body = "BEGIN SELECT RAISE(ABORT, 'refunds: no such edge'); END"
    op.execute(f"DROP TRIGGER {NAME}" + (" ON refunds" if is_postgresql else ""))
    if is_postgresql:
        body = "EXECUTE FUNCTION refuse_change('no such edge')"
    op.execute(f"CREATE TRIGGER {NAME} BEFORE UPDATE OF state ON refunds FOR EACH ROW WHEN ({condition}) {body}")
