"""Cards and accounts that buyers save."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

METHODS = ("card", "app_card", "naver_pay", "kakao_pay", "transfer")


def upgrade() -> None:
    op.add_column("attempts", sa.Column("saves_for", sa.String(length=40), nullable=False, server_default=""))
    op.create_table(
        "saved_methods",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("visitor", sa.String(length=40), nullable=False),
        sa.Column(
            "method",
            sa.Enum(*METHODS, name="saved_method", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("billing_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.UniqueConstraint("visitor", "fingerprint"),
    )
    op.create_index("saved_method_by_fingerprint", "saved_methods", ["fingerprint"])
    op.create_index("saved_method_by_next_check", "saved_methods", ["next_check_at"])
