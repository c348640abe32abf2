"""What the gateway's answers look like in our rows: the attempt's columns, a cash receipt, money that must go back."""

from datetime import datetime

from shop import policy
from shop.graph import Proof
from shop.models import Attempt, CashReceipt, Refund
from shop.payple import PaymentFound, Work
from shop.policy import Verdict
from shop.services import journal, moving, receipt_rows
from shop.services.attempt_facts import AttemptFacts
from shop.services.journal import Actor
from shop.services.moving import Step
from shop.states import AttemptState, CashReceiptState, RefundState, Source

LONGEST_INSTALMENT = 99
"""Months. The field has two digits; whatever an answer says must fit its column."""
OUTSIDE = "cancelled at the gateway"
"""The reason of a refund that was made past the shop."""


def told(facts: AttemptFacts, state: AttemptState, verdict: Verdict, now: datetime) -> dict[str, object]:
    """The columns that repeat the gateway's answer, and when to ask again."""
    values: dict[str, object] = {"result_code": verdict.code[:20], "result_message": verdict.message[:200]}
    values |= _schedule(facts, state, verdict, now)
    if verdict.found is None:
        return values
    return values | _cut(_receipt(verdict.found)) | {"odd_sums": _is_odd(facts, state, verdict.found)}


def _is_odd(facts: AttemptFacts, state: AttemptState, found: PaymentFound) -> bool:
    """Whether somebody should look: it is paid, or no order takes it and it is not known yet what has to go back.

    What waits for a person anyway needs no such flag.
    """
    if state is AttemptState.ORPHANED:
        return not policy.one_answer_is_enough(facts.asked, found)
    return state is AttemptState.PAID and policy.odd_sums(found)


def _schedule(facts: AttemptFacts, state: AttemptState, verdict: Verdict, now: datetime) -> dict[str, object]:
    """When to ask the gateway next: soon while we do not know, later about what we gave up, never about the rest."""
    if state is AttemptState.UNKNOWN:
        return {"next_inquiry_at": now + policy.next_inquiry(0), "inquiries": 1}
    if state is AttemptState.PREPARED:
        return {"next_inquiry_at": facts.deadline_at} if facts.work is Work.CERT else {}
    if state is AttemptState.PAID and verdict.found and _may_get_receipt(facts, verdict.found):
        again = policy.next_receipt_question(verdict.found.paid_at, now, facts.deadline_at)
        return {"next_inquiry_at": again, "inquiries": 0, "hints": 0}
    if state in policy.UNPLACED and verdict.found and not policy.one_answer_is_enough(facts.asked, verdict.found):
        return {"next_inquiry_at": now + policy.next_inquiry(0), "inquiries": 0}  # to find out what has to go back
    wait = policy.next_late_inquiry(0) if verdict.asks_again else None
    return {"next_inquiry_at": now + wait if wait else None, "inquiries": 0}


def _may_get_receipt(facts: AttemptFacts, found: PaymentFound) -> bool:
    """A window that pays at once asks about the receipt after the charge, and has not issued one yet."""
    is_transfer = found.transfer is not None and not found.transfer.cash_receipt_issued
    return is_transfer and facts.receipt_asked and facts.work is Work.PAY


def _cut(values: dict[str, object]) -> dict[str, object]:
    """Texts no longer than their columns: an answer that is chattier than documented must not stop a settlement."""
    columns = Attempt.__table__.c
    return {
        name: value[: getattr(columns[name].type, "length", None)] if isinstance(value, str) else value
        for name, value in values.items()
    }


def _receipt(found: PaymentFound) -> dict[str, object]:
    values: dict[str, object] = {
        "paid_at": found.paid_at,
        "trade_date": found.trade_date,
        "charged_amount": found.charged if found.refunded_amount else found.charged_amount,
        "payer_id": found.payer_id,
    }
    if found.card:
        values |= {
            "card_issuer": found.card.issuer,
            "card_number": found.card.number,
            "instalment_months": min(found.card.instalment_months, LONGEST_INSTALMENT),
            "approval_no": found.card.approval_no,
            "trade_key": found.card.trade_key,
            "slip_url": found.card.slip_url,
        }
    if found.transfer:
        values |= {
            "bank_name": found.transfer.bank_name,
            "account": found.transfer.account,
        }
    return values


def keep_receipt(
    attempt: Attempt, verdict: Verdict, *, source: Source, now: datetime, covers: int | None = None
) -> CashReceipt | None:
    """A cash receipt that was issued in the window, or by the confirm, is a row of its own.

    ``covers`` is its amount in won where something went back before we learnt of it. None: there is no receipt.
    """
    found = verdict.found
    if found is None or found.transfer is None or not found.transfer.cash_receipt_issued:
        return None
    receipt = CashReceipt(
        order_id=attempt.order_id,
        attempt_id=attempt.id,
        state=CashReceiptState.ISSUED,
        amount=covers or found.charged_amount or found.amount,
        purpose=attempt.claim_account_kind,
        number=found.transfer.cash_receipt_number[:60],
        created_at=now,
        issued_at=found.paid_at,
    )
    receipt_rows.add(receipt, verdict.proof, Actor(source), now)
    return receipt


def owe_orphan(attempt: Attempt, verdict: Verdict, now: datetime) -> None:
    """Money of ours that no order can take goes back in full: the job is committed with the verdict that found it.

    What somebody has returned past the shop is only written down: the gateway would refuse the whole, every time.
    """
    found = verdict.found
    if found is None:
        return
    gone = min(found.refunded_amount or 0, found.charged) if verdict.proof is Proof.INQUIRY else 0
    if gone:
        _write_down_gone(_return(attempt, gone, OUTSIDE, f"outside-{attempt.attempt_no}", now), now)
    if found.charged > gone:
        keep_receipt(attempt, verdict, source=Source.SHOP, now=now, covers=found.charged - gone)
        reason = ", ".join(verdict.reasons) or "orphaned"
        owed = _return(attempt, found.charged - gone, reason, f"orphan-{attempt.attempt_no}", now)
        _note("refund_reserved", owed, moving.born(owed, Proof.INTENT), now)


def _return(attempt: Attempt, amount: int, reason: str, intent: str, now: datetime) -> Refund:
    """The row of money that goes back to no order, not stored yet."""
    return Refund(
        intent=intent,
        order_id=attempt.order_id,
        attempt=attempt,
        amount=amount,
        vat=0,
        sends_vat=False,
        is_full=True,
        reason=reason,
        reserved_at=now,
        next_try_at=now,
    )


def _write_down_gone(gone: Refund, now: datetime) -> None:
    """A return that was made at the gateway walks the same states as one of ours, at once."""
    _note("refund_reserved", gone, moving.born(gone, Proof.INTENT), now)
    sent = moving.move(gone, RefundState.SUBMITTED, Proof.INTENT, submitted_at=now, next_try_at=None)
    _note("refund_submitted", gone, sent, now, {"outside": True})
    done = moving.move(gone, RefundState.DONE, Proof.INQUIRY, settled_at=now)
    _note("refund_done", gone, done, now, {"outside": True})


def _note(event: str, row: Refund, step: Step, now: datetime, evidence: dict[str, object] | None = None) -> None:
    journal.note(
        event,
        at=now,
        order=row.attempt.order,
        attempt_no=row.attempt.attempt_no,
        source=Source.SHOP,
        row=row,
        step=step,
        evidence=evidence,
    )


def evidence(verdict: Verdict) -> dict[str, object]:
    """What the journal keeps of a verdict: numbers and codes, never people."""
    kept: dict[str, object] = {
        "code": verdict.code,
        "message": verdict.message,
        "reasons": list(verdict.reasons),
    }
    if verdict.found:
        kept |= {
            "attempt_no": verdict.found.attempt_no,
            "amount": verdict.found.amount,
            "trade_date": verdict.found.trade_date.isoformat(),
            "odd_sums": policy.odd_sums(verdict.found),
        }
    return kept
