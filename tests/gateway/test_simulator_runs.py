"""Runs: several test suites share one simulator without seeing each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from flask import Flask

from shop.simulator.runs import PUBLIC_TEST_RUN
from shop.simulator.webhooks import WebhookSender
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver, receiving


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


def test_one_runs_keys_do_not_open_another(merchant: Merchant, run: Merchant) -> None:
    assert replace(run, cust_key=merchant.cust_key).authenticate()["result"] == "error"
    assert replace(merchant, cust_key=run.cust_key).authenticate()["result"] == "error"


def test_two_merchants_interleaved_keep_their_books_apart(merchant: Merchant, run: Merchant) -> None:
    """Same numbers, step by step in turn: own windows, own confirm keys, own ledgers."""
    first, second = merchant.fields(PCD_PAY_OID="ONE"), run.fields(PCD_PAY_OID="ONE", PCD_PAY_TOTAL="7000")
    windows = [merchant.payer.open(first), run.payer.open(second)]
    claims = [dict(window.approve().result or []) for window in windows]
    answers = [merchant.confirm(claims[0]), run.confirm(claims[1])]

    assert [answer["PCD_PAY_TOTAL"] for answer in answers] == ["1000", "7000"]
    for partner, total in ((merchant, 1000), (run, 7000)):
        assert [entry["run"] for entry in partner.ledger()] == [partner.cst_id] * 5
        assert [payment["total"] for payment in partner.order("GET", "/payments")] == [total]
        assert partner.inquire("ONE")["PCD_PAY_TOTAL"] == str(total)


def test_tokens_windows_and_confirm_keys_carry_their_run(merchant: Merchant, run: Merchant) -> None:
    """What one run was given is worth nothing with the keys of another."""
    mine, theirs = merchant.claim(), run.claim()

    assert merchant.confirm(theirs)["PCD_PAY_CODE"] == "CBIL0003"
    assert run.confirm(mine)["PCD_PAY_CODE"] == "CBIL0003"
    assert run.confirm(theirs)["PCD_PAY_RST"] == "success"
    assert run.payment(theirs["PCD_PAY_OID"])["state"] == "approved"
    ticket = run.authenticate(PCD_PAYCHK_FLAG="Y")
    merchant.confirm(mine)
    asked = merchant.post(ticket["return_url"], merchant.question(ticket, mine["PCD_PAY_OID"]))
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


def test_domains_are_a_runs_own(merchant: Merchant, run: Merchant) -> None:
    run.order("POST", "/partners", {"domains": ["shop.example"]})

    assert "AUTH0004" in run.authenticate()["result_msg"]
    assert merchant.authenticate()["result"] == "success"


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
    postman: WebhookSender = simulator.extensions["simulator_webhooks"]

    postman.deliver_due()
    assert [len(receiver.messages) for receiver in receivers] == [2, 0]
    run.order("POST", "/webhooks", {"release": True})
    postman.deliver_due()

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
