"""Cash receipts that a payer asks for after the charge: the gateway is asked again until the window's time is over.

A window that pays at once (PAY) charges first and asks about the receipt then. Whatever settles the order in between,
such as the webhook that leaves at the charge, learns of no receipt. So the question stays open for a while:
``next_check_at`` of a paid attempt is when to ask it next. Only the gateway's answer to our inquiry makes a receipt.
After that time news still makes us ask, and so does a refund.
"""

import logging
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import select

from shop.db import db, release, transaction
from shop.models import Attempt, CashReceipt, Order, Refund
from shop.payple import GatewayError, Method, PaymentFound, PaypleClient, ReceiptAnswer, codes
from shop.payple.flow import Inquirer
from shop.rules import refund as rules
from shop.rules.money import Won
from shop.rules.refund import LateReceipt, Returned
from shop.rules.states import CashReceiptState, RefundState, Source
from shop.services import receipt_rows, trade_days, transitions
from shop.services.attempt_facts import AttemptFacts, facts_of
from shop.services.journal import ITSELF

log = logging.getLogger(__name__)


def look(facts: AttemptFacts, asking: Inquirer, *, source: Source, now: datetime, at_once: bool = False) -> bool:
    """Ask whether a paid transfer has its receipt by now, if it is time to ask. False: the gateway did not answer."""
    if not facts.receipt_is_open or facts.trade_date is None:
        return True
    if not _lease(facts, now, is_hint=source is Source.BROWSER, at_once=at_once):
        return True
    try:
        found = trade_days.find(asking, facts.attempt_no, [facts.trade_date], Method.TRANSFER)
    except GatewayError as error:
        log.info("no answer about the cash receipt of %s: %s", facts.attempt_no, error.code)
        return False
    if found is not None and _is_about(facts, found):
        write = partial(_record, facts, found, source, now)
        write()
    return True


def first_question(attempt: Attempt, now: datetime) -> datetime | None:
    """Return when to ask first whether a paid PAY window has issued a cash receipt."""
    return rules.next_receipt_question(attempt.paid_at or now, now, attempt.deadline_at)


def ask_first(order_no: str, client: PaypleClient, *, now: datetime) -> None:
    """Before staff refund, or issue a receipt: learn of one that the payer has asked for meanwhile.

    Without an answer they may go on: a refund tells of the receipt itself, and the gateway admits one per payment.
    """
    order = db.session.scalar(select(Order).where(Order.order_no == order_no))
    attempt = order.paid_attempt if order else None
    facts = facts_of(attempt) if attempt and attempt.may_get_receipt else None
    release()
    if facts is not None:
        look(facts, client, source=Source.PAGE, now=now, at_once=True)


def of_orphan(refund: Refund, now: datetime) -> CashReceipt | None:
    """A receipt that the return of money without an order did not cancel, and of which only its answer tells us.

    In the caller's transaction. None: there is no such thing.
    """
    answer, attempt = ReceiptAnswer(refund.receipt_code, refund.receipt_message), refund.attempt
    if not refund.is_orphan or not answer.code or answer.settled:
        return None
    return receipt_rows.found(attempt, refund.amount, ITSELF, now)


def reopen(refund: Refund, now: datetime) -> None:
    """A refund's answer spoke of a receipt that we know nothing of, or told nothing. In the caller's transaction."""
    told_of_it = bool(refund.receipt_code) or not _is_answered(refund)
    if told_of_it and refund.attempt.may_get_receipt:
        refund.attempt.next_check_at, refund.attempt.checks = now, 0


def _lease(facts: AttemptFacts, now: datetime, *, is_hint: bool, at_once: bool) -> bool:
    """Take the right to ask. What is asked without an answer is asked again, less and less often, and then given up.

    While a refund is under way the answer would not tell what the receipt covers, so the question waits.
    """
    with transaction():
        attempt = transitions.lock_attempt(facts.attempt_no)
        if not attempt.may_get_receipt:
            _close(attempt)
            return False
        if is_hint:
            return _may_hint(attempt, now)
        if at_once:
            return not attempt.is_refunding
        if attempt.next_check_at is None or attempt.next_check_at > now:
            return False
        return _may_ask(attempt, now)


def _may_hint(attempt: Attempt, now: datetime) -> bool:
    """News moves no planned question, and plans one where none is left."""
    if attempt.hints >= rules.MOST_CLAIMED_INQUIRIES:
        return False
    attempt.hints += 1
    if attempt.next_check_at is None:
        attempt.next_check_at, attempt.checks = now + rules.next_inquiry(0), 0
    return not attempt.is_refunding


def _may_ask(attempt: Attempt, now: datetime) -> bool:
    if attempt.checks >= rules.MOST_UNANSWERED:
        log.warning("whether %s has a cash receipt could not be learnt", attempt.attempt_no)
        _close(attempt)
        return False
    attempt.next_check_at = now + rules.next_inquiry(attempt.checks)
    if attempt.is_refunding:
        return False
    attempt.checks += 1
    return True


def _close(attempt: Attempt) -> None:
    """There is nothing to ask, or nobody to answer."""
    if attempt.is_settled:
        attempt.next_check_at = None


def _record(facts: AttemptFacts, found: PaymentFound, source: Source, now: datetime) -> None:
    """A receipt of which we knew nothing becomes a row, once; else the question stays open until the time is over."""
    with transaction():
        attempt = transitions.lock_attempt(facts.attempt_no)
        if not attempt.may_get_receipt or attempt.is_refunding:
            return
        attempt.checks = 0
        attempt.next_check_at = rules.next_receipt_question(found.paid_at, now, facts.deadline_at)
        if found.transfer is not None and found.transfer.cash_receipt_issued:
            attempt.next_check_at = None
            _keep(attempt, found, source, now)


def _keep(attempt: Attempt, found: PaymentFound, source: Source, now: datetime) -> None:
    """The row, for what the receipt covers. If that is more than remains paid, it is due to be put right."""
    late = _worth(attempt)
    receipt = transitions.keep_receipt(attempt, found, source=source, now=now, covers=late.covers)
    if receipt is not None:
        _put_right(receipt, late.target, now)


def _worth(attempt: Attempt) -> LateReceipt:
    """What a receipt of which we learn now covers, and what it should: nothing of money that belonged to no order."""
    done = [refund for refund in attempt.refunds if refund.state is RefundState.DONE]
    charged = Won(attempt.charged or attempt.amount)
    late = rules.receipt_found_late(charged, [_returned(refund) for refund in done])
    return replace(late, target=Won(0)) if any(refund.is_orphan for refund in done) else late


def _put_right(receipt: CashReceipt, target: Won, now: datetime) -> None:
    due = rules.receipt_owed(target, now, settled=receipt.amount == target)
    if due is not None:
        owed = {"due_at": due.due_at, "reissue_amount": due.reissue}
        receipt_rows.move(receipt, CashReceiptState.CANCEL_DUE, ITSELF, now, owed)


def _returned(refund: Refund) -> Returned:
    """What the gateway's answer to a refund told of the receipt. A person's decision rests on no answer."""
    answer = ReceiptAnswer(refund.receipt_code, refund.receipt_message)
    speaks, is_answered = bool(answer.code), _is_answered(refund)
    return Returned(Won(refund.amount), is_answered=is_answered, speaks=speaks, settled=answer.settled)


def _is_answered(refund: Refund) -> bool:
    """Whether the gateway's yes to the refund itself has come: else it could not tell of a receipt."""
    return not refund.decided_by and not codes.says_already_cancelled(refund.result_code)


def _is_about(facts: AttemptFacts, found: PaymentFound) -> bool:
    """Money that has gone back since is no contradiction; anything else is, and such an answer tells us nothing.

    Of money that fits no order only the number has to be right.
    """
    odd = set(rules.mismatches(facts.asked, found)) - {"refunded"}
    if facts.state in rules.UNPLACED:
        odd &= {"attempt_no"}
    if odd:
        log.warning("an answer about %s contradicts itself: %s", facts.attempt_no, ", ".join(sorted(odd)))
    return not odd
