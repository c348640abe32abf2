"""The console at /_sim: what happened and what is to happen next, for people."""

from dataclasses import asdict
from urllib.parse import quote

from flask import Blueprint, abort, render_template, request

from shop.simulator import ledger, payment, scenarios, store
from shop.simulator.control.faults import KINDS, OPS, PHASES, Fault
from shop.simulator.payment import Payment
from shop.simulator.policy import SWITCHES
from shop.simulator.runs import PUBLIC_TEST_RUN, Run
from shop.simulator.scenarios import GROUPS, SCENARIOS, ArmedScenario
from shop.simulator.web import current_run, database, say, settings
from shop.simulator.webhooks import Webhook

bp = Blueprint("console", __name__, url_prefix="/_sim")
PAYMENTS_SHOWN, MOST_PAYMENTS_SHOWN = 10, 500
WEBHOOKS_SHOWN = 12
LINES_SEARCHED, LINES_SHOWN = 60, 8
NEWS_SHOWN = 6
RUNS_SHOWN = 50
STEPS = ((60, "+1분", "+1 min"), (180, "+3분", "+3 min"), (600, "+10분", "+10 min"), (1_800, "+30분", "+30 min"),
         (86_400, "+1일", "+1 day"))  # fmt: skip
OP_NAMES = {
    "browser": ("브라우저의 요청", "Request of a browser"),
    "auth": ("파트너 인증", "Partner authentication"),
    "window": ("결제창 호출", "Window opened"),
    "submit": ("결제자가 결제하기를 누름", "The payer pressed pay"),
    "receipt": ("현금영수증", "Cash receipt"),
    "close": ("결제자가 창을 닫음", "The payer closed the window"),
    "result": ("결과 전달", "Result delivered"),
    "confirm": ("승인 요청", "Confirm"),
    "inquiry": ("결제결과 조회", "Inquiry"),
    "cancel": ("취소", "Cancel"),
    "repay": ("빌링키 결제", "Paid again by billing key"),
    "key_lookup": ("빌링키 조회", "Billing key lookup"),
    "key_deletion": ("빌링키 해지", "Billing key deletion"),
    "link": ("링크 등록", "Payment link"),
    "receipt_issue": ("현금영수증 발행 요청", "Cash receipt issue"),
    "receipt_cancel": ("현금영수증 취소 요청", "Cash receipt cancel"),
    "webhook": ("웹훅", "Webhook"),
    "barrier": ("정지 지점", "Barrier"),
    "fault": ("장애 발생", "Fault"),
}
EFFECT_NAMES = {
    "opened": ("창 열림", "opened"),
    "authenticated": ("인증됨, 아직 결제되지 않음", "authenticated, nothing charged"),
    "registered": ("결제수단 등록됨", "card or account registered"),
    "charged": ("결제됨", "charged"),
    "declined": ("거절됨", "declined"),
    "closed": ("닫힘", "closed"),
    "expired": ("시간 초과", "expired"),
    "receipt_issued": ("현금영수증 발행", "cash receipt issued"),
    "cancelled": ("환불됨", "refunded"),
    "receipt_reduced": ("현금영수증 금액 변경", "cash receipt reduced"),
    "deregistered": ("해지됨", "deregistered"),
    "receipt_cancelled": ("현금영수증 취소", "cash receipt cancelled"),
}


@bp.get("")
@bp.get("/")
def overview() -> str:
    """Show the newest payments and refusals, the buttons for what happens next, and the switches."""
    show = min(max(request.args.get("show", PAYMENTS_SHOWN, int), 1), MOST_PAYMENTS_SHOWN)
    with database().reading() as db:
        run = current_run(db)
        known = [one.id for one in store.select(db, Run, newest=RUNS_SHOWN)]
        lines = ledger.latest(db, run.id, LINES_SEARCHED)
        newest = store.select(db, Payment, newest=show, run=run.id)
        sent = store.select(db, Webhook, newest=WEBHOOKS_SHOWN, run=run.id)
        armed_scenarios, armed_faults = (store.select(db, kind, run=run.id) for kind in (ArmedScenario, Fault))
    choices = {"groups": GROUPS, "steps": STEPS, "kinds": KINDS, "ops": OPS, "phases": PHASES, "switches": SWITCHES}
    return render_template(
        "console.html",
        run=run,
        runs=list(dict.fromkeys((run.id, PUBLIC_TEST_RUN.id, *known))),
        policy=asdict(run.policy),
        scenarios=SCENARIOS,
        ways={scenario.id: scenarios.triggers_of(scenario) for scenario in SCENARIOS.values()},
        payments=[(one, _shown_state(one, run)) for one in newest],
        more=show * 5 if len(newest) == show < MOST_PAYMENTS_SHOWN else 0,
        news=[line for line in lines if line["effect"] or line["outcome"] != "ok"][:NEWS_SHOWN],
        refusals=[line for line in lines if line["outcome"] == "refused"][:LINES_SHOWN],
        webhooks=sent,
        armed_scenarios=armed_scenarios,
        armed_faults=armed_faults,
        bench=run.bench,
        webhook_url=run.webhook_url,
        **choices,
    )


@bp.get("/story/<path:oid>")
def story(oid: str) -> str:
    with database().reading() as db:
        run = current_run(db)
        shown = payment.by_oid(db, run.id, oid)
        lines = ledger.about(db, run.id, oid)
    if not lines:
        abort(404)
    state = _shown_state(shown, run) if shown else None
    page = settings().merchant_page if run.id == PUBLIC_TEST_RUN.id else ""
    address = page and page + quote(oid)
    return render_template(
        "story.html", run=run, oid=oid, payment=shown, state=state, lines=lines, merchant_page=address
    )


def op_name(op: str) -> str:
    return say(*OP_NAMES.get(op, (op, op)))


def effect_name(effect: str) -> str:
    return say(*EFFECT_NAMES.get(effect, (effect, effect)))


def _shown_state(shown: Payment, run: Run) -> str:
    """A registration authenticates nothing that could still be confirmed."""
    state = scenarios.state_of(run, shown)
    return "registered" if shown.is_registration and state == "authenticated" else str(state)
