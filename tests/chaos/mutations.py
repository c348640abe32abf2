"""Lies: what somebody may make of a result post or of a webhook before it reaches the shop. Seeded, so repeatable.

``mutate`` takes the fields of an honest-looking message and makes one ``Post`` of it, by one of ``KINDS``.
``hostile_urls`` lists the forms of an address that must never be dialled, though a careless reader takes them for ours.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

from tests.chaos.watch import MARKER

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
URL_FIELDS = ("PCD_PAY_COFURL", "PCD_PAY_HOST", "PCD_PAY_URL", "PCD_RST_URL")
NUMBER, AMOUNT = "PCD_PAY_OID", "PCD_PAY_TOTAL"
AMOUNTS = (AMOUNT, "PCD_PAY_AMOUNT", "PCD_PAY_AMOUNT_REAL", "PCD_PAY_TAXTOTAL")
RESULT, CODE = "PCD_PAY_RST", "PCD_PAY_CODE"
CODES = (
    "0000",
    "000",
    "00000",
    "PCCF0000",
    "PAYC0000",
    "x0000y",
    "0000 ",
    " 0000",
    "0000\n",
    "CPAY00001",
    "10000",
    "success",
)
RESULTS = ("success", "error", "close", "pending", "SUCCESS", "success ", "succes\u200bs", "true", "1")
EUC_KR = "결제완료"

Text = str | bytes
Fields = list[tuple[Text, Text]]
"""In order, names may repeat; what no encoding can say is bytes."""


@dataclass(frozen=True)
class Others:
    """What a liar may have seen elsewhere: numbers and pairs of keys of other attempts, and an address of his own."""

    numbers: Sequence[str] = ("20261123_SOMEBODY",)
    keys: Sequence[tuple[str, str]] = (("REQKEY", "AUTHKEY"),)
    canary: str = "http://127.0.0.7:9/"


@dataclass(frozen=True)
class Post:
    """One request, ready to be sent."""

    kind: str
    body: bytes
    content_type: str = FORM
    method: str = "POST"


@dataclass(frozen=True)
class Case:
    """What a kind of lie has to work with."""

    fields: Mapping[str, str]
    dice: random.Random
    others: Others

    def any_field(self) -> str:
        """One of the message's fields."""
        return self.dice.choice(list(self.fields))

    def changed(self, **changes: Text) -> Fields:
        """The message with some fields changed or added."""
        return list({**self.fields, **changes}.items())

    def with_one(self, value: Text) -> Fields:
        """The message with this value in one of its fields."""
        return self.changed(**{self.any_field(): value})


def form(fields: Fields) -> bytes:
    """As a browser would send a form."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields).encode()


def mutate(kind: str, fields: Mapping[str, str], dice: random.Random, others: Others) -> Post:
    """One lie of a kind."""
    made = KINDS[kind](Case(fields, dice, others))
    return made if isinstance(made, Post) else Post(kind, form(made))


def forged_success(
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
        AMOUNT: str(amount),
        "PCD_PAY_AMOUNT": str(amount),
        "PCD_PAY_AMOUNT_REAL": str(amount),
        "PCD_AUTH_KEY": f"{dice.getrandbits(256):x}",
        "PCD_PAY_REQKEY": f"{dice.getrandbits(256):x}",
        "PCD_PAYER_ID": f"{dice.getrandbits(128):x}",
        "PCD_PAY_HOST": origin,
        "PCD_PAY_URL": path,
        "PCD_PAY_COFURL": origin + path,
        "PCD_PAY_TIME": "20261123120000",
        "PCD_PAY_CARDRECEIPT": f"{origin}/slip/forged",
        "PCD_RST_URL": "/payments/result",
    }


def forged_notice(
    event: str, number: str, amount: int, dice: random.Random, *, method: str, origin: str
) -> dict[str, str]:
    """A webhook that says paid or cancelled, as the gateway would word it."""
    paid = forged_success(number, amount, dice, method=method, work="PAY", origin=origin)
    told = {name: value for name, value in paid.items() if name not in ("PCD_AUTH_KEY", "PCD_PAY_REQKEY")}
    told |= {"PCD_CST_ID": "test", "PCD_PAY_URL": "", "PCD_PAY_COFURL": ""}
    if event == "paid":
        return told
    return told | {
        CODE: "PAYC0000",
        "PCD_PAYCANCEL_FLAG": "Y",
        "PCD_REFUND_TOTAL": str(amount),
        "PCD_REFUND_TIME": "20261123120000",
    }


def hostile_urls(canary: str, gateway: str, path: str = "/php/PayCardConfirmAct.php?ACT_=PAYM") -> dict[str, str]:
    """Addresses by their trick. Each leads to the canary, or to where no confirm of the gateway lives."""
    bad, good = urlsplit(canary), urlsplit(gateway)
    host, port, home = bad.hostname or "", bad.port, good.netloc
    number = int.from_bytes(bytes(int(part) for part in host.split(".")), "big")
    first, *rest = host.split(".")
    return {
        "plain": f"http://{host}:{port}{path}",
        "https": f"https://{host}:{port}{path}",
        "no scheme": f"//{host}:{port}{path}",
        "one slash": f"http:/{host}:{port}{path}",
        "no slashes": f"http:{host}:{port}{path}",
        "three slashes": f"http:///{host}:{port}{path}",
        "backslashes": f"http:\\\\{host}:{port}{path}",
        "user": f"http://cpay.payple.kr@{host}:{port}{path}",
        "user and password": f"http://{good.hostname}:{good.port}@{host}:{port}{path}",
        "backslash before at": f"http://{home}\\@{host}:{port}{path}",
        "hash before at": f"http://{home}#@{host}:{port}{path}",
        "slash before at": f"http://{host}:{port}/@{home}{path}",
        "gateway as query": f"http://{host}:{port}/?{gateway}{path}",
        "gateway as fragment": f"http://{host}:{port}/#{gateway}{path}",
        "gateway as path": f"http://{host}:{port}/{home}{path}",
        "longer host": f"http://{home}.evil.invalid{path}",
        "payple.kr.evil": f"https://cpay.payple.kr.evil.invalid{path}",
        "evil?payple.kr": f"https://evil.invalid?cpay.payple.kr{path}",
        "live host": f"https://cpay.payple.kr{path}",
        "look-alike letter": f"https://cpay.p\u0430yple.kr{path}",
        "punycode": f"https://cpay.xn--pyple-3nf.kr{path}",
        "full-width dots": f"http://{host.replace('.', '。')}:{port}{path}",
        "full-width digits": f"http://{host.translate({48 + n: 0xFF10 + n for n in range(10)})}:{port}{path}",
        "one number": f"http://{number}:{port}{path}",
        "hex number": f"http://0x{number:x}:{port}{path}",
        "octal": f"http://0{int(first):o}.{'.'.join(rest)}:{port}{path}",
        "short": f"http://{first}.{rest[-1]}:{port}{path}",
        "mapped IPv6": f"http://[::ffff:{host}]:{port}{path}",
        "IPv6": f"http://[::1]:{port}{path}",
        "IPv6 zone": f"http://[::1%25lo]:{port}{path}",
        "metadata": f"http://169.254.169.254{path}",
        "metadata, mapped": f"http://[::ffff:a9fe:a9fe]{path}",
        "percent in host": f"http://{host.replace('.', '%2e')}:{port}{path}",
        "another port": f"http://{good.hostname}:{port}{path}",
        "no port": f"http://{good.hostname}{path}",
        "two ports": f"http://{home}:{port}{path}",
        "another name of this machine": f"http://localhost:{good.port}{path}",
        "trailing dot": f"http://{good.hostname}.:{good.port}{path}",
        "tab in host": f"http://{host[:4]}\t{host[4:]}:{port}{path}",
        "line break": f"{gateway}{path}\r\nHost: {host}:{port}",
        "line break first": f"\r\nhttp://{host}:{port}{path}",
        "NUL": f"{gateway}\x00.{host}:{port}{path}",
        "space": f"{gateway} @{host}:{port}{path}",
        "two addresses": f"{gateway}{path},http://{host}:{port}/",
        "file": "file:///etc/passwd",
        "gopher": f"gopher://{host}:{port}/_POST",
        "ftp": f"ftp://{host}:{port}{path}",
        "script": "javascript:alert(1)",
        "data": "data:application/json,{}",
        "another call": f"{gateway}/php/account/api/cPayCAct.php",
        "authentication": f"{gateway}/php/auth.php",
        "control panel": f"{gateway}/_sim/clock",
        "dots in path": f"{gateway}/php/PayCardConfirmAct.php/../auth.php?ACT_=PAYM",
        "two acts": f"{gateway}{path}&ACT_=TSCANCEL",
        "other act": f"{gateway}{path.partition('?')[0]}?ACT_=TSREG",
        "percent in path": f"{gateway}/php/%50ayCardConfirmAct.php?ACT_=PAYM",
        "relative": path,
        "blank": "",
        "long": f"http://{host}:{port}/{'a' * 3000}",
    }


def _unlike(case: Case, choices: Sequence[str], field: str) -> str:
    return case.dice.choice([choice for choice in choices if choice != case.fields.get(field)])


def _missing(case: Case) -> Fields:
    left_out = case.any_field()
    return [(name, value) for name, value in case.fields.items() if name != left_out]


def _doubled(case: Case) -> Fields:
    name = case.any_field()
    again = case.dice.choice([case.fields[name], "0", "success", case.dice.choice(case.others.numbers)])
    return [*case.changed(), (name, again)]


def _amount(case: Case, value: str) -> Fields:
    return case.changed(**dict.fromkeys(AMOUNTS[: case.dice.choice((1, 3))], value))


def _other_keys(case: Case) -> Fields:
    request_key, auth_key = case.dice.choice(case.others.keys)
    which = case.dice.choice(({"PCD_PAY_REQKEY": request_key}, {"PCD_AUTH_KEY": auth_key}, {}))
    return case.changed(**(which or {"PCD_PAY_REQKEY": request_key, "PCD_AUTH_KEY": auth_key}))


def _hostile_url(case: Case) -> Fields:
    forms = hostile_urls(case.others.canary, case.fields.get("PCD_PAY_HOST") or "http://127.0.0.1:8001")
    return case.changed(**{case.dice.choice(URL_FIELDS): forms[case.dice.choice(list(forms))]})


def _euc_kr(case: Case) -> Post:
    body = form([(name, str(value).encode("euc-kr", "replace")) for name, value in case.changed(PCD_PAY_MSG=EUC_KR)])
    return Post("euc_kr", body, f"{FORM}; charset=euc-kr")


def _as_json(case: Case) -> Post:
    body = case.dice.choice(
        [dict(case.fields), [dict(case.fields)], {RESULT: ["success"], NUMBER: {"$ne": ""}}, None, 0]
    )
    return Post("as_json", json.dumps(body).encode(), JSON)


def _as_multipart(case: Case) -> Post:
    edge = "----chaos"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in case.fields.items()
    ]
    return Post("as_multipart", ("".join(parts) + f"--{edge}--\r\n").encode(), f"multipart/form-data; boundary={edge}")


def _by_another_method(case: Case) -> Post:
    return Post("by_another_method", form(case.changed()), method=case.dice.choice(("GET", "PUT", "DELETE", "PATCH")))


def _garbage(case: Case) -> Post:
    return Post(
        "garbage", case.dice.randbytes(case.dice.randrange(2_000)), case.dice.choice((FORM, JSON, "text/plain", ""))
    )


def _with_brackets(case: Case) -> Fields:
    return [(f"{name}[]", value) for name, value in case.fields.items()]


KINDS: dict[str, Callable[[Case], Fields | Post]] = {
    "as_it_is": lambda case: case.changed(),
    "missing": _missing,
    "nearly_nothing": lambda case: [(RESULT, "success"), (NUMBER, case.fields[NUMBER])],
    "empty": lambda case: case.with_one(""),
    "doubled": _doubled,
    "other_number": lambda case: case.changed(**{NUMBER: case.dice.choice(case.others.numbers)}),
    "unknown_number": lambda case: case.changed(**{NUMBER: f"20261123_{case.dice.getrandbits(90):x}"}),
    "odd_number": lambda case: case.changed(
        **{
            NUMBER: case.dice.choice(
                ("' OR 1=1 --", "%", "../..", case.fields[NUMBER].lower(), case.fields[NUMBER] + " ")
            )
        }
    ),
    "other_amount": lambda case: _amount(case, str(int(case.fields[AMOUNT]) + case.dice.choice((-900, -1, 1, 1_000)))),
    "negative": lambda case: _amount(case, f"-{case.fields[AMOUNT]}"),
    "huge": lambda case: _amount(case, case.dice.choice(("9" * 20, "9" * 400, "1e9", "0x3e8", "inf", "NaN"))),
    "odd_digits": lambda case: _amount(
        case, case.dice.choice(("１０００", "١٠٠٠", "1,000", "+1000", "1000.0", " 1000", "1_000"))
    ),
    "other_method": lambda case: case.changed(
        PCD_PAY_TYPE=_unlike(case, ("card", "transfer", "point"), "PCD_PAY_TYPE")
    ),
    "other_work": lambda case: case.changed(
        PCD_PAY_WORK=_unlike(case, ("CERT", "PAY", "AUTH", "TSREG"), "PCD_PAY_WORK")
    ),
    "other_result": lambda case: case.changed(**{RESULT: _unlike(case, RESULTS, RESULT)}),
    "other_code": lambda case: case.changed(**{CODE: case.dice.choice(CODES)}),
    "other_keys": _other_keys,
    "hostile_url": _hostile_url,
    "control_characters": lambda case: case.with_one("a\r\nSet-Cookie: shop=forged\x1b[31m\x07\x7f\u202e"),
    "nul": lambda case: case.with_one(f"{case.fields[NUMBER]}\x00"),
    "lone_surrogate": lambda case: case.with_one(b"\xed\xa0\x80\xed\xbf\xbf"),
    "bad_utf8": lambda case: case.with_one(b"\xff\xfe\xc0\xaf\xf5"),
    "euc_kr": _euc_kr,
    "marker": lambda case: case.with_one(f"{MARKER}\"'><script>alert(1)</script>{{{{7*7}}}}"),
    "cancelled_too": lambda case: case.changed(PCD_PAYCANCEL_FLAG="Y", PCD_REFUND_TOTAL=case.fields[AMOUNT]),
    "many_fields": lambda case: [*case.changed(), *((f"PCD_{n}", "1") for n in range(10_000))],
    "oversize": lambda case: case.with_one("A" * 100_000),
    "long_name": lambda case: [*case.changed(), ("PCD_" + "X" * 5_000, "1")],
    "with_brackets": _with_brackets,
    "as_json": _as_json,
    "as_multipart": _as_multipart,
    "by_another_method": _by_another_method,
    "garbage": _garbage,
}
