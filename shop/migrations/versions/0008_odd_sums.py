"""Payments whose sums do not add up are on the desk; of earlier ones the journal has kept it.

Columns are added as they are, without copying the table, so its triggers stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SQLITE, POSTGRESQL = sa.text("odd_sums = 1"), sa.text("odd_sums")
KEPT = sa.text(
    "UPDATE attempts SET odd_sums = true WHERE state = 'paid' AND attempt_no IN ("
    "SELECT attempt_no FROM journal WHERE event = 'paid' AND CAST(evidence AS VARCHAR) LIKE '%\"odd_sums\": true%')"
)


def upgrade() -> None:
    op.add_column("attempts", sa.Column("odd_sums", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("attempt_with_odd_sums", "attempts", ["id"], sqlite_where=SQLITE, postgresql_where=POSTGRESQL)
    op.execute(KEPT)


def downgrade() -> None:
    op.drop_index("attempt_with_odd_sums", "attempts")
    op.drop_column("attempts", "odd_sums")
