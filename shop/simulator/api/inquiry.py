"""The inquiry: what became of a payment. It changes nothing (결제결과 조회 API)."""

from datetime import timedelta

from flask import Blueprint, Response

from shop.simulator import messages, payment, scenarios
from shop.simulator.api import authentication
from shop.simulator.api.authentication import INQUIRY
from shop.simulator.calls import Answer, Call, Refusal, Refused, serve
from shop.simulator.payment import Payment
from shop.simulator.runs import Run
from shop.simulator.web import read_message

bp = Blueprint("inquiry", __name__)


@bp.post("/php/PayChkAct.php")
def inquiry() -> Response:
    """Find a completed payment by number, method and Korea date."""
    asked = read_message()
    method = asked.get("PCD_PAY_TYPE", "")
    wording = Refusal(method, {"PCD_PAY_OID": asked.get("PCD_PAY_OID", ""), "PCD_PAY_TYPE": method})
    return serve("inquiry", authentication.run_of_token(asked), asked, _inquire, wording)


def _inquire(call: Call) -> Answer:
    authentication.admit(call, INQUIRY)
    asked = call.asked
    if asked.get("PCD_PAYCHK_FLAG") != "Y":
        raise Refused("field_missing")
    if asked.get("PCD_PAY_TYPE") not in ("card", "transfer"):
        raise Refused("method_unknown")
    if not asked.get("PCD_PAY_OID") or not asked.get("PCD_PAY_DATE"):
        raise Refused("field_missing")
    completed = payment.completed(call.db, call.run.id, asked["PCD_PAY_OID"])
    run = scenarios.governed(call.run, completed)
    found = _found(call, run, completed)
    answered = messages.found(found, call.origin, run.policy)
    call.write(found, answered=answered)
    return Answer(answered)


def _found(call: Call, run: Run, completed: Payment | None) -> Payment:
    """The payment, unless the method or the date differs, or it is too fresh to be shown."""
    if completed is None or completed.approved_at is None or completed.method != call.asked["PCD_PAY_TYPE"]:
        raise Refused("payment_unknown")
    if not completed.has_date(call.asked["PCD_PAY_DATE"], run.policy):
        raise Refused("payment_unknown")
    if run.now() - completed.approved_at < timedelta(seconds=run.policy.inquiry_lag_seconds):
        raise Refused("inquiry_lags")
    return completed
