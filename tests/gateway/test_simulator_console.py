"""The console at /_sim: live facts, buttons that give orders, and no orders from anybody else's page."""

import json
import re
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from shop.simulator import SimulatorSettings
from shop.simulator.masking import fingerprint
from shop.simulator.policy import SWITCHES
from shop.simulator.scenarios import SCENARIOS
from tests.gateway.merchant import REGISTRATION, SIMULATOR, Merchant
from tests.payer import wsgi_session
from tests.tools.simulators import fresh_simulator


class Orders(HTMLParser):
    """Every button and form of a page that gives an order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.buttons: list[tuple[str, str, str]] = []
        self.forms: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "data-order" in found and tag == "button":
            self.buttons.append((found["data-order"], found["data-path"], found.get("data-body", "{}")))
        elif "data-order" in found:
            self.forms.add(found["data-path"])


def console(merchant: Merchant, **wishes: str) -> str:
    response = merchant.session.get(f"{SIMULATOR}/_sim", params={"run": merchant.cst_id} | wishes)
    assert (response.status_code, response.headers["X-Frame-Options"]) == (200, "DENY")
    return response.text


def test_every_button_gives_an_order_that_is_taken(merchant: Merchant) -> None:
    merchant.order("POST", "/partners", {"webhook_url": "http://127.0.0.1:9/hook"})
    merchant.paid()
    merchant.order("POST", "/scenarios", {"id": "limit"})
    merchant.order("POST", "/faults", {"op": "auth", "kind": "http_500"})
    page = Orders(console(merchant))

    for method, path, body in sorted(page.buttons, key=lambda button: not button[1]):  # the reset comes last
        merchant.order(method, path, json.loads(body))

    paths = {re.sub(r"\d+", "1", path) for _, path, _ in page.buttons}
    assert {"", "/clock", "/scenarios", "/faults", "/webhooks", "/webhooks/1/resend"} <= paths
    assert [json.loads(body)["id"] for _, _, body in page.buttons if body.startswith('{"id"')] == list(SCENARIOS)
    assert page.forms == {"/scenarios", "/faults", "/partners", "/webhooks", "/policy"}
    assert all(f'name="{name}"' in console(merchant) for name in SWITCHES)


def test_the_page_shows_what_is_armed_and_what_happened_and_first_the_latest(merchant: Merchant) -> None:
    merchant.cancel(merchant.paid(), 300)
    merchant.claim(**REGISTRATION)
    with suppress(requests.ConnectionError):
        merchant.confirm(merchant.claim("lost_paid"))
    merchant.order("POST", "/faults", {"op": "inquiry", "kind": "lost_answer"})
    with suppress(requests.ConnectionError):
        merchant.inquire("ANY")
    merchant.order("POST", "/scenarios", {"id": "limit", "times": 2, "p": 0.5, "oid": "THIS"})
    merchant.order("POST", "/faults", {"op": "confirm", "kind": "lost_answer"})

    page = console(merchant)
    news = " ".join(re.sub("<[^>]+>", " ", page.partition("payments-title")[0]).split())

    for shown in ("일부 취소", "환불 300원", "카드 한도 초과 · 50% · THIS", "승인 요청: 응답 없이 연결 종료", "등록됨"):
        assert shown in page
    for shown in ("승인 요청 → 결제됨, 1,000원 (응답은 사라짐)", "장애 발생 : 결제결과 조회, 응답 없이 연결 종료"):
        assert shown in news


@pytest.mark.parametrize("page", ["", "http://localhost:8000/demo/payments/"])
def test_a_story_links_to_the_merchant_that_has_a_page_for_it(page: str, tmp_path: Path) -> None:
    settings = SimulatorSettings(tmp_path / "simulator.sqlite", SIMULATOR, merchant_page=page)
    merchant = Merchant(wsgi_session(fresh_simulator(settings), SIMULATOR))
    oid = merchant.paid()["PCD_PAY_OID"]

    story = merchant.session.get(f"{SIMULATOR}/_sim/story/{oid}").text

    assert (f'href="{page}{oid}"' in story) == bool(page)


def test_runs_are_chosen_from_a_list_and_show_their_own_payments_with_markup_as_text(merchant: Merchant) -> None:
    other = merchant.new_run()
    merchant.paid(PCD_PAY_OID="<b>MINE", PCD_PAY_GOODS="<script>alert(1)</script>")
    other.paid(PCD_PAY_OID="THEIRS")

    page = console(merchant)

    assert f"<option>{other.cst_id}</option>" in page
    assert ("MINE" in page, "THEIRS" in page, "THEIRS" in console(other)) == (True, False, True)
    assert not [text for text in ("<script>alert", "<b>") if text in page]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8002"])
def test_the_page_of_somebody_else_gives_no_orders(merchant: Merchant, origin: str) -> None:
    elsewhere, here = {"Origin": origin}, {"Origin": SIMULATOR}
    answers = [
        merchant.session.post(f"{SIMULATOR}/_sim/clock", json={"advance": 60}, headers=elsewhere),
        merchant.session.post(f"{SIMULATOR}/_sim/webhooks/1/resend", headers=elsewhere),
        merchant.session.delete(f"{SIMULATOR}/_sim", headers=elsewhere),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert merchant.order("GET", "/clock")["offset_seconds"] == 0
    assert merchant.session.post(f"{SIMULATOR}/_sim/clock", json={"advance": 1}, headers=here).ok


def test_a_story_shows_its_messages_without_secrets_and_cancels_its_payment(merchant: Merchant) -> None:
    claim = merchant.claim(PCD_PAY_OID="주문/1?")
    merchant.confirm(claim)
    url = f"{SIMULATOR}/_sim/story/" + quote(claim["PCD_PAY_OID"])
    page = merchant.session.get(url).text

    for shown in ("파트너 인증", "결제창 호출", "승인 요청", "PCCF0000", fingerprint(claim["PCD_PAY_REQKEY"])):
        assert shown in page
    assert claim["PCD_PAY_REQKEY"] not in page
    assert merchant.cust_key not in page
    ((method, path, body),) = Orders(page).buttons
    merchant.order(method, path, json.loads(body))
    assert merchant.payments()[0]["state"] == "cancelled"
    assert Orders(merchant.session.get(url).text).buttons == []


@pytest.mark.parametrize("path", ["/php/auth.php", "/php/PayChkAct.php", "/api/v1/payments/cards/approval/confirm"])
def test_a_request_of_a_browser_gets_no_cors_and_is_explained(merchant: Merchant, path: str) -> None:
    page = {"Origin": "https://shop.example"}
    answers = [
        merchant.session.options(f"{SIMULATOR}{path}", headers=page | {"Access-Control-Request-Method": "POST"}),
        merchant.session.post(f"{SIMULATOR}{path}", headers=page | {"Sec-Fetch-Mode": "cors"}),
    ]

    assert not [name for answer in answers for name in answer.headers if name.startswith("Access-Control")]
    assert [line["rule"] for line in merchant.ledger()].count("servers_only") == 2
    assert f"https://shop.example → {path}" in console(merchant)
    assert not re.search("[가-힣]", console(merchant, lang="en").partition("<table>")[2])
