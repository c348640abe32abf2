"""An order as JSON, for assertions: states and amounts, nothing about the buyer."""

from shop.models import Attempt, Order


def as_json(order: Order) -> dict[str, object]:
    lines = [{"product": line.slug, "quantity": line.quantity, "amount": line.amount} for line in order.lines]
    return {
        "order_no": order.order_no,
        "state": order.state,
        "amount": order.amount,
        "refunded": order.refunded,
        "lines": lines,
        "attempts": [_attempt(one) for one in order.attempts],
        "refunds": [{"id": one.id, "state": one.state, "amount": one.amount} for one in order.refunds],
        "cash_receipts": [{"id": one.id, "state": one.state, "amount": one.amount} for one in order.cash_receipts],
    }


def _attempt(attempt: Attempt) -> dict[str, object]:
    return {
        "attempt_no": attempt.attempt_no,
        "state": attempt.state,
        "method": attempt.method,
        "work": attempt.charge_mode,
        "amount": attempt.amount,
        "code": attempt.result_code,
    }
