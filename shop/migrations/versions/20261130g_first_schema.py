"""The first schema. While nothing is released it changes in place and takes a new revision."""

import sqlalchemy as sa
from alembic import op

revision = "20261130g"
down_revision = None
branch_labels = None
depends_on = None


def one_of(name: str, values: str) -> sa.Enum:
    return sa.Enum(*values.split(), name=name, native_enum=False, create_constraint=True, length=20)


def upgrade() -> None:
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
    op.create_index("journal_by_attempt", "journal", ["attempt_no", "id"])
    op.create_index("journal_by_order", "journal", ["order_no", "id"])

    op.create_table(
        "saved_methods",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visitor", sa.String(length=40), nullable=False),
        sa.Column("method", one_of("saved_method", "card app_card naver_pay kakao_pay transfer"), nullable=False),
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("billing_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("visitor", "fingerprint"),
    )
    op.create_index("saved_method_by_fingerprint", "saved_methods", ["fingerprint"])
    op.create_index("saved_method_by_next_check", "saved_methods", ["next_check_at"])

    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("visitor", sa.String(length=40), nullable=False),
        sa.Column("state", one_of("subscription_state", "active paused stopped"), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_charge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saved_method_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("day BETWEEN 1 AND 31", name="subscription_day_in_range"),
        sa.CheckConstraint("state <> 'active' OR next_charge_at IS NOT NULL", name="active_has_its_next_charge"),
        sa.ForeignKeyConstraint(["saved_method_id"], ["saved_methods.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_subscriptions_next_charge_at", "subscriptions", ["next_charge_at"])
    op.create_index("ix_subscriptions_saved_method_id", "subscriptions", ["saved_method_id"])
    op.create_index("ix_subscriptions_visitor", "subscriptions", ["visitor"])
    op.create_index(
        "one_live_subscription",
        "subscriptions",
        ["visitor"],
        unique=True,
        sqlite_where=sa.text("state IN ('active', 'paused')"),
        postgresql_where=sa.text("state IN ('active', 'paused')"),
    )

    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(length=20), nullable=False),
        sa.Column("visitor", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("cart_id", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            one_of("order_state", "awaiting_payment checking paid partially_refunded refunded expired attention"),
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
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("subscription_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state <> 'expired' OR released_at IS NOT NULL", name="expired_has_released_its_stock"),
        sa.CheckConstraint("amount > 0 AND amount = taxable + exempt", name="order_amount_adds_up"),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_no"),
        sa.UniqueConstraint("subscription_id", "month"),
        sa.UniqueConstraint("visitor", "cart_id"),
    )
    op.create_index("order_by_payer", "orders", ["payer_name", "id"])
    op.create_index("order_by_phone_end", "orders", ["phone_end", "id"])
    op.create_index("order_by_state", "orders", ["state", "expires_at"])
    op.create_index("order_by_state_newest", "orders", ["state", "id"])
    op.create_index("order_by_visitor", "orders", ["visitor", "id"])

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
        sa.Column("tax", one_of("product_tax", "taxable exempt"), nullable=False),
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
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("password_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_staff_sessions_staff_id", "staff_sessions", ["staff_id"])

    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_no", sa.String(length=30), nullable=False),
        sa.Column(
            "state",
            one_of("attempt_state", "prepared confirming unknown paid declined expired orphaned attention"),
            nullable=False,
        ),
        sa.Column("method", one_of("attempt_method", "card app_card naver_pay kakao_pay transfer"), nullable=False),
        sa.Column("charge_mode", one_of("attempt_charge_mode", "CERT PAY"), nullable=False),
        sa.Column("delivery", sa.String(length=10), nullable=False),
        sa.Column("cash_receipt_asked", sa.Boolean(), nullable=False),
        sa.Column("saves_for", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirming_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt_look_ups", sa.Integer(), nullable=False),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_result", sa.String(length=10), nullable=False),
        sa.Column("reported_code", sa.String(length=20), nullable=False),
        sa.Column("reported_mismatch", sa.String(length=20), nullable=False),
        sa.Column("result_code", sa.String(length=20), nullable=False),
        sa.Column("result_message", sa.String(length=200), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_date", sa.Date(), nullable=True),
        sa.Column("charged_amount", sa.BigInteger(), nullable=True),
        sa.Column("billing_key", sa.Text(), nullable=False),
        sa.Column("card_issuer", sa.String(length=40), nullable=False),
        sa.Column("card_number", sa.String(length=40), nullable=False),
        sa.Column("instalment_months", sa.Integer(), nullable=True),
        sa.Column("approval_no", sa.String(length=40), nullable=False),
        sa.Column("trade_key", sa.String(length=60), nullable=False),
        sa.Column("slip_url", sa.Text(), nullable=False),
        sa.Column("bank_name", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.CheckConstraint("state <> 'confirming' OR confirming_at IS NOT NULL", name="confirming_has_its_time"),
        sa.CheckConstraint(
            "state NOT IN ('paid', 'orphaned')"
            " OR (paid_at IS NOT NULL AND payment_date IS NOT NULL AND charged_amount IS NOT NULL)",
            name="charged_has_its_evidence",
        ),
        sa.CheckConstraint("amount > 0", name="attempt_amount_positive"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("attempt_no"),
    )
    op.create_index("attempt_by_next_check", "attempts", ["next_check_at"])
    op.create_index("attempt_by_start", "attempts", ["started_at", "id"])
    op.create_index("attempt_by_state", "attempts", ["state", "id"])
    op.create_index("attempt_by_payment_date", "attempts", ["payment_date", "order_id"])
    op.create_index("ix_attempts_order_id", "attempts", ["order_id"])
    op.create_index(
        "one_holding_attempt",
        "attempts",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('confirming', 'unknown', 'paid')"),
        postgresql_where=sa.text("state IN ('confirming', 'unknown', 'paid')"),
    )

    op.create_table(
        "order_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("tax", one_of("line_tax", "taxable exempt"), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount = unit_price * quantity", name="line_amount_adds_up"),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99", name="line_quantity_in_range"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_lines_order_id", "order_lines", ["order_id"])

    op.create_table(
        "cash_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column(
            "state", one_of("cash_receipt_state", "none requested issued cancel_due cancelled failed"), nullable=False
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
        sa.Column("is_reissue", sa.Boolean(), nullable=False),
        sa.Column("last_call", one_of("receipt_last_call", "answered unanswered refused"), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("result_code", sa.String(length=20), nullable=False),
        sa.Column("result_message", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "state NOT IN ('requested', 'cancel_due') OR due_at IS NOT NULL", name="due_receipt_has_its_date"
        ),
        sa.CheckConstraint("state <> 'cancelled' OR cancelled_at IS NOT NULL", name="cancelled_has_its_time"),
        sa.CheckConstraint("state <> 'issued' OR issued_at IS NOT NULL", name="issued_has_its_time"),
        sa.CheckConstraint("amount >= 0 AND reissue_amount >= 0", name="receipt_amount_not_negative"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_cash_receipts_attempt_id", "cash_receipts", ["attempt_id"])
    op.create_index("ix_cash_receipts_order_id", "cash_receipts", ["order_id"])
    op.create_index(
        "one_active_receipt",
        "cash_receipts",
        ["attempt_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('requested', 'issued', 'cancel_due')"),
        postgresql_where=sa.text("state IN ('requested', 'issued', 'cancel_due')"),
    )
    op.create_index("receipt_by_state", "cash_receipts", ["state", "due_at"])

    op.create_table(
        "refunds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("refund_no", sa.String(length=60), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("state", one_of("refund_state", "reserved submitted unknown done refused"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("returned_elsewhere_by", sa.String(length=40), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_code", sa.String(length=20), nullable=False),
        sa.Column("result_message", sa.String(length=200), nullable=False),
        sa.Column("trade_key", sa.String(length=60), nullable=False),
        sa.Column("slip_url", sa.Text(), nullable=False),
        sa.Column("receipt_code", sa.String(length=20), nullable=False),
        sa.Column("receipt_message", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state <> 'submitted' OR submitted_at IS NOT NULL", name="submitted_has_its_time"),
        sa.CheckConstraint("state NOT IN ('done', 'refused') OR ended_at IS NOT NULL", name="ended_has_its_time"),
        sa.CheckConstraint("amount > 0 AND vat >= 0 AND vat <= amount", name="refund_amount_positive"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("refund_no"),
    )
    op.create_index("ix_refunds_attempt_id", "refunds", ["attempt_id"])
    op.create_index("ix_refunds_order_id", "refunds", ["order_id"])
    op.create_index(
        "one_refund_in_flight",
        "refunds",
        ["attempt_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('reserved', 'submitted', 'unknown')"),
        postgresql_where=sa.text("state IN ('reserved', 'submitted', 'unknown')"),
    )
    op.create_index("refund_by_end", "refunds", ["ended_at"])
    op.create_index("refund_by_state", "refunds", ["state"])
    op.create_index("refund_by_next_try", "refunds", ["next_try_at"])

    op.create_table(
        "payment_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("goods", sa.String(length=50), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_payment_links_order_id", "payment_links", ["order_id"])
    op.create_index("payment_link_by_end", "payment_links", ["ends_at"])

    op.create_table(
        "unknown_payments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_unknown_payments_received_at", "unknown_payments", ["received_at"])
