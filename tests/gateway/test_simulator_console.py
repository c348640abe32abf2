"""The console at /_sim: live facts, buttons that give orders, and no orders from anybody else's page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from shop.simulator.masking import fingerprint
from shop.simulator.policy import SWITCHES
from shop.simulator.scenarios import SCENARIOS
from tests.gateway.merchant import SIMULATOR, Merchant


class Orders(HTMLParser):
    """Every button and form of a page that gives an order, and every id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.buttons: list[tuple[str, str, str]] = []
        self.forms: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.unlabelled: list[str] = []
        self._labels = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        found = {name: value or "" for name, value in attrs}
        self.ids += [found["id"]] if "id" in found else []
        self._labels += tag == "label"
        if tag == "button" and "data-order" in found:
            self.buttons.append((found["data-order"], found["data-path"], found.get("data-body", "{}")))
        if tag == "form" and "data-order" in found:
            self.forms.append((found["data-order"], found["data-path"]))
        if tag in ("select", "input") and found.get("type") != "hidden" and not self._labels:
            self.unlabelled.append(found.get("name", ""))

    def handle_endtag(self, tag: str) -> None:
        """A label ends."""
        self._labels -= tag == "label"


def console(merchant: Merchant, **wishes: str) -> str:
    """The page as a person gets it."""
    response = merchant.session.get(f"{SIMULATOR}/_sim", params={"run": merchant.cst_id} | wishes)
    assert response.status_code == 200
    return response.text


def test_every_button_gives_an_order_that_is_taken(merchant: Merchant) -> None:
    """Method, address and body stand in the page; the script only sends them."""
    merchant.order("POST", "/partners", {"webhook_url": "http://127.0.0.1:9/hook"})
    merchant.paid()
    merchant.order("POST", "/scenarios", {"id": "limit"})
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500"})
    buttons = Orders(console(merchant)).buttons

    for method, path, body in sorted(buttons, key=lambda button: not button[1]):  # the reset comes last
        merchant.order(method, path, json.loads(body))

    paths = {path for _, path, _ in buttons}
    assert {"", "/clock", "/scenarios", "/faults", "/webhooks"} <= paths
    assert any(re.fullmatch(r"/webhooks/\d+/resend", path) for path in paths)


def test_every_scenario_has_a_button(merchant: Merchant) -> None:
    armed = [json.loads(body)["id"] for _, path, body in Orders(console(merchant)).buttons if body.startswith('{"id"')]

    assert armed == list(SCENARIOS)


def test_ids_are_unique_and_fields_have_labels(merchant: Merchant) -> None:
    merchant.paid()
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500"})
    page = Orders(console(merchant))

    assert len(page.ids) == len(set(page.ids))
    assert page.unlabelled == []
    assert {path for _, path in page.forms} == {"/scenarios", "/faults", "/partners", "/webhooks", "/policy"}


def test_the_policy_form_sends_what_the_control_plane_takes(merchant: Merchant) -> None:
    page = console(merchant)
    policy = merchant.order("GET", "/policy")

    assert all(f'name="{name}"' in page for name in SWITCHES)
    assert merchant.order("POST", "/policy", policy) == policy


def test_what_is_armed_is_shown(merchant: Merchant) -> None:
    merchant.order("POST", "/scenarios", {"id": "limit", "times": 2, "p": 0.5, "oid": "THIS"})
    merchant.order("POST", "/faults", {"op": "confirm", "kind": "lost_answer"})

    page = console(merchant)

    assert "카드 한도 초과 · 50% · THIS" in page
    assert "승인 요청: 응답 없이 연결 종료" in page


def test_a_payment_tells_its_scenario_and_what_went_back(merchant: Merchant) -> None:
    merchant.cancel(merchant.paid(), 300)
    merchant.claim("limit", PCD_PAY_WORK="PAY")

    page = console(merchant)

    for told in ("일부 취소", "환불 300원", "카드 한도 초과"):
        assert told in page


def test_a_registration_has_no_amount(merchant: Merchant) -> None:
    merchant.claim(PCD_PAY_WORK="AUTH", PCD_PAY_GOODS="", PCD_PAY_TOTAL="", PCD_PAY_OID="KEY")

    assert "등록됨" in console(merchant)
    story = merchant.session.get(f"{SIMULATOR}/_sim/story/KEY").text
    assert "결제수단 등록됨" in story
    assert "0원" not in story


def test_more_payments_on_demand(merchant: Merchant) -> None:
    for _ in range(12):
        merchant.payer.open(merchant.fields())

    assert console(merchant).count('data-testid="console-payment"') == 10
    assert console(merchant, show="50").count('data-testid="console-payment"') == 12
    for odd in ("-1", "0", "x", "9" * 30):
        console(merchant, show=odd)


def test_runs_are_chosen_from_a_list(merchant: Merchant) -> None:
    """Each shows its own payments only."""
    other = merchant.new_run()
    merchant.paid(PCD_PAY_OID="MINE")
    other.paid(PCD_PAY_OID="THEIRS")

    page = console(merchant)

    assert f"<option>{other.cst_id}</option>" in page
    assert "MINE" in page
    assert "THEIRS" not in page
    assert "THEIRS" in console(other)


def test_a_story_can_be_cancelled_behind_the_shops_back(merchant: Merchant) -> None:
    """The number stands in an address, whatever it is made of."""
    url = f"{SIMULATOR}/_sim/story/" + quote(merchant.paid(PCD_PAY_OID="주문/1?")["PCD_PAY_OID"])

    ((method, path, body),) = Orders(merchant.session.get(url).text).buttons
    merchant.order(method, path, json.loads(body))

    assert merchant.order("GET", "/payments")[0]["state"] == "cancelled"
    assert Orders(merchant.session.get(url).text).buttons == []


@pytest.mark.parametrize("path", ["/clock", "/scenarios", "/policy", "/runs", "/webhooks/1/resend"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8002"])
def test_another_page_gives_no_orders(merchant: Merchant, path: str, origin: str) -> None:
    """Neither with JSON nor with a form: a browser says where an order comes from."""
    bodies: tuple[dict[str, Any], ...] = ({"json": {"advance": 60, "id": "limit"}}, {"data": {"advance": "60"}})
    for sent in bodies:
        response = merchant.session.post(f"{SIMULATOR}/_sim{path}", headers={"Origin": origin}, **sent)
        assert (response.status_code, bool(response.json()["error"])) == (403, True)
    forget = merchant.session.delete(f"{SIMULATOR}/_sim", headers={"Origin": origin})

    assert forget.status_code == 403
    assert merchant.order("GET", "/clock")["offset_seconds"] == 0


def test_the_console_itself_and_programs_give_orders(merchant: Merchant) -> None:
    """A program sends no Origin."""
    for headers in ({"Origin": SIMULATOR}, {}):
        response = merchant.session.post(f"{SIMULATOR}/_sim/clock", json={"advance": 1}, headers=headers)
        assert response.status_code == 200


def test_a_story_shows_its_messages_without_secrets(merchant: Merchant) -> None:
    claim = merchant.claim()
    merchant.confirm(claim)

    page = merchant.session.get(f"{SIMULATOR}/_sim/story/{claim['PCD_PAY_OID']}").text

    for told in ("파트너 인증", "결제창 호출", "승인 요청", "PCCF0000", fingerprint(claim["PCD_PAY_REQKEY"])):
        assert told in page
    assert claim["PCD_PAY_REQKEY"] not in page
    assert merchant.cust_key not in page


def test_no_page_frames_it_and_markup_stays_text(merchant: Merchant) -> None:
    assert "아직 결제가 없습니다" in console(merchant)
    merchant.claim(PCD_PAY_GOODS="<script>alert(1)</script>", PCD_PAY_OID="<b>")

    response = merchant.session.get(f"{SIMULATOR}/_sim")

    assert response.headers["X-Frame-Options"] == "DENY"
    assert "<script>alert" not in response.text
    assert "<b>" not in response.text


@pytest.mark.parametrize("path", ["/php/auth.php", "/php/PayChkAct.php", "/api/v1/payments/cards/approval/confirm"])
def test_a_request_of_a_browser_is_explained(merchant: Merchant, path: str) -> None:
    """CORS stays closed: the preflight fails, or the answer of a simple request cannot be read."""
    page = {"Origin": "https://shop.example"}
    answers = [
        merchant.session.options(f"{SIMULATOR}{path}", headers=page | {"Access-Control-Request-Method": "POST"}),
        merchant.session.post(f"{SIMULATOR}{path}", headers=page | {"Sec-Fetch-Mode": "cors"}),
    ]

    assert not [name for answer in answers for name in answer.headers if name.startswith("Access-Control")]
    assert [line["rule"] for line in merchant.ledger()].count("servers_only") == 2
    assert f"https://shop.example → {path}" in console(merchant)
    assert "Payple answers servers only" in console(merchant, lang="en")


def test_it_says_what_a_reset_leaves_behind(merchant: Merchant) -> None:
    paid = merchant.paid()
    merchant.order("DELETE", "")

    assert merchant.cancel(paid)["PCD_PAY_CODE"] == "PAYC0007"
    assert "PAYC0007" in console(merchant)


def test_it_speaks_two_languages(merchant: Merchant) -> None:
    merchant.paid()
    english = console(merchant, lang="en")

    assert "What happens to the next payment" in english
    table = english.partition("<table>")[2]
    assert not re.search("[가-힣]", table)
