"""Somebody who uses the running shop over HTTP, without a browser."""

import re
from typing import Any, Protocol

import requests

from tests.bench.load import Exchange
from tests.page import CHOICES, PAYER
from tests.payer import Pairs, Payer

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|name="csrf-token" content="([^"]+)"')


class Servers(Protocol):
    """Where shop and simulator answer."""

    @property
    def shop_url(self) -> str: ...

    @property
    def simulator_url(self) -> str: ...


class Shopper:
    """One session of one browser. Every answer has to be what the act expects: a fast error is no speed."""

    def __init__(self, servers: Servers) -> None:
        self.shop_url, self.simulator_url = servers.shop_url, servers.simulator_url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str) -> requests.Response:
        """Load a page."""
        return _expect(200, self.session.get(self.shop_url + path))

    def exchange(
        self, path: str, fields: Any = None, status: int = 200, headers: dict[str, str] | None = None
    ) -> Exchange:
        """The same request again and again, as this browser."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)
        return Exchange(self.shop_url + path, fields, status, {"Cookie": cookies} | (headers or {}))

    def post(self, path: str, fields: Any, status: int = 303, **headers: str) -> requests.Response:
        """Send a form and do not follow where it leads."""
        url = self.shop_url + path
        return _expect(status, self.session.post(url, data=fields, headers=headers, allow_redirects=False))

    def token(self, path: str = "/orders/lookup") -> str:
        """The CSRF token of a page."""
        found = TOKEN.search(self.get(path).text)
        assert found, f"no token on {path}"
        return found.group(1) or found.group(2)

    def order(self) -> str:
        """Order the test product; answers the order's number."""
        token = self.token()
        self.post("/cart/items", {"product": "test-product", "quantity": "1", "csrf_token": token})
        placed = self.post("/orders", PAYER | {"csrf_token": token})
        return placed.headers["Location"].rsplit("/", 1)[1]

    def start(self, order_no: str, token: str, **choices: str) -> Any:
        """Press the pay button; answers the JSON."""
        return self.post(f"/orders/{order_no}/attempts", CHOICES | choices, 200, **{"X-CSRFToken": token}).json()

    def authenticate(self, order_no: str, scenario: str = "", **choices: str) -> Pairs:
        """Go through the window; answers what the browser would deliver."""
        fields = self.start(order_no, self.token(f"/orders/{order_no}"), **choices)["fields"]
        page_url = f"{self.shop_url}/orders/{order_no}"
        return Payer(requests.Session(), page_url, self.simulator_url).pay(fields, scenario)

    def pay(self, order_no: str) -> Pairs:
        """Pay in the window and deliver the result; answers what was delivered."""
        claim = self.authenticate(order_no)
        self.post("/payments/result", claim)
        return claim

    def purchase(self) -> None:
        """Everything that a buyer loads and sends, from the list to the receipt."""
        self.get("/")
        token = self.token("/products/test-product")
        self.post("/cart/items", {"product": "test-product", "quantity": "1", "csrf_token": token})
        self.get("/cart")
        placed = self.post("/orders", PAYER | {"csrf_token": self.token("/checkout")})
        order_no = placed.headers["Location"].rsplit("/", 1)[1]
        self.pay(order_no)
        assert self.state(order_no) == "paid"

    def state(self, order_no: str) -> str:
        """The order's state as its page shows it."""
        found = re.search(r'data-testid="order-status"[^>]*data-state="(\w+)"', self.get(f"/orders/{order_no}").text)
        assert found, order_no
        return found[1]

    def sign_in(self, name: str, password: str) -> None:
        """Enter the staff area."""
        token = self.token("/admin/login")
        self.post("/admin/login", {"name": name, "password": password, "csrf_token": token})


def _expect(status: int, response: requests.Response) -> requests.Response:
    assert response.status_code == status, f"{response.status_code} at {response.url}\n{response.text[:500]}"
    return response
