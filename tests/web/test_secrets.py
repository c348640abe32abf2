"""Secrets and people's numbers: whatever happens, they stand in no page, header, log or column but their own."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from flask import Response, request
from sqlalchemy import select

from shop.db import db
from shop.extensions import client
from shop.models import SavedMethod
from shop.payple import Credentials
from shop.services import orders, settlement, sweep
from tests import staff
from tests.page import PAYER, PageClient
from tests.payer import set_body
from tests.tools.sources import ROOT
from tests.world import Purchase, World

PHONE, CARD, ACCOUNT, RECEIPT_CARD = "01098765432", "9999010200000001", "1002000000456", "8800123412341234"
OWN_COLUMNS = {
    ("attempts", "billing_key"),
    ("saved_methods", "billing_key"),
    ("orders", "payer_phone"),
    ("cash_receipts", "identity"),
}
TOKENS = ("AuthKey", "PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAYER_ID")


@dataclass
class Recorder:
    """The pages and headers that leave the shop, and the secrets that passed through it."""

    world: World
    secrets: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)

    def start(self) -> None:
        keys = Credentials.public_test()
        self.secrets |= {keys.cust_key, keys.refund_key, self.world.app.config["SECRET_KEY"]}
        self.secrets |= {PHONE, CARD, ACCOUNT, RECEIPT_CARD}
        self.world.app.after_request(self._record)
        self.world.gateway.hooks["response"].append(self._record_answer)

    def add_tokens(self, fields: Any) -> None:
        self.secrets |= {str(value) for name, value in dict(fields).items() if name in TOKENS and len(str(value)) > 7}

    def _record(self, response: Response) -> Response:
        is_window = request.endpoint == "payments.start_attempt" and response.status_code == 200
        if not (response.is_streamed or is_window):  # the fields of a window are for this payer's own window
            self.sent.append(response.get_data(as_text=True))
        self.sent.append(str(response.headers))
        return response

    def _record_answer(self, response: requests.Response, **_: object) -> None:
        content = response.content
        set_body(response, content)
        if content.startswith(b"{") and "/_sim" not in response.url:
            self.add_tokens(response.json())
            set_body(response, content)

    def leaks(self, *texts: str) -> set[str]:
        everything = "\n".join([*self.sent, *texts])
        return {secret for secret in self.secrets if secret in everything}


@pytest.fixture
def recorder(world: World, caplog: pytest.LogCaptureFixture) -> Recorder:
    recorder = Recorder(world)
    recorder.start()
    caplog.set_level(logging.DEBUG)
    return recorder


def pay(world: World, recorder: Recorder, scenario: str = "", **choices: str) -> str:
    buyer = world.browser()
    order_no = buyer.place_order(quantity=2, payer_phone=PHONE)
    opening = buyer.start_attempt(order_no, 200, **choices)
    typed = {"account": ACCOUNT} if choices.get("method") == "transfer" else {"card_number": CARD}
    claim = world.payer().pay(opening["fields"], scenario, cash_receipt=True, **typed)
    for fields in (claim, opening["fields"]):
        recorder.add_tokens(fields)
    world.deliver(claim)
    for path in (f"/orders/{order_no}", "/orders"):
        buyer.get(path)
    return order_no


def save_and_subscribe(world: World, recorder: Recorder) -> None:
    """A saved card that pays another order and is deleted, and a subscription whose next month is charged."""
    first = world.purchase(save="y").pay()
    saved = db.session.scalars(select(SavedMethod)).one()
    again = Purchase(world, first.buyer, first.buyer.place_order()).start(method=saved.choice)
    recorder.add_tokens(again.fields)
    world.deliver(again.open().approve(payment_password="123456").result or [])
    for path in ("/orders", f"/orders/{again.order_no}", f"/demo/orders/{again.order_no}"):
        first.buyer.get(path)
    world.fault("key_deletion", "lost_answer")
    first.buyer.submit(f"/saved-methods/{saved.id}/deletion", {})
    world.purchase("monthly-book", method="transfer").pay()
    recorder.secrets |= set(db.session.scalars(select(SavedMethod.billing_key)))
    world.sweep(days=31)


def pay_refund_and_fail(world: World, recorder: Recorder, officer: PageClient) -> str:
    """In every way that leaves a trace; answers an order's number."""
    card, late = pay(world, recorder), pay(world, recorder, method="transfer")
    transfer = pay(world, recorder, method="transfer", cash_receipt="y")
    pay(world, recorder, work="PAY")
    pay(world, recorder, scenario="limit")
    for kind in ("lost_answer", "html_200", "unknown_code", "other_amount", "wrong_types", "json_null"):
        world.fault("confirm", kind)
        pay(world, recorder)
    world.fault("auth", "html_200")
    buyer = world.browser()
    buyer.start_attempt(buyer.place_order(payer_phone=PHONE), 502)
    staff.refund(officer, card, amount="300")
    world.fault("cancel", "lost_answer", phase="after")
    staff.refund(officer, card, amount="200")
    receipts = f"/admin/orders/{late}/cash-receipts"
    officer.submit(receipts, {"purpose": "personal", "identity": RECEIPT_CARD})
    officer.submit(f"{receipts}/cancel", {})
    staff.refund(officer, transfer)
    world.advance(hours=2)
    sweep.run(client())
    for path in ("orders", "desk", "settlement", f"orders/{card}", f"orders/{late}", f"orders/{transfer}"):
        officer.get(f"/admin/{path}")
    return card


def raise_error(*_: object, **__: object) -> None:
    raise RuntimeError("somewhere inside a view")


@pytest.mark.stricter_engine
def test_no_secret_and_nobodys_number_leaves_the_shop(
    world: World, recorder: Recorder, officer: PageClient, buyer: PageClient, caplog: pytest.LogCaptureFixture
) -> None:
    taken = pay_refund_and_fail(world, recorder, officer)
    save_and_subscribe(world, recorder)
    order_no = buyer.place_order(payer_phone=PHONE)
    buyer.add_to_cart()
    with world.monkeypatch.context() as patch:
        patch.setattr(orders, "_new_order_no", lambda: taken)
        buyer.submit("/orders", PAYER | {"payer_phone": PHONE}, 500)
        patch.setattr(settlement, "settle_order", raise_error)
        buyer.get(f"/orders/{order_no}", 500)

    logged = "\n".join(caplog.messages) + caplog.text
    assert len(recorder.secrets) > 30
    assert "somewhere inside a view" in logged
    assert "unexpected error at orders.place" in logged
    assert recorder.leaks(logged, world.dump(without=OWN_COLUMNS)) == set()
    journal = world.dump(only={"journal"})
    assert [person for person in ("홍길동", PHONE, "01012345678", PAYER["payer_email"]) if person in journal] == []
    assert {PHONE} < recorder.leaks(world.dump(only={"orders", "attempts"}))


def test_hostile_text_forges_no_line_in_the_logs_of_the_shop_and_its_server() -> None:
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
    try:
        raise RuntimeError("승인\\r\\n2026-01-01 ERROR shop: paid\\x1b[2J\\u2028\\x00")
    except RuntimeError:
        logging.getLogger(name).exception("one\\r\\ntwo\\x1b[2J %s", "\\u202e")
"""
    command = [sys.executable, "-c", program, str(ROOT)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    lines = [line for line in ended.stderr.split("\n") if line and not line.startswith("    ")]
    assert (ended.returncode, len(lines)) == (0, 3), ended.stderr
    assert all(line.endswith(r"one\r\ntwo\x1b[2J \u202e") for line in lines)
    assert "ERROR shop: paid" in ended.stderr
    assert not set("\r\x1b\u2028\x00") & set(ended.stderr)
