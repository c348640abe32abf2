"""What the payer pays with: typed and registered under a billing key, chosen in an app, or known by its key."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from shop.simulator import billing_keys, instruments
from shop.simulator.billing_keys import BillingKey
from shop.simulator.payment import Instrument, Payment
from shop.simulator.runs import Run
from shop.simulator.tokens import new_auth_key, opaque


def identified(db: sqlite3.Connection, run: Run, payment: Payment, typed: Mapping[str, str]) -> Payment:
    """The payment with its instrument, its billing key and the key of its result. Raises Unusable."""
    instrument = _instrument(run, payment, typed)
    months = instruments.instalments_from(typed, payment.total) if payment.is_app_card else 0
    return replace(
        payment,
        instrument=instrument,
        instalment_months=months,
        payer_name=typed.get("payer_name", "")[:80] or payment.payer_name,
        payer_id=_payer_id(db, run, payment, instrument),
        result_key=new_auth_key(),
    )


def register(db: sqlite3.Connection, run: Run, payment: Payment) -> None:
    """Keep the billing key of an instrument that the payer has typed; one that is registered already stays."""
    instrument = payment.instrument
    if payment.is_app_card or payment.has_known_instrument or instrument is None:
        return
    known = billing_keys.by_id(db, run.id, payment.payer_id)
    if known and known.instrument.likeness == instrument.likeness:
        return
    asked = payment.asked
    person = (asked.get("PCD_PAYER_NO", ""), payment.payer_name, asked.get("PCD_PAYER_HP", ""))
    key = BillingKey(payment.payer_id, run.id, payment.method, instrument, run.now(), *person)
    billing_keys.keep(db, key)


def is_registered(db: sqlite3.Connection, run: Run, payment: Payment) -> bool:
    """Whether the payment's instrument has had its key before (기 인증고객)."""
    known = billing_keys.by_id(db, run.id, payment.payer_id)
    return bool(known and payment.instrument and known.instrument.likeness == payment.instrument.likeness)


def _instrument(run: Run, payment: Payment, typed: Mapping[str, str]) -> Instrument | None:
    if payment.has_known_instrument:
        instruments.insist_on_password(typed)
        return payment.instrument
    if payment.is_app_card:
        return instruments.app_card_from(typed)
    return instruments.card_from(typed, run.now()) if payment.method == "card" else instruments.account_from(typed)


def _payer_id(db: sqlite3.Connection, run: Run, payment: Payment, instrument: Instrument | None) -> str:
    if payment.is_app_card or instrument is None:
        return ""
    if payment.has_known_instrument or payment.is_registration:
        named = payment.asked.get("PCD_PAYER_ID", "")
        if named:
            return named
    known = billing_keys.of_instrument(db, run.id, instrument)
    return known.id if known else opaque(48)
