"""Forged results and webhooks: an honest-looking message, changed in one of many ways. Seeded, so repeatable."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.chaos.watch import MARKER

NUMBER, AMOUNT, RESULT, CODE = "PCD_PAY_OID", "PCD_PAY_TOTAL", "PCD_PAY_RST", "PCD_PAY_CODE"
AMOUNTS = (AMOUNT, "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL")
URL_FIELDS = ("PCD_PAY_COFURL", "PCD_PAY_HOST", "PCD_PAY_URL", "PCD_RST_URL")
CODES = ("000", "00000", "PCCF0000", "PAYC0000", "x0000y", "0000 ", "0000\n", "10000", "success")
RESULTS = ("error", "close", "pending", "SUCCESS", "success ", "succes\u200bs", "true")
ODD_AMOUNTS = ("9" * 20, "9" * 400, "1e9", "0x3e8", "NaN", "１０００", "1,000", "+1000", "1000.0", " 1000", "-1000")
ODD_NUMBERS = ("' OR 1=1 --", "%", "../..", "x" * 4_000)

Fields = dict[str, str]


@dataclass(frozen=True)
class Others:
    """What an attacker may know: other numbers, keys of payments that are over, and an address of his own."""

    numbers: Sequence[str]
    keys: Sequence[tuple[str, str]]
    canary: str


def forged_result(number: str, amount: int, dice: random.Random, *, method: str, work: str, origin: str) -> Fields:
    """A success as the window would deliver it, every key invented: who sends it has paid nothing."""
    path = "/php/PayCardConfirmAct.php?ACT_=PAYM" if method == "card" else "/php/PayConfirmAct.php?ACT_=PAYM"
    return {
        RESULT: "success",
        CODE: "0000",
        "PCD_PAY_MSG": "카드인증완료",
        "PCD_PAY_TYPE": method,
        "PCD_PAY_WORK": work,
        NUMBER: number,
        **dict.fromkeys(AMOUNTS, str(amount)),
        "PCD_AUTH_KEY": f"{dice.getrandbits(256):x}",
        "PCD_PAY_REQKEY": f"{dice.getrandbits(256):x}",
        "PCD_PAYER_ID": f"{dice.getrandbits(128):x}",
        "PCD_PAY_HOST": origin,
        "PCD_PAY_URL": path,
        "PCD_PAY_COFURL": origin + path,
        "PCD_PAY_TIME": "20261123120000",
        "PCD_RST_URL": "/payments/result",
    }


def forged_webhook(event: str, number: str, amount: int, *, method: str) -> Fields:
    said = forged_result(number, amount, random.Random(0), method=method, work="PAY", origin="")
    said |= {"PCD_AUTH_KEY": "", "PCD_PAY_REQKEY": "", "PCD_PAY_URL": "", "PCD_PAY_COFURL": ""}
    cancel = {CODE: "PAYC0000", "PCD_PAYCANCEL_FLAG": "Y", "PCD_REFUND_TOTAL": str(amount)}
    return said | (cancel if event == "cancelled" else {})


def hostile_urls(canary: str, gateway: str, path: str = "/php/PayCardConfirmAct.php?ACT_=PAYM") -> list[str]:
    """Addresses that lead to the canary, or to where no confirm of the gateway lives."""
    bad, good = urlsplit(canary).netloc, urlsplit(gateway).netloc
    return [
        f"http://{bad}{path}",
        f"//{bad}{path}",
        f"http:\\\\{bad}{path}",
        f"http://{good}@{bad}{path}",
        f"http://{good}\\@{bad}{path}",
        f"http://{good}#@{bad}{path}",
        f"http://{bad}/?{gateway}{path}",
        f"http://{bad}/{good}{path}",
        f"https://cpay.payple.kr.evil.invalid{path}",
        f"https://cpay.payple.kr{path}",
        f"{gateway}/php/\r\nHost: {bad}",
        f"{gateway}\x00.{bad}{path}",
        f"{gateway} @{bad}{path}",
        f"{gateway}/php/account/api/cPayCAct.php",
        f"{gateway}/php/PayCardConfirmAct.php/../auth.php?ACT_=PAYM",
        "file:///etc/passwd",
        path,
        "",
    ]


def mutate(kind: str, fields: Mapping[str, str], dice: random.Random, others: Others) -> Fields:
    return {**fields, **KINDS[kind](fields, dice, others)}


def _amounts(value: str, dice: random.Random) -> Fields:
    return dict.fromkeys(AMOUNTS[: dice.choice((1, 3))], value)


def _keys_of_others(_fields: Mapping[str, str], dice: random.Random, others: Others) -> Fields:
    request_key, auth_key = dice.choice(others.keys)
    return {"PCD_PAY_REQKEY": request_key, "PCD_AUTH_KEY": auth_key}


def _hostile_url(fields: Mapping[str, str], dice: random.Random, others: Others) -> Fields:
    urls = hostile_urls(others.canary, fields["PCD_PAY_HOST"] or "http://127.0.0.1:8001")
    return {dice.choice(URL_FIELDS): dice.choice(urls)}


def _one(value: str) -> Change:
    return lambda fields, dice, _: {dice.choice(list(fields)): value}


def _any_of(name: str, values: Sequence[str]) -> Change:
    return lambda _fields, dice, _others: {name: dice.choice(values)}


Change = Callable[[Mapping[str, str], random.Random, Others], Fields]
KINDS: dict[str, Change] = {
    "as it is": lambda _fields, _dice, _: {},
    "empty": _one(""),
    "other number": lambda _fields, dice, others: {NUMBER: dice.choice(others.numbers)},
    "unknown number": lambda _fields, dice, _: {NUMBER: f"20261123_{dice.getrandbits(90):x}"},
    "odd number": _any_of(NUMBER, ODD_NUMBERS),
    "other amount": lambda fields, dice, _: _amounts(str(int(fields[AMOUNT]) + dice.choice((-900, 1, 1_000))), dice),
    "odd amount": lambda _fields, dice, _: _amounts(dice.choice(ODD_AMOUNTS), dice),
    "other method": _any_of("PCD_PAY_TYPE", ("card", "transfer", "point")),
    "other work": _any_of("PCD_PAY_WORK", ("CERT", "PAY", "AUTH", "TSREG")),
    "other result": _any_of(RESULT, RESULTS),
    "other code": _any_of(CODE, CODES),
    "keys of others": _keys_of_others,
    "hostile url": _hostile_url,
    "control characters": _one("a\r\nSet-Cookie: shop=forged\x1b[31m\x00\x07\x7f\u202e"),
    "marker": _one(f"{MARKER}\"'><script>alert(1)</script>{{{{7*7}}}}"),
    "cancelled too": lambda fields, _dice, _: {"PCD_PAYCANCEL_FLAG": "Y", "PCD_REFUND_TOTAL": fields[AMOUNT]},
}
"""What each changes of an honest message. Bodies that cannot be read are tried in tests/web."""
