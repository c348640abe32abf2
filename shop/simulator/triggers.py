"""How a payment comes to its scenario: the window's list, else a test number, else what is armed, else the amount."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from shop.simulator import arming
from shop.simulator.payment import Payment
from shop.simulator.runs import Run
from shop.simulator.sample_numbers import account_number, card_number
from shop.simulator.scenarios import APPROVED, SCENARIOS, Scenario

NO_ENDING = "0"  # amounts of whole tens are what shops charge: they never call a scenario


def chosen(db: sqlite3.Connection, run: Run, payment: Payment, typed: Mapping[str, str]) -> Scenario:
    """What the submitted window asks for. `preset` is what its list showed before anybody touched it."""
    wished = SCENARIOS.get(typed.get("scenario", ""), APPROVED)
    if wished.id != (typed.get("preset") or APPROVED.id) and wished.fits(payment):
        return wished
    return unasked(db, run, payment)


def unasked(db: sqlite3.Connection, run: Run, payment: Payment) -> Scenario:
    """What happens to a payment for which nobody chose: by its card or account, what is armed, or its amount."""
    return by_instrument(payment) or arming.take(db, payment) or by_amount(run, payment) or APPROVED


def preset(db: sqlite3.Connection, run: Run, payment: Payment) -> Scenario:
    """What the window's list shows at first."""
    return arming.expected(db, payment) or by_amount(run, payment) or APPROVED


def by_instrument(payment: Payment) -> Scenario | None:
    """The scenario of a test number."""
    mark = payment.instrument.mark if payment.instrument else ""
    found = (row for row in SCENARIOS.values() if row is not APPROVED and row.mark == mark and row.fits(payment))
    return next(found, None)


def by_amount(run: Run, payment: Payment) -> Scenario | None:
    """The scenario of an amount's last three digits, unless the policy switches that off."""
    if run.policy.amount_scenarios == "off":
        return None
    last = str(payment.total)[-3:]
    return next((row for row in SCENARIOS.values() if ending_of(row) == last and row.fits(payment)), None)


def ending_of(scenario: Scenario) -> str:
    """The last three digits of an amount that call a scenario; blank for none."""
    return "" if scenario.mark.endswith(NO_ENDING) else scenario.mark[-3:]


def triggers_of(scenario: Scenario) -> dict[str, str]:
    """Every way to a scenario besides `POST /_sim/scenarios`; blank where there is none."""
    is_default = scenario is APPROVED
    return {
        "window": scenario.id,
        "card": card_number(scenario.mark) if "card" in scenario.methods and not is_default else "",
        "account": account_number(scenario.mark) if "transfer" in scenario.methods and not is_default else "",
        "amount": ending_of(scenario),
    }
