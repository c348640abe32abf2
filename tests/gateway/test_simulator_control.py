"""The control routes under /_sim: ledger, payments, wrong orders, and runs that do not see each other."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask

from shop.simulator import SimulatorSettings, create_simulator
from shop.simulator.masking import fingerprint
from shop.simulator.runs import PUBLIC_TEST_RUN
from shop.simulator.webhooks import WebhookSender
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver, receiving
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


WRONG_ORDERS: list[tuple[str, object]] = [
    ("/policy", {"no_such": 1}),
    ("/policy", {"\ud800": 1}),
    ("/policy", {"dup_confirm": "maybe"}),
    ("/policy", {"confirm_minutes": True}),
    ("/clock", {"advance": -5}),
    ("/clock", {"advance": "10"}),
    ("/clock", {}),
    ("/partners", {"domains": "shop.example"}),
    ("/faults", {"op": "auth"}),
    ("/faults", {"op": "auth", "kind": "other_amount"}),
    ("/faults", {"op": "confirm", "kind": "other_amount", "phase": "before"}),
    ("/faults", {"op": "auth", "kind": []}),
    ("/faults", {"op": "auth", "kind": ["http_500", "nothing"]}),
    ("/faults", {"op": "auth", "kind": ["http_500"] * 1_001}),
    ("/faults", {"op": "auth", "kind": "http_500", "times": 0}),
    ("/faults", {"op": "auth", "kind": "http_500", "times": "many"}),
    ("/faults", {"op": "auth", "kind": "http_500", "p": 1.1}),
    ("/faults", {"op": "auth", "kind": "http_500", "seed": 0.5}),
    ("/faults", {"op": "auth", "kind": "http_500", "seconds": 121}),
    ("/faults", {"op": "auth", "kind": "http_500", "oid": "X"}),
    ("/faults", {"op": "auth", "kind": "http_500", "unknown": 1}),
    ("/scenarios", {}),
    ("/scenarios", {"id": ["limit", "no_such"]}),
    ("/scenarios", {"id": [["limit"]]}),
    ("/scenarios", {"id": "limit", "times": True}),
    ("/scenarios", {"id": "limit", "p": 0}),
    ("/scenarios", {"id": "limit", "seed": -1}),
    ("/webhooks", {"hold": 1}),
    ("/webhooks", {"duplicate": 11}),
    ("/webhooks", {"drop": 1.1}),
    ("/webhooks", {"delay": "10"}),
    ("/webhooks", {"seed": None}),
    ("/barrier", {"op": "confirm"}),
    ("/barrier", {"op": "no_such", "phase": "before"}),
    ("/barrier", {"op": "confirm", "phase": "during"}),
    ("/barrier", {"op": "confirm", "phase": "before", "seconds": 0}),
    ("/payments/ONE/cancel", {"amount": 0}),
    ("/payments/ONE/cancel", {"amount": True}),
    ("/payments/ONE/cancel", []),
]


@pytest.mark.parametrize(("path", "order"), WRONG_ORDERS)
def test_a_wrong_order_gets_a_sentence_and_changes_nothing(merchant: Merchant, path: str, order: object) -> None:
    """The same order as a form is refused too: a page of somebody else could post one."""
    response = merchant.session.post(f"{SIMULATOR}/_sim{path}", json=order)
    form = merchant.session.post(f"{SIMULATOR}/_sim{path}", data={"id": "limit", "advance": "60"})

    assert (response.status_code, form.status_code) == (400, 400)
    assert response.json()["error"]
    assert (
        merchant.order("GET", "/faults")["armed"]
        == merchant.order("GET", "/scenarios/armed")
        == merchant.ledger()
        == []
    )
    assert merchant.order("GET", "/barrier") == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("localhost.evil.example:8001", 421),
        ("payple.kr.evil.example", 421),
        ("127.0.0.1:8001", 200),
        ("localhost:8001", 200),
        ("[::1]:8001", 200),
        ("192.0.2.7", 200),
        ("democpay.payple.kr", 200),
    ],
)
@pytest.mark.parametrize("path", ["/_sim", "/_sim/ledger", "/js/v1/payment.js"])
def test_it_answers_under_its_own_names_only(merchant: Merchant, path: str, host: str, status: int) -> None:
    """A page whose name leads to this machine cannot read it; merchants may lead Payple's hosts to it."""
    assert merchant.session.get(f"{SIMULATOR}{path}", headers={"Host": host}).status_code == status


def test_the_origin_of_the_start_is_a_name(tmp_path: Path) -> None:
    app = create_simulator(SimulatorSettings(tmp_path / "s.sqlite", "http://simulator.test:8001"))
    statuses = [
        app.test_client().get("/_sim/clock", base_url=f"http://{host}").status_code
        for host in ("simulator.test", "other.test")
    ]
    app.extensions["simulator_store"].close()

    assert statuses == [200, 421]


def test_a_huge_body_is_not_read(merchant: Merchant) -> None:
    assert merchant.session.post(f"{SIMULATOR}/php/auth.php", data=b"x" * 300_000).status_code == 413


def test_an_unknown_run_is_a_404(merchant: Merchant) -> None:
    assert merchant.session.get(f"{SIMULATOR}/_sim/ledger", params={"run": "nobody"}).status_code == 404


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


@pytest.fixture
def run(merchant: Merchant) -> Merchant:
    """A run of its own on the simulator of the public test partner."""
    return merchant.new_run()


@pytest.fixture
def receivers() -> Iterator[tuple[Receiver, Receiver]]:
    with ExitStack() as stack:
        yield stack.enter_context(receiving()), stack.enter_context(receiving())


def test_issued_keys_say_that_they_are_no_real_ones(merchant: Merchant) -> None:
    """Whoever finds one in a log or in a live setting sees at once where it comes from."""
    keys = [merchant.order("POST", "/runs") for _ in range(20)]

    for issued in keys:
        assert re.fullmatch(r"sim[a-z0-9]{5}", issued["cst_id"])
        assert issued["run"] == issued["cst_id"]
        assert all("simulator" in issued[name].lower() for name in ("custKey", "clientKey", "refundKey"))
        assert all(len(issued[name]) >= 32 for name in ("custKey", "clientKey", "refundKey"))
    assert len({value for issued in keys for value in issued.values()}) == 4 * len(keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"cst_id": "realshop", "custKey": "8b9c1e7f0a2d4c6e"},
        {"cst_id": "test", "custKey": "8b9c1e7f0a2d4c6e"},
        {"cst_id": "TEST", "custKey": PUBLIC_TEST_RUN.cust_key},
        {"cst_id": "test ", "custKey": PUBLIC_TEST_RUN.cust_key},
    ],
)
def test_no_key_but_the_public_test_key_and_issued_ones_is_accepted(merchant: Merchant, keys: dict[str, str]) -> None:
    assert merchant.authenticate(**keys)["result"] == "error"


def test_tokens_windows_and_confirm_keys_carry_their_run(merchant: Merchant, run: Merchant) -> None:
    """What one run was given is worth nothing with the keys of another."""
    mine, theirs = merchant.claim(), run.claim()

    assert merchant.confirm(theirs)["PCD_PAY_CODE"] == "CBIL0003"
    assert run.confirm(mine)["PCD_PAY_CODE"] == "CBIL0003"
    assert run.confirm(theirs)["PCD_PAY_RST"] == "success"
    assert run.payment(theirs["PCD_PAY_OID"])["state"] == "approved"
    ticket = run.authenticate(PCD_PAYCHK_FLAG="Y")
    merchant.confirm(mine)
    asked = merchant.post(ticket["return_url"], merchant.tokens(ticket) | merchant.question(mine["PCD_PAY_OID"]))
    assert asked["PCD_PAY_CODE"] == "CBIL0003", "an inquiry looks into the books of its token's run"


def test_clock_policy_and_faults_are_a_runs_own(merchant: Merchant, run: Merchant) -> None:
    mine, theirs = merchant.claim(), run.claim()
    run.order("POST", "/clock", {"advance": 601})
    run.order("POST", "/policy", {"inquiry_code": "0000"})
    run.order("POST", "/faults", {"op": "inquiry", "kind": "http_500"})

    assert run.confirm(theirs)["PCD_PAY_CODE"] == "PCCFD001"
    assert merchant.confirm(mine)["PCD_PAY_RST"] == "success"
    assert merchant.inquire(mine["PCD_PAY_OID"])["PCD_PAY_CODE"] == "PCHK000"
    assert len(run.order("GET", "/faults")["armed"]) == 1


def test_a_partner_may_be_named_by_its_cst_id(merchant: Merchant, run: Merchant) -> None:
    url = "http://localhost:9/hook"

    told = merchant.session.post(f"{SIMULATOR}/_sim/partners", json={"cst_id": run.cst_id, "webhook_url": url})

    assert told.json() == {"cst_id": run.cst_id, "domains": [], "webhook_url": url}
    assert merchant.order("GET", "/partners")["webhook_url"] == ""
    unknown = merchant.session.post(f"{SIMULATOR}/_sim/partners", json={"cst_id": "nobody", "webhook_url": url})
    assert unknown.status_code == 404


def test_webhooks_go_to_the_address_of_their_run(
    simulator: Flask, merchant: Merchant, run: Merchant, receivers: tuple[Receiver, Receiver]
) -> None:
    for partner, receiver in zip((merchant, run), receivers, strict=True):
        partner.order("POST", "/partners", {"webhook_url": receiver.url})
    run.order("POST", "/webhooks", {"hold": True})
    for _ in range(2):
        merchant.claim(PCD_PAY_WORK="PAY")
        run.claim(PCD_PAY_WORK="PAY")
    sender: WebhookSender = simulator.extensions["simulator_webhooks"]

    sender.deliver_due()
    assert [len(receiver.messages) for receiver in receivers] == [2, 0]
    run.order("POST", "/webhooks", {"release": True})
    sender.deliver_due()

    assert [{told["PCD_CST_ID"] for told in receiver.messages} for receiver in receivers] == [{"test"}, {run.cst_id}]


def test_a_reset_is_a_runs_own(merchant: Merchant, run: Merchant) -> None:
    for partner in (merchant, run):
        partner.order("POST", "/partners", {"webhook_url": "http://localhost:9/hook"})
        partner.order("POST", "/barrier", {"op": "auth", "phase": "before", "oid": "never"})
        partner.claim(PCD_PAY_WORK="PAY")

    merchant.order("DELETE", "")

    for partner, kept in ((merchant, 0), (run, 1)):
        assert len(partner.order("GET", "/payments")) == kept
        assert len(partner.order("GET", "/webhooks")) == kept
        assert len(partner.order("GET", "/barrier")) == kept
        assert bool(partner.order("GET", "/partners")["webhook_url"]) == bool(kept)
    assert merchant.authenticate()["result"] == "success"
    assert run.authenticate()["result"] == "success"


def test_another_runs_billing_key_does_not_pay(merchant: Merchant, run: Merchant) -> None:
    assert run.repay(merchant.paid()["PCD_PAYER_ID"])["PCD_PAY_RST"] == "error"
