"""Leases, what the staff has acknowledged, reconciliations and their differences."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = ("unknown_there", "paid_there", "unreturned", "amount", "refunded", "receipt", "no_answer")


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "row_id", name="acknowledged_once"),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("until_id", "after_id", "stalls")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("planned", "compared", "ours_count")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("ours_paid", "ours_refunded")),
        sa.Column("theirs_count", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("theirs_paid", "theirs_refunded")),
        sa.Column("theirs_told", sa.Integer(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name="reconciled_days_in_order"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reconciliation_by_end", "reconciliations", ["finished_at", "id"])
    op.create_table(
        "differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reconciliation_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="difference_kind", native_enum=False, length=20, create_constraint=True),
            nullable=False,
        ),
        sa.Column("ours", sa.String(length=40), nullable=False),
        sa.Column("theirs", sa.String(length=40), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.ForeignKeyConstraint(["reconciliation_id"], ["reconciliations.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("difference_by_reconciliation", "differences", ["reconciliation_id", "id"])
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "one_open_difference",
        "differences",
        ["attempt_id", "kind"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("attempt_by_start", "attempts", ["started_at", "id"])


def downgrade() -> None:
    op.drop_index("attempt_by_start", "attempts")
    op.drop_table("differences")
    op.drop_table("reconciliations")
    op.drop_table("acknowledgements")
    op.drop_table("leases")
