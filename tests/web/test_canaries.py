"""Secrets and people: whatever happens, they stand in no page, header, log or column but where they belong."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from flask import Response, request

from shop.extensions import client
from shop.logs import SafeFormatter
from shop.payple import Credentials
from shop.services import orders, settlement, staff, sweep
from tests import staff as people
from tests.page import PAYER, PageClient
from tests.payer import set_body
from tests.tools.sources import ROOT
from tests.world import World

PHONE, CARD, ACCOUNT, RECEIPT_CARD = "01098765432", "9999010200000001", "1002000000456", "8800123412341234"
BELONGS = {
    ("attempts", "payer_id"),
    ("orders", "payer_phone"),
    ("cash_receipts", "identity"),
}
TOKENS = ("AuthKey", "PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAYER_ID")


@dataclass
class Ears:
    """Everything that leaves the shop: pages and headers, logs, and the secrets that passed through it."""

    world: World
    secrets: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Begin."""
        keys = Credentials.public_test()
        self.secrets |= {keys.cust_key, keys.refund_key, self.world.app.config["SECRET_KEY"]}
        self.secrets |= {PHONE, CARD, ACCOUNT, RECEIPT_CARD}
        self.world.app.after_request(self._hear)
        self.world.gateway.hooks["response"].append(self._learn)

    def learn(self, fields: Any) -> None:
        """Remember the tokens of a message."""
        self.secrets |= {str(value) for name, value in dict(fields).items() if name in TOKENS and len(str(value)) > 7}

    def _hear(self, response: Response) -> Response:
        told = "" if response.is_streamed else response.get_data(as_text=True)
        window = request.endpoint == "payments.start_attempt" and response.status_code == 200
        self.said += [] if window else [told]  # the fields of the window are for this payer's own window
        self.said.append(str(response.headers))
        return response

    def _learn(self, response: requests.Response, **_: object) -> None:
        try:
            answer = response.json()
        except ValueError:
            return
        finally:
            set_body(response, response.content)
        if isinstance(answer, dict) and "/_sim" not in response.url:
            self.learn(answer)

    def leaks(self, *texts: str) -> set[str]:
        """The secrets that somebody could read."""
        everything = "\n".join([*self.said, *texts])
        return {secret for secret in self.secrets if secret in everything}


@pytest.fixture
def ears(world: World, caplog: pytest.LogCaptureFixture) -> Ears:
    listening = Ears(world)
    listening.listen()
    caplog.set_level(logging.DEBUG)
    return listening


def journeys(world: World, ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paying, failing and refunding, in every way that leaves a trace."""
    staff.add(people.NAME, people.PASSWORD)
    officer = people.sign_in(world.browser())
    by_card = pay(world, ears, method="card")
    by_transfer = pay(world, ears, method="transfer", cash_receipt="y")
    pay(world, ears, method="card", work="PAY")
    pay(world, ears, scenario="limit")
    for kind in ("lost_answer", "html_200", "unknown_code", "other_amount", "wrong_types", "json_null"):
        world.fault("confirm", kind)
        pay(world, ears)
    world.fault("auth", "html_200")
    buyer = world.browser()
    buyer.start_attempt(buyer.place_order(payer_phone=PHONE), 502)
    people.refund(officer, by_card, amount="300")
    world.fault("cancel", "lost_answer", phase="after")
    people.refund(officer, by_card, amount="200")
    late = pay(world, ears, method="transfer")
    form = {"purpose": "personal", "identity": RECEIPT_CARD}
    officer.submit(f"/admin/orders/{late}/cash-receipts", form)
    officer.submit(f"/admin/orders/{late}/cash-receipts/cancel", {})
    people.refund(officer, by_transfer)
    world.advance(hours=2)
    sweep.run(client())
    for path in ("orders", "desk", "settlement", f"orders/{by_card}", f"orders/{late}", f"orders/{by_transfer}"):
        officer.get(f"/admin/{path}")
    break_things(world, monkeypatch, by_card)


def pay(world: World, ears: Ears, scenario: str = "", **choices: str) -> str:
    """One buyer's payment, with a card or account typed in."""
    buyer = world.browser()
    order_no = buyer.place_order(quantity=2, payer_phone=PHONE)
    opening = buyer.start_attempt(order_no, 200, **choices)
    typed = {"account": ACCOUNT} if choices.get("method") == "transfer" else {"card_number": CARD}
    claim = world.payer().pay(opening["fields"], scenario, cash_receipt=True, **typed)
    ears.learn(claim)
    ears.learn(opening["fields"])
    world.deliver(claim)
    buyer.get(f"/orders/{order_no}")
    buyer.get("/orders")
    return order_no


def break_things(world: World, monkeypatch: pytest.MonkeyPatch, taken: str) -> None:
    """An exception inside a view, and a row that the database refuses."""
    buyer = world.browser()
    order_no = buyer.place_order(payer_phone=PHONE)
    buyer.add_to_cart()
    with monkeypatch.context() as patch:
        patch.setattr(orders, "_new_order_no", lambda _now: taken)
        buyer.submit("/orders", PAYER | {"payer_phone": PHONE}, 500)

    def fall(*_: object, **__: object) -> None:
        raise RuntimeError("somewhere inside a view")

    with monkeypatch.context() as patch:
        patch.setattr(settlement, "settle_order", fall)
        buyer.get(f"/orders/{order_no}", 500)


@pytest.mark.both_engines
def test_no_secret_and_nobodys_number_leaves_the_shop(
    world: World, ears: Ears, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    journeys(world, ears, monkeypatch)

    logged = "\n".join(caplog.messages) + caplog.text
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "static").rglob("*.js"))
    assert len(ears.secrets) > 30
    assert "somewhere inside a view" in logged
    assert "unexpected error at orders.place" in logged
    assert ears.leaks(logged, scripts, world.dump(without=BELONGS)) == set()


@pytest.mark.both_engines
def test_each_secret_does_stand_where_it_belongs(world: World, ears: Ears) -> None:
    """Otherwise the test above would look for something that is not there."""
    pay(world, ears)

    assert {PHONE} < ears.leaks(world.dump(only={"orders", "attempts"}))


# --- log lines ------------------------------------------------------------------------------------------------------

HOSTILE = "승인\r\n2026-01-01 ERROR shop: paid\x1b[2J\u202e\u2028\x00\x85\u2066"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the shop's own handler writes."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SafeFormatter("%(message)s"))
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def test_a_hostile_text_stays_on_its_line(log: io.StringIO) -> None:
    logging.getLogger("shop.somewhere").warning("%s said %s", "the gateway", HOSTILE)

    assert log.getvalue().split("\n") == [
        "the gateway said 승인\\r\\n2026-01-01 ERROR shop: paid\\x1b[2J\\u202e\\u2028\\x00\\x85\\u2066",
        "",
    ]


def test_a_request_with_line_ends_makes_no_line_of_its_own(
    world: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even inside of a traceback, whose lines are indented."""

    def fall(*_: object, **__: object) -> None:
        raise RuntimeError(f"{HOSTILE} {request.args['next']}")

    monkeypatch.setattr(orders, "history", fall)

    response = PageClient(world.app).open("/orders?next=%0d%0aERROR%20forged%1b%5b2J")

    first, *more = log.getvalue().rstrip("\n").split("\n")
    assert response.status_code == 500
    assert first == "unexpected error at orders.history"
    assert any("ERROR forged" in line for line in more)
    assert all(line.startswith("    ") for line in more)
    assert not set("\r\x1b\u2028") & set(log.getvalue())


def test_the_logs_of_the_shop_and_of_its_server_are_safe() -> None:
    """As in production, where nobody has configured anything, and under a server with a log of its own."""
    program = """
import logging, sys
from pathlib import Path
server = logging.getLogger("gunicorn.error")
server.addHandler(logging.StreamHandler())
server.propagate = False
from shop.factory import create_app
from shop.settings import Settings
for _time in range(2):
    create_app(Settings.from_env({"SECRET_KEY": "s" * 40, "DATABASE_URL": "sqlite://"}, Path(sys.argv[1])))
for name in ("shop.services.settlement", "werkzeug", "gunicorn.error"):
    logging.getLogger(name).error("one\\r\\ntwo\\x1b[2J %s", "\\u202e")
"""
    command = [sys.executable, "-c", program, str(ROOT)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    shown = ended.stderr.splitlines()

    assert (ended.returncode, len(shown)) == (0, 3), ended.stderr
    assert all(line.endswith(r"one\r\ntwo\x1b[2J \u202e") for line in shown)
