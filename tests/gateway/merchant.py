"""A merchant of a few lines, written from Payple's documents only: what the simulator's rules are tried with."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from tests.payer import Payer, Window

SIMULATOR = "http://127.0.0.1:8001"
SHOP = "http://localhost:8000"
PAGE = f"{SHOP}/orders/1"
KOREA = timezone(timedelta(hours=9))
# The shared test partner's numbers are everybody's, so that ours are like nobody else's.
_NUMBERS_BEGIN = f"ORDER{secrets.token_hex(6)}N"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Merchant:
    """One partner with its keys; `session` reaches the gateway at `origin`.

    `out_of_reach` is for a gateway that is none of ours: why nobody can look into its books there, or pay at its window
    without a browser. A test that wants either is skipped there, with this reason.
    """

    session: requests.Session
    cst_id: str = "test"
    cust_key: str = "abcd1234567890"
    client_key: str = "test_DF55F29DA654A8CBC0F0A9DD4B556486"
    refund_key: str = "a41ce010ede9fcbfb3be86b24858806596a9db68b79d138b147c3e563e1829a0"
    origin: str = SIMULATOR
    out_of_reach: str = ""

    def new_run(self) -> Merchant:
        """A partner of its own on the same simulator."""
        keys = self.order("POST", "/runs")
        issued = (keys["cst_id"], keys["custKey"], keys["clientKey"], keys["refundKey"])
        return Merchant(self.session, *issued, origin=self.origin)

    @property
    def payer(self) -> Payer:
        """Somebody on this merchant's order page."""
        self._insist("a payer without a browser")
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
            "PCD_PAY_OID": f"{_NUMBERS_BEGIN}{next(_numbers)}",
            "PCD_PAYER_NAME": "홍길동",
            "PCD_AUTH_KEY": ticket["AuthKey"],
            "PCD_PAY_URL": ticket["return_url"],
        } | wishes
        return {name: value for name, value in fields.items() if value}

    def claim(self, scenario: str = "", **wishes: str) -> dict[str, str]:
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

    def paid(self, **wishes: str) -> dict[str, str]:
        """The result of a payment that moved money in the window."""
        return self.claim(PCD_PAY_WORK="PAY", **wishes)

    def call(self, flags: Mapping[str, str], **fields: str) -> dict[str, str]:
        """Authenticate for a purpose and send the one request; a blank field is left out."""
        ticket = self.authenticate(**flags)
        sent = self.tokens(ticket) | fields
        return self.post(ticket["return_url"], {name: value for name, value in sent.items() if value})

    def tokens(self, ticket: Mapping[str, str]) -> dict[str, str]:
        """The three values of an authentication under the names of the request that follows."""
        return {
            "PCD_CST_ID": ticket["cst_id"],
            "PCD_CUST_KEY": ticket["custKey"],
            "PCD_AUTH_KEY": ticket["AuthKey"],
        }

    def cancel(self, paid: Mapping[str, str], amount: int | str = "", **changes: str) -> dict[str, str]:
        """Refund a part of a payment, or all of it; a blank change leaves its field out."""
        flag = {"PCD_PAYCANCEL_FLAG": "Y"}
        fields = {
            "PCD_REFUND_KEY": self.refund_key,
            "PCD_PAY_OID": paid["PCD_PAY_OID"],
            "PCD_PAY_DATE": paid["PCD_PAY_TIME"][:8],
            "PCD_REFUND_TOTAL": str(amount) or paid["PCD_PAY_TOTAL"],
        }
        return self.call(flag, **flag | fields | changes)

    def receipt(self, work: str, paid: Mapping[str, str], **changes: str) -> dict[str, str]:
        """Issue (TSREG) or cancel (TSCANCEL) the cash receipt of a transfer; a blank change leaves its field out."""
        fields = {"PCD_PAYER_ID": paid["PCD_PAYER_ID"], "PCD_PAY_OID": paid["PCD_PAY_OID"]}
        return self.call({"PCD_PAY_WORK": work}, **fields | changes)

    def repay(self, payer_id: str, method: str = "card", amount: str = "1000", **changes: str) -> dict[str, str]:
        """Pay again with a billing key; a blank change leaves its field out."""
        flags = {"PCD_PAY_TYPE": method, "PCD_SIMPLE_FLAG": "Y"}
        fields = {"PCD_PAYER_ID": payer_id, "PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": amount}
        return self.call(flags, **flags | fields | changes)

    def key(self, work: str, payer_id: str) -> dict[str, str]:
        """Look up (PUSERINFO) or delete (PUSERDEL) a billing key."""
        return self.call({"PCD_PAY_WORK": work}, PCD_PAYER_ID=payer_id)

    def post(self, url: str, body: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, str]:
        """One JSON message and its answer."""
        response = self.session.post(url if "//" in url else self.origin + url, json=body, headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, str] = response.json()
        return answer

    def order(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One order to the control plane, for this merchant's run."""
        self._insist("the control panel")
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

    def cash_receipt(self, paid: Mapping[str, str]) -> tuple[str, int]:
        """The state of a payment's cash receipt in the simulator's books, and its active amount."""
        payment = self.payment(paid["PCD_PAY_OID"])
        return payment["cash_receipt"], payment["cash_receipt_amount"]

    def broke(self, rule: str) -> None:
        """The latest refusal was for this rule, as far as anybody can tell.

        A request that names no partner is told to the default run.
        """
        if not self.out_of_reach:
            assert rule in (self.last_rule(), replace(self, cst_id="test").last_rule())

    def _insist(self, need: str) -> None:
        if self.out_of_reach:
            pytest.skip(f"needs {need}: {self.out_of_reach}")

    def last_rule(self) -> str:
        """The rule that the latest refused request broke."""
        refused = (str(entry["rule"]) for entry in reversed(self.ledger()) if entry["outcome"] == "refused")
        return next(refused, "")


def code_of(window: Window) -> str:
    """The code of a window that does not open."""
    assert "window-refused" in window.page.texts, window.page.texts
    return dict(window.result or [])["PCD_PAY_CODE"]
