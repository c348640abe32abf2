"""Webhooks: what they tell, when they leave, and the bench on which a tester delays, doubles and loses them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from shop.simulator import SimulatorSettings, create_simulator
from shop.simulator.webhooks import WebhookSender, send
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver, receiving
from tests.loopback import answering, loopback
from tests.payer import Page, Window


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


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
    told: list[dict[str, Any]] = merchant.order("GET", "/webhooks")
    return told


def pay(merchant: Merchant, **wishes: str) -> dict[str, str]:
    """A payment in the window, at once."""
    return merchant.claim(PCD_PAY_WORK="PAY", **wishes)


class TestEvents:
    """What is told, and when."""

    def test_a_payment_is_told_with_the_fields_of_its_result(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        """JSON, after a HEAD; no key that could confirm anything, and no address to go to."""
        claim = pay(listening, PCD_PAYER_NO="77")

        sender.deliver_due()

        (told,) = receiver.messages
        assert receiver.methods == ["HEAD", "POST"]
        shared = ("PCD_PAY_RST", "PCD_PAY_CODE", "PCD_PAY_OID", "PCD_PAY_TOTAL", "PCD_PAYER_ID", "PCD_PAY_CARDAUTHNO")
        assert {name: told[name] for name in shared} == {name: claim[name] for name in shared}
        assert (told["PCD_CST_ID"], told["PCD_PAYER_NO"], told["PCD_PAY_URL"]) == ("test", "77", "")
        assert {"PCD_REGULER_FLAG", "PCD_PAY_YEAR", "PCD_PAY_MONTH"} <= set(told)
        assert not {"PCD_AUTH_KEY", "PCD_PAY_REQKEY"} & set(told)

    def test_an_authentication_is_no_payment_and_its_confirm_is(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        claim = listening.claim(PCD_PAY_TYPE="transfer")
        assert sender.deliver_due() == 0

        listening.confirm(claim)
        sender.deliver_due()

        assert receiver.messages[0]["PCD_PAY_MSG"] == "출금이체완료"

    @pytest.mark.parametrize("scenario", ["unknown_paid", "lost_paid"])
    def test_money_that_moved_unheard_is_told_all_the_same(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver, scenario: str
    ) -> None:
        listening.payer.pay(listening.fields(PCD_PAY_WORK="PAY", PCD_PAY_TYPE="transfer"), scenario)

        sender.deliver_due()

        assert receiver.messages[0]["PCD_PAY_RST"] == "success"

    def test_nothing_is_told_of_money_that_did_not_move(self, listening: Merchant, sender: WebhookSender) -> None:
        pay(listening, PCD_PAY_TOTAL="100")
        listening.payer.pay(listening.fields(PCD_PAY_WORK="PAY"), "limit")
        listening.payer.close(listening.fields())

        assert sender.deliver_due() == 0

    def test_a_cancel_in_the_partner_admin_is_told_with_its_amount(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        claim = pay(listening, PCD_USER_DEFINE1="mine")
        listening.order("POST", f"/payments/{claim['PCD_PAY_OID']}/cancel", {"amount": 300})

        sender.deliver_due()

        paid, cancelled = receiver.messages
        assert paid["PCD_USER_DEFINE1"] == "mine"
        assert (cancelled["PCD_PAYCANCEL_FLAG"], cancelled["PCD_REFUND_TOTAL"]) == ("Y", "300")
        assert (cancelled["PCD_PAY_CODE"], cancelled["PCD_PAY_TOTAL"]) == ("PAYC0000", "1000")
        assert len(cancelled["PCD_REFUND_TIME"]) == 14
        assert "PCD_USER_DEFINE1" not in cancelled

    def test_a_links_payment_carries_what_the_merchant_gave_the_link(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        """Nobody else hears of it: BILL0000 for transfers, and the parameter as it was registered."""
        work = {"PCD_PAY_WORK": "LINKREG"}
        order = {"PCD_PAY_TYPE": "transfer", "PCD_PAY_GOODS": "강의", "PCD_PAY_TOTAL": "15000"}
        link = listening.call(work, **work, **order, PCD_LINK_PARAMETER='{"lesson": 7}')
        form = Page(listening.session.get(link["PCD_LINK_URL"])).form_with("link-pay-transfer")
        Window(listening.session, listening.session.post(form.action, data=form.fields)).approve()

        sender.deliver_due()

        (told,) = receiver.messages
        assert (told["PCD_PAY_CODE"], told["PCD_PAY_TOTAL"]) == ("BILL0000", "15000")
        assert told["PCD_LINK_ADD_PARAM"] == '{"lesson": 7}'

    def test_a_billing_key_that_was_taken_back_is_told(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        """By Payple or the bank; a merchant that deletes a key itself is told nothing more."""
        first, second = pay(listening), pay(listening, PCD_PAY_TYPE="transfer")
        listening.order("POST", "/webhooks", {"drop": True})
        listening.call({"PCD_PAY_WORK": "PUSERDEL"}, PCD_PAYER_ID=second["PCD_PAYER_ID"])
        assert len(webhooks(listening)) == 2
        listening.order("POST", "/webhooks", {"drop": 0})

        listening.order("POST", "/billing-keys/deregister", {"payer_id": first["PCD_PAYER_ID"]})
        sender.deliver_due()

        told = receiver.messages[-1]
        assert (told["PCD_PAY_WORK"], told["PCD_PAYER_ID"]) == ("PUSERDEL", first["PCD_PAYER_ID"])
        assert told["PCD_PAY_MSG"].startswith("2008")
        gone = listening.session.post(
            f"{SIMULATOR}/_sim/billing-keys/deregister", json={"payer_id": told["PCD_PAYER_ID"]}
        )
        assert gone.status_code == 404

    def test_without_an_address_nothing_is_queued(self, merchant: Merchant, sender: WebhookSender) -> None:
        """As with Payple's shared test partner, which gets no webhooks."""
        pay(merchant)

        assert (sender.deliver_due(), webhooks(merchant)) == (0, [])

    def test_a_form_is_a_policy(self, listening: Merchant, sender: WebhookSender, receiver: Receiver) -> None:
        listening.order("POST", "/policy", {"webhook_format": "form"})
        pay(listening)

        sender.deliver_due()

        assert receiver.seen[1][1].startswith("PCD_CST_ID=test&")
        assert receiver.messages[0]["PCD_PAY_GOODS"] == "테스트 상품"


class TestRetries:
    """What is not accepted comes again."""

    def test_only_2xx_is_accepted_and_the_pauses_grow(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        receiver.statuses = [200, 500, 302, 404, 204]
        pay(listening)

        sent = [sender.deliver_due()]
        for pause in (1, 1, 9, 1, 59, 1):
            listening.order("POST", "/clock", {"advance": pause})
            sent.append(sender.deliver_due())

        assert sent == [1, 0, 1, 0, 1, 0, 1]
        assert receiver.methods == ["HEAD", "POST", "POST", "POST", "POST"]
        (told,) = webhooks(listening)
        assert told["state"] == "delivered"
        assert [one["answer"] for one in told["tries"]] == ["200", "500", "302", "404", "204"]

    def test_it_is_given_up_after_the_policys_number(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        receiver.statuses = [503]
        listening.order("POST", "/policy", {"webhook_retries": 1})
        pay(listening)
        sender.deliver_due()
        listening.order("POST", "/clock", {"advance": 3600})

        assert (sender.deliver_due(), sender.deliver_due()) == (1, 0)
        assert webhooks(listening)[0]["state"] == "failed"

    def test_a_closed_port_is_a_failed_try(self, merchant: Merchant, sender: WebhookSender) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        merchant.order("POST", "/partners", {"webhook_url": url})
        pay(merchant)

        sender.deliver_due()

        (told,) = webhooks(merchant)
        assert (told["state"], told["rounds"]) == ("queued", 1)
        assert "refused" in told["tries"][0]["answer"]

    def test_every_try_is_in_the_ledger(self, listening: Merchant, sender: WebhookSender, receiver: Receiver) -> None:
        receiver.statuses = [200, 500]
        claim = pay(listening)

        sender.deliver_due()

        lines = [line for line in listening.ledger() if line["op"] == "webhook"]
        assert [line["outcome"] for line in lines] == ["ok", "failed"]
        assert {line["oid"] for line in lines} == {claim["PCD_PAY_OID"]}
        assert lines[1]["note"].endswith("→ 500")


class TestBench:
    """What a tester does to webhooks on their way."""

    def test_held_ones_leave_at_the_release(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        listening.order("POST", "/webhooks", {"hold": True})
        pay(listening)
        assert sender.deliver_due() == 0

        listening.order("POST", "/webhooks", {"release": True})

        assert sender.deliver_due() == 1
        pay(listening)
        assert webhooks(listening)[-1]["state"] == "held", "the bench still holds what is new"

    def test_copies_travel_besides(self, listening: Merchant, sender: WebhookSender, receiver: Receiver) -> None:
        listening.order("POST", "/webhooks", {"duplicate": 2})
        pay(listening)

        sender.deliver_due()

        assert len(receiver.messages) == 3
        assert len({message["PCD_PAY_OID"] for message in receiver.messages}) == 1

    def test_shuffled_ones_leave_in_another_order_and_the_same_one_again(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        def order_of_arrival(seed: int) -> list[str]:
            listening.order("DELETE", "")
            listening.order("POST", "/partners", {"webhook_url": receiver.url})
            listening.order("POST", "/webhooks", {"shuffle": True, "seed": seed})
            for number in range(8):
                pay(listening, PCD_PAY_OID=f"N{number}")
            before = len(receiver.messages)
            sender.deliver_due()
            return [message["PCD_PAY_OID"] for message in receiver.messages[before:]]

        first = order_of_arrival(1)

        assert sorted(first) != first
        assert order_of_arrival(1) == first
        assert order_of_arrival(2) != first

    def test_a_share_of_them_gets_lost(self, listening: Merchant, sender: WebhookSender, receiver: Receiver) -> None:
        listening.order("POST", "/webhooks", {"drop": 0.5, "seed": 7})
        for number in range(20):
            pay(listening, PCD_PAY_OID=f"N{number}")

        sender.deliver_due()

        states = [told["state"] for told in webhooks(listening)]
        assert 3 < states.count("dropped") < 17
        assert len(receiver.messages) == states.count("delivered")
        listening.order("POST", "/webhooks", {"drop": True})
        pay(listening)
        assert webhooks(listening)[-1]["state"] == "dropped"

    def test_delayed_ones_wait_on_the_runs_clock(self, listening: Merchant, sender: WebhookSender) -> None:
        listening.order("POST", "/webhooks", {"delay": 3600})
        pay(listening)
        assert sender.deliver_due() == 0

        listening.order("POST", "/clock", {"advance": 3601})

        assert sender.deliver_due() == 1

    def test_any_of_them_is_sent_again_on_demand(
        self, listening: Merchant, sender: WebhookSender, receiver: Receiver
    ) -> None:
        """Past the bench; the log names what it repeats."""
        listening.order("POST", "/webhooks", {"drop": True})
        pay(listening)
        (lost,) = webhooks(listening)

        again = listening.order("POST", f"/webhooks/{lost['id']}/resend")

        assert again["resend_of"] == lost["id"]
        assert sender.deliver_due() == 1
        assert webhooks(listening)[-1]["state"] == "delivered"

    def test_the_list_shows_no_secret(self, listening: Merchant, sender: WebhookSender, receiver: Receiver) -> None:
        claim = pay(listening)
        sender.deliver_due()

        assert receiver.messages[0]["PCD_PAYER_ID"] == claim["PCD_PAYER_ID"]
        assert claim["PCD_PAYER_ID"] not in str(webhooks(listening))


class TestAddresses:
    """Where the simulator lets itself be sent."""

    @pytest.mark.parametrize(
        "url",
        [
            "http://localhost:9/x?y=1",
            "https://127.0.0.1/x",
            "http://127.9.9.9:80/",
            "http://[::1]:8000/",
            "",
        ],
    )
    def test_this_machine_is_one(self, merchant: Merchant, url: str) -> None:
        assert merchant.order("POST", "/partners", {"webhook_url": url})["webhook_url"] == url

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://shop.localhost/",
            "http://localhost@example.com/",
            "http://example.com#@localhost/",
            "http://0.0.0.0/",
            "http://2130706433/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "//localhost/",
            "http://",
            "http://localhost:99999/",
            "http://localhost/\r\nX: y",
            "http://[::1/",
            7,
            None,
            ["http://localhost/"],
        ],
    )
    def test_anything_else_is_none_and_the_sentence_says_why(self, merchant: Merchant, url: object) -> None:
        """The control panel asks nobody who they are: it must not become a way into the network behind it."""
        for path, order in (("/partners", {"webhook_url": url}), ("/barrier", {"op": "auth", "phase": "before"})):
            sent = order if path == "/partners" else order | {"notify_url": url}
            response = merchant.session.post(f"{SIMULATOR}/_sim{path}", json=sent)

            assert response.status_code == 400, path
            assert response.json()["error"]
        assert merchant.order("GET", "/partners")["webhook_url"] == ""

    def test_a_host_is_allowed_only_by_who_starts_the_simulator(self, tmp_path: Any) -> None:
        settings = SimulatorSettings(
            tmp_path / "s.sqlite", webhook_url="http://shop.test/hook", webhook_hosts=("shop.test",)
        )
        app = create_simulator(settings)
        told = app.test_client().get("/_sim/partners").get_json()
        app.extensions["simulator_store"].close()

        assert told["webhook_url"] == "http://shop.test/hook"

    def test_the_address_of_the_start_outlives_a_reset(self, tmp_path: Any) -> None:
        app = create_simulator(SimulatorSettings(tmp_path / "s.sqlite", webhook_url="http://localhost:9/hook"))
        client = app.test_client()
        client.post("/_sim/partners", json={"webhook_url": "http://localhost:8/other"})

        client.delete("/_sim")

        assert client.get("/_sim/partners").get_json()["webhook_url"] == "http://localhost:9/hook"
        app.extensions["simulator_store"].close()

    def test_redirects_are_not_followed(self) -> None:
        with loopback(answering(b"", "302 Found", "Location: http://example.com/")) as server:
            assert send("POST", f"{server.address}/hook", {}, b"x") == 302
        assert server.connections == 1
