"""Asks the gateway about any payment for a person. The journal keeps the answer, masked."""

from contextlib import suppress
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.db import db, end_reading
from shop.models import Attempt, JournalEntry
from shop.payple import GatewayError, PaypleClient, PayType
from shop.rules.states import Source
from shop.services import links

CALLS = ("inquire", "authenticate")
"""Journal events of an inquiry. Without an authentication nothing is asked."""


def ask(number: str, day: date, method: PayType, client: PaypleClient) -> None:
    """Inquire, and settle the payment if it is ours."""
    end_reading()
    with suppress(GatewayError):
        found = client.inquire(number, day, method)
        if found is not None:
            links.record_found(number, found, source=Source.STAFF)


def last_answer(number: str) -> JournalEntry | None:
    asked = (JournalEntry.attempt_no == number, JournalEntry.event.in_(CALLS))
    query = select(JournalEntry).where(*asked).order_by(JournalEntry.id.desc()).limit(1)
    return db.session.scalar(query) if number else None


def attempt_of(number: str) -> Attempt | None:
    return db.session.scalar(select(Attempt).options(joinedload(Attempt.order)).where(Attempt.attempt_no == number))
