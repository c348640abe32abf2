"""Buyers who order and pay without a browser, and staff. They read pages by what is public in them: forms, test ids."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import requests

from tests.chaos.report import Step
from tests.oracle import DeskRow, Placed
from tests.page import CHOICES, PAYER, Tags
from tests.payer import Page, Pairs, Payer, Window

if TYPE_CHECKING:
    from tests.chaos.stage import Stage

TRIES = 8
KOREA = timezone(timedelta(hours=9))
STAFF = "keeper"


def state_on(page: str) -> str:
    return next((found.get("data-state", "") for found in Tags(page).marked("order-status")), "")


def token_on(page: str) -> str:
    tags = Tags(page)
    tokens = [form.fields["csrf_token"] for form in tags.forms if "csrf_token" in form.fields]
    return tags.metas.get("csrf-token") or next(iter(tokens), "")


def _new_card_number() -> str:
    """Any card with a valid last digit."""
    digits = f"4{random.randrange(10**14):014}"
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return digits + str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)


class Refusal(Exception):
    """The shop did not do it."""

    def __init__(self, text: str, status: int = 0) -> None:
        self.status = status
        super().__init__(text)

    @classmethod
    def of(cls, response: requests.Response) -> Refusal:
        status = response.status_code
        return cls(f"{response.request.method} {response.request.path_url}: {status}", status)


@dataclass(frozen=True)
class Opening:
    attempt_no: str
    fields: dict[str, str]


class Browser:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.session = stage.watch.session()
        self.token = ""

    def get(self, path: str) -> requests.Response:
        """Load a page; redirects are not followed."""
        response = self.session.get(self.stage.shop.url + path)
        self.token = token_on(response.text) or self.token
        return response

    def post(self, path: str, fields: Mapping[str, object], **more: Any) -> requests.Response:
        return self.session.post(self.stage.shop.url + path, data={"csrf_token": self.token} | dict(fields), **more)

    def require(self, response: requests.Response, *statuses: int) -> requests.Response:
        """The answer, if it has one of these statuses. Raises Refusal otherwise."""
        if response.status_code not in statuses:
            raise Refusal.of(response)
        return response

    def twin(self) -> Any:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.session = self.stage.watch.session()
        other.session.cookies.update(self.session.cookies)
        return other


class Buyer(Browser):
    """Somebody who buys. ``step`` stands beside what goes wrong with their orders."""

    def __init__(self, stage: Stage, step: Step | None = None) -> None:
        super().__init__(stage)
        self.step = step
        self.phone = "010" + "".join(random.choices("0123456789", k=8))

    def place(self, lines: Mapping[str, int]) -> Placed:
        """From the catalogue to a placed order. Raises Refusal, such as 409 when the stock is gone."""
        placed = self.require(self.post("/orders", self.fill(lines)), 303)
        return self.note(placed, lines)

    def fill(self, lines: Mapping[str, int]) -> dict[str, str]:
        """Put these into the cart; the order form, filled in and not sent."""
        if not self.token:
            page = self.require(self.get(f"/products/{next(iter(lines))}"), 200)
            if not self.token:  # nothing to press: it is sold out
                raise Refusal.of(page)
        for slug, quantity in lines.items():
            self.require(self.post("/cart/items", {"product": slug, "quantity": quantity}), 303)
        page = self.require(self.get("/checkout"), 200)
        forms = Tags(page.text).forms
        form = next((form.fields for form in forms if form.attributes.get("action", "").endswith("/orders")), {})
        return form | PAYER | {"payer_phone": self.phone}

    def note(self, placed: requests.Response, lines: Mapping[str, int]) -> Placed:
        number = placed.headers["Location"].rpartition("/")[2]
        prices = {slug: self.stage.shop.prices[slug] for slug in lines}
        return self.stage.remember(Placed(number, dict(lines), prices, self.phone), self)

    def press(self, order: Placed, **choices: object) -> Opening:
        """Press the pay button once; choices are method, work, window, delivery, cash_receipt. Raises Refusal."""
        if not self.token:
            self.look(order)
        chosen = CHOICES | choices
        chosen |= {"cash_receipt": "y"} if chosen.pop("cash_receipt", False) else {}
        headers = {"X-CSRFToken": self.token, "Accept": "application/json"}
        answer = self.require(self.post(f"/orders/{order.order_no}/attempts", chosen, headers=headers), 200).json()
        order.attempts.append(str(answer["attempt_no"]))
        return Opening(str(answer["attempt_no"]), dict(answer["fields"]))

    def start(self, order: Placed, **choices: object) -> Opening:
        """Press it again while the gateway lets nobody in: other people's calls may hang."""
        for _ in range(TRIES):
            try:
                return self.press(order, **choices)
            except Refusal as refusal:
                if refusal.status != requests.codes.bad_gateway:
                    raise
        return self.press(order, **choices)

    def payer(self, order_no: str = "some") -> Payer:
        session = requests.Session()
        session.trust_env = False
        return Payer(session, f"{self.stage.shop.url}/orders/{order_no}", self.stage.simulator.url)

    def pay(self, opening: Opening, scenario: str = "", **changed: str) -> Pairs:
        """Go through the window, opened with some fields changed; what the browser would deliver."""
        return self.payer().pay(opening.fields | changed, scenario)

    def open(self, opening: Opening) -> Window:
        return self.payer().open(opening.fields)

    def pay_link(self, order: Placed, url: str) -> None:
        """Pay by a link. The browser brings no result of it."""
        session, before = self.payer().session, self.stage.simulator.payments()
        form = Page(session.get(url)).form_with("link-pay-card")
        Window(session, session.post(form.action, data=form.fields)).approve()
        order.attempts += self.stage.simulator.payments().keys() - before.keys()

    def close(self, opening: Opening) -> Pairs:
        return self.payer().close(opening.fields)

    def deliver(self, result: Pairs | Mapping[str, str]) -> requests.Response:
        """Post a result as the gateway's page does: another site, no cookie."""
        pairs = list(result.items()) if isinstance(result, Mapping) else result
        with self.stage.watch.session() as stranger:
            return stranger.post(self.stage.shop.url + "/payments/result", data=pairs)

    def look(self, order: Placed) -> str:
        """The state that the order's page shows, blank if it shows none."""
        state = state_on(self.get(f"/orders/{order.order_no}").text)
        order.note_state(state)
        return state

    def find(self, order: Placed) -> requests.Response:
        self.get("/orders/lookup")
        return self.post("/orders/lookup", {"order_no": order.order_no, "payer_phone": order.phone})

    def buy(self, lines: Mapping[str, int], scenario: str = "", **choices: object) -> Placed:
        order = self.place(lines)
        self.deliver(self.pay(self.start(order, **choices), scenario))
        self.look(order)
        return order

    def subscribe(self, **choices: object) -> Placed:
        """By a card of one's own: a card pays one subscription."""
        order = self.place({"monthly-book": 1})
        fields = self.start(order, **choices).fields
        self.deliver(self.payer().pay(fields, card_number=_new_card_number()))
        self.look(order)
        return order

    def delete_saved(self) -> None:
        """Delete what this browser has saved. Raises Refusal if that is nothing."""
        actions = [form.attributes.get("action", "") for form in Tags(self.get("/orders").text).forms]
        saved = [action for action in actions if action.startswith("/saved-methods/")]
        if not saved:
            raise Refusal("nothing is saved")
        for action in saved:
            self.require(self.post(action, {}), 303)


class Staff(Browser):
    """A member of the staff; signs in again when the session is over."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._password = stage.shop.password
        self._sign_in()

    def _sign_in(self) -> None:
        self.require(self.get("/admin/login"), 200, 303)
        self.require(self.post("/admin/login", {"name": STAFF, "password": self._password}), 303)

    def see(self, path: str) -> str:
        response = self.get(path)
        if "/admin/login" in response.headers.get("Location", ""):
            self._sign_in()
            response = self.get(path)
        return response.text

    def _send(self, path: str, **fields: str) -> requests.Response:
        return self.post(path, {"password": self._password} | fields)

    def refund_form(self, order: Placed) -> dict[str, str]:
        """The refund form as it stands on the order's page. Raises Refusal if there is none."""
        form = Tags(self.see(f"/admin/orders/{order.order_no}")).form("refund-form")
        if form is None:
            raise Refusal(f"{order.order_no} offers no refund")
        return form.fields

    def send_refund(self, order: Placed, form: Mapping[str, str]) -> requests.Response:
        """Send a refund form; its one-time key is remembered before."""
        self.stage.refund_forms.add((order.order_no, form["intent"]))
        return self._send(f"/admin/orders/{order.order_no}/refunds", **(dict(form) | {"reason": "변심"}))

    def refund(self, order: Placed, amount: int | None = None) -> requests.Response:
        """Read the form and send it, for all that is left unless an amount is given. Raises Refusal."""
        return self.send_refund(order, self.refund_form(order) | ({"amount": str(amount)} if amount else {}))

    def issue_receipt(self, order: Placed) -> requests.Response:
        self.see(f"/admin/orders/{order.order_no}")
        path = f"/admin/orders/{order.order_no}/cash-receipts"
        return self._send(path, purpose="personal", identity="01012345678")

    def cancel_receipt(self, order: Placed) -> requests.Response:
        self.see(f"/admin/orders/{order.order_no}")
        order.receipt_given_up = True
        return self._send(f"/admin/orders/{order.order_no}/cash-receipts/cancel")

    def stop_subscription(self, order: Placed) -> requests.Response:
        self.see(f"/admin/subscriptions/{order.order_no}")
        return self._send(f"/admin/subscriptions/{order.order_no}/stop", reason="그만")

    def make_link(self, order: Placed) -> str:
        """The address of a payment link for an unpaid order, which ends on the next day."""
        order.may_be_on_desk = True
        path = f"/admin/orders/{order.order_no}"
        last_day = (self.stage.now().astimezone(KOREA) + timedelta(days=1)).date()
        self.see(path)
        self.require(self._send(f"{path}/links", goods="책", last_day=str(last_day)), 303)
        return Tags(self.see(path)).marked("link-address")[0]["href"]

    def decide(self, order_no: str, *, refunded: bool) -> None:
        for form in Tags(self.see(f"/admin/orders/{order_no}")).marked("refund-decision"):
            self._send(form["action"], answer="refunded" if refunded else "not_refunded")

    def desk(self) -> list[DeskRow]:
        rows = self._rows("/admin/desk", "desk-row")
        return [DeskRow(row.get("data-kind", ""), row.get("data-state", ""), row.get("data-order", "")) for row in rows]

    def orders(self, state: str) -> set[str]:
        return {row["data-order"] for row in self._rows(f"/admin/orders?state={state}", "order-row")}

    def run_due(self) -> requests.Response:
        self.see("/admin/desk")
        return self.post("/admin/desk/run", {})

    def _rows(self, path: str, test_id: str) -> list[dict[str, str]]:
        found = []
        while path:
            tags = Tags(self.see(path))
            found += tags.marked(test_id)
            path = next((tag.get("href", "") for _name, tag in tags.all if tag.get("rel") == "next"), "")
        return found
