"""What may happen to a payment. One row per scenario; the window, the console and `GET /_sim/scenarios` show this table."""

# ruff: noqa: E501 - a table is read row by row

import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shop.simulator import policy, store
from shop.simulator.instruments import account_number, card_number
from shop.simulator.payment import Payment, State
from shop.simulator.runs import Run
from shop.simulator.store import Row

BOTH = ("card", "transfer")
CARD = ("card",)
TRANSFER = ("transfer",)
MONEY = ("PAY", "CERT")
ANY = ("PAY", "CERT", "AUTH")
CERT = ("CERT",)
MOST_TIMES = 1_000_000
LARGEST_SEED = 2**63 - 1
LONGEST_SEQUENCE = 1_000


@dataclass(frozen=True)
class FaultRow:
    """A fault of `/_sim/faults` that is armed for the payment as soon as the payer has pressed the button."""

    op: str
    kind: str
    phase: str
    times: int = 1


@dataclass(frozen=True)
class Scenario:
    """One row.

    `mark` is the four digits that call it in a test number and, its last three, at the end of an amount. `code`
    refuses, `in_window` or where money is asked for (CERT: at the confirm); `charged` says whether it moves all the same; `lost` keeps the answer; `tampered` names the forged field
    of the result, `deliveries` says how often the result arrives, `seconds` how long the charge takes. `policy` and
    `faults` hold for this payment alone; `cancelled_behind` gives the money back without telling the shop.
    """

    id: str
    mark: str
    ko: str
    en: str
    does_ko: str
    does_en: str
    methods: tuple[str, ...] = BOTH
    works: tuple[str, ...] = MONEY
    code: str = ""
    in_window: bool = False
    charged: bool = True
    lost: bool = False
    tampered: str = ""
    deliveries: int = 1
    seconds: float = 0.0
    policy: Mapping[str, object] = field(default_factory=dict)
    faults: tuple[FaultRow, ...] = ()
    cancelled_behind: bool = False

    @property
    def amount_ending(self) -> str:
        """The last three digits of an amount that call it; blank if they end in 0, as the amounts of shops do."""
        return "" if self.mark.endswith("0") else self.mark[-3:]

    def fits(self, payment: Payment) -> bool:
        return payment.method in self.methods and payment.work in self.works


@dataclass(frozen=True)
class Group:
    ko: str
    en: str
    rows: tuple[Scenario, ...]


def _declines(
    scenario_id: str, code: str, ko: str, en: str, methods: tuple[str, ...] = CARD, mark: str = ""
) -> Scenario:
    does = (f"{code}: 승인 시점에 거절 (CERT는 승인 API에서)", f"{code}: refused when charged (CERT: by the confirm)")
    return Scenario(scenario_id, mark or code[-4:], ko, en, *does, methods, code=code, charged=False)


def _bars(scenario_id: str, code: str, ko: str, en: str, methods: tuple[str, ...] = CARD, mark: str = "") -> Scenario:
    declines = _declines(scenario_id, code, ko, en, methods, mark)
    does_ko, does_en = f"{code}: 결제창에서 거절", f"{code}: refused in the window"
    return replace(declines, does_ko=does_ko, does_en=does_en, works=ANY, in_window=True)


GROUPS = (
    Group("정상", "Usual", (
        Scenario("approved", "0000", "정상 승인", "Approved", "결제가 승인됩니다.", "The payment succeeds.", works=ANY),
    )),
    Group("카드사와 은행의 거절", "Refused by the issuer or the bank", (
        _declines("limit", "3112", "카드 한도 초과", "Card limit exceeded"),
        _declines("balance", "3133", "잔액 부족", "Balance too low"),
        _declines("suspended_card", "3128", "거래정지 카드", "Suspended card"),
        _declines("issuer_maintenance", "3267", "카드사 점검시간", "Card issuer maintenance"),
        _bars("expired_card", "3100", "유효기간 만료 카드", "Expired card", mark="3109"),
        _bars("lost_card", "3122", "도난·분실 카드", "Lost or stolen card"),
        _bars("cancelled_card", "3146", "해지된 카드", "Cancelled card"),
        _bars("wrong_password", "3115", "카드 비밀번호 오류", "Wrong card password"),
        _declines("transfer_failed", "CPAY0022", "출금이체 실패", "Transfer refused by the bank", TRANSFER),
        _declines("bank_maintenance", "CPAY9998", "은행 점검시간", "Bank maintenance", TRANSFER),
        _bars("account_maintenance", "ARSA9998", "은행 점검시간 (계좌 인증 중)", "Bank maintenance while the account is checked", TRANSFER, mark="9997"),
        _bars("account_mismatch", "ARSA0006", "계좌정보 불일치", "Account does not match", TRANSFER, mark="9016"),
    )),
    Group("상점 한도", "The shop's limits", (
        _declines("limit_per_payment", "CPCA0022", "상점 건당 한도 초과", "The shop's limit per payment"),
        _declines("limit_per_day", "CPCA0023", "상점 1일 한도 초과", "The shop's limit per day"),
        _declines("limit_count", "CPCA0024", "상점 1일 건수 초과", "The shop's number of payments per day"),
        _declines("limit_per_month", "CPCA0025", "상점 월 한도 초과", "The shop's limit per month"),
        _declines("transfer_limit", "CPAY0005", "건당 이체 한도 초과", "Transfer limit exceeded", TRANSFER),
        _declines("transfer_limit_month", "CPAY0006", "월 이체 한도 초과", "Monthly transfer limit exceeded", TRANSFER),
    )),
    Group("결과를 알 수 없음", "Outcome unknown", (
        Scenario(
            "unknown_paid", "8018", "결과 미수신 후 실제 출금됨", "Unknown outcome, really paid",
            "CPAY0018을 응답하지만 출금되었습니다. 조회하면 결제완료입니다.", "Answers CPAY0018 although money has moved; the inquiry finds it.",
            TRANSFER, code="CPAY0018",
        ),
        Scenario(
            "unknown_paid_later", "8017", "결과 미수신, 60초 뒤 출금 확인", "Unknown outcome, found paid after 60 s",
            "CPAY0018을 응답하고, 시뮬레이터 시각으로 60초 동안은 조회되지 않다가 결제완료로 조회됩니다.",
            "Answers CPAY0018; the inquiry finds nothing for 60 s of the simulator's clock, then a paid transfer.",
            TRANSFER, code="CPAY0018", policy={"inquiry_lag_seconds": 60},
        ),
        Scenario(
            "unknown_unpaid", "8019", "결과 미수신 후 출금되지 않음", "Unknown outcome, not paid",
            "CPAY0018을 응답하고 출금되지 않았습니다. 조회하면 내역이 없습니다.", "Answers CPAY0018 and no money has moved; the inquiry finds nothing.",
            TRANSFER, code="CPAY0018", charged=False,
        ),
        Scenario(
            "lost_paid", "8401", "승인되었으나 응답 유실", "Approved, but the answer is lost",
            "결제는 완료되지만 응답이 도착하지 않습니다. PAY는 브라우저 결과, CERT는 승인 응답이 사라집니다.",
            "Money moves and the answer never arrives: the browser's result in PAY, the confirm's answer in CERT.",
            lost=True,
        ),
        Scenario(
            "lost_unpaid", "8402", "결제되지 않고 응답 유실", "Not charged, and the answer is lost",
            "결제되지 않고 응답도 도착하지 않습니다.", "No money moves and no answer arrives.",
            charged=False, lost=True,
        ),
    )),
    Group("브라우저 결과", "The browser's result", (
        Scenario(
            "tampered_amount", "8411", "결과의 금액 변조", "Amount tampered in the result",
            "결제창 결과의 금액만 100원 적게 바뀝니다. 실제 금액은 그대로입니다.", "Only the window's result shows 100 won less; the real amount stays.",
            tampered="amount",
        ),
        Scenario(
            "tampered_number", "8412", "결과의 주문번호 변조", "Order number tampered in the result",
            "결제창 결과의 PCD_PAY_OID만 다른 번호로 바뀝니다.", "Only the window's result shows another PCD_PAY_OID.",
            tampered="number",
        ),
        Scenario(
            "tampered_confirm_url", "8413", "결과의 승인 URL 변조", "Confirm URL tampered in the result",
            "PCD_PAY_COFURL이 공격자의 주소로 바뀝니다.", "PCD_PAY_COFURL points to an attacker's host.",
            works=CERT, tampered="confirm_url",
        ),
        Scenario(
            "delivered_twice", "8414", "결과가 두 번 도착", "The result arrives twice",
            "브라우저가 같은 결과를 두 번 보냅니다 (callback도 두 번 호출).", "The browser delivers the same result twice (a callback is called twice).",
            works=ANY, deliveries=2,
        ),
        Scenario(
            "slow", "8415", "5초 지연", "Five seconds late",
            "승인은 되지만 응답이 5초 늦습니다. PAY는 결제창, CERT는 승인 API가 늦습니다.", "The charge takes five seconds: the window in PAY, the confirm in CERT.",
            seconds=5.0,
        ),
    )),
    Group("승인", "The confirm", (
        Scenario(
            "confirm_expired", "8421", "승인 가능 시간 초과", "The confirm comes too late",
            "승인 API가 언제 호출되어도 PCCFD001로 거절합니다.", "The confirm is refused with PCCFD001, however fast it comes.",
            works=CERT, policy={"confirm_minutes": 0},
        ),
        Scenario(
            "confirm_repeated", "8423", "중복 승인에 첫 응답 반복", "A second confirm repeats the first answer",
            "같은 PCD_PAY_REQKEY의 두 번째 승인에 첫 성공을 다시 응답합니다. 결제는 한 번뿐입니다.", "A second confirm of the same PCD_PAY_REQKEY is answered with the first success; there is one charge.",
            works=CERT, policy={"dup_confirm": "repeat"},
        ),
    )),
    Group("조회", "The inquiry", (
        Scenario(
            "inquiry_pending", "8431", "조회가 처리 중", "The inquiry is pending",
            "결제되었지만 처음 세 번의 조회는 처리 중이라고 응답합니다.", "Paid, and the first three inquiries say that it is still pending.",
            faults=(FaultRow("inquiry", "pending", "after", 3),),
        ),
        Scenario(
            "inquiry_late", "8432", "조회에 60초 늦게 나타남", "The inquiry finds it 60 s late",
            "결제되었지만 시뮬레이터 시각으로 60초 동안은 조회되지 않습니다.", "Paid, and the inquiry finds nothing for 60 s of the simulator's clock.",
            policy={"inquiry_lag_seconds": 60},
        ),
        Scenario(
            "inquiry_none", "8433", "하루 동안 조회되지 않음", "Not found by the inquiry for a day",
            "결제되었지만 하루 동안 조회되지 않습니다.", "Paid, and the inquiry finds nothing for a day.",
            policy={"inquiry_lag_seconds": 86_400},
        ),
    )),
    Group("환불과 현금영수증", "Refund and cash receipt", (
        Scenario(
            "refund_refused", "8441", "환불 거절", "The refund is refused",
            "결제는 승인되고, 첫 환불 요청은 1116으로 거절됩니다.", "Paid; the first refund request is refused with 1116.",
            faults=(FaultRow("cancel", "refused", "before"),),
        ),
        Scenario(
            "refund_lost", "8442", "환불되었으나 응답 유실", "Refunded, but the answer is lost",
            "결제는 승인되고, 첫 환불은 처리되지만 응답이 도착하지 않습니다.", "Paid; the first refund is done and its answer never arrives.",
            faults=(FaultRow("cancel", "lost_answer", "after"),),
        ),
        Scenario(
            "refunded_behind", "8443", "관리자에서 몰래 환불됨", "Refunded behind the shop's back",
            "승인된 직후 페이플 관리자에서 전액 취소된 상태가 됩니다. 가맹점은 응답으로 알 수 없습니다.", "Right after the approval all of it is cancelled in Payple's partner admin; no answer tells the shop.",
            cancelled_behind=True,
        ),
        Scenario(
            "receipt_cancel_fails", "8444", "현금영수증 취소 실패", "The cash receipt is not cancelled",
            "환불은 되지만 현금영수증 취소가 -10002122로 실패하고, 다음 날부터 취소할 수 있습니다.", "The refund succeeds, its cash receipt fails with -10002122 and can be cancelled from the next day on.",
            TRANSFER, policy={"receipt_on_refund": "fail"},
        ),
    )),
)  # fmt: skip
SCENARIOS = {scenario.id: scenario for group in GROUPS for scenario in group.rows}
APPROVED = SCENARIOS["approved"]


@dataclass(frozen=True, kw_only=True)
class Armed(Row):
    """Takes effect with probability `p`, `times` times in all; a blank `oid` means any payment.

    `throws` counts the draws: the same `seed` has the same outcome.
    """

    run: str = ""
    oid: str = ""
    times: int = 1
    p: float = 1.0
    seed: int = 0
    throws: int = 0
    id: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.times <= MOST_TIMES or not 0 < self.p <= 1 or not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"times is from 1 to {MOST_TIMES}, p above 0 up to 1, seed from 0 to {LARGEST_SEED}")


@dataclass(frozen=True)
class ArmedScenario(Armed):
    table = "armed_scenarios"

    scenario: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scenario not in SCENARIOS:
            raise ValueError(f"id is one of {', '.join(SCENARIOS)}")

    def fits(self, payment: Payment) -> bool:
        return self.oid in ("", payment.oid) and SCENARIOS[self.scenario].fits(payment)


def draw(db: sqlite3.Connection, armed: Armed) -> bool:
    """Draw once; whether it takes effect. A draw without effect uses up none of the times."""
    hit = random.Random(f"{armed.seed}:{armed.throws}").random() < armed.p
    if armed.times > hit:
        store.update(db, replace(armed, throws=armed.throws + 1, times=armed.times - hit), number=armed.id)
    else:
        store.delete(db, type(armed), number=armed.id)
    return hit


def in_sequence(order: dict[str, Any], member: str) -> list[dict[str, Any]]:
    """One order for each name of a list, repeated `times` times; an order with one name stays as it is."""
    names, times = order[member], order.get("times", 1)
    if isinstance(names, str):
        return [order]
    if not 1 <= len(names) * times <= LONGEST_SEQUENCE:
        raise ValueError(f"a sequence has from 1 to {LONGEST_SEQUENCE} members")
    return [order | {member: str(name), "times": 1} for name in names * times]


def offered(payment: Payment) -> list[Group]:
    fitting = (replace(group, rows=tuple(row for row in group.rows if row.fits(payment))) for group in GROUPS)
    return [group for group in fitting if group.rows]


def of(payment: Payment) -> Scenario:
    """The scenario of a payment, `approved` until one is chosen."""
    return SCENARIOS.get(payment.scenario, APPROVED)


def governed(run: Run, payment: Payment | None) -> Run:
    wishes = of(payment).policy if payment else {}
    return replace(run, policy=policy.changed(run.policy, wishes)) if wishes else run


def state_of(run: Run, payment: Payment) -> State:
    return payment.state_at(run.now(), governed(run, payment).policy)


def chosen(db: sqlite3.Connection, run: Run, payment: Payment, typed: Mapping[str, str]) -> Scenario:
    """The scenario of a submitted window; a list left at its preset is no choice."""
    wished = SCENARIOS.get(typed.get("scenario", ""), APPROVED)
    if wished.id != (typed.get("preset") or APPROVED.id) and wished.fits(payment):
        return wished
    return unasked(db, run, payment)


def unasked(db: sqlite3.Connection, run: Run, payment: Payment) -> Scenario:
    """The scenario without a choice in the window: by test number, by what is armed, or by the amount."""
    mark = payment.instrument.mark if payment.instrument else ""
    named = (row for row in SCENARIOS.values() if row is not APPROVED and row.mark == mark and row.fits(payment))
    if by_number := next(named, None):
        return by_number
    armed = _first_armed(db, payment)
    if armed and draw(db, armed):
        return SCENARIOS[armed.scenario]
    return _by_amount(run, payment) or APPROVED


def preset(db: sqlite3.Connection, run: Run, payment: Payment) -> Scenario:
    """What the window's list shows first: what is surely armed, else what the amount calls."""
    armed = _first_armed(db, payment)
    if armed and armed.p == 1:
        return SCENARIOS[armed.scenario]
    return _by_amount(run, payment) or APPROVED


def triggers_of(scenario: Scenario) -> dict[str, str]:
    """Every way to a scenario besides `POST /_sim/scenarios`; blank where there is none."""
    is_default = scenario is APPROVED
    return {
        "window": scenario.id,
        "card": card_number(scenario.mark) if "card" in scenario.methods and not is_default else "",
        "account": account_number(scenario.mark) if "transfer" in scenario.methods and not is_default else "",
        "amount": scenario.amount_ending,
    }


def _first_armed(db: sqlite3.Connection, payment: Payment) -> ArmedScenario | None:
    return next((armed for armed in store.select(db, ArmedScenario, run=payment.run) if armed.fits(payment)), None)


def _by_amount(run: Run, payment: Payment) -> Scenario | None:
    if run.policy.amount_scenarios == "off":
        return None
    ending = str(payment.total)[-3:]
    return next((row for row in SCENARIOS.values() if row.amount_ending == ending and row.fits(payment)), None)
