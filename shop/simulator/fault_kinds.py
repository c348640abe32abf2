"""How an answer breaks. One row per kind; the console and `GET /_sim/faults` show this table.

Two faults cannot come from an application that has accepted the connection: a refused connection (stop the simulator)
and a connect that hangs (an address without a listener).
"""

# ruff: noqa: E501 - a table is read row by row

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shop.simulator.answer import error
from shop.simulator.messages import ATTACKER

PAYMENT_OPS = ("confirm", "inquiry", "cancel", "receipt_issue", "receipt_cancel", "repay")
OPS = ("auth", *PAYMENT_OPS)
PHASES = ("before", "after")
AFTER = ("after",)
BEFORE = ("before",)
LONG = 60.0
OVERSIZE = 2 * 1024 * 1024
AMOUNTS = ("PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_REFUND_TOTAL", "PCD_TAXSAVE_AMOUNT")
LIKE_A_SUCCESS = {"PCD_PAY_RST": "success", "PCD_PAY_CODE": "0000"}
HTML = b"<html><body><h1>Service Unavailable</h1></body></html>"


class Manner(StrEnum):
    """How the bytes leave: all of them, none, half and then a reset or a plain close, one each second."""

    WHOLE = "whole"
    NOTHING = "nothing"
    RESET = "reset"
    CLOSED_EARLY = "closed_early"
    DRIP = "drip"


@dataclass(frozen=True)
class Broken:
    """What leaves in place of the answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    manner: Manner = Manner.WHOLE
    location: str = ""


Breaking = Callable[[Mapping[str, str]], Broken]


@dataclass(frozen=True)
class Kind:
    """`phases`: another amount needs a real answer to change, a refusal means that nothing has happened.

    `seconds` is how long it takes unless the fault says otherwise.
    """

    id: str
    ko: str
    en: str
    break_answer: Breaking
    ops: tuple[str, ...] = OPS
    phases: tuple[str, ...] = PHASES
    seconds: float = 0.0


def whole(answer: Mapping[str, object]) -> Broken:
    """An answer as it is."""
    return Broken(json.dumps(dict(answer), ensure_ascii=False).encode())


def _changed(**changes: str) -> Breaking:
    return lambda answer: whole({**answer, **changes})


def _refused(code: str) -> Breaking:
    return lambda _: whole(error(code))


def _only(body: bytes, status: int = 200, content_type: str = "application/json") -> Breaking:
    return lambda _: Broken(body, status, content_type)


def _leaving(manner: Manner) -> Breaking:
    return lambda answer: Broken(whole(answer or LIKE_A_SUCCESS).body, manner=manner)


def _half(answer: Mapping[str, str]) -> Broken:
    body = whole(answer or LIKE_A_SUCCESS).body
    return Broken(body[: len(body) // 2])


def _with_other_amount(answer: Mapping[str, str]) -> Broken:
    return whole({**answer, **{name: str(int(answer[name]) + 1_000) for name in AMOUNTS if name in answer}})


def _without_oid(answer: Mapping[str, str]) -> Broken:
    return whole({name: value for name, value in answer.items() if name != "PCD_PAY_OID"})


def _with_lists(answer: Mapping[str, str]) -> Broken:
    return whole({name: [value] for name, value in answer.items()})


def _twice(answer: Mapping[str, str]) -> Broken:
    """Said twice, with two results: the first one denies what the last one says."""
    denied = json.dumps({"result": "error"} if "result" in answer else {"PCD_PAY_RST": "error"})
    return Broken(denied[:-1].encode() + b", " + whole(answer).body[1:])


def _in_euc_kr(answer: Mapping[str, str]) -> Broken:
    text = whole(answer).body.decode()
    return Broken(text.encode("euc-kr", "replace"), content_type="application/json; charset=euc-kr")


def _with_mark(answer: Mapping[str, str]) -> Broken:
    return Broken(b"\xef\xbb\xbf" + whole(answer).body)


_ROWS = (
    Kind("intact", "정상 응답 (순서 중 한 번 통과)", "No fault: one answer of a sequence passes", whole, phases=AFTER),
    Kind("lost_answer", "응답 없이 연결 종료", "No answer, the connection closes", _leaving(Manner.NOTHING)),
    Kind("read_hang", "응답이 오지 않음", "No answer for a while, then the connection closes", _leaving(Manner.NOTHING), seconds=LONG),
    Kind("reset", "본문 중간에 연결 리셋", "The connection is reset in the middle of the body", _leaving(Manner.RESET)),
    Kind("closed_early", "본문 중간에 연결 종료", "The connection closes in the middle of the body", _leaving(Manner.CLOSED_EARLY)),
    Kind("drip", "1초에 1바이트", "One byte a second, until the time is over", _leaving(Manner.DRIP), seconds=LONG),
    Kind("http_500", "HTTP 500 HTML", "HTTP 500 with HTML", _only(HTML, 500, "text/html; charset=utf-8")),
    Kind("http_502", "HTTP 502 빈 본문", "HTTP 502 with an empty body", _only(b"", 502, "text/html")),
    Kind("html_200", "HTTP 200 HTML", "HTTP 200 with HTML", _only(HTML, 200, "text/html; charset=utf-8")),
    Kind("redirect", "다른 곳으로 302", "HTTP 302 to somebody else's host", lambda _: Broken(status=302, location=ATTACKER + "/")),
    Kind("truncated_json", "중간에 잘린 JSON", "JSON cut in the middle", _half),
    Kind("json_array", "JSON 배열", "JSON, but an array", lambda answer: Broken(b"[" + whole(answer).body + b"]")),
    Kind("json_null", "JSON null", "JSON, but null", _only(b"null")),
    Kind("json_number", "JSON 숫자", "JSON, but a number", _only(b"1000")),
    Kind("wrong_types", "값이 모두 배열", "Every value is in an array", _with_lists, phases=AFTER),
    Kind("duplicate_keys", "결과 필드 중복", "The result is there twice, and the two differ", _twice, phases=AFTER),
    Kind("extra_keys", "모르는 필드 추가", "Fields that nobody knows besides", _changed(PCD_UNKNOWN="?", unknown="1"), phases=AFTER),
    Kind("euc_kr", "EUC-KR 본문", "The body is EUC-KR instead of UTF-8", _in_euc_kr, phases=AFTER),
    Kind("bom", "BOM이 붙은 본문", "A byte order mark before the body", _with_mark, phases=AFTER),
    Kind("oversize", "2 MiB 본문", "A body of 2 MiB", _changed(PCD_PADDING="x" * OVERSIZE)),
    Kind("missing_oid", "주문번호 없음", "No payment number", _without_oid, PAYMENT_OPS, AFTER),
    Kind("other_oid", "다른 주문번호", "Another payment number", _changed(PCD_PAY_OID="SOMEBODY_ELSES_ORDER"), PAYMENT_OPS, AFTER),
    Kind("other_amount", "다른 금액", "Another amount", _with_other_amount, PAYMENT_OPS, AFTER),
    Kind("bad_code", "success이지만 알 수 없는 코드", "success with a code that is none", _changed(PCD_PAY_CODE="X00001"), PAYMENT_OPS, AFTER),
    Kind("unknown_code", "모르는 오류 코드", "error with a code that nobody documented", _refused("ZZZZ9999"), PAYMENT_OPS),
    Kind("unknown_outcome", "결과 미수신 (CPAY0018)", "Outcome unknown (CPAY0018)", _refused("CPAY0018"), PAYMENT_OPS),
    Kind("unknown_outcome_repay", "결과 미수신 (SPAY0011)", "Outcome unknown (SPAY0011)", _refused("SPAY0011"), PAYMENT_OPS),
    Kind("pending", "처리 중 응답", "Still pending", _changed(PCD_PAY_RST="pending", PCD_PAY_CODE=""), PAYMENT_OPS),
    Kind("token_expired", "인증 만료 (CBIL0002)", "The authentication has expired (CBIL0002)", _refused("CBIL0002"), PAYMENT_OPS, BEFORE),
    Kind("refused", "취소 불가 (1116)", "A definite no (1116)", _refused("1116"), ("cancel", "receipt_issue", "receipt_cancel"), BEFORE),
)  # fmt: skip
KINDS = {kind.id: kind for kind in _ROWS}
