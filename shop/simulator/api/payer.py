"""The payer in the window: pays, answers about the cash receipt, or closes (quick guide 3-4, 3-5).

The window uses no cookie: the unguessable token in its address names the payment.
"""

import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import instruments, ledger, messages, payment, runs, scenarios, store, webhooks
from shop.simulator.api import billing_key, charge
from shop.simulator.api.authentication import new_auth_key, opaque
from shop.simulator.api.billing_key import BillingKey
from shop.simulator.api.window import Delivery
from shop.simulator.fields import Fields
from shop.simulator.instruments import Unusable
from shop.simulator.payment import WINDOW_LIMIT, CashReceipt, Instrument, Payment, State
from shop.simulator.rulebook import RULES
from shop.simulator.runs import Run
from shop.simulator.web import database, language, read_form, say

bp = Blueprint("payer", __name__, url_prefix="/window/<token>")
PHONES = re.compile(r"iPhone|iPod|iPad|Android", re.IGNORECASE)
NOTHING_TYPED: Mapping[str, str] = {}
PREFILLED = {
    **instruments.TEST_CARD,
    **instruments.TEST_ACCOUNT,
    "payment_password": instruments.TEST_PASSWORD,
    "company": next(iter(instruments.ISSUERS)),
}


@bp.get("")
def show(token: str) -> ResponseReturnValue:
    """Show what comes next: the form, the cash receipt, or the result on its way."""
    with database().reading() as db:
        return _page(db, _payment(db, token))


@bp.post("/<any(submit, receipt, close, expire):act>")
def take(token: str, act: str) -> ResponseReturnValue:
    """Take what the payer does: pay, answer about the cash receipt, close, or let the time run out."""
    typed = read_form()
    try:
        with database().writing() as db:
            shown = _payment(db, token)
            done = ACTS[act](db, runs.by_id_or_default(db, shown.run), shown, typed)
    except Unusable as unusable:
        with database().reading() as db:
            return _page(db, _payment(db, token), typed, say(unusable.ko, unusable.en)), 422
    if done.work == "PAY" and done.approved_at:  # CERT is slow at the confirm
        time.sleep(scenarios.of(done).seconds)
    return redirect(url_for("payer.show", token=token, lang=language()), code=303)


def _payment(db: sqlite3.Connection, token: str) -> Payment:
    return store.find(db, Payment, token=token) or abort(404)


def _submit(db: sqlite3.Connection, run: Run, shown: Payment, typed: Mapping[str, str]) -> Payment:
    if shown.state is not State.OPENED:
        return shown
    if shown.is_window_over(run.now()):
        return _refuse(db, run, shown, State.EXPIRED, "window_too_slow")
    ready = _identified(db, run, shown, typed)
    if payment.completed(db, run.id, ready.oid):
        return _refuse(db, run, shown, State.DECLINED, "oid_duplicate")
    if not ready.is_registration and payment.is_month_paid(db, run.id, ready.payer_id, ready.asked):
        return _refuse(db, run, shown, State.DECLINED, "repay_twice_a_month")
    ready = replace(ready, scenario=scenarios.chosen(db, run, ready, typed).id)
    was_registered = _is_registered(db, run, ready)
    done = _authenticate_or_charge(run, ready)
    effect, code = charge.EFFECTS[done.state], _code(done)
    if effect == "authenticated" and ready.is_registration:
        effect = "registered"
    ledger.write(db, run, "submit", done, effect=effect, code=code, note=f"scenario: {ready.scenario}")
    if effect != "declined":
        _register(db, run, done)
        charge.arm_faults(db, run, done)
    webhooks.announce_payment(db, run, done)
    if done.waits_for_receipt and not code and not _is_lost(done):
        payment.save(db, done)
        return done
    return _deliver(db, run, done, was_registered=was_registered)


def _identified(db: sqlite3.Connection, run: Run, shown: Payment, typed: Mapping[str, str]) -> Payment:
    if shown.has_known_instrument:
        instruments.check_password(typed)
        instrument = shown.instrument
    elif shown.is_app_card:
        instrument = instruments.app_card_from(typed)
    elif shown.method == "card":
        instrument = instruments.card_from(typed, run.now())
    else:
        instrument = instruments.account_from(typed)
    months = instruments.instalments_from(typed, shown.total) if shown.is_app_card else 0
    return replace(
        shown,
        instrument=instrument,
        instalment_months=months,
        payer_name=typed.get("payer_name", "")[:80] or shown.payer_name,
        payer_id=_payer_id(db, run, shown, instrument),
        result_key=new_auth_key(),
    )


def _payer_id(db: sqlite3.Connection, run: Run, shown: Payment, instrument: Instrument | None) -> str:
    if shown.is_app_card or instrument is None:
        return ""
    named = shown.asked.get("PCD_PAYER_ID", "")
    if named and (shown.has_known_instrument or shown.is_registration):
        return named
    key = store.find(db, BillingKey, run=run.id, fingerprint=instrument.fingerprint)
    return key.id if key else opaque(48)


def _is_registered(db: sqlite3.Connection, run: Run, ready: Payment) -> bool:
    key = billing_key.by_id(db, run, ready.payer_id)
    return bool(key and ready.instrument and key.fingerprint == ready.instrument.fingerprint)


def _register(db: sqlite3.Connection, run: Run, paid: Payment) -> None:
    """Keep the billing key of an instrument that the payer has typed; an older key of it is forgotten."""
    instrument, asked = paid.instrument, paid.asked
    if paid.is_app_card or paid.has_known_instrument or instrument is None or _is_registered(db, run, paid):
        return
    store.delete(db, BillingKey, run=run.id, id=paid.payer_id)
    store.delete(db, BillingKey, run=run.id, fingerprint=instrument.fingerprint)
    person = (asked.get("PCD_PAYER_NO", ""), paid.payer_name, asked.get("PCD_PAYER_HP", ""))
    names = (paid.payer_id, run.id, instrument.fingerprint, paid.method)
    store.insert(db, BillingKey(*names, instrument, *person))


def _authenticate_or_charge(run: Run, ready: Payment) -> Payment:
    """PAY asks for the money at once, CERT only authenticates, AUTH registers."""
    if scenarios.of(ready).in_window:
        return replace(ready, state=State.DECLINED)
    if ready.work == "PAY":
        return charge.charge(ready, run.now())
    request_key = "" if ready.is_registration else opaque(60)
    return replace(ready, state=State.AUTHENTICATED, authenticated_at=run.now(), request_key=request_key)


def _answer_receipt(db: sqlite3.Connection, run: Run, shown: Payment, typed: Mapping[str, str]) -> Payment:
    if not shown.waits_for_receipt:
        return shown
    use = "company" if typed.get("use") == "company" else "personal"
    answer, asked = CashReceipt("skipped"), {}
    if typed.get("answer") == "send":
        answer, asked = CashReceipt("answered", use), {"PCD_TAXSAVE_IDENTINUM": instruments.receipt_number_from(typed)}
    answered = charge.with_receipt(replace(shown, receipt=answer))
    state = answered.receipt.state
    effect, note = "receipt_issued" if state == "issued" else "", f"{state} {answered.receipt.use}"
    ledger.write(db, run, "receipt", answered, effect=effect, note=note, asked=asked)
    return _deliver(db, run, answered)


def _expire(db: sqlite3.Connection, run: Run, shown: Payment, _typed: Mapping[str, str]) -> Payment:
    """The browser's clock may be ahead of the run's."""
    return _refuse(db, run, shown, State.EXPIRED, "window_too_slow") if shown.is_window_over(run.now()) else shown


def _close(db: sqlite3.Connection, run: Run, shown: Payment, _typed: Mapping[str, str]) -> Payment:
    if shown.state is not State.OPENED:
        return shown
    closed = replace(shown, state=State.CLOSED, result=messages.closed(shown))
    payment.save(db, closed)
    ledger.write(db, run, "close", closed, effect="closed", answered=closed.result)
    return closed


ACTS = {"submit": _submit, "receipt": _answer_receipt, "close": _close, "expire": _expire}


def _deliver(db: sqlite3.Connection, run: Run, done: Payment, *, was_registered: bool = False) -> Payment:
    if _is_lost(done):
        over = replace(done, undelivered=True)
        ledger.write(db, run, "result", over, note="lost on the way")
    else:
        result = _result(run, done, was_registered=was_registered)
        over = replace(done, result=result)
        ledger.write(db, run, "result", over, code=result["PCD_PAY_CODE"], answered=result)
    payment.save(db, over)
    if not over.undelivered:
        charge.cancel_by_scenario(db, run, over)
    return over


def _result(run: Run, done: Payment, *, was_registered: bool) -> Fields:
    code = _code(done)
    if code:
        return messages.error(code, **messages.echo(done.asked))
    if done.is_registration:
        return messages.registered(done, again=was_registered)
    return messages.tampered(messages.success(done, run.policy), scenarios.of(done).tampered)


def _code(done: Payment) -> str:
    """The code of a refusal in the window; in CERT the confirm asks for the money."""
    scenario = scenarios.of(done)
    return scenario.code if scenario.in_window or done.work == "PAY" else ""


def _is_lost(done: Payment) -> bool:
    return scenarios.of(done).lost and done.work == "PAY"


def _refuse(db: sqlite3.Connection, run: Run, shown: Payment, state: State, rule_id: str) -> Payment:
    code = RULES[rule_id].code_for(shown.method)
    over = replace(shown, state=state, result=messages.error(code, **messages.echo(shown.asked)))
    payment.save(db, over)
    effect, result = charge.EFFECTS[state], over.result
    ledger.write(db, run, "submit", over, outcome="refused", effect=effect, code=code, rule=rule_id, answered=result)
    return over


def _page(
    db: sqlite3.Connection, shown: Payment, typed: Mapping[str, str] = NOTHING_TYPED, complaint: str = ""
) -> Response:
    if shown.is_over:
        return _result_page(db, shown)
    page = {"payment": shown, "complaint": complaint}
    if shown.waits_for_receipt:
        use = shown.instrument.holder if shown.instrument else ""
        return make_response(
            render_template("receipt.html", typed={"use": use, **instruments.TEST_RECEIPT, **typed}, **page)
        )
    run = runs.by_id_or_default(db, shown.run)
    preset = typed.get("preset") or scenarios.preset(db, run, shown).id
    left = WINDOW_LIMIT - (run.now() - shown.opened_at)
    page |= {
        "kind": _form_kind(shown),
        "typed": {"payer_name": shown.payer_name, "scenario": preset, **PREFILLED, **typed},
        "groups": scenarios.offered(shown),
        "preset": preset,
        "seconds_left": max(0, int(left.total_seconds())) if shown.method == "card" else None,
        "instalments": instruments.instalments_for(shown.total),
        "banks": instruments.BANKS,
        "companies": instruments.ISSUERS,
    }
    return make_response(render_template("window.html", **page))


def _form_kind(shown: Payment) -> str:
    if shown.has_known_instrument:
        return "password"
    if shown.is_app_card:
        return "app_card"
    return "card" if shown.method == "card" else "account"


def _result_page(db: sqlite3.Connection, over: Payment) -> Response:
    if over.link:
        return make_response(render_template("link_done.html", payment=over))
    delivery = Delivery.of(over.asked, over.page_origin, scenarios.of(over).deliveries)
    is_phone = bool(PHONES.search(request.user_agent.string))
    if is_phone and runs.by_id_or_default(db, over.run).policy.result_by_get == "on":
        delivery = replace(delivery, method="get")
    page = make_response(render_template("result.html", payment=over, delivery=delivery))
    if delivery.url and delivery.times > 1:
        page.headers["Content-Security-Policy"] = delivery.content_policy
    return page
