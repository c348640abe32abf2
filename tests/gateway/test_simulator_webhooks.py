"""Webhooks: what they say, when they leave, and the bench on which a tester delays, doubles and loses them."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from shop.simulator import SimulatorSettings, create_simulator
from shop.simulator.webhooks import WebhookSender
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver
from tests.payer import Page, Window


@dataclass
class Hook:
    """A merchant whose webhooks leave when a test says so: no thread, no waiting."""

    merchant: Merchant
    sender: WebhookSender
    receiver: Receiver

    def deliver(self) -> int:
        """Send what is due; how many that were."""
        return self.sender.deliver_due()

    def received(self) -> list[dict[str, str]]:
        """Send what is due; what the merchant has got until then."""
        self.deliver()
        return self.receiver.messages

    @property
    def listed(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.merchant.order("GET", "/webhooks")
        return listed

    def register(self, url: str) -> None:
        self.merchant.order("POST", "/partners", {"webhook_url": url})

    def bench(self, **order: object) -> None:
        self.merchant.order("POST", "/webhooks", order)

    def pay(self, count: int) -> None:
        for number in range(count):
            self.merchant.paid(PCD_PAY_OID=f"N{number}")


@pytest.fixture
def hook(simulator: Flask, merchant: Merchant, receiver: Receiver) -> Hook:
    hook = Hook(merchant, simulator.extensions["simulator_webhooks"], receiver)
    hook.register(receiver.url)
    return hook


# What a webhook says.


@pytest.mark.parametrize(("format_", "begins"), [("json", '{"PCD_CST_ID": "test"'), ("form", "PCD_CST_ID=test&")])
def test_a_payment_is_reported_with_the_fields_of_its_result_and_no_key(hook: Hook, format_: str, begins: str) -> None:
    hook.merchant.policy(webhook_format=format_)
    paid = hook.merchant.paid(PCD_PAYER_NO="77", PCD_USER_DEFINE1="mine")

    (message,) = hook.received()

    assert hook.receiver.methods == ["HEAD", "POST"]
    assert hook.receiver.seen[1][1].startswith(begins)
    shared = (
        *("PCD_PAY_RST", "PCD_PAY_CODE", "PCD_PAY_OID", "PCD_PAY_TOTAL", "PCD_PAYER_ID", "PCD_PAY_CARDAUTHNO"),
        *("PCD_PAYER_NO", "PCD_USER_DEFINE1", "PCD_PAY_GOODS"),
    )
    assert {name: message[name] for name in shared} == {name: paid[name] for name in shared}
    assert {"PCD_REGULER_FLAG", "PCD_PAY_YEAR", "PCD_PAY_MONTH"} <= set(message)
    assert (message["PCD_PAY_URL"], {"PCD_AUTH_KEY", "PCD_PAY_REQKEY"} & set(message)) == ("", set())
    assert paid["PCD_PAYER_ID"] not in str(hook.listed)


def test_nothing_is_reported_of_money_that_did_not_move(hook: Hook) -> None:
    hook.merchant.paid(PCD_PAY_TOTAL="100")
    hook.merchant.paid("limit")
    hook.merchant.open().close()
    claim = hook.merchant.claim()
    assert hook.deliver() == 0

    hook.merchant.confirm(claim)

    assert hook.deliver() == 1


def test_a_cancel_in_the_partner_admin_is_reported_with_its_amount(hook: Hook) -> None:
    paid = hook.merchant.paid(PCD_USER_DEFINE1="mine")
    hook.merchant.order("POST", f"/payments/{paid['PCD_PAY_OID']}/cancel", {"amount": 300})

    _, cancelled = hook.received()

    assert (cancelled["PCD_PAYCANCEL_FLAG"], cancelled["PCD_REFUND_TOTAL"]) == ("Y", "300")
    assert (cancelled["PCD_PAY_CODE"], cancelled["PCD_PAY_TOTAL"]) == ("PAYC0000", "1000")
    assert (len(cancelled["PCD_REFUND_TIME"]), "PCD_USER_DEFINE1" in cancelled) == (14, False)


def test_the_payment_of_a_link_carries_the_parameter_of_the_link(hook: Hook) -> None:
    work = {"PCD_PAY_WORK": "LINKREG"}
    order = {"PCD_PAY_TYPE": "transfer", "PCD_PAY_GOODS": "강의", "PCD_PAY_TOTAL": "15000"}
    link = hook.merchant.call(work, **work, **order, PCD_LINK_PARAMETER='{"lesson": 7}')
    form = Page(hook.merchant.session.get(link["PCD_LINK_URL"])).form_with("link-pay-transfer")
    Window(hook.merchant.session, hook.merchant.session.post(form.action, data=form.fields)).approve()

    (message,) = hook.received()

    assert (message["PCD_PAY_CODE"], message["PCD_PAY_TOTAL"]) == ("BILL0000", "15000")
    assert message["PCD_LINK_ADD_PARAM"] == '{"lesson": 7}'


def test_a_billing_key_is_reported_when_payple_takes_it_back_and_not_when_the_merchant_deletes_it(hook: Hook) -> None:
    deleted, taken = (hook.merchant.paid(PCD_PAY_TYPE=method)["PCD_PAYER_ID"] for method in ("card", "transfer"))
    hook.merchant.key("PUSERDEL", deleted)
    hook.merchant.order("POST", "/billing-keys/deregister", {"payer_id": taken})

    messages = hook.received()

    assert [message["PCD_PAY_WORK"] for message in messages] == ["PAY", "PAY", "PUSERDEL"]
    assert (messages[2]["PCD_PAYER_ID"], messages[2]["PCD_PAY_MSG"][:4]) == (taken, "2008")
    again = hook.merchant.session.post(f"{SIMULATOR}/_sim/billing-keys/deregister", json={"payer_id": taken})
    assert again.status_code == 404


# What is not accepted comes again.


def test_only_2xx_is_accepted_and_the_pauses_grow(hook: Hook) -> None:
    hook.receiver.statuses = [200, 500, 302, 404, 204]
    paid = hook.merchant.paid()

    sent = [hook.deliver()]
    for pause in (1, 1, 9, 1, 59, 1):
        hook.merchant.advance(pause)
        sent.append(hook.deliver())

    assert sent == [1, 0, 1, 0, 1, 0, 1]
    assert hook.receiver.methods == ["HEAD", "POST", "POST", "POST", "POST"]
    (webhook,) = hook.listed
    assert webhook["state"] == "delivered"
    assert [one["answer"] for one in webhook["tries"]] == ["200", "500", "302", "404", "204"]
    lines = [line for line in hook.merchant.ledger() if line["op"] == "webhook"]
    assert [line["outcome"] for line in lines] == ["ok", "failed", "failed", "failed", "ok"]
    assert {line["oid"] for line in lines} == {paid["PCD_PAY_OID"]}


def test_a_webhook_is_given_up_after_the_number_of_the_policy(hook: Hook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        hook.register(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    hook.merchant.policy(webhook_retries=1)
    hook.merchant.paid()

    assert (hook.deliver(), hook.listed[0]["state"]) == (1, "queued")
    hook.merchant.advance(3600)

    assert (hook.deliver(), hook.deliver(), hook.listed[0]["state"]) == (1, 0, "failed")
    assert "refused" in hook.listed[0]["tries"][0]["answer"]


# The bench.


@pytest.mark.parametrize(
    ("bench", "path", "order"),
    [({"hold": True}, "/webhooks", {"release": True}), ({"delay": 3600}, "/clock", {"advance": 3601})],
)
def test_what_is_held_or_delayed_leaves_later(
    hook: Hook, bench: dict[str, object], path: str, order: dict[str, object]
) -> None:
    hook.bench(**bench)
    hook.pay(1)
    assert hook.deliver() == 0

    hook.merchant.order("POST", path, order)
    hook.pay(2)

    assert [message["PCD_PAY_OID"] for message in hook.received()] == ["N0"]


def test_a_seed_shuffles_them_in_the_same_order_again_each_with_its_copies(hook: Hook) -> None:
    arrived = []
    for _ in range(2):
        hook.merchant.order("DELETE", "")
        hook.register(hook.receiver.url)
        hook.bench(shuffle=True, duplicate=1, seed=1)
        hook.pay(8)
        arrived.append([message["PCD_PAY_OID"] for message in hook.received()[-16:]])

    assert sorted(arrived[0]) == sorted([f"N{number}" for number in range(8)] * 2) != arrived[0] == arrived[1]


def test_a_share_of_them_gets_lost_and_any_is_sent_again_on_demand(hook: Hook) -> None:
    hook.bench(drop=0.5, seed=7)
    hook.pay(20)
    hook.deliver()

    lost = [webhook for webhook in hook.listed if webhook["state"] == "dropped"]
    assert 3 < len(lost) < 17
    assert len(hook.receiver.messages) == 20 - len(lost)
    again = hook.merchant.order("POST", f"/webhooks/{lost[0]['id']}/resend")
    assert (again["resend_of"], hook.deliver()) == (lost[0]["id"], 1)
    assert hook.merchant.session.post(f"{SIMULATOR}/_sim/webhooks/{10**20}/resend").status_code == 404


# Where the simulator lets itself be sent. The control panel asks nobody who they are: it must not become a way into the
# network behind it.


def test_an_address_is_on_this_machine(hook: Hook) -> None:
    """Without one nothing is queued."""
    for url in ("http://localhost:9/x?y=1", "https://127.0.0.1/x", "http://127.9.9.9:80/", "http://[::1]:8000/", ""):
        assert hook.merchant.order("POST", "/partners", {"webhook_url": url})["webhook_url"] == url
    hook.merchant.paid()
    assert hook.listed == []


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://example.com/", "http://0.0.0.0/"),
        *("http://127.0.0.1.example.com/", "http://shop.localhost/", "http://localhost@example.com/"),
        *("http://example.com#@localhost/", "http://2130706433/", "ftp://localhost/", "file:///etc/passwd"),
        *("//localhost/", "http://", "http://localhost:99999/", "http://localhost/\r\nX: y", "http://[::1/"),
        *(7, None, ["http://localhost/"]),
    ],
)
def test_any_other_address_is_refused_with_a_sentence(merchant: Merchant, url: object) -> None:
    barrier = {"op": "auth", "phase": "before", "notify_url": url}
    for path, order in (("/partners", {"webhook_url": url}), ("/barrier", barrier)):
        response = merchant.session.post(f"{SIMULATOR}/_sim{path}", json=order)
        assert (response.status_code, bool(response.json()["error"])) == (400, True)
    assert merchant.order("GET", "/partners")["webhook_url"] == ""


def test_who_starts_the_simulator_names_it_and_its_webhooks_and_both_outlive_a_reset(tmp_path: Path) -> None:
    url, origin = "http://shop.test/hook", "http://simulator.test:8001"
    app = create_simulator(SimulatorSettings(tmp_path / "s.sqlite", origin, url, ("shop.test",)))
    client = app.test_client()
    client.post("/_sim/partners", json={"webhook_url": "http://localhost:8/other"})
    client.delete("/_sim")

    assert client.get("/_sim/partners", base_url=origin).get_json()["webhook_url"] == url
    assert client.get("/_sim/partners", base_url="http://other.test").status_code == 421
    app.extensions["simulator_store"].close()
