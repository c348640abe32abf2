"""Products, orders, attempts, refunds, cash receipts, staff and the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failed_logins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("failed_logins", schema=None) as batch_op:
        batch_op.create_index("failed_by_address", ["address", "at"], unique=False)
        batch_op.create_index("failed_by_name", ["name", "at"], unique=False)

    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_no", sa.String(length=20), nullable=False),
        sa.Column("attempt_no", sa.String(length=30), nullable=False),
        sa.Column("event", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index("journal_by_attempt", ["attempt_no", "id"], unique=False)
        batch_op.create_index("journal_by_order", ["order_no", "id"], unique=False)

    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(length=20), nullable=False),
        sa.Column("visitor", sa.String(length=40), nullable=False),
        sa.Column("cart_id", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "awaiting_payment",
                "checking",
                "paid",
                "partially_refunded",
                "refunded",
                "expired",
                "attention",
                name="order_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("taxable", sa.BigInteger(), nullable=False),
        sa.Column("exempt", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("goods", sa.String(length=200), nullable=False),
        sa.Column("payer_name", sa.String(length=40), nullable=False),
        sa.Column("payer_phone", sa.String(length=15), nullable=False),
        sa.Column("phone_end", sa.String(length=4), nullable=False),
        sa.Column("payer_email", sa.String(length=100), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0 AND amount = taxable + exempt", name="order_amount_adds_up"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cart_id"),
        sa.UniqueConstraint("order_no"),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("order_by_payer", ["payer_name", "id"], unique=False)
        batch_op.create_index("order_by_phone_end", ["phone_end", "id"], unique=False)
        batch_op.create_index("order_by_state", ["state", "expires_at"], unique=False)
        batch_op.create_index("order_by_state_newest", ["state", "id"], unique=False)
        batch_op.create_index("order_by_visitor", ["visitor", "id"], unique=False)

    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("summary", sa.String(length=200), nullable=False),
        sa.Column("summary_en", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("picture", sa.String(length=80), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column(
            "tax",
            sa.Enum("taxable", "exempt", name="product_tax", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.CheckConstraint("price > 0", name="product_price_positive"),
        sa.CheckConstraint("stock IS NULL OR stock >= 0", name="product_stock_not_negative"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_no", sa.String(length=30), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "prepared",
                "confirming",
                "unknown",
                "paid",
                "declined",
                "expired",
                "orphaned",
                "attention",
                name="attempt_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "method",
            sa.Enum("card", "transfer", name="attempt_method", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column(
            "work",
            sa.Enum("CERT", "PAY", name="attempt_work", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("window", sa.String(length=10), nullable=False),
        sa.Column("delivery", sa.String(length=10), nullable=False),
        sa.Column("cash_receipt_asked", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirming_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inquiries", sa.Integer(), nullable=False),
        sa.Column("next_inquiry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_result", sa.String(length=10), nullable=False),
        sa.Column("claim_code", sa.String(length=20), nullable=False),
        sa.Column("claim_refused", sa.String(length=20), nullable=False),
        sa.Column("claim_account_kind", sa.String(length=10), nullable=False),
        sa.Column("result_code", sa.String(length=20), nullable=False),
        sa.Column("result_message", sa.String(length=200), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trade_date", sa.Date(), nullable=True),
        sa.Column("charged_amount", sa.BigInteger(), nullable=True),
        sa.Column("payer_id", sa.Text(), nullable=False),
        sa.Column("card_issuer", sa.String(length=40), nullable=False),
        sa.Column("card_number", sa.String(length=40), nullable=False),
        sa.Column("instalment_months", sa.Integer(), nullable=True),
        sa.Column("approval_no", sa.String(length=40), nullable=False),
        sa.Column("trade_key", sa.String(length=60), nullable=False),
        sa.Column("slip_url", sa.Text(), nullable=False),
        sa.Column("bank_name", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "state <> 'paid' OR (paid_at IS NOT NULL AND trade_date IS NOT NULL)", name="paid_has_its_evidence"
        ),
        sa.CheckConstraint("amount > 0", name="attempt_amount_positive"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("attempt_no"),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("attempt_by_inquiry", ["next_inquiry_at"], unique=False)
        batch_op.create_index("attempt_by_state", ["state", "id"], unique=False)
        batch_op.create_index("attempt_by_trade_date", ["trade_date", "order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempts_order_id"), ["order_id"], unique=False)
        batch_op.create_index(
            "one_holding_attempt",
            ["order_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('confirming', 'unknown', 'paid')"),
            postgresql_where=sa.text("state IN ('confirming', 'unknown', 'paid')"),
        )

    op.create_table(
        "order_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column(
            "tax",
            sa.Enum("taxable", "exempt", name="line_tax", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("unit_price", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount = unit_price * quantity", name="line_amount_adds_up"),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99", name="line_quantity_in_range"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_lines_order_id"), ["order_id"], unique=False)

    op.create_table(
        "cash_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "none",
                "requested",
                "issued",
                "cancel_due",
                "cancelled",
                "failed",
                name="cash_receipt_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("identity", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reissue_amount", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("result_code", sa.String(length=20), nullable=False),
        sa.Column("result_message", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state <> 'cancel_due' OR due_at IS NOT NULL", name="due_receipt_has_its_date"),
        sa.CheckConstraint("amount >= 0 AND reissue_amount >= 0", name="receipt_amount_not_negative"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("cash_receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cash_receipts_attempt_id"), ["attempt_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cash_receipts_order_id"), ["order_id"], unique=False)
        batch_op.create_index(
            "one_active_receipt",
            ["attempt_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('requested', 'issued', 'cancel_due')"),
            postgresql_where=sa.text("state IN ('requested', 'issued', 'cancel_due')"),
        )
        batch_op.create_index("receipt_by_state", ["state", "due_at"], unique=False)

    op.create_table(
        "refunds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reserved",
                "submitted",
                "unknown",
                "done",
                "refused",
                name="refund_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("sends_vat", sa.Boolean(), nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_code", sa.String(length=20), nullable=False),
        sa.Column("result_message", sa.String(length=200), nullable=False),
        sa.Column("trade_key", sa.String(length=60), nullable=False),
        sa.Column("slip_url", sa.Text(), nullable=False),
        sa.Column("receipt_code", sa.String(length=20), nullable=False),
        sa.Column("receipt_message", sa.String(length=200), nullable=False),
        sa.CheckConstraint("amount > 0 AND vat >= 0 AND vat <= amount", name="refund_amount_positive"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("intent"),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refunds_attempt_id"), ["attempt_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refunds_order_id"), ["order_id"], unique=False)
        batch_op.create_index(
            "one_refund_in_flight",
            ["attempt_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('reserved', 'submitted', 'unknown')"),
            postgresql_where=sa.text("state IN ('reserved', 'submitted', 'unknown')"),
        )
        batch_op.create_index("refund_by_settlement", ["settled_at"], unique=False)
        batch_op.create_index("refund_by_state", ["state", "next_try_at"], unique=False)

    op.create_table(
        "tried_claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("attempt_id", "digest", name="each_claim_once"),
    )


def downgrade() -> None:
    op.drop_table("tried_claims")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index("refund_by_state")
        batch_op.drop_index("refund_by_settlement")
        batch_op.drop_index(
            "one_refund_in_flight",
            sqlite_where=sa.text("state IN ('reserved', 'submitted', 'unknown')"),
            postgresql_where=sa.text("state IN ('reserved', 'submitted', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_refunds_order_id"))
        batch_op.drop_index(batch_op.f("ix_refunds_attempt_id"))

    op.drop_table("refunds")
    with op.batch_alter_table("cash_receipts", schema=None) as batch_op:
        batch_op.drop_index("receipt_by_state")
        batch_op.drop_index(
            "one_active_receipt",
            sqlite_where=sa.text("state IN ('requested', 'issued', 'cancel_due')"),
            postgresql_where=sa.text("state IN ('requested', 'issued', 'cancel_due')"),
        )
        batch_op.drop_index(batch_op.f("ix_cash_receipts_order_id"))
        batch_op.drop_index(batch_op.f("ix_cash_receipts_attempt_id"))

    op.drop_table("cash_receipts")
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_lines_order_id"))

    op.drop_table("order_lines")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_index(
            "one_holding_attempt",
            sqlite_where=sa.text("state IN ('confirming', 'unknown', 'paid')"),
            postgresql_where=sa.text("state IN ('confirming', 'unknown', 'paid')"),
        )
        batch_op.drop_index(batch_op.f("ix_attempts_order_id"))
        batch_op.drop_index("attempt_by_trade_date")
        batch_op.drop_index("attempt_by_state")
        batch_op.drop_index("attempt_by_inquiry")

    op.drop_table("attempts")
    op.drop_table("staff")
    op.drop_table("products")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("order_by_visitor")
        batch_op.drop_index("order_by_state_newest")
        batch_op.drop_index("order_by_state")
        batch_op.drop_index("order_by_phone_end")
        batch_op.drop_index("order_by_payer")

    op.drop_table("orders")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index("journal_by_order")
        batch_op.drop_index("journal_by_attempt")

    op.drop_table("journal")
    with op.batch_alter_table("failed_logins", schema=None) as batch_op:
        batch_op.drop_index("failed_by_name")
        batch_op.drop_index("failed_by_address")

    op.drop_table("failed_logins")
