"""Webhooks are not signed. They call nobody and change no money: they only make the sweep inquire soon."""

import re
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from shop import clock
from shop.db import db, transaction
from shop.models import Attempt, PaymentLink, UnknownPayment
from shop.payple import UnverifiedResult
from shop.payple.attempts import FINAL
from shop.rules.states import Source
from shop.services import journal, saved_methods, transitions
from shop.services.journal import Actor

MOST_PER_ATTEMPT = 5
MOST_A_MINUTE = 10
"""How many unknown numbers are kept. Anybody can send a webhook, and each number costs up to four inquiries."""
KEEP = timedelta(days=1)
"""How long a number is kept, and not asked about again."""
_STATE = select(Attempt.state).where(Attempt.attempt_no == bindparam("attempt_no"))
"""Built once, because every webhook runs it."""
_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,30}")


def handle(message: UnverifiedResult) -> None:
    if message.reports_deregistration:
        saved_methods.check_soon(message.billing_key)
        return
    state = db.session.scalar(_STATE, {"attempt_no": message.attempt_no})
    if state is None:
        _note_unknown(message.attempt_no)
    elif state not in FINAL:
        _make_due(message)


def _make_due(message: UnverifiedResult) -> None:
    with transaction():
        attempt = transitions.lock_attempt(message.attempt_no)
        if attempt.state in FINAL or journal.count("webhook", attempt.attempt_no) >= MOST_PER_ATTEMPT:
            return
        attempt.next_check_at = clock.now()  # also during a confirm: an early inquiry does no harm
        attempt.checks = 0  # if this inquiry has no answer, the next one follows soon
        evidence = {"result": message.result, "code": message.code[:20], "amount": message.amount}
        journal.note(attempt, "webhook", Actor(Source.WEBHOOK), evidence)


def _note_unknown(number: str) -> None:
    """Keep a number that is not ours while a link may be paid: its payment has such a number."""
    now = clock.now()
    open_link = select(PaymentLink.id).where(or_(PaymentLink.ends_at > now, PaymentLink.resolved_at.is_(None)))
    if not _NUMBER.fullmatch(number) or db.session.scalar(open_link.limit(1)) is None:
        return
    with suppress(IntegrityError), transaction():  # the number is known already
        db.session.execute(delete(UnknownPayment).where(UnknownPayment.received_at < now - KEEP))
        recent = select(func.count()).where(UnknownPayment.received_at > now - timedelta(minutes=1))
        if (db.session.scalar(recent) or 0) < MOST_A_MINUTE:
            db.session.add(UnknownPayment(number=number, received_at=now))
