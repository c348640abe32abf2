"""The control plane under /_sim: ledger, payments, clock, policy, runs, console."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from shop.simulator import SimulatorSettings, create_simulator
from shop.simulator.masking import fingerprint
from shop.simulator.policy import SWITCHES, Policy
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.payer import wsgi_session


def test_the_ledger_tells_the_story_of_a_payment(merchant: Merchant) -> None:
    """Asked, opened, authenticated, delivered, charged: one line each, in order, with amount and number."""
    claim = merchant.claim()
    merchant.confirm(claim)

    story = [(entry["op"], entry["effect"]) for entry in merchant.ledger()]

    assert story == [
        ("auth", ""),
        ("window", "opened"),
        ("submit", "authenticated"),
        ("result", ""),
        ("confirm", "charged"),
    ]
    charged = merchant.ledger()[-1]
    assert (charged["oid"], charged["amount"], charged["run"]) == (claim["PCD_PAY_OID"], 1000, "test")


def test_the_ledger_is_read_from_where_one_left_off(merchant: Merchant) -> None:
    merchant.claim()
    entries = merchant.ledger()

    rest = merchant.session.get(f"{SIMULATOR}/_sim/ledger", params={"after": entries[1]["seq"]}).json()

    assert rest == entries[2:]


def test_a_number_beyond_all_numbers_is_after_everything(merchant: Merchant) -> None:
    merchant.claim()

    assert merchant.session.get(f"{SIMULATOR}/_sim/ledger", params={"after": "9" * 30}).json() == []


def test_a_window_follows_its_authentication(merchant: Merchant) -> None:
    """The line of the window names the line of the authentication whose AuthKey it used."""
    merchant.claim()
    auth, window, *_ = merchant.ledger()

    assert window["follows"] == auth["seq"]


def test_the_ledger_is_append_only(merchant: Merchant, tmp_path: Path) -> None:
    merchant.claim()

    with (
        sqlite3.connect(tmp_path / "simulator.sqlite") as db,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        db.execute("UPDATE ledger SET body = '{}'")
    db.close()


def test_no_secret_and_no_person_is_in_the_ledger(merchant: Merchant) -> None:
    """Secrets leave a fingerprint, by which two uses can be matched; names, phones and e-mails are masked."""
    person = {"PCD_PAYER_NAME": "홍길동", "PCD_PAYER_HP": "01012345678", "PCD_PAYER_EMAIL": "hana@example.com"}
    fields_ = merchant.fields(**person)
    claim = dict(merchant.payer.pay(fields_))
    merchant.confirm(claim)
    merchant.inquire(claim["PCD_PAY_OID"])

    told = str(merchant.ledger())

    secrets = ["PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAYER_ID"]
    for hidden in (*person.values(), merchant.cust_key, fields_["PCD_AUTH_KEY"], *(claim[name] for name in secrets)):
        assert hidden not in told
    assert told.count(fingerprint(claim["PCD_PAY_REQKEY"])) >= 2


def test_payments_are_one_bare_array(merchant: Merchant) -> None:
    claim = merchant.claim(PCD_PAY_WORK="PAY")

    (payment,) = merchant.order("GET", "/payments")

    assert payment == merchant.payment(claim["PCD_PAY_OID"])
    assert {
        "oid": claim["PCD_PAY_OID"],
        "type": "card",
        "work": "PAY",
        "state": "approved",
        "total": 1000,
        "refunded_total": 0,
        "cash_receipt": "none",
    }.items() <= payment.items()
    assert payment["paid_at"].endswith("+09:00")


def test_an_unknown_payment_is_a_404_in_json(merchant: Merchant) -> None:
    response = merchant.session.get(f"{SIMULATOR}/_sim/payments/nothing")

    assert (response.status_code, response.json()) == (404, {"error": "no such payment"})


def test_scenarios_are_listed_for_machines(merchant: Merchant) -> None:
    rows = merchant.order("GET", "/scenarios")

    assert rows[0]["id"] == "approved"
    for row in rows:
        assert all(row[name] for name in ("id", "ko", "en", "does_ko", "does_en", "methods", "trigger"))


def test_every_policy_has_a_switch(merchant: Merchant) -> None:
    assert set(SWITCHES) == {field.name for field in fields(Policy)} == set(merchant.order("GET", "/policy"))


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/policy", {"no_such": 1}),
        ("/policy", {"\ud800": 1}),
        ("/policy", {"dup_confirm": "maybe"}),
        ("/policy", {"confirm_minutes": -1}),
        ("/policy", {"confirm_minutes": True}),
        ("/clock", {"advance": -5}),
        ("/clock", {"advance": "10"}),
        ("/clock", {}),
        ("/faults", {"op": "confirm"}),
        ("/faults", {"op": "confirm", "kind": "no_such"}),
        ("/faults", {"op": "auth", "kind": "other_amount"}),
        ("/faults", {"op": "confirm", "kind": "other_amount", "phase": "before"}),
        ("/faults", {"op": "confirm", "kind": "http_500", "times": 0}),
        ("/faults", {"op": "confirm", "kind": "http_500", "times": "many"}),
        ("/faults", {"op": "auth", "kind": "http_500", "oid": "X"}),
        ("/faults", {"op": "confirm", "kind": "http_500", "unknown": 1}),
        ("/partners", {"domains": "shop.example"}),
    ],
)
def test_a_wrong_order_gets_a_sentence_and_changes_nothing(
    merchant: Merchant, path: str, order: dict[str, Any]
) -> None:
    before = merchant.order("GET", "/policy"), merchant.order("GET", "/faults")

    response = merchant.session.post(f"{SIMULATOR}/_sim{path}", json=order)

    assert response.status_code == 400
    assert response.json()["error"]
    assert (merchant.order("GET", "/policy"), merchant.order("GET", "/faults")) == before


def test_a_form_gives_no_orders(merchant: Merchant) -> None:
    """A page of somebody else could post a form here; it cannot post JSON."""
    response = merchant.session.post(f"{SIMULATOR}/_sim/clock", data={"advance": "60"})

    assert response.status_code == 400


def test_a_huge_body_is_not_read(merchant: Merchant) -> None:
    assert merchant.session.post(f"{SIMULATOR}/php/auth.php", data=b"x" * 300_000).status_code == 413


def test_the_clock_moves_without_sleeping(merchant: Merchant) -> None:
    moved = merchant.order("POST", "/clock", {"advance": 90})

    assert moved["offset_seconds"] == 90
    assert merchant.order("GET", "/clock")["now"] > moved["now"]


def test_midnight_is_koreas_and_on_the_runs_clock(merchant: Merchant) -> None:
    """Half a minute before it and half a minute after: two trade dates, and each inquiry wants its own."""
    now = datetime.fromisoformat(merchant.order("GET", "/clock")["now"])
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    paid = []
    for at in (midnight - timedelta(seconds=30), midnight + timedelta(seconds=30)):
        shown = datetime.fromisoformat(merchant.order("GET", "/clock")["now"])
        merchant.order("POST", "/clock", {"advance": (at - shown).total_seconds()})
        paid.append(merchant.claim(PCD_PAY_WORK="PAY"))
    dates = [claim["PCD_PAY_TIME"][:8] for claim in paid]

    assert dates == [f"{now:%Y%m%d}", f"{midnight:%Y%m%d}"]
    for claim in paid:
        found = [merchant.inquire(claim["PCD_PAY_OID"], date=date)["PCD_PAY_RST"] == "success" for date in dates]
        assert found == [date == claim["PCD_PAY_TIME"][:8] for date in dates]


def test_a_reset_forgets_everything_but_the_keys(merchant: Merchant) -> None:
    merchant.claim()
    merchant.order("POST", "/policy", {"dup_confirm": "repeat"})
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500"})

    merchant.order("DELETE", "")

    assert (merchant.ledger(), merchant.order("GET", "/payments")) == ([], [])
    assert merchant.order("GET", "/policy")["dup_confirm"] == "refuse"
    assert merchant.authenticate()["result"] == "success"


@pytest.fixture
def other(merchant: Merchant) -> Merchant:
    """A run of its own on the same simulator."""
    keys = merchant.order("POST", "/runs")
    assert len(keys["cst_id"]) <= 8
    return Merchant(merchant.session, keys["cst_id"], keys["custKey"], keys["clientKey"])


def test_runs_do_not_see_each_other(merchant: Merchant, other: Merchant) -> None:
    """Own numbers, payments, ledger, clock, policy, faults and reset."""
    mine, theirs = merchant.claim(PCD_PAY_OID="ONE"), other.claim(PCD_PAY_OID="ONE")
    other.order("POST", "/clock", {"advance": 601})
    other.order("POST", "/faults", {"op": "auth", "kind": "http_500"})

    assert merchant.confirm(mine)["PCD_PAY_RST"] == "success"
    assert other.confirm(theirs)["PCD_PAY_CODE"] == "PCCFD001"
    assert {entry["run"] for entry in other.ledger()} == {other.cst_id}
    merchant.order("DELETE", "")
    assert other.payment("ONE")["state"] == "expired"


def test_one_runs_keys_do_not_confirm_anothers_payment(merchant: Merchant, other: Merchant) -> None:
    assert other.confirm(merchant.claim())["PCD_PAY_CODE"] == "CBIL0003"


def test_an_unknown_run_is_a_404(merchant: Merchant) -> None:
    assert merchant.session.get(f"{SIMULATOR}/_sim/ledger", params={"run": "nobody"}).status_code == 404


def test_what_was_written_is_there_after_a_restart(merchant: Merchant, simulator: Flask, tmp_path: Path) -> None:
    claim = merchant.claim()
    simulator.extensions["simulator_store"].close()

    again = create_simulator(SimulatorSettings(tmp_path / "simulator.sqlite", SIMULATOR))
    later = Merchant(wsgi_session(again, SIMULATOR))

    assert later.confirm(claim)["PCD_PAY_RST"] == "success"
    again.extensions["simulator_store"].close()


def test_a_file_of_another_version_is_begun_anew(merchant: Merchant, simulator: Flask, tmp_path: Path) -> None:
    """After an update the simulator starts, instead of tripping over what an older one wrote."""
    merchant.claim()
    simulator.extensions["simulator_store"].close()
    with sqlite3.connect(tmp_path / "simulator.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()

    again = create_simulator(SimulatorSettings(tmp_path / "simulator.sqlite", SIMULATOR))

    assert Merchant(wsgi_session(again, SIMULATOR)).ledger() == []
    again.extensions["simulator_store"].close()


class TestConsole:
    """What happened, for people."""

    def test_an_empty_console_says_what_to_do(self, session: requests.Session) -> None:
        assert "아직 결제가 없습니다" in session.get(f"{SIMULATOR}/_sim").text

    def test_it_lists_payments_refusals_scenarios_and_switches(self, merchant: Merchant) -> None:
        claim = merchant.claim()
        merchant.confirm(claim, PCD_CUST_KEY="wrong")

        page = merchant.session.get(f"{SIMULATOR}/_sim").text

        for told in (claim["PCD_PAY_OID"], "인증됨", "PCD_CUST_KEY", "카드 한도 초과", "dup_confirm"):
            assert told in page

    def test_it_speaks_english(self, merchant: Merchant) -> None:
        page = merchant.session.get(f"{SIMULATOR}/_sim", params={"lang": "en"}).text

        assert "Payment simulator console" in page
        assert "Scenarios and how to call them" in page

    def test_a_payments_story_shows_its_messages_without_secrets(self, merchant: Merchant) -> None:
        claim = merchant.claim()
        merchant.confirm(claim)

        page = merchant.session.get(f"{SIMULATOR}/_sim/story/{claim['PCD_PAY_OID']}").text

        for told in ("파트너 인증", "결제창 호출", "승인 요청", "PCCF0000", fingerprint(claim["PCD_PAY_REQKEY"])):
            assert told in page
        assert claim["PCD_PAY_REQKEY"] not in page
        assert merchant.cust_key not in page

    def test_nobody_frames_it_and_markup_stays_text(self, merchant: Merchant) -> None:
        merchant.claim(PCD_PAY_GOODS="<script>alert(1)</script>", PCD_PAY_OID="<b>")

        response = merchant.session.get(f"{SIMULATOR}/_sim")

        assert response.headers["X-Frame-Options"] == "DENY"
        assert "<script>alert" not in response.text
        assert "<b>" not in response.text
