"""The simulator over HTTP: its controls, and its payment window as a buyer's browser goes through it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

SECONDS = 10
Pairs = list[tuple[str, str]]


class SimulatorAway(Exception):
    """The simulator does not answer, or refuses an order of the demo."""


class Simulator:
    """``run`` is the partner whose clock, faults and payments are controlled."""

    def __init__(self, http: requests.Session, url: str, run: str) -> None:
        self._http = http
        self._url = url
        self._run = run

    def control(self, method: str, path: str = "", body: Mapping[str, Any] | None = None) -> Any:
        """Give an order to the control panel and return its answer.

        :raises SimulatorAway: with what the simulator says
        """
        address = f"{self._url}/_sim/{path}".rstrip("/")
        answer = self._send(method, address, json=body, params={"run": self._run})
        return answer.json() if answer.content else None

    def ledger_of(self, attempt_no: str) -> list[dict[str, Any]]:
        """Return what the simulator has written down about a payment number, oldest first."""
        return list(self._send("GET", f"{self._url}/_sim/ledger", params={"run": self._run, "oid": attempt_no}).json())

    def fault(self, op: str, kind: str, **more: Any) -> None:
        """Let the next such call break."""
        self.control("POST", "faults", {"op": op, "kind": kind} | more)

    def pay(
        self, fields: Mapping[str, str], page_url: str, scenario: str = "", typed: Mapping[str, str] | None = None
    ) -> Pairs:
        """Open the window that a page would open, approve everything, and return what the browser would deliver.

        ``typed`` replaces what its fields are filled in with. The list is empty if the result gets lost.
        """
        parts = urlsplit(page_url)
        sent = dict(fields) | {"PCD_HTTP_REFERER": page_url}
        address = fields.get("PCD_PAY_URL") or f"{self._url}/index.php?ACT_=PAYM"
        page = self._open(address, sent, {"Referer": f"{parts.scheme}://{parts.netloc}/"})
        for button in ("window-approve", "window-cash-receipt-submit"):
            form = page.form_with(button)
            if form is not None:
                choice = {"scenario": scenario} if scenario and button == "window-approve" else {}
                ours = {name: value for name, value in (typed or {}).items() if name in form.fields}
                page = self._open(form.action, form.fields | ours | form.buttons[button] | choice)
        return page.result

    def _open(self, address: str, sent: Mapping[str, str], headers: Mapping[str, str] | None = None) -> "_Page":
        return _Page(self._send("POST", address, data=sent, headers=headers))

    def _send(self, method: str, address: str, **more: Any) -> requests.Response:
        try:
            answer = self._http.request(method, address, timeout=SECONDS, **more)
        except requests.RequestException as error:
            raise SimulatorAway(f"the simulator does not answer at {self._url}") from error
        if not answer.ok:
            raise SimulatorAway(f"the simulator answers {answer.status_code} at {urlsplit(address).path}")
        return answer


@dataclass
class _Form:
    action: str
    delivers: bool
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)


class _Page(HTMLParser):
    """A page of the window: its forms with the values that they are filled in with."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self._url = answer.url
        self._forms: list[_Form] = []
        self._select = ""
        self.feed(answer.content.decode())

    @property
    def result(self) -> Pairs:
        return next((list(form.fields.items()) for form in self._forms if form.delivers), [])

    def form_with(self, button: str) -> _Form | None:
        return next((form for form in self._forms if button in form.buttons), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "form":
            self._forms.append(_Form(urljoin(self._url, found.get("action", "")), "data-deliver" in found))
        elif tag == "button":
            self._forms[-1].buttons[found.get("data-testid", "")] = {name: value} if name else {}
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in found or self._select not in self._forms[-1].fields):
            self._forms[-1].fields[self._select] = value
        elif tag == "input" and (found.get("type") != "radio" or "checked" in found):
            self._forms[-1].fields[name] = value
