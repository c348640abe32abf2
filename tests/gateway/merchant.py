"""A merchant of a few lines, written from Payple's documents only: what the simulator's rules are tried with."""

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
CANCEL, INQUIRY = {"PCD_PAYCANCEL_FLAG": "Y"}, {"PCD_PAYCHK_FLAG": "Y"}
REPAY = {"PCD_PAY_GOODS": "구독", "PCD_PAY_TOTAL": "1000"}
REGISTRATION = {"PCD_PAY_WORK": "AUTH", "PCD_PAY_GOODS": "", "PCD_PAY_TOTAL": "", "PCD_PAY_OID": ""}
Fields = dict[str, str]
# The shared test partner's numbers are everybody's, so that ours are like nobody else's.
_NUMBERS_BEGIN = f"ORDER{secrets.token_hex(6)}N"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Merchant:
    """One partner with its keys; `session` reaches the gateway at `origin`.

    `out_of_reach` says why a gateway that is not ours has no control panel and no payer without a browser. A test that
    needs either is skipped there with this reason.
    """

    session: requests.Session
    cst_id: str = "test"
    cust_key: str = "abcd1234567890"
    client_key: str = "test_DF55F29DA654A8CBC0F0A9DD4B556486"
    refund_key: str = "a41ce010ede9fcbfb3be86b24858806596a9db68b79d138b147c3e563e1829a0"
    origin: str = SIMULATOR
    out_of_reach: str = ""

    def new_run(self) -> "Merchant":
        keys = self.order("POST", "/runs")
        issued = (keys["cst_id"], keys["custKey"], keys["clientKey"], keys["refundKey"])
        return Merchant(self.session, *issued, origin=self.origin)

    # Messages. A blank value leaves its field out.

    def authenticate(self, referer: str | None = SHOP, **asked: str) -> Fields:
        sent = {"cst_id": self.cst_id, "custKey": self.cust_key} | asked
        return self.post("/php/auth.php", _without_blanks(sent), {"Referer": referer} if referer else {})

    def tokens(self, ticket: Mapping[str, str]) -> Fields:
        """The three values of an authentication under the names of the request that follows."""
        names = {"PCD_CST_ID": "cst_id", "PCD_CUST_KEY": "custKey", "PCD_AUTH_KEY": "AuthKey"}
        return {name: ticket[token] for name, token in names.items()}

    def prepare(self, flags: Mapping[str, str], **fields: str) -> tuple[str, Fields]:
        """Authenticate for a purpose; the address and the message of the one request."""
        ticket = self.authenticate(**flags)
        return ticket["return_url"], _without_blanks(self.tokens(ticket) | fields)

    def call(self, flags: Mapping[str, str], **fields: str) -> Fields:
        return self.post(*self.prepare(flags, **fields))

    def confirm_fields(self, claim: Mapping[str, str]) -> Fields:
        keys = {name: claim[name] for name in ("PCD_AUTH_KEY", "PCD_PAY_REQKEY", "PCD_PAYER_ID")}
        return {"PCD_CST_ID": self.cst_id, "PCD_CUST_KEY": self.cust_key} | keys

    def confirm(self, claim: Mapping[str, str], url: str = "", **changes: str) -> Fields:
        """The second step of CERT, at the address of the claim unless another is named."""
        return self.post(url or claim["PCD_PAY_COFURL"], self.confirm_fields(claim) | changes)

    def question(self, oid: str, method: str = "card", date: str = "") -> Fields:
        """The fields of an inquiry; the date is today's in Korea unless another is named."""
        day = date or datetime.now(KOREA).strftime("%Y%m%d")
        return INQUIRY | {"PCD_PAY_TYPE": method, "PCD_PAY_OID": oid, "PCD_PAY_DATE": day}

    def inquire(self, oid: str, method: str = "card", date: str = "", **changes: str) -> Fields:
        return self.call(INQUIRY, **self.question(oid, method, date) | changes)

    def cancel_fields(self, paid: Mapping[str, str], amount: int | str = "") -> Fields:
        return CANCEL | {
            "PCD_REFUND_KEY": self.refund_key,
            "PCD_PAY_OID": paid["PCD_PAY_OID"],
            "PCD_PAY_DATE": paid["PCD_PAY_TIME"][:8],
            "PCD_REFUND_TOTAL": str(amount) or paid["PCD_PAY_TOTAL"],
        }

    def cancel(self, paid: Mapping[str, str], amount: int | str = "", **changes: str) -> Fields:
        return self.call(CANCEL, **self.cancel_fields(paid, amount) | changes)

    def receipt(self, work: str, paid: Mapping[str, str], **changes: str) -> Fields:
        """Issue (TSREG) or cancel (TSCANCEL) the cash receipt of a transfer."""
        fields = {"PCD_PAYER_ID": paid["PCD_PAYER_ID"], "PCD_PAY_OID": paid["PCD_PAY_OID"]}
        return self.call({"PCD_PAY_WORK": work}, **fields | changes)

    def repay(
        self, payer_id: str, method: str = "card", amount: str = "1000", flag: str = "PCD_SIMPLE_FLAG", **changes: str
    ) -> Fields:
        flags = {"PCD_PAY_TYPE": method, flag: "Y"}
        return self.call(flags, **flags | REPAY | {"PCD_PAYER_ID": payer_id, "PCD_PAY_TOTAL": amount} | changes)

    def key(self, work: str, payer_id: str) -> Fields:
        """Look up (PUSERINFO) or delete (PUSERDEL) a billing key."""
        return self.call({"PCD_PAY_WORK": work}, PCD_PAYER_ID=payer_id)

    def post(self, url: str, body: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Fields:
        response = self.session.post(url if "//" in url else self.origin + url, json=body, headers=headers)
        assert response.status_code == 200, response.text
        answer: Fields = response.json()
        return answer

    # The window.

    @property
    def payer(self) -> Payer:
        self._need("a payer without a browser")
        return Payer(self.session, PAGE, self.origin)

    def at(self, page_url: str) -> Payer:
        return replace(self.payer, page_url=page_url)

    def fields(self, **wishes: str) -> Fields:
        """A fresh authentication and the window's fields; a client key takes the place of the authentication."""
        ticket = self.authenticate() if "clientKey" not in wishes else {"AuthKey": "", "return_url": ""}
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
        }
        return _without_blanks(fields | wishes)

    def open(self, **wishes: str) -> Window:
        return self.payer.open(self.fields(**wishes))

    def refusal(self, **wishes: str) -> str:
        return code_of(self.open(**wishes))

    def claim(self, scenario: str = "", **wishes: str) -> Fields:
        """What the browser delivers after the window."""
        return dict(self.payer.pay(self.fields(**wishes), scenario))

    def paid(self, scenario: str = "", **wishes: str) -> Fields:
        return self.claim(scenario, PCD_PAY_WORK="PAY", **wishes)

    def confirmed(self, **wishes: str) -> Fields:
        return self.confirm(self.claim(**wishes))

    # The control panel.

    def order(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        self._need("the control panel")
        response = self.session.request(method, f"{self.origin}/_sim{path}", json=body, params={"run": self.cst_id})
        assert response.ok, response.text
        return response.json() if response.content else None

    def policy(self, **switches: object) -> None:
        self.order("POST", "/policy", switches)

    def advance(self, seconds: int) -> None:
        self.order("POST", "/clock", {"advance": seconds})

    def ledger(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.order("GET", "/ledger")
        return entries

    def charges(self) -> int:
        return [entry["effect"] for entry in self.ledger()].count("charged")

    def payments(self) -> list[dict[str, Any]]:
        payments: list[dict[str, Any]] = self.order("GET", "/payments")
        return payments

    def payment(self, oid: str) -> dict[str, Any]:
        payment: dict[str, Any] = self.order("GET", f"/payments/{oid}")
        return payment

    def refunded(self, paid: Mapping[str, str]) -> tuple[str, int]:
        """The state of a payment in the simulator's books, and what went back of it."""
        payment = self.payment(paid["PCD_PAY_OID"])
        return payment["state"], payment["refunded_total"]

    def cash_receipt(self, paid: Mapping[str, str]) -> tuple[str, int]:
        """The state of a payment's cash receipt in the simulator's books, and its active amount."""
        payment = self.payment(paid["PCD_PAY_OID"])
        return payment["cash_receipt"], payment["cash_receipt_amount"]

    def refused(self, answer: Mapping[str, str], code: str, rule: str) -> None:
        assert (answer["PCD_PAY_RST"], answer["PCD_PAY_CODE"]) == ("error", code)
        self.broke(rule)

    def broke(self, rule: str) -> None:
        """The latest refusal was for this rule; without a ledger nobody can tell.

        A request that names no partner is in the ledger of the default run.
        """
        if not self.out_of_reach:
            assert rule in (self._last_rule(), replace(self, cst_id="test")._last_rule())

    def _last_rule(self) -> str:
        refused = (str(entry["rule"]) for entry in reversed(self.ledger()) if entry["outcome"] == "refused")
        return next(refused, "")

    def _need(self, what: str) -> None:
        if self.out_of_reach:
            pytest.skip(f"needs {what}: {self.out_of_reach}")


def code_of(window: Window) -> str:
    assert "window-refused" in window.page.texts, window.page.texts
    return window.delivered["PCD_PAY_CODE"]


def _without_blanks(fields: Mapping[str, str]) -> Fields:
    return {name: value for name, value in fields.items() if value}
