"""The states of orders and payment attempts: one list for code, database, templates and tests."""

from enum import StrEnum


class OrderState(StrEnum):
    """What an order looks like from outside (`data-state` on its page)."""

    AWAITING_PAYMENT = "awaiting_payment"
    CHECKING = "checking"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    ATTENTION = "attention"


class AttemptState(StrEnum):
    """One try to pay an order.

    prepared    the window may be open; nothing of ours moves money yet
    confirming  our confirm call was committed as an intent and may be under way
    unknown     our call had no definite answer: an inquiry decides
    paid        the gateway told us so, and number, amount and method agree
    declined    the gateway told us no
    expired     nobody paid until the deadline
    orphaned    money arrived that no order can take: it has to go back
    attention   the gateway's answer contradicts what we asked for: a person has to look
    """

    PREPARED = "prepared"
    CONFIRMING = "confirming"
    UNKNOWN = "unknown"
    PAID = "paid"
    DECLINED = "declined"
    EXPIRED = "expired"
    ORPHANED = "orphaned"
    ATTENTION = "attention"


HOLDING = (AttemptState.CONFIRMING, AttemptState.UNKNOWN, AttemptState.PAID)
"""At most one attempt of an order is in one of these: a unique partial index says so on both engines."""


class RefundState(StrEnum):
    """One refund of a paid attempt, or the return of money that belongs to no order.

    reserved   the amount is taken out of what can be refunded; nothing was sent
    submitted  our cancel call was committed as an intent and may be under way
    unknown    the call had no definite answer: a full cancel is repeated, a partial one waits for a person
    done       the gateway said yes to this number and amount
    refused    the gateway said no; the amount can be refunded again
    """

    RESERVED = "reserved"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"


IN_FLIGHT = (RefundState.RESERVED, RefundState.SUBMITTED, RefundState.UNKNOWN)
"""Counted as gone until the gateway says otherwise; at most one refund of an attempt is in one of these."""


class CashReceiptState(StrEnum):
    """The cash receipt (현금영수증) of a bank transfer."""

    NONE = "none"
    REQUESTED = "requested"
    ISSUED = "issued"
    CANCEL_DUE = "cancel_due"
    CANCELLED = "cancelled"
    FAILED = "failed"


ACTIVE_RECEIPT = (CashReceiptState.REQUESTED, CashReceiptState.ISSUED, CashReceiptState.CANCEL_DUE)
"""At most one cash receipt of an attempt is in one of these."""


class Source(StrEnum):
    """Who made something happen. None of them is believed about money; each only starts a question to the gateway.

    ``shop`` is the shop itself, doing what it owes: money that belongs to no order, a receipt for what remains.
    """

    BROWSER = "browser"
    WEBHOOK = "webhook"
    PAGE = "page"
    SWEEP = "sweep"
    STAFF = "staff"
    SHOP = "shop"
