"""The control routes under /_sim: ledger, payments, wrong orders, and runs that do not see each other."""

import re
import sqlite3
from pathlib import Path

import pytest
from flask import Flask

from shop.simulator import SimulatorSettings, create_simulator
from shop.simulator.masking import fingerprint
from tests.gateway.merchant import INQUIRY, SIMULATOR, Merchant
from tests.gateway.receiver import Receiver, receiving
from tests.payer import wsgi_session


@pytest.fixture
def run(merchant: Merchant) -> Merchant:
    """A run of its own on the simulator of the public test partner."""
    return merchant.new_run()


def test_the_ledger_tells_the_story_of_a_payment(merchant: Merchant, tmp_path: Path) -> None:
    claim = merchant.claim()
    merchant.confirm(claim)

    entries = merchant.ledger()

    assert [(entry["op"], entry["effect"]) for entry in entries] == [
        *(("auth", ""), ("window", "opened"), ("submit", "authenticated"), ("result", ""), ("confirm", "charged"))
    ]
    assert (entries[-1]["oid"], entries[-1]["amount"], entries[-1]["run"]) == (claim["PCD_PAY_OID"], 1000, "test")
    rest = merchant.session.get(f"{SIMULATOR}/_sim/ledger", params={"after": entries[1]["seq"]}).json()
    assert rest == entries[2:]
    db = sqlite3.connect(tmp_path / "simulator.sqlite")
    with db, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("UPDATE ledger SET body = '{}'")
    db.close()


def test_the_ledger_has_fingerprints_of_secrets_and_no_person(merchant: Merchant) -> None:
    person = {"PCD_PAYER_NAME": "홍길동", "PCD_PAYER_HP": "01012345678", "PCD_PAYER_EMAIL": "hana@example.com"}
    fields = merchant.fields(**person)
    claim = dict(merchant.payer.pay(fields))
    merchant.confirm(claim)
    merchant.inquire(claim["PCD_PAY_OID"])

    written = str(merchant.ledger())

    secrets = [claim[name] for name in ("PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAYER_ID")]
    for hidden in (*person.values(), merchant.cust_key, fields["PCD_AUTH_KEY"], *secrets):
        assert hidden not in written
    assert written.count(fingerprint(claim["PCD_PAY_REQKEY"])) >= 2


def test_payments_are_a_bare_array(merchant: Merchant) -> None:
    paid = merchant.paid()

    (payment,) = merchant.payments()

    assert payment == merchant.payment(paid["PCD_PAY_OID"])
    assert {
        "oid": paid["PCD_PAY_OID"],
        "type": "card",
        "work": "PAY",
        "state": "approved",
        "total": 1000,
        "refunded_total": 0,
        "cash_receipt": "none",
    }.items() <= payment.items()
    assert payment["paid_at"].endswith("+09:00")


@pytest.mark.parametrize(
    ("path", "orders"),
    [
        ("/policy", [{"no_such": 1}, {"dup_confirm": "maybe"}]),
        ("/clock", [{"advance": -5}, {"advance": "10"}, {}]),
        ("/partners", [{"domains": "shop.example"}]),
        (
            "/faults",
            [
                {"op": "auth"},
                {"op": "auth", "kind": "other_amount"},
                {"op": "confirm", "kind": "other_amount", "phase": "before"},
                {"op": "auth", "kind": ["http_500", "nothing"]},
                {"op": "auth", "kind": ["http_500"] * 1_001},
                {"op": "auth", "kind": "http_500", "seconds": 121},
                {"op": "auth", "kind": "http_500", "times": 0},
                {"op": "auth", "kind": "http_500", "p": 1.1},
                {"op": "auth", "kind": "http_500", "oid": "X"},
            ],
        ),
        ("/scenarios", [{}, {"id": ["limit", "no_such"]}, {"id": "limit", "p": 0}, {"id": "limit", "seed": -1}]),
        ("/webhooks", [{"hold": 1}, {"duplicate": 11}, {"drop": 1.1}, {"delay": "10"}]),
        ("/barrier", [{"op": "confirm"}, {"op": "no_such", "phase": "before"}, {"op": "confirm", "phase": "during"}]),
        ("/barrier", [{"op": "confirm", "phase": "before", "seconds": 0}]),
        ("/payments/ONE/cancel", [{"amount": 0}, {"amount": True}, []]),
    ],
)
def test_a_wrong_order_gets_a_sentence_and_changes_nothing(merchant: Merchant, path: str, orders: list[object]) -> None:
    """A form is refused, too: a page of somebody else could post one."""
    answers = [merchant.session.post(f"{SIMULATOR}/_sim{path}", json=order) for order in orders]
    answers.append(merchant.session.post(f"{SIMULATOR}/_sim{path}", data={"id": "limit", "advance": "60"}))

    assert {(answer.status_code, bool(answer.json()["error"])) for answer in answers} == {(400, True)}
    assert merchant.order("GET", "/faults")["armed"] == merchant.order("GET", "/scenarios/armed") == []
    assert merchant.order("GET", "/barrier") == merchant.ledger() == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((host, 421) for host in ("evil.example", "localhost.evil.example:8001", "payple.kr.evil.example")),
        *((host, 200) for host in ("127.0.0.1:8001", "localhost:8001", "[::1]:8001", "192.0.2.7")),
        ("democpay.payple.kr", 200),
    ],
)
@pytest.mark.parametrize("path", ["/_sim", "/_sim/ledger", "/js/v1/payment.js"])
def test_it_answers_under_its_own_names_only(merchant: Merchant, path: str, host: str, status: int) -> None:
    """A page whose name leads to this machine cannot read it; merchants may lead Payple's hosts to it."""
    assert merchant.session.get(f"{SIMULATOR}{path}", headers={"Host": host}).status_code == status


def test_unknown_runs_and_payments_and_a_huge_body_are_refused(merchant: Merchant) -> None:
    assert merchant.session.get(f"{SIMULATOR}/_sim/payments/nothing").json() == {"error": "no such payment"}
    assert merchant.session.get(f"{SIMULATOR}/_sim/ledger", params={"run": "nobody"}).status_code == 404
    assert merchant.session.post(f"{SIMULATOR}/php/auth.php", data=b"x" * 300_000).status_code == 413


def test_a_file_of_another_version_is_begun_anew(merchant: Merchant, simulator: Flask, tmp_path: Path) -> None:
    merchant.claim()
    simulator.extensions["simulator_store"].close()
    with sqlite3.connect(tmp_path / "simulator.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()

    again = create_simulator(SimulatorSettings(tmp_path / "simulator.sqlite", SIMULATOR))

    assert Merchant(wsgi_session(again, SIMULATOR)).ledger() == []
    again.extensions["simulator_store"].close()


def test_issued_keys_say_that_they_are_no_real_ones(merchant: Merchant) -> None:
    issued = [merchant.order("POST", "/runs") for _ in range(3)]

    for keys in issued:
        assert re.fullmatch(r"sim[a-z0-9]{5}", keys["cst_id"])
        assert all(re.search("simulator", keys[name], re.IGNORECASE) for name in ("custKey", "clientKey", "refundKey"))
    assert len({value for keys in issued for value in keys.values()}) == 4 * len(issued)


def test_tokens_windows_and_keys_carry_their_run(merchant: Merchant, run: Merchant) -> None:
    mine, theirs = merchant.claim(), run.claim()

    assert merchant.confirm(theirs)["PCD_PAY_CODE"] == run.confirm(mine)["PCD_PAY_CODE"] == "CBIL0003"
    assert run.confirm(theirs)["PCD_PAY_RST"] == merchant.confirm(mine)["PCD_PAY_RST"] == "success"
    assert run.call(INQUIRY, **merchant.question(mine["PCD_PAY_OID"]))["PCD_PAY_CODE"] == "CBIL0003"
    assert run.repay(mine["PCD_PAYER_ID"])["PCD_PAY_RST"] == "error"


def test_webhooks_go_to_the_address_of_their_run_which_may_be_named_by_its_cst_id(
    simulator: Flask, merchant: Merchant, run: Merchant, receiver: Receiver
) -> None:
    sender = simulator.extensions["simulator_webhooks"]
    with receiving() as theirs:
        merchant.order("POST", "/partners", {"webhook_url": receiver.url})
        named, partners = {"cst_id": run.cst_id, "webhook_url": theirs.url}, f"{SIMULATOR}/_sim/partners"
        assert merchant.session.post(partners, json=named).json() == named | {"domains": []}
        assert merchant.session.post(partners, json=named | {"cst_id": "nobody"}).status_code == 404
        run.order("POST", "/webhooks", {"hold": True})
        for partner in (merchant, run):
            partner.paid()

        sender.deliver_due()
        assert (len(receiver.messages), len(theirs.messages)) == (1, 0)
        run.order("POST", "/webhooks", {"release": True})
        sender.deliver_due()

        assert receiver.messages[0]["PCD_CST_ID"] == "test"
        assert [message["PCD_CST_ID"] for message in theirs.messages] == [run.cst_id]


def test_clock_policy_faults_and_reset_are_a_runs_own(merchant: Merchant, run: Merchant) -> None:
    mine, theirs = merchant.claim(), run.claim()
    for partner in (merchant, run):
        partner.order("POST", "/partners", {"webhook_url": "http://localhost:9/hook"})
        partner.order("POST", "/barrier", {"op": "auth", "phase": "before", "oid": "never"})
        partner.paid()
    run.advance(601)
    run.policy(inquiry_code="0000")
    run.order("POST", "/faults", {"op": "inquiry", "kind": "http_500"})

    assert run.confirm(theirs)["PCD_PAY_CODE"] == "PCCFD001"
    assert merchant.confirm(mine)["PCD_PAY_RST"] == "success"
    assert merchant.inquire(mine["PCD_PAY_OID"])["PCD_PAY_CODE"] == "PCHK000"
    merchant.order("DELETE", "")

    for partner, kept in ((merchant, [0, 0, 0, 0]), (run, [2, 1, 1, 1])):
        shown = [len(partner.order("GET", path)) for path in ("/payments", "/webhooks", "/barrier")]
        assert [*shown, len(partner.order("GET", "/faults")["armed"])] == kept
        assert bool(partner.order("GET", "/partners")["webhook_url"]) == bool(kept[0])
        assert partner.authenticate()["result"] == "success"
