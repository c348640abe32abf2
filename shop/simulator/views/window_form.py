"""What the window asks of the payer: which form, what is pre-filled, what may be chosen, how long there is."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from shop.simulator import scenarios, triggers
from shop.simulator.acts.telling import run_of
from shop.simulator.instruments import BANKS, ISSUERS, instalments_for
from shop.simulator.payment import Payment
from shop.simulator.rules.paying import WINDOW_LIMIT
from shop.simulator.sample_numbers import TEST_ACCOUNT, TEST_CARD, TEST_PASSWORD
from shop.simulator.scenarios import Group

PREFILLED = {**TEST_CARD, **TEST_ACCOUNT, "payment_password": TEST_PASSWORD, "company": next(iter(ISSUERS))}


@dataclass(frozen=True)
class WindowForm:
    """`kind` names the template of the fields; `seconds_left` is None where Payple gives no time limit.

    `preset` is the scenario that happens if nobody touches the list.
    """

    kind: str
    typed: Mapping[str, str]
    groups: list[Group]
    preset: str
    seconds_left: int | None
    instalments: tuple[int, ...]
    banks: Mapping[str, str] = field(default_factory=lambda: BANKS)
    companies: Mapping[str, str] = field(default_factory=lambda: ISSUERS)


def form_of(db: sqlite3.Connection, payment: Payment, typed: Mapping[str, str]) -> WindowForm:
    """The form of a payment as it stands, with what the payer has typed already."""
    run = run_of(db, payment)
    preset = typed.get("preset") or triggers.preset(db, run, payment).id
    left = WINDOW_LIMIT - (run.now() - payment.opened_at)
    return WindowForm(
        kind=_kind(payment),
        typed={"payer_name": payment.payer_name, "scenario": preset, **PREFILLED, **typed},
        groups=scenarios.offered(payment),
        preset=preset,
        seconds_left=max(0, int(left.total_seconds())) if payment.method == "card" else None,
        instalments=instalments_for(payment.total),
    )


def _kind(payment: Payment) -> str:
    if payment.has_known_instrument:
        return "password"
    if payment.is_app_card:
        return "app_card"
    return "card" if payment.method == "card" else "account"
