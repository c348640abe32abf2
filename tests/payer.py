"""A payer without a browser, and a `requests` session that calls a WSGI application in process.

    session = wsgi_session(create_simulator(settings), settings.origin)
    payer = Payer(session, page_url="http://localhost:8000/orders/1")
    claim = payer.pay(fields)                       # what the browser would deliver, as a list of pairs
    claim = payer.pay(fields, scenario="limit")
    claim = payer.close(fields)

`fields` is what a page hands to `PaypleCpayAuthCheck`. Against a simulator on the network any `requests.Session` does.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError
from urllib3.response import HTTPResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.page import TAG, Form, Tags

Pairs = list[tuple[str, str]]
Application = Callable[..., Any]
TEXT = re.compile(r'data-testid="([^"]*)"(?:[^">]|"[^"]*")*>([^<]*(?:<[^/][^<]*)*)')
"""A test id, and what follows up to the next end of an element."""


def wsgi_session(app: Application, base_url: str) -> requests.Session:
    """A session whose requests below `base_url` are answered by a WSGI application, without a socket."""
    session = requests.Session()
    session.trust_env = False
    session.mount(base_url.rstrip("/") + "/", WSGIAdapter(app))
    return session


class WSGIAdapter(BaseAdapter):
    """The transport of `wsgi_session`. An application that hangs up is a lost connection here too."""

    def __init__(self, app: Application) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer one request; ConnectionError if the application closed the connection without an answer."""
        hung_up: list[bool] = []
        environ = _environ(request) | {"simulator.hang_up": lambda: hung_up.append(True)}
        body, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        if hung_up:
            raise requests.ConnectionError(
                ProtocolError("Connection aborted.", RemoteDisconnected("no answer")), request=request
            )
        response = requests.Response()
        response.status_code, response.reason = int(status.split()[0]), status.partition(" ")[2]
        response.url, response.request = request.url or "", request
        response.headers = requests.structures.CaseInsensitiveDict(headers)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        set_body(response, b"".join(body))
        return response

    def close(self) -> None:
        """Nothing is open."""


def set_body(response: requests.Response, content: bytes) -> None:
    """Give a response a body that has not been read."""
    response.headers["Content-Length"] = str(len(content))
    response.raw = HTTPResponse(
        io.BytesIO(content), headers=dict(response.headers), status=response.status_code, preload_content=False
    )


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    content = request.body or b""
    return EnvironBuilder(
        path=url.path,
        query_string=url.query,
        base_url=f"{url.scheme}://{url.netloc}/",
        method=request.method or "GET",
        headers=list(request.headers.items()),
        data=content.encode() if isinstance(content, str) else content,
    ).get_environ()


class Page:
    """A page of the window: its forms, and the texts that carry a test id."""

    def __init__(self, response: requests.Response) -> None:
        self.status, self.url = response.status_code, response.url
        page = response.content.decode()
        self.forms = Tags(page).forms
        for form in self.forms:
            form.action = urljoin(self.url, form.action)
        self.texts = {test_id: html.unescape(TAG.sub("", text)) for test_id, text in TEXT.findall(page)}

    def form_with(self, test_id: str) -> Form:
        """The form whose button has this test id."""
        found = next((form for form in self.forms if test_id in form.buttons), None)
        assert found, f"no {test_id} on {self.url} ({self.status})"
        return found


class Window:
    """An open payment window."""

    def __init__(self, session: requests.Session, response: requests.Response) -> None:
        self._session = session
        self.page = Page(response)

    @property
    def amount(self) -> str:
        return self.page.texts["window-amount"].strip()

    @property
    def goods(self) -> str:
        return self.page.texts["window-goods"].strip()

    @property
    def scenarios(self) -> list[str]:
        return self.page.form_with("window-approve").options["scenario"]

    @property
    def result(self) -> Pairs | None:
        """What the browser delivers to the merchant; None while the payer is still asked, or when it is lost."""
        delivery = next((form for form in self.page.forms if "data-deliver" in form.attributes), None)
        return list(delivery.fields.items()) if delivery else None

    @property
    def delivered(self) -> dict[str, str]:
        """The result by name; empty while there is none."""
        return dict(self.result or [])

    @property
    def result_url(self) -> str:
        """Where a direct window posts the result; blank if it goes to the opening page as a message."""
        delivery = next(form for form in self.page.forms if "data-deliver" in form.attributes)
        return delivery.action if delivery.attributes["data-deliver"] == "form" else ""

    def approve(self, scenario: str = "", **typed: str) -> Window:
        """Press the pay button; `typed` replaces pre-filled fields. No scenario leaves the list as it is."""
        return self._press("window-approve", **({"scenario": scenario} if scenario else {}), **typed)

    def close(self) -> Window:
        return self._press("window-close")

    def ask_for_receipt(self, **typed: str) -> Window:
        return self._press("window-cash-receipt-submit", **typed)

    def skip_receipt(self) -> Window:
        return self._press("window-cash-receipt-skip")

    def _press(self, test_id: str, **typed: str) -> Window:
        form = self.page.form_with(test_id)
        name, value = form.buttons[test_id]
        sent = form.fields | typed | ({name: value} if name else {})
        return Window(self._session, self._session.post(form.action, data=sent))


def _as_attribute(name: str, value: str) -> str:
    """The script writes `value="…"` as text: all but the goods end at a raw quote, and entities are decoded."""
    return value if name == "PCD_PAY_GOODS" else html.unescape(value.partition('"')[0])


@dataclass
class Payer:
    """Somebody on `page_url` who opens the window with the fields of that page and does what a test says."""

    session: requests.Session
    page_url: str
    simulator: str = "http://127.0.0.1:8001"

    def open(self, fields: Mapping[str, str]) -> Window:
        """Post what the script would post: every member that is no function, and the page's address."""
        sent = {name: _as_attribute(name, value) for name, value in fields.items()}
        sent |= {"PCD_HTTP_REFERER": self.page_url}
        address = fields.get("PCD_PAY_URL") or self.simulator + "/index.php?ACT_=PAYM"
        parts = urlsplit(self.page_url)
        referer = f"{parts.scheme}://{parts.netloc}/"
        return Window(self.session, self.session.post(address, data=sent, headers={"Referer": referer}))

    def pay(self, fields: Mapping[str, str], scenario: str = "", *, cash_receipt: bool = True, **typed: str) -> Pairs:
        """Go through the window; an empty list if the result never arrives. A refused window delivers its refusal."""
        window = self.open(fields)
        if "window-refused" in window.page.texts:
            return window.result or []
        window = window.approve(scenario, **typed)
        if "window-cash-receipt-submit" in window.page.texts:
            window = window.ask_for_receipt() if cash_receipt else window.skip_receipt()
        return window.result or []

    def close(self, fields: Mapping[str, str]) -> Pairs:
        return self.open(fields).close().result or []
