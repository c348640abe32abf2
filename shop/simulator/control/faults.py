"""Faults: how an answer breaks, when it is to break, and the routes that arm it.

Two faults cannot come from an application that has accepted the connection: a refused connection (stop the simulator)
and a connect that hangs (an address without a listener).
"""

# ruff: noqa: E501 - a table is read row by row

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from shop.simulator import ledger, scenarios, store
from shop.simulator.messages import ATTACKER, error
from shop.simulator.runs import Run
from shop.simulator.scenarios import Armed
from shop.simulator.web import control_blueprint, current_run, database, read_order

bp = control_blueprint("faults", "/faults")

PAYMENT_OPS = ("confirm", "inquiry", "cancel", "receipt_issue", "receipt_cancel", "repay")
KEY_OPS = ("key_lookup", "key_deletion")
OPS = ("auth", *PAYMENT_OPS, *KEY_OPS)
REFUND_OPS = ("cancel", "receipt_issue", "receipt_cancel")
PHASES = ("before", "after")
AFTER = ("after",)
BEFORE = ("before",)
LONG = 60.0
LONGEST_HANG = 120.0
OVERSIZE = 2 * 1024 * 1024
AMOUNTS = ("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_REFUND_TOTAL", "PCD_TAXSAVE_AMOUNT")
HTML = b"<html><body><h1>Service Unavailable</h1></body></html>"


class Manner(StrEnum):
    """How the bytes leave: all of them, none, half and then a reset or a plain close, one each second."""

    WHOLE = "whole"
    NOTHING = "nothing"
    RESET = "reset"
    CLOSED_EARLY = "closed_early"
    DRIP = "drip"


Answer = Mapping[str, object]


@dataclass(frozen=True)
class Broken:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    manner: Manner = Manner.WHOLE
    location: str = ""


@dataclass(frozen=True)
class Kind:
    """`body` makes the bytes of the broken answer from the right one; `how` is the rest of `Broken`.

    `phases`: another amount needs a real answer to change, a refusal means that nothing has happened. `seconds` is how
    long it takes unless the fault says otherwise.
    """

    id: str
    ko: str
    en: str
    body: Callable[[Answer], bytes]
    ops: tuple[str, ...] = OPS
    phases: tuple[str, ...] = PHASES
    seconds: float = 0.0
    how: Broken = Broken()

    def broken(self, answer: Answer) -> Broken:
        return replace(self.how, body=self.body(answer))


def whole(answer: Answer) -> bytes:
    return json.dumps(dict(answer), ensure_ascii=False).encode()


def _or_success(answer: Answer) -> bytes:
    return whole(answer or {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000"})


def _half(answer: Answer) -> bytes:
    body = _or_success(answer)
    return body[: len(body) // 2]


def _twice(answer: Answer) -> bytes:
    """The result is there twice: the first one denies what the last one says."""
    denied = json.dumps({"result": "error"} if "result" in answer else {"PCD_PAY_RST": "error"})
    return denied[:-1].encode() + b", " + whole(answer)[1:]


def _with_other_amount(answer: Answer) -> bytes:
    return whole({**answer, **{name: str(int(str(answer[name])) + 1_000) for name in AMOUNTS if name in answer}})


def _changed(**changes: str) -> Callable[[Answer], bytes]:
    return lambda answer: whole({**answer, **changes})


def _refused(code: str) -> Callable[[Answer], bytes]:
    return lambda _: whole(error(code))


def _html(status: int) -> Broken:
    return Broken(status=status, content_type="text/html; charset=utf-8")


_ROWS = (
    Kind("intact", "정상 응답 (순서 중 한 번 통과)", "No fault: one answer of a sequence passes", whole, phases=AFTER),
    Kind("lost_answer", "응답 없이 연결 종료", "No answer, the connection closes", _or_success, how=Broken(manner=Manner.NOTHING)),
    Kind("read_hang", "응답이 오지 않음", "No answer for a while, then the connection closes", _or_success, seconds=LONG, how=Broken(manner=Manner.NOTHING)),
    Kind("reset", "본문 중간에 연결 리셋", "The connection is reset in the middle of the body", _or_success, how=Broken(manner=Manner.RESET)),
    Kind("closed_early", "본문 중간에 연결 종료", "The connection closes in the middle of the body", _or_success, how=Broken(manner=Manner.CLOSED_EARLY)),
    Kind("drip", "1초에 1바이트", "One byte a second, until the time is over", _or_success, seconds=LONG, how=Broken(manner=Manner.DRIP)),
    Kind("http_500", "HTTP 500 HTML", "HTTP 500 with HTML", lambda _: HTML, how=_html(500)),
    Kind("http_502", "HTTP 502 빈 본문", "HTTP 502 with an empty body", lambda _: b"", how=_html(502)),
    Kind("html_200", "HTTP 200 HTML", "HTTP 200 with HTML", lambda _: HTML, how=_html(200)),
    Kind("redirect", "다른 곳으로 302", "HTTP 302 to somebody else's host", lambda _: b"", how=Broken(status=302, location=ATTACKER + "/")),
    Kind("truncated_json", "중간에 잘린 JSON", "JSON cut in the middle", _half),
    Kind("json_array", "JSON 배열", "JSON, but an array", lambda answer: b"[" + whole(answer) + b"]"),
    Kind("json_null", "JSON null", "JSON, but null", lambda _: b"null"),
    Kind("json_number", "JSON 숫자", "JSON, but a number", lambda _: b"1000"),
    Kind("wrong_types", "값이 모두 배열", "Every value is in an array", lambda answer: whole({name: [value] for name, value in answer.items()}), phases=AFTER),
    Kind("duplicate_keys", "결과 필드 중복", "The result is there twice, and the two differ", _twice, phases=AFTER),
    Kind("extra_keys", "모르는 필드 추가", "Undocumented fields besides", _changed(PCD_UNKNOWN="?", unknown="1"), phases=AFTER),
    Kind("euc_kr", "EUC-KR 본문", "The body is EUC-KR instead of UTF-8", lambda answer: whole(answer).decode().encode("euc-kr", "replace"), phases=AFTER, how=Broken(content_type="application/json; charset=euc-kr")),
    Kind("bom", "BOM이 붙은 본문", "A byte order mark before the body", lambda answer: b"\xef\xbb\xbf" + whole(answer), phases=AFTER),
    Kind("oversize", "2 MiB 본문", "A body of 2 MiB", _changed(PCD_PADDING="x" * OVERSIZE)),
    Kind("missing_oid", "주문번호 없음", "No payment number", lambda answer: whole({name: answer[name] for name in answer if name != "PCD_PAY_OID"}), PAYMENT_OPS, AFTER),
    Kind("other_oid", "다른 주문번호", "Another payment number", _changed(PCD_PAY_OID="SOMEBODY_ELSES_ORDER"), PAYMENT_OPS, AFTER),
    Kind("other_amount", "다른 금액", "Another amount", _with_other_amount, PAYMENT_OPS, AFTER),
    Kind("bad_code", "success이지만 알 수 없는 코드", "success with a code that is none", _changed(PCD_PAY_CODE="X00001"), PAYMENT_OPS, AFTER),
    Kind("unknown_code", "모르는 오류 코드", "error with a code that nobody documented", _refused("ZZZZ9999"), PAYMENT_OPS),
    Kind("unknown_outcome", "결과 미수신 (CPAY0018)", "Outcome unknown (CPAY0018)", _refused("CPAY0018"), PAYMENT_OPS),
    Kind("unknown_outcome_repay", "결과 미수신 (SPAY0011)", "Outcome unknown (SPAY0011)", _refused("SPAY0011"), PAYMENT_OPS),
    Kind("pending", "처리 중 응답", "Still pending", _changed(PCD_PAY_RST="pending", PCD_PAY_CODE=""), PAYMENT_OPS),
    Kind("token_expired", "인증 만료 (CBIL0002)", "The authentication has expired (CBIL0002)", _refused("CBIL0002"), PAYMENT_OPS, BEFORE),
    Kind("refused", "취소 불가 (1116)", "A definite no (1116)", _refused("1116"), REFUND_OPS, BEFORE),
)  # fmt: skip
KINDS = {kind.id: kind for kind in _ROWS}


@dataclass(frozen=True)
class Fault(Armed):
    """The next request of `op` that fits breaks; `seconds` is how long the answer hangs before it breaks, or drips."""

    table = "faults"

    op: str
    kind: str
    phase: str = "after"
    seconds: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        kind = KINDS[self.kind]
        if self.op not in kind.ops or self.phase not in kind.phases:
            raise ValueError(f"{kind.id} goes with op {' or '.join(kind.ops)} and phase {' or '.join(kind.phases)}")
        if self.oid and self.op == "auth":
            raise ValueError("an authentication has no oid")
        if not 0 <= self.seconds <= LONGEST_HANG:
            raise ValueError(f"seconds is from 0 to {LONGEST_HANG:.0f}")


def take(run: Run, op: str, oid: str, asked: Mapping[str, str]) -> Fault | None:
    """The fault that breaks this request, counted and written to the ledger."""
    with database().reading() as db:
        if not store.find(db, Fault, run=run.id):
            return None
    with database().writing() as db:
        armed = store.select(db, Fault, run=run.id)
        fault = next((one for one in armed if one.op == op and one.oid in ("", oid)), None)
        if fault is None or not scenarios.draw(db, fault):
            return None
        note = f"{fault.kind} {fault.phase} {op}"
        ledger.write(db, run, "fault", oid=oid, outcome="fault", note=note, asked=asked)
    return fault


@bp.get("")
def list_faults() -> ResponseReturnValue:
    with database().reading() as db:
        armed = [_shown(fault) for fault in store.select(db, Fault, run=current_run(db).id)]
    kinds = [
        {"id": kind.id, "ko": kind.ko, "en": kind.en, "ops": kind.ops, "phases": kind.phases, "seconds": kind.seconds}
        for kind in KINDS.values()
    ]
    return jsonify(armed=armed, kinds=kinds)


@bp.post("")
def arm() -> ResponseReturnValue:
    """`{op, kind, phase?, oid?, times?, seconds?, p?, seed?}`: the next matching requests break.

    A list of kinds strikes in its order, the whole list `times` times: `["http_500", "http_500", "intact"]`.
    """
    order = read_order(
        {
            **dict.fromkeys(("op", "phase", "oid"), (str,)),
            **dict.fromkeys(("times", "seed"), (int,)),
            **dict.fromkeys(("p", "seconds"), (int, float)),
            "kind": (str, list),
        },
        needed=("op", "kind"),
    )
    run, is_sequence = current_run(), isinstance(order["kind"], list)
    sequence = [_fault(one, run, is_sequence=is_sequence) for one in scenarios.in_sequence(order, "kind")]
    with database().writing() as db:
        for fault in sequence:
            store.insert(db, fault)
    shown = [_shown(fault) for fault in sequence]
    return jsonify(shown if is_sequence else shown[0]), 201


@bp.delete("")
def disarm() -> ResponseReturnValue:
    with database().writing() as db:
        store.delete(db, Fault, run=current_run(db).id)
    return "", 204


def _fault(order: dict[str, Any], run: Run, *, is_sequence: bool) -> Fault:
    kind = KINDS.get(order["kind"])
    if kind and is_sequence and len(kind.phases) == 1:
        order["phase"] = kind.phases[0]
    if kind and not order.get("seconds"):
        order["seconds"] = kind.seconds
    return Fault(run=run.id, **order)


def _shown(fault: Fault) -> dict[str, object]:
    return {name: value for name, value in asdict(fault).items() if name != "run"}
