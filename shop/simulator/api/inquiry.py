"""The inquiry: what became of a payment. It changes nothing (결제결과 조회 API)."""

from datetime import timedelta

from flask import Blueprint, Response

from shop.simulator import messages, payment, scenarios
from shop.simulator.api.authentication import INQUIRY, serve_with_tokens
from shop.simulator.calls import Answer, Call, Refused, refuse_if
from shop.simulator.fields import Fields

bp = Blueprint("inquiry", __name__)


@bp.post("/php/PayChkAct.php")
def inquiry() -> Response:
    """Find a completed payment by number and Korea date, and by method if one is named."""
    return serve_with_tokens(INQUIRY, _inquire, _refused)


def _refused(call: Call, refused: Refused) -> Fields:
    method = call.asked.get("PCD_PAY_TYPE", "")
    return messages.refusal(refused.rule, method, PCD_PAY_OID=call.oid, PCD_PAY_TYPE=method)


def _inquire(call: Call) -> Answer:
    asked = call.asked
    refuse_if(asked.get("PCD_PAYCHK_FLAG") != "Y", "field_missing")
    refuse_if(asked.get("PCD_PAY_TYPE", "") not in ("", "card", "transfer"), "method_unknown")
    refuse_if(not asked.get("PCD_PAY_OID") or not asked.get("PCD_PAY_DATE"), "field_missing")
    completed = payment.completed(call.db, call.run.id, asked["PCD_PAY_OID"])
    run = scenarios.governed(call.run, completed)
    if completed is None or completed.approved_at is None:
        raise Refused("payment_unknown")
    refuse_if(asked.get("PCD_PAY_TYPE") not in (None, "", completed.method), "payment_unknown")
    refuse_if(not completed.has_date(asked["PCD_PAY_DATE"], run.policy), "payment_unknown")
    refuse_if(run.now() - completed.approved_at < timedelta(seconds=run.policy.inquiry_lag_seconds), "inquiry_lags")
    answered = messages.found(completed, run.policy)
    call.write(completed, answered=answered)
    return Answer(answered)
