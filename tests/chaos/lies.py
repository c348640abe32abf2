"""Forged result posts and webhooks: an honest-looking message, changed in one of many ways. Seeded, so repeatable."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

from tests.chaos.watch import MARKER

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
NUMBER, AMOUNT, RESULT, CODE = "PCD_PAY_OID", "PCD_PAY_TOTAL", "PCD_PAY_RST", "PCD_PAY_CODE"
AMOUNTS = (AMOUNT, "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL")
URL_FIELDS = ("PCD_PAY_COFURL", "PCD_PAY_HOST", "PCD_PAY_URL", "PCD_RST_URL")
CODES = ("000", "00000", "PCCF0000", "PAYC0000", "x0000y", "0000 ", "0000\n", "10000", "success")
RESULTS = ("error", "close", "pending", "SUCCESS", "success ", "succes\u200bs", "true")
ODD_AMOUNTS = ("9" * 20, "9" * 400, "1e9", "0x3e8", "NaN", "１０００", "1,000", "+1000", "1000.0", " 1000", "-1000")

Text = str | bytes
Fields = list[tuple[Text, Text]]
"""In order, names may repeat; what no encoding can say is bytes."""


@dataclass(frozen=True)
class Others:
    """What a liar may have seen elsewhere: other numbers, keys of payments that are over, an address of his own."""

    numbers: Sequence[str]
    keys: Sequence[tuple[str, str]]
    canary: str


@dataclass(frozen=True)
class Post:
    """One request, ready to be sent."""

    body: bytes
    content_type: str = FORM
    method: str = "POST"


@dataclass(frozen=True)
class Case:
    """What a kind of lie has to work with."""

    fields: Mapping[str, str]
    dice: random.Random
    others: Others

    def changed(self, **changes: Text) -> Fields:
        return list({**self.fields, **changes}.items())

    def with_one(self, value: Text) -> Fields:
        return self.changed(**{self.dice.choice(list(self.fields)): value})

    def with_amount(self, value: str) -> Fields:
        return self.changed(**dict.fromkeys(AMOUNTS[: self.dice.choice((1, 3))], value))


def forged_result(
    number: str, amount: int, dice: random.Random, *, method: str, work: str, origin: str
) -> dict[str, str]:
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


def forged_webhook(event: str, number: str, amount: int, *, method: str) -> dict[str, str]:
    """A webhook that says paid or cancelled."""
    dice = random.Random(0)
    told = forged_result(number, amount, dice, method=method, work="PAY", origin="")
    told |= {"PCD_AUTH_KEY": "", "PCD_PAY_REQKEY": "", "PCD_PAY_URL": "", "PCD_PAY_COFURL": ""}
    cancel = {CODE: "PAYC0000", "PCD_PAYCANCEL_FLAG": "Y", "PCD_REFUND_TOTAL": str(amount)}
    return told | (cancel if event == "cancelled" else {})


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


def mutate(kind: str, fields: Mapping[str, str], dice: random.Random, others: Others) -> Post:
    """One lie of a kind."""
    made = KINDS[kind](Case(fields, dice, others))
    return made if isinstance(made, Post) else Post(_form(made))


def _form(fields: Fields) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields).encode()


def _doubled(case: Case) -> Fields:
    name = case.dice.choice(list(case.fields))
    return [*case.changed(), (name, case.dice.choice([case.fields[name], "0", *case.others.numbers]))]


def _keys_of_others(case: Case) -> Fields:
    request_key, auth_key = case.dice.choice(case.others.keys)
    return case.changed(PCD_PAY_REQKEY=request_key, PCD_AUTH_KEY=auth_key)


def _hostile_url(case: Case) -> Fields:
    urls = hostile_urls(case.others.canary, case.fields["PCD_PAY_HOST"] or "http://127.0.0.1:8001")
    return case.changed(**{case.dice.choice(URL_FIELDS): case.dice.choice(urls)})


def _as_json(case: Case) -> Post:
    body = case.dice.choice([dict(case.fields), [dict(case.fields)], {RESULT: ["success"], NUMBER: {"$ne": ""}}, None])
    return Post(json.dumps(body).encode(), JSON)


KINDS: dict[str, Callable[[Case], Fields | Post]] = {
    "as it is": lambda case: case.changed(),
    "nearly nothing": lambda case: [(RESULT, "success"), (NUMBER, case.fields[NUMBER])],
    "empty": lambda case: case.with_one(""),
    "doubled": _doubled,
    "other number": lambda case: case.changed(**{NUMBER: case.dice.choice(case.others.numbers)}),
    "unknown number": lambda case: case.changed(**{NUMBER: f"20261123_{case.dice.getrandbits(90):x}"}),
    "odd number": lambda case: case.changed(**{NUMBER: case.dice.choice(("' OR 1=1 --", "%", "../..", "x" * 4_000))}),
    "other amount": lambda case: case.with_amount(str(int(case.fields[AMOUNT]) + case.dice.choice((-900, 1, 1_000)))),
    "odd amount": lambda case: case.with_amount(case.dice.choice(ODD_AMOUNTS)),
    "other method": lambda case: case.changed(PCD_PAY_TYPE=case.dice.choice(("card", "transfer", "point"))),
    "other work": lambda case: case.changed(PCD_PAY_WORK=case.dice.choice(("CERT", "PAY", "AUTH", "TSREG"))),
    "other result": lambda case: case.changed(**{RESULT: case.dice.choice(RESULTS)}),
    "other code": lambda case: case.changed(**{CODE: case.dice.choice(CODES)}),
    "keys of others": _keys_of_others,
    "hostile url": _hostile_url,
    "control characters": lambda case: case.with_one("a\r\nSet-Cookie: shop=forged\x1b[31m\x07\x7f\u202e"),
    "nul": lambda case: case.with_one("a\x00"),
    "no utf-8": lambda case: case.with_one(
        case.dice.choice((b"\xff\xfe\xc0", b"\xed\xa0\x80", "결제".encode("euc-kr")))
    ),
    "marker": lambda case: case.with_one(f"{MARKER}\"'><script>alert(1)</script>{{{{7*7}}}}"),
    "cancelled too": lambda case: case.changed(PCD_PAYCANCEL_FLAG="Y", PCD_REFUND_TOTAL=case.fields[AMOUNT]),
    "many fields": lambda case: [*case.changed(), *((f"PCD_{n}", "1") for n in range(10_000))],
    "oversize": lambda case: case.with_one("A" * 100_000),
    "as json": _as_json,
    "other verb": lambda case: Post(_form(case.changed()), method=case.dice.choice(("GET", "PUT", "DELETE", "PATCH"))),
    "garbage": lambda case: Post(case.dice.randbytes(case.dice.randrange(2_000)), case.dice.choice((FORM, JSON, ""))),
}
