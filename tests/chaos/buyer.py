"""People: buyers who order and pay without a browser, and staff who refund. One session each, every answer watched."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.chaos import reading
from tests.chaos.evidence import DeskRow, Intent, Placed
from tests.chaos.schedule import Step
from tests.chaos.watch import new_address
from tests.payer import Pairs, Payer, Window

if TYPE_CHECKING:
    from tests.chaos.shop import Shop

TRIES = 8
DEFAULT_LINES = {"test-product": 1}


class Refusal(Exception):
    """The shop did not do it; with its status and its code."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        self.code = str(response.json().get("error", {}).get("code", "")) if is_json else ""
        super().__init__(f"{response.request.method} {response.request.path_url}: {self.status} {self.code}")


@dataclass(frozen=True)
class Opening:
    """One attempt: its number, the fields for the payment window, and the page they stand on."""

    attempt_no: str
    fields: dict[str, str]
    page_url: str


class Browser:
    """A session at one shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.address = new_address()
        self.session = shop.stage.watch.session(self.address)
        self._token = ""

    def get(self, path: str, **more: Any) -> requests.Response:
        """One page; redirects are not followed."""
        response = self.session.get(self.shop.url + path, **more)
        self._token = reading.token(response.text) or self._token
        return response

    def post(
        self, path: str, fields: Mapping[str, object] | Pairs | bytes, *, token: bool = True, **more: Any
    ) -> requests.Response:
        """Send a form; with `token` the one of the latest page goes along."""
        if token and isinstance(fields, Mapping):
            fields = {"csrf_token": self._token} | dict(fields)
        return self.session.post(self.shop.url + path, data=fields, **more)

    def insist(self, response: requests.Response, *statuses: int) -> requests.Response:
        """The answer, if it has one of these statuses.

        :raises Refusal: otherwise
        """
        if response.status_code not in statuses:
            raise Refusal(response)
        return response

    @property
    def token(self) -> str:
        """The token of the latest page."""
        return self._token


class Buyer(Browser):
    """Somebody who buys. May place many orders, one after the other."""

    def __init__(self, shop: Shop, step: Step | None = None) -> None:
        super().__init__(shop)
        self.step = step
        self.phone = "010" + "".join(random.choices("0123456789", k=8))

    def place(self, lines: Mapping[str, int] | None = None, **payer: str) -> Placed:
        """From the catalogue over the cart to a placed order, which goes into the book.

        :raises Refusal: such as 409 when the stock is gone
        """
        lines = dict(lines or DEFAULT_LINES)
        form = self.fill(lines) | payer
        placed = self.insist(self.post("/orders", form), 303)
        return self.note(placed.headers["Location"].rpartition("/")[2], lines)

    def fill(self, lines: Mapping[str, int]) -> dict[str, str]:
        """Put these into the cart; the order form, filled in and not sent."""
        if not self._token:
            page = self.insist(self.get(f"/products/{next(iter(lines))}"), 200)
            if not self._token:  # nothing to press: it is sold out
                raise Refusal(page)
        for slug, quantity in lines.items():
            self.insist(self.post("/cart/items", {"product": slug, "quantity": quantity}), 303)
        form = reading.form_to(self.insist(self.get("/checkout"), 200).text, "/orders")
        return form | {"payer_name": "김나직", "payer_phone": self.phone, "payer_email": "reader@example.com"}

    def note(self, order_no: str, lines: Mapping[str, int]) -> Placed:
        """Remember an order that was placed."""
        prices = {slug: self.shop.prices[slug] for slug in lines}
        order = Placed(order_no, self.shop.name, dict(lines), prices, self.phone)
        return self.shop.stage.book.add(order, self.step, self.session.cookies.get_dict())

    def press(self, order: Placed, **choices: object) -> Opening:
        """Press the pay button once; `choices` are method, work, window, delivery, cash_receipt.

        :raises Refusal: such as 409 when the order cannot be paid, 502 when the gateway let nobody in
        """
        if not self._token:
            self.look(order)
        chosen = {"method": "card", "window": "popup", "work": "CERT", "delivery": "redirect"} | choices
        chosen |= {"cash_receipt": "y"} if chosen.pop("cash_receipt", False) else {}
        headers = {"X-CSRFToken": self._token, "Accept": "application/json"}
        answer = self.post(f"/orders/{order.order_no}/attempts", chosen, token=False, headers=headers)
        told = self.insist(answer, 200).json()
        order.attempts.append(str(told["attempt_no"]))
        page = f"{self.shop.url}/orders/{order.order_no}"
        return Opening(str(told["attempt_no"]), dict(told["fields"]), page)

    def start(self, order: Placed, **choices: object) -> Opening:
        """Press it, and again while the gateway lets nobody in, as the page says: other people's calls may hang."""
        for _ in range(TRIES):
            try:
                return self.press(order, **choices)
            except Refusal as refusal:
                if refusal.status != requests.codes.bad_gateway:
                    raise
        return self.press(order, **choices)

    def pay(self, opening: Opening, scenario: str = "", **typed: Any) -> Pairs:
        """Go through the window; what the browser would deliver, an empty list when it never arrives."""
        return self._payer(opening).pay(opening.fields, scenario, **typed)

    def open(self, opening: Opening) -> Window:
        """Only open the window: what happens in it comes later."""
        return self._payer(opening).open(opening.fields)

    def close(self, opening: Opening) -> Pairs:
        """Open the window and close it."""
        return self._payer(opening).close(opening.fields)

    def deliver(self, claim: Pairs | Mapping[str, str]) -> requests.Response:
        """Post a result as the gateway's page does: another site, no cookie; the redirect is not followed."""
        with self.shop.stage.watch.session(self.address) as stranger:
            return stranger.post(
                self.shop.url + "/payments/result", data=list(claim.items()) if isinstance(claim, Mapping) else claim
            )

    def look(self, order: Placed) -> str:
        """The state that the order's page shows, blank if it shows none; the order remembers it."""
        state = reading.state(self.get(f"/orders/{order.order_no}").text)
        order.note_state(state)
        return state

    def find(self, order_no: str, phone: str) -> requests.Response:
        """Look an order up as a guest."""
        self.get("/orders/lookup")
        return self.post("/orders/lookup", {"order_no": order_no, "payer_phone": phone})

    def buy(self, lines: Mapping[str, int] | None = None, scenario: str = "", **choices: object) -> Placed:
        """All of it: place, start, pay, deliver, look."""
        order = self.place(lines)
        claim = self.pay(self.start(order, **choices), scenario)
        if claim:
            self.deliver(claim)
        self.look(order)
        return order

    def _payer(self, opening: Opening) -> Payer:
        session = requests.Session()
        session.trust_env = False
        return Payer(session, opening.page_url, self.shop.simulator.url)


class Staff(Browser):
    """A member of the staff, signed in; signs in again when the session is over."""

    def __init__(self, shop: Shop, name: str, password: str) -> None:
        super().__init__(shop)
        self.name, self.password = name, password
        self.sign_in()

    def sign_in(self) -> None:
        """Name and password."""
        self.insist(self.get("/admin/login"), 200, 303)
        self.insist(self.post("/admin/login", {"name": self.name, "password": self.password}), 303)

    def see(self, path: str) -> requests.Response:
        """A page of the staff area."""
        response = self.get(path)
        if "/admin/login" in response.headers.get("Location", ""):
            self.sign_in()
            response = self.get(path)
        return response

    def refund_form(self, order_no: str) -> dict[str, str]:
        """The refund form as it stands on the order's page: amount, intent, the balance that is seen; or empty."""
        return reading.form_named(self.see(f"/admin/orders/{order_no}").text, "refund-form")

    def send_refund(self, order_no: str, form: Mapping[str, str]) -> requests.Response:
        """Send a refund form, with the password entered again; the intent goes into the book before."""
        sent = {"reason": "변심", "password": self.password} | {name: value for name, value in form.items() if value}
        intent = Intent(order_no, sent.get("intent", ""), int(sent.get("amount") or 0))
        self.shop.stage.book.intend(intent)
        return self.post(f"/admin/orders/{order_no}/refunds", sent)

    def refund(
        self, order_no: str, amount: int | None = None, intent: str | None = None, seen: int | None = None
    ) -> requests.Response:
        """Read the form and send it; all that is left unless an amount is given.

        :raises Refusal: the page offers no refund
        """
        page = self.see(f"/admin/orders/{order_no}")
        form = reading.form_named(page.text, "refund-form")
        if not form:
            raise Refusal(page)
        changes = {"amount": amount, "intent": intent, "seen_refundable": seen}
        return self.send_refund(order_no, form | {name: str(value) for name, value in changes.items() if value})

    def issue_receipt(
        self, order_no: str, identity: str = "01012345678", purpose: str = "personal"
    ) -> requests.Response:
        """Issue a cash receipt for what was paid and not refunded."""
        self.see(f"/admin/orders/{order_no}")
        wish = {"purpose": purpose, "identity": identity, "password": self.password}
        return self.post(f"/admin/orders/{order_no}/cash-receipts", wish)

    def cancel_receipt(self, order_no: str) -> requests.Response:
        """Cancel the active cash receipt."""
        self.see(f"/admin/orders/{order_no}")
        if order := self.shop.stage.book.find(order_no):
            order.receipt_given_up = True
        return self.post(f"/admin/orders/{order_no}/cash-receipts/cancel", {"password": self.password})

    def decide(self, order_no: str, *, refunded: bool) -> int:
        """Settle every refund of an order whose answer was lost; how many there were."""
        page = self.see(f"/admin/orders/{order_no}").text
        paths = [head["action"] for head, _ in reading.forms(page) if head.get("data-testid") == "refund-decision"]
        for path in paths:
            answer = {"answer": "refunded" if refunded else "not_refunded", "password": self.password}
            self.post(path, answer)
        return len(paths)

    def rows(self, state: str = "") -> list[tuple[str, str]]:
        """Numbers and states of the orders in the list, all pages of it."""
        found, path = [], f"/admin/orders?state={state}"
        while path:
            page = self.see(path).text
            found += [(row["data-order"], row["data-state"]) for row in reading.marked(page, "order-row")]
            path = reading.next_page(page)
        return found

    def desk(self) -> list[DeskRow]:
        """What a person has to look at."""
        rows, path = list[dict[str, str]](), "/admin/desk"
        while path:
            page = self.see(path).text
            rows += reading.marked(page, "desk-row")
            path = reading.next_page(page)
        return [DeskRow(row.get("data-kind", ""), row.get("data-state", ""), row.get("data-order", "")) for row in rows]

    def run_due(self) -> requests.Response:
        """Press the button that does what the sweep would do."""
        self.see("/admin/desk")
        return self.post(self.shop.profile.desk_button, {})


def new_password() -> str:
    """One that opens nothing else."""
    return secrets.token_urlsafe(18)
