"""Webhooks: what they tell, when they leave, and the bench on which a tester delays, doubles and loses them."""

import socket
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from shop.simulator import SimulatorSettings, create_simulator
from shop.simulator.webhooks import WebhookSender, send
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver
from tests.loopback import answering, loopback
from tests.payer import Page, Window


@pytest.fixture
def listening(merchant: Merchant, receiver: Receiver) -> Merchant:
    """The merchant with its webhook address registered."""
    merchant.order("POST", "/partners", {"webhook_url": receiver.url})
    return merchant


@pytest.fixture
def sender(simulator: Flask) -> WebhookSender:
    """Sends when a test says so: no thread, no waiting."""
    sender: WebhookSender = simulator.extensions["simulator_webhooks"]
    return sender


def webhooks(merchant: Merchant) -> list[dict[str, Any]]:
    webhooks: list[dict[str, Any]] = merchant.order("GET", "/webhooks")
    return webhooks


# What is told.


def test_a_payment_is_told_with_the_fields_of_its_result_and_no_key(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    paid = listening.paid(PCD_PAYER_NO="77", PCD_USER_DEFINE1="mine")

    sender.deliver_due()

    (told,) = receiver.messages
    assert receiver.methods == ["HEAD", "POST"]
    shared = ("PCD_PAY_RST", "PCD_PAY_CODE", "PCD_PAY_OID", "PCD_PAY_TOTAL", "PCD_PAYER_ID", "PCD_PAY_CARDAUTHNO")
    assert {name: told[name] for name in shared} == {name: paid[name] for name in shared}
    assert (told["PCD_CST_ID"], told["PCD_PAYER_NO"], told["PCD_USER_DEFINE1"]) == ("test", "77", "mine")
    assert {"PCD_REGULER_FLAG", "PCD_PAY_YEAR", "PCD_PAY_MONTH"} <= set(told)
    assert (told["PCD_PAY_URL"], {"PCD_AUTH_KEY", "PCD_PAY_REQKEY"} & set(told)) == ("", set())
    assert paid["PCD_PAYER_ID"] not in str(webhooks(listening))


@pytest.mark.parametrize("scenario", ["unknown_paid", "lost_paid"])
def test_money_that_moved_is_told_even_if_the_result_is_lost(
    listening: Merchant, sender: WebhookSender, receiver: Receiver, scenario: str
) -> None:
    listening.paid(scenario, PCD_PAY_TYPE="transfer")

    sender.deliver_due()

    assert (receiver.messages[0]["PCD_PAY_RST"], receiver.messages[0]["PCD_PAY_MSG"]) == ("success", "출금이체완료")


def test_nothing_is_told_of_money_that_did_not_move(listening: Merchant, sender: WebhookSender) -> None:
    listening.paid(PCD_PAY_TOTAL="100")
    listening.paid("limit")
    listening.open().close()
    claim = listening.claim()
    assert sender.deliver_due() == 0

    listening.confirm(claim)

    assert sender.deliver_due() == 1


def test_a_cancel_in_the_partner_admin_is_told_with_its_amount(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    paid = listening.paid(PCD_USER_DEFINE1="mine")
    listening.order("POST", f"/payments/{paid['PCD_PAY_OID']}/cancel", {"amount": 300})

    sender.deliver_due()

    cancelled = receiver.messages[1]
    assert (cancelled["PCD_PAYCANCEL_FLAG"], cancelled["PCD_REFUND_TOTAL"]) == ("Y", "300")
    assert (cancelled["PCD_PAY_CODE"], cancelled["PCD_PAY_TOTAL"]) == ("PAYC0000", "1000")
    assert (len(cancelled["PCD_REFUND_TIME"]), "PCD_USER_DEFINE1" in cancelled) == (14, False)


def test_the_payment_of_a_link_carries_the_parameter_of_the_link(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    work = {"PCD_PAY_WORK": "LINKREG"}
    order = {"PCD_PAY_TYPE": "transfer", "PCD_PAY_GOODS": "강의", "PCD_PAY_TOTAL": "15000"}
    link = listening.call(work, **work, **order, PCD_LINK_PARAMETER='{"lesson": 7}')
    form = Page(listening.session.get(link["PCD_LINK_URL"])).form_with("link-pay-transfer")
    Window(listening.session, listening.session.post(form.action, data=form.fields)).approve()

    sender.deliver_due()

    (told,) = receiver.messages
    assert (told["PCD_PAY_CODE"], told["PCD_PAY_TOTAL"]) == ("BILL0000", "15000")
    assert told["PCD_LINK_ADD_PARAM"] == '{"lesson": 7}'


def test_a_billing_key_is_told_when_payple_takes_it_back_and_not_when_the_merchant_deletes_it(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    deleted, taken = (listening.paid(PCD_PAY_TYPE=method)["PCD_PAYER_ID"] for method in ("card", "transfer"))
    listening.key("PUSERDEL", deleted)

    listening.order("POST", "/billing-keys/deregister", {"payer_id": taken})
    sender.deliver_due()

    assert [message["PCD_PAY_WORK"] for message in receiver.messages] == ["PAY", "PAY", "PUSERDEL"]
    told = receiver.messages[-1]
    assert (told["PCD_PAYER_ID"], told["PCD_PAY_MSG"][:4]) == (taken, "2008")
    again = listening.session.post(f"{SIMULATOR}/_sim/billing-keys/deregister", json={"payer_id": taken})
    assert again.status_code == 404


def test_without_an_address_nothing_is_queued(merchant: Merchant, sender: WebhookSender) -> None:
    merchant.paid()

    assert (sender.deliver_due(), webhooks(merchant)) == (0, [])


def test_a_webhook_may_be_a_form(listening: Merchant, sender: WebhookSender, receiver: Receiver) -> None:
    listening.policy(webhook_format="form")
    listening.paid()

    sender.deliver_due()

    assert receiver.seen[1][1].startswith("PCD_CST_ID=test&")
    assert receiver.messages[0]["PCD_PAY_GOODS"] == "테스트 상품"


# What is not accepted comes again.


def test_only_2xx_is_accepted_and_the_pauses_grow(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    receiver.statuses = [200, 500, 302, 404, 204]
    paid = listening.paid()

    sent = [sender.deliver_due()]
    for pause in (1, 1, 9, 1, 59, 1):
        listening.advance(pause)
        sent.append(sender.deliver_due())

    assert sent == [1, 0, 1, 0, 1, 0, 1]
    assert receiver.methods == ["HEAD", "POST", "POST", "POST", "POST"]
    (told,) = webhooks(listening)
    assert told["state"] == "delivered"
    assert [one["answer"] for one in told["tries"]] == ["200", "500", "302", "404", "204"]
    lines = [line for line in listening.ledger() if line["op"] == "webhook"]
    assert [line["outcome"] for line in lines] == ["ok", "failed", "failed", "failed", "ok"]
    assert {line["oid"] for line in lines} == {paid["PCD_PAY_OID"]}


def test_a_webhook_is_given_up_after_the_number_of_the_policy(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    listening.policy(webhook_retries=1)
    listening.paid()
    sender.deliver_due()
    listening.advance(3600)

    assert (sender.deliver_due(), sender.deliver_due()) == (1, 0)
    assert webhooks(listening)[0]["state"] == "failed"


def test_a_closed_port_is_a_failed_try(merchant: Merchant, sender: WebhookSender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    merchant.order("POST", "/partners", {"webhook_url": url})
    merchant.paid()

    sender.deliver_due()

    (told,) = webhooks(merchant)
    assert (told["state"], told["rounds"], "refused" in told["tries"][0]["answer"]) == ("queued", 1, True)


# The bench.


def test_held_ones_leave_at_the_release(listening: Merchant, sender: WebhookSender) -> None:
    listening.order("POST", "/webhooks", {"hold": True})
    listening.paid()
    assert sender.deliver_due() == 0

    listening.order("POST", "/webhooks", {"release": True})
    listening.paid()

    assert (sender.deliver_due(), webhooks(listening)[-1]["state"]) == (1, "held")


def test_copies_travel_besides(listening: Merchant, sender: WebhookSender, receiver: Receiver) -> None:
    listening.order("POST", "/webhooks", {"duplicate": 2})
    oid = listening.paid()["PCD_PAY_OID"]

    sender.deliver_due()

    assert [message["PCD_PAY_OID"] for message in receiver.messages] == [oid] * 3


def test_a_seed_shuffles_them_in_the_same_order_again(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    def order_of_arrival(seed: int) -> list[str]:
        listening.order("DELETE", "")
        listening.order("POST", "/partners", {"webhook_url": receiver.url})
        listening.order("POST", "/webhooks", {"shuffle": True, "seed": seed})
        for number in range(8):
            listening.paid(PCD_PAY_OID=f"N{number}")
        sender.deliver_due()
        return [message["PCD_PAY_OID"] for message in receiver.messages[-8:]]

    first = order_of_arrival(1)

    assert sorted(first) != first
    assert order_of_arrival(1) == first
    assert order_of_arrival(2) != first


def test_a_share_of_them_gets_lost_and_any_is_sent_again_on_demand(
    listening: Merchant, sender: WebhookSender, receiver: Receiver
) -> None:
    listening.order("POST", "/webhooks", {"drop": 0.5, "seed": 7})
    for number in range(20):
        listening.paid(PCD_PAY_OID=f"N{number}")
    sender.deliver_due()

    lost = [told for told in webhooks(listening) if told["state"] == "dropped"]
    assert 3 < len(lost) < 17
    assert len(receiver.messages) == 20 - len(lost)
    again = listening.order("POST", f"/webhooks/{lost[0]['id']}/resend")
    assert (again["resend_of"], sender.deliver_due()) == (lost[0]["id"], 1)
    listening.order("POST", "/webhooks", {"drop": True})
    listening.paid()
    assert webhooks(listening)[-1]["state"] == "dropped"


def test_delayed_ones_wait_on_the_clock_of_the_run(listening: Merchant, sender: WebhookSender) -> None:
    listening.order("POST", "/webhooks", {"delay": 3600})
    listening.paid()
    assert sender.deliver_due() == 0
    listening.advance(3601)

    assert sender.deliver_due() == 1


# Where the simulator lets itself be sent. The control panel asks nobody who they are: it must not become a way into the
# network behind it.


@pytest.mark.parametrize(
    "url", ["http://localhost:9/x?y=1", "https://127.0.0.1/x", "http://127.9.9.9:80/", "http://[::1]:8000/", ""]
)
def test_an_address_is_on_this_machine(merchant: Merchant, url: str) -> None:
    assert merchant.order("POST", "/partners", {"webhook_url": url})["webhook_url"] == url


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


def test_who_starts_the_simulator_may_allow_a_host_and_its_address_outlives_a_reset(tmp_path: Path) -> None:
    url = "http://shop.test/hook"
    app = create_simulator(SimulatorSettings(tmp_path / "s.sqlite", webhook_url=url, webhook_hosts=("shop.test",)))
    client = app.test_client()
    client.post("/_sim/partners", json={"webhook_url": "http://localhost:8/other"})
    client.delete("/_sim")

    assert client.get("/_sim/partners").get_json()["webhook_url"] == url
    app.extensions["simulator_store"].close()


def test_redirects_are_not_followed() -> None:
    with loopback(answering(b"", "302 Found", "Location: http://example.com/")) as server:
        assert send("POST", f"{server.address}/hook", {}, b"x") == 302
    assert server.connections == 1
