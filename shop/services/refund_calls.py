"""One try of a refund on its way: the cancel, under each day on which the payment may be filed.

A payment around midnight may be filed under either day, and "nothing under this day" sounds like "cancelled already".
It is a definite no to that one call, so any refund may name the other day then; what both days deny has gone back only
if an inquiry still knows the payment.
"""

from dataclasses import dataclass
from datetime import datetime

from shop import clock
from shop.db import transaction
from shop.models import Refund
from shop.payple import GatewayError, Method, OutcomeUnknown, PaypleClient, RefundDone, RefundRequest, Refused, codes
from shop.services import refund_rows, trade_days
from shop.states import AttemptState, RefundState


@dataclass(frozen=True)
class RefundCall:
    """One try, as it is sent: a message for each day under which the payment may be filed.

    ``may_be_gone``: an earlier try, or somebody at the gateway, may have returned all of it already.
    """

    refund_id: int
    tries: int
    attempt_no: str
    method: Method
    messages: tuple[RefundRequest, ...]
    may_be_gone: bool


def call_of(refund: Refund) -> RefundCall:
    """What the next try of a refund sends."""
    attempt, tax = refund.attempt, refund.vat if refund.sends_vat else None
    messages = (RefundRequest(attempt.attempt_no, day, refund.amount, tax) for day in attempt.trade_days)
    may_be_gone = attempt.state is not AttemptState.PAID or (refund.is_full and refund.tries > 1)
    return RefundCall(refund.id, refund.tries, attempt.attempt_no, attempt.method, tuple(messages), may_be_gone)


def cancel(call: RefundCall, client: PaypleClient, watch: clock.Watch) -> RefundDone:
    """Send the cancel; where the gateway knows nothing to cancel under a day, under the next one."""
    *others, last = call.messages
    for message in others:
        try:
            return client.refund(message, about=call.attempt_no)
        except Refused as error:
            if not codes.says_unknown_or_cancelled(error.code):
                raise
            _go_on(call, watch.now())
    return client.refund(last, about=call.attempt_no)


def _go_on(call: RefundCall, now: datetime) -> None:
    """Commit that the next message of a call is about to leave.

    :raises OutcomeUnknown: the call was given up meanwhile, and somebody may have decided what became of it
    """
    with transaction():
        refund = refund_rows.locked(call.refund_id)
        if refund.state is not RefundState.SUBMITTED or refund.tries != call.tries:
            raise OutcomeUnknown("given up before it was sent under the other day")
        refund.submitted_at = now
        refund_rows.note(refund, "refund_submitted", None, now, {"tries": refund.tries, "other_day": True})


def says_gone(call: RefundCall, error: Refused, client: PaypleClient) -> bool:
    """Whether a refusal means that all of it has gone back before.

    Where the day is in doubt it takes more than "nothing there": an inquiry that knows the payment, and denies nothing.
    """
    if len(call.messages) == 1 or not codes.says_unknown_or_cancelled(error.code):
        return codes.says_already_cancelled(error.code)
    try:
        found = trade_days.find(client, call.attempt_no, [sent.trade_date for sent in call.messages], call.method)
    except GatewayError:
        return False
    if found is None or found.attempt_no != call.attempt_no:
        return False
    return found.refunded_amount in (None, found.charged)
