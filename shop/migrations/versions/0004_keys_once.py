"""A pair of keys is tried once, whichever attempt it is posted for."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM tried_claims WHERE id NOT IN (SELECT min(id) FROM tried_claims GROUP BY digest)")
    op.create_index("keys_once", "tried_claims", ["digest"], unique=True)


def downgrade() -> None:
    op.drop_index("keys_once", table_name="tried_claims")
