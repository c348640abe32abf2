"""A merchant of a few lines, written from Payple's documents only: what the simulator's rules are tried with."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import requests

from tests.payer import Payer

SIMULATOR = "http://127.0.0.1:8001"
SHOP = "http://localhost:8000"
PAGE = f"{SHOP}/orders/1"
KOREA = timezone(timedelta(hours=9))
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Merchant:
    """One partner with its keys; `session` reaches the simulator."""

    session: requests.Session
    cst_id: str = "test"
    cust_key: str = "abcd1234567890"
    client_key: str = "test_DF55F29DA654A8CBC0F0A9DD4B556486"
    origin: str = SIMULATOR

    @property
    def payer(self) -> Payer:
        """Somebody on this merchant's order page."""
        return Payer(self.session, PAGE, self.origin)

    def at(self, page_url: str) -> Payer:
        """Somebody on another page."""
        return replace(self.payer, page_url=page_url)

    def authenticate(self, referer: str | None = SHOP, **asked: str) -> dict[str, str]:
        """Partner authentication; a blank value leaves its field out."""
        sent = {"cst_id": self.cst_id, "custKey": self.cust_key} | asked
        headers = {"Referer": referer} if referer else {}
        return self.post("/php/auth.php", {name: value for name, value in sent.items() if value}, headers)

    def fields(self, **wishes: str) -> dict[str, str]:
        """A fresh authentication and the window's fields; a blank wish leaves its field out."""
        ticket = self.authenticate()
        fields = {
            "PCD_PAY_TYPE": "card",
            "PCD_PAY_WORK": "CERT",
            "PCD_CARD_VER": "01",
            "PCD_PAY_GOODS": "테스트 상품",
            "PCD_PAY_TOTAL": "1000",
            "PCD_RST_URL": "/order_result",
            "PCD_PAY_OID": f"ORDER_{next(_numbers)}",
            "PCD_PAYER_NAME": "홍길동",
            "PCD_AUTH_KEY": ticket["AuthKey"],
            "PCD_PAY_URL": ticket["return_url"],
        } | wishes
        return {name: value for name, value in fields.items() if value}

    def claim(self, scenario: str = "approved", **wishes: str) -> dict[str, str]:
        """What the browser delivers after a walk through the window."""
        return dict(self.payer.pay(self.fields(**wishes), scenario))

    def confirm(self, claim: Mapping[str, str], url: str = "", **changes: str) -> dict[str, str]:
        """The second step of CERT, at the address of the claim unless another is named."""
        sent = {
            "PCD_CST_ID": self.cst_id,
            "PCD_CUST_KEY": self.cust_key,
            "PCD_AUTH_KEY": claim["PCD_AUTH_KEY"],
            "PCD_PAY_REQKEY": claim["PCD_PAY_REQKEY"],
            "PCD_PAYER_ID": claim["PCD_PAYER_ID"],
        } | changes
        return self.post(url or claim["PCD_PAY_COFURL"], sent)

    def inquire(self, oid: str, method: str = "card", date: str = "", **changes: str) -> dict[str, str]:
        """Authenticate for an inquiry and ask; the date is today's in Korea unless another is named."""
        ticket = self.authenticate(PCD_PAYCHK_FLAG="Y")
        return self.post(ticket["return_url"], self.question(ticket, oid, method, date) | changes)

    def question(self, ticket: Mapping[str, str], oid: str, method: str = "card", date: str = "") -> dict[str, str]:
        """An inquiry with the tokens of an authentication."""
        return {
            "PCD_CST_ID": ticket["cst_id"],
            "PCD_CUST_KEY": ticket["custKey"],
            "PCD_AUTH_KEY": ticket["AuthKey"],
            "PCD_PAYCHK_FLAG": "Y",
            "PCD_PAY_TYPE": method,
            "PCD_PAY_OID": oid,
            "PCD_PAY_DATE": date or datetime.now(KOREA).strftime("%Y%m%d"),
        }

    def post(self, url: str, body: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, str]:
        """One JSON message and its answer."""
        response = self.session.post(url if "//" in url else self.origin + url, json=body, headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, str] = response.json()
        return answer

    def order(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One order to the control plane, for this merchant's run."""
        response = self.session.request(method, f"{self.origin}/_sim{path}", json=body, params={"run": self.cst_id})
        assert response.ok, response.text
        return response.json() if response.content else None

    def ledger(self) -> list[dict[str, Any]]:
        """This run's ledger."""
        entries: list[dict[str, Any]] = self.order("GET", "/ledger")
        return entries

    def payment(self, oid: str) -> dict[str, Any]:
        """What the simulator says of one payment."""
        payment: dict[str, Any] = self.order("GET", f"/payments/{oid}")
        return payment

    def last_rule(self) -> str:
        """The rule that the latest refused request broke."""
        return next(str(entry["rule"]) for entry in reversed(self.ledger()) if entry["outcome"] == "refused")
