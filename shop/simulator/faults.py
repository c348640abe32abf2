"""Faults on demand: an operation breaks before or after its effect, a number of times. One row per kind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shop.simulator.answer import error

OPS = ("auth", "confirm", "inquiry")
PAYMENT_OPS = ("confirm", "inquiry")
PHASES = ("before", "after")
LONGEST_HANG = 120.0
MOST_TIMES = 1_000_000


@dataclass(frozen=True)
class Fault:
    """`oid` blank means any payment; `seconds` is how long the answer hangs before it breaks."""

    op: str
    kind: str
    phase: str = "after"
    oid: str = ""
    times: int = 1
    seconds: float = 0.0
    id: int = 0


@dataclass(frozen=True)
class Broken:
    """What leaves in place of the answer; `lost` closes the connection without a byte."""

    body: str = ""
    status: int = 200
    content_type: str = "application/json"
    lost: bool = False


@dataclass(frozen=True)
class Kind:
    """How an answer breaks, and in which phases that makes sense: another amount needs a real answer to change."""

    id: str
    ko: str
    en: str
    break_answer: Callable[[Mapping[str, str]], Broken]
    ops: tuple[str, ...] = OPS
    phases: tuple[str, ...] = PHASES


def _json(answer: Mapping[str, str]) -> Broken:
    return Broken(json.dumps(dict(answer), ensure_ascii=False))


def _html(status: int) -> Broken:
    return Broken("<html><body><h1>Service Unavailable</h1></body></html>", status, "text/html; charset=utf-8")


def _half(answer: Mapping[str, str]) -> Broken:
    whole = _json(answer or {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000"}).body
    return Broken(whole[: len(whole) // 2])


def _with_other_amount(answer: Mapping[str, str]) -> Broken:
    names = ("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL")
    return _json({**answer, **{name: str(int(answer[name]) + 1_000) for name in names if name in answer}})


KINDS = {
    kind.id: kind
    for kind in (
        Kind("lost_answer", "응답 없이 연결 종료", "No answer, the connection closes", lambda _: Broken(lost=True)),
        Kind("http_500", "HTTP 500", "HTTP 500 with HTML", lambda _: _html(500)),
        Kind("html_200", "HTTP 200 HTML", "HTTP 200 with HTML", lambda _: _html(200)),
        Kind("truncated_json", "중간에 잘린 JSON", "JSON cut in the middle", _half),
        Kind("bad_code", "success이지만 알 수 없는 코드", "success with a code that is none",
             lambda answer: _json({**answer, "PCD_PAY_CODE": "X00001"}), PAYMENT_OPS, ("after",)),
        Kind("other_amount", "다른 금액", "Another amount", _with_other_amount, PAYMENT_OPS, ("after",)),
        Kind("other_oid", "다른 주문번호", "Another payment number",
             lambda answer: _json({**answer, "PCD_PAY_OID": "SOMEBODY_ELSES_ORDER"}), PAYMENT_OPS, ("after",)),
        Kind("pending", "처리 중 응답", "Still pending",
             lambda answer: _json({**answer, "PCD_PAY_RST": "pending", "PCD_PAY_CODE": ""}), PAYMENT_OPS),
        Kind("unknown_outcome", "결과 미수신 (CPAY0018)", "Outcome unknown (CPAY0018)",
             lambda _: _json(error("CPAY0018")), PAYMENT_OPS),
    )
}  # fmt: skip


def checked(fault: Fault) -> Fault:
    """A fault that can happen; ValueError says in a sentence what is wrong with this one."""
    kind = KINDS.get(fault.kind)
    if kind is None:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    if fault.op not in kind.ops or fault.phase not in kind.phases:
        raise ValueError(f"{kind.id} goes with op {' or '.join(kind.ops)} and phase {' or '.join(kind.phases)}")
    if fault.oid and fault.op == "auth":
        raise ValueError("an authentication has no oid")
    if not 1 <= fault.times <= MOST_TIMES or not 0 <= fault.seconds <= LONGEST_HANG:
        raise ValueError(f"times is from 1 to {MOST_TIMES}, seconds from 0 to {LONGEST_HANG:.0f}")
    return fault


def add(db: sqlite3.Connection, run: str, fault: Fault) -> None:
    """Arm a fault for a run."""
    db.execute(
        "INSERT INTO faults (run, op, oid, kind, phase, times, seconds) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, fault.op, fault.oid, fault.kind, fault.phase, fault.times, fault.seconds),
    )


def armed(db: sqlite3.Connection, run: str) -> list[Fault]:
    """The faults that will still happen, in the order in which they were armed."""
    query = "SELECT op, kind, phase, oid, times, seconds, id FROM faults WHERE run = ? AND times > 0 ORDER BY id"
    return [Fault(*row) for row in db.execute(query, (run,))]


def disarm(db: sqlite3.Connection, run: str) -> None:
    """No more faults for a run."""
    db.execute("DELETE FROM faults WHERE run = ?", (run,))


def take(db: sqlite3.Connection, run: str, op: str, oid: str) -> Fault | None:
    """Use up one time of the first fault that fits."""
    fitting = (fault for fault in armed(db, run) if fault.op == op and fault.oid in ("", oid))
    fault = next(fitting, None)
    if fault is not None:
        db.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (fault.id,))
    return fault
