"""The CERT confirm: the only request of a merchant that moves money (quick guide, CERT)."""

from dataclasses import replace

from flask import Blueprint, Response, request

from shop.simulator import messages, payment, runs, scenarios
from shop.simulator.api import charge
from shop.simulator.calls import Answer, Call, Refused, refuse_if, serve
from shop.simulator.fields import Fields
from shop.simulator.messages import APP_CARD_CONFIRM_PATH
from shop.simulator.payment import Payment, State
from shop.simulator.policy import Policy
from shop.simulator.runs import Run
from shop.simulator.web import database, read_message

bp = Blueprint("confirm", __name__)
TRANSFER_PATH = "/php/PayConfirmAct.php"


@bp.post("/php/PayCardConfirmAct.php")
@bp.post(APP_CARD_CONFIRM_PATH)
@bp.post(TRANSFER_PATH)
def confirm() -> Response:
    asked, method = read_message(), "transfer" if request.path == TRANSFER_PATH else "card"
    with database().reading() as db:
        waiting = payment.by_request_key(db, asked.get("PCD_PAY_REQKEY", ""))
        run = runs.by_id_or_default(db, waiting.run if waiting else asked.get("PCD_CST_ID", ""))

    def refuse(_call: Call, refused: Refused) -> Fields:
        request_key = asked.get("PCD_PAY_REQKEY", "")
        return messages.refusal(refused.rule, method, PCD_PAY_REQKEY=request_key, PCD_PAY_OID=refused.oid)

    return serve("confirm", run, asked, _charge, refuse, oid=waiting.oid if waiting else "")


def _charge(call: Call) -> Answer:
    """Charge what the window was opened with, once. The request carries the raw keys, and no amount."""
    claimed = _claimed(call)
    run = scenarios.governed(call.run, claimed)
    if claimed.answer and run.policy.dup_confirm == "repeat":
        call.write(claimed, answered=claimed.answer, note="repeated")
        return Answer(claimed.answer)
    if claimed.state is State.EXPIRED or claimed.is_confirm_over(run.now(), run.policy.confirm_minutes):
        raise Refused("confirm_too_late", claimed.oid)
    refuse_if(claimed.state is not State.AUTHENTICATED, "request_key_used", claimed.oid)
    refuse_if(payment.completed(call.db, run.id, claimed.oid), "oid_duplicate", claimed.oid)
    is_month_paid = payment.is_month_paid(call.db, run.id, claimed.payer_id, claimed.asked)
    refuse_if(is_month_paid, "repay_twice_a_month", claimed.oid)
    scenario, charged = scenarios.of(claimed), charge.charge(claimed, run.now())
    answered = _answer(run.policy, charged, scenario.code)
    charged = replace(charged, answer=answered)
    payment.save(call.db, charged)
    note = "answer lost on the way" if scenario.lost else ""
    effect = charge.EFFECTS[charged.state]
    call.write(charged, effect=effect, code=scenario.code, answered=answered, note=note)
    charge.follow_up(call.db, run, charged)
    return Answer(answered, scenario.lost, scenario.seconds)


def _claimed(call: Call) -> Payment:
    asked = call.asked
    run = runs.by_id(call.db, asked.get("PCD_CST_ID", ""))
    if run is None:
        raise Refused("confirm_partner_unknown")
    call.run = run
    refuse_if(asked.get("PCD_CUST_KEY") != run.cust_key, "confirm_cust_key_wrong")
    waiting = payment.by_request_key(call.db, asked.get("PCD_PAY_REQKEY", ""))
    if waiting is None or waiting.run != run.id:
        raise Refused("request_key_unknown")
    refuse_if(not _is_right_address(waiting, run), "confirm_url_wrong", waiting.oid)
    if (asked.get("PCD_AUTH_KEY"), asked.get("PCD_PAYER_ID", "")) != (waiting.result_key, waiting.payer_id):
        raise Refused("result_key_wrong", waiting.oid)
    return waiting


def _is_right_address(waiting: Payment, run: Run) -> bool:
    """The address of the window's result; merchants hard-code that of app cards, which takes every card."""
    if waiting.method == "card" and request.path == APP_CARD_CONFIRM_PATH:
        return True
    path = messages.confirm_path(waiting, run.policy).partition("?")[0]
    return request.path == path and request.args.get("ACT_") == "PAYM"


def _answer(policy: Policy, charged: Payment, code: str) -> Fields:
    if code:
        more = {"PCD_PAY_OID": charged.oid, "PCD_PAY_TYPE": charged.method, "PCD_PAY_REQKEY": charged.request_key}
        return messages.error(code, **more)
    return messages.confirmed(charged, policy) if charged.approved_at else {}
