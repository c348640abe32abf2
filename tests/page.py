"""A browser for web tests that reads every page it loads: quality is checked here, so every new page inherits it."""

from __future__ import annotations

import html
import re
from collections import Counter
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import TestResponse

ENUM_VALUES = re.compile(
    r">\s*(awaiting_payment|partially_refunded|cancel_due|prepared|confirming|orphaned|transfer|taxable|exempt)\s*<"
)


TAG = re.compile(r'<([a-z][a-z0-9-]*)((?:[^">]|"[^"]*")*)>')
ATTRIBUTE = re.compile(r'([^\s="/]+)(?:="([^"]*)")?')


class PageClient:
    """Gets and posts like a person's browser, keeps cookies, and refuses pages that are not good enough."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()
        self._token = ("", "")
        self.base_url = "http://localhost:8000"

    def get(self, path: str, status: int = 200, **more: Any) -> Page:
        response = self.open(path, follow_redirects=True, **more)
        return Page.checked(response, status)

    def submit(self, path: str, fields: dict[str, str], status: int = 200, *, page: Page | None = None) -> Page:
        """Post a form with the CSRF token of the page it stands on, and load what follows."""
        token = page.csrf_token if page else self.csrf_token()
        response = self.post(path, fields | {"csrf_token": token}, follow_redirects=True)
        return Page.checked(response, status)

    def post(self, path: str, data: Any = None, **more: Any) -> TestResponse:
        """Send a POST as it is and answer the bare response."""
        if isinstance(data, list):
            more["content_type"] = "application/x-www-form-urlencoded"
            data = urlencode(data)
        return self.open(path, method="POST", data=data, **more)

    def open(self, path: str, **more: Any) -> TestResponse:
        """Any request, in a context of its own: the test's database session and ``g`` are not the request's."""
        return Context().run(self._client.open, path, base_url=self.base_url, buffered=True, **more)

    def csrf_token(self) -> str:
        if not self.session_cookie() or self._token[0] != self.session_cookie():
            form = self.open("/orders/lookup").get_data(as_text=True).partition('name="csrf_token"')[2]
            self._token = self.session_cookie(), form.partition('value="')[2].partition('"')[0]
        return self._token[1]

    def session_cookie(self) -> str:
        """The session as the browser keeps it; blank without one."""
        cookie = self._client.get_cookie("shop", domain="localhost")
        return cookie.value if cookie else ""

    def set_cookie(self, name: str, value: str) -> None:
        self._client.set_cookie(name, value, domain="localhost")

    def copy(self, app: Flask | None = None) -> PageClient:
        """A browser with the same cookies: another tab that does not see later answers, or somebody with a copy."""
        other = PageClient(app or self._client.application)
        other._client._cookies = dict(self._client._cookies or {})
        return other

    def take_cookies(self, response: TestResponse) -> None:
        """Keep the cookies of an answer that arrives now."""
        self._client._update_cookies_from_response("localhost", "/", response.headers.getlist("Set-Cookie"))

    def add_to_cart(self, slug: str = "test-product", quantity: int | str = 1) -> Page:
        return self.submit("/cart/items", {"product": slug, "quantity": str(quantity)})

    def place_order(self, slug: str = "test-product", quantity: int = 1, **payer: str) -> str:
        """Order one product; answers the order's number. No page is loaded on the way."""
        added = {"product": slug, "quantity": str(quantity), "csrf_token": self.csrf_token()}
        assert self.post("/cart/items", added).status_code == 303
        placed = self.post("/orders", PAYER | payer | {"csrf_token": self.csrf_token()})
        assert placed.status_code == 303, placed.text
        return placed.headers["Location"].rsplit("/", 1)[1]

    def start_attempt(self, order_no: str, status: int = 200, **choices: str) -> Any:
        """Press 결제하기; answers the JSON."""
        response = self.post(
            f"/orders/{order_no}/attempts",
            CHOICES | choices,
            headers={"X-CSRFToken": self.csrf_token()},
        )
        assert response.status_code == status, response.text
        return response.get_json()


CHOICES = {"method": "card", "window": "popup", "work": "CERT", "delivery": "redirect"}
CONSENTS = {"agree_terms": "y", "agree_privacy": "y", "agree_order": "y"}
PAYER = {"payer_name": "홍길동", "payer_phone": "010-1234-5678", "payer_email": "hong@example.com"} | CONSENTS


@dataclass
class Page:
    """A page that has passed inspection."""

    response: TestResponse
    text: str
    tags: Tags = field(repr=False)

    @property
    def path(self) -> str:
        return str(self.response.request.path)

    @property
    def csrf_token(self) -> str:
        """The token in the first form, or in the head."""
        tokens = [tag["value"] for name, tag in self.tags.all if name == "input" and tag.get("name") == "csrf_token"]
        return (tokens or [self.tags.metas.get("csrf-token", "")])[0]

    def values(self, test_id: str, attribute: str) -> list[str]:
        return [tag.get(attribute, "") for _name, tag in self.tags.all if tag.get("data-testid") == test_id]

    def has(self, test_id: str) -> bool:
        return any(tag.get("data-testid") == test_id for _name, tag in self.tags.all)

    def field(self, name: str) -> str:
        return next(tag.get("value", "") for _name, tag in self.tags.all if tag.get("name") == name)

    def link(self, **attributes: str) -> str:
        """Where the only link with these attributes leads."""
        [found] = [tag for name, tag in self.tags.all if name == "a" and attributes.items() <= tag.items()]
        return found["href"]

    @property
    def language(self) -> str:
        return next(tag["lang"] for name, tag in self.tags.all if name == "html")

    @property
    def state(self) -> str:
        (state,) = self.values("order-status", "data-state")
        return state

    @classmethod
    def checked(cls, response: TestResponse, status: int) -> Page:
        """Read a response and check what holds for every page of ours."""
        text = response.get_data(as_text=True)
        assert response.status_code == status, f"{response.status_code} at {response.request.path}\n{text[:2000]}"
        page = cls(response, text, Tags(text))
        page.check_quality()
        return page

    def check_quality(self) -> None:
        """One h1, a title, a language, unique ids, labels, guarded forms; nothing inline, nothing of the wire."""
        tags, where = self.tags, self.path
        assert tags.count("h1") == 1, f"{tags.count('h1')} h1 at {where}"
        assert tags.count("main") == 1, where
        assert tags.title.strip(), where
        assert [tag["lang"] for name, tag in tags.all if name == "html"] in (["ko"], ["en"]), where
        assert [i for i, times in tags.ids.items() if times > 1] == [], where
        assert [tag for name, tag in tags.all if name == "script" and "src" not in tag] == [], (
            f"inline script at {where}"
        )
        assert [tag for _name, tag in tags.all if "style" in tag or any(key.startswith("on") for key in tag)] == [], (
            where
        )
        assert "<style" not in self.text, where
        if not where.startswith("/demo/"):  # its pages explain the wire
            assert "PCD_" not in self.text, f"wire names at {where}"
            assert not ENUM_VALUES.search(self.text), f"{ENUM_VALUES.search(self.text)} at {where}"
        assert [tag for name, tag in tags.all if name == "img" and "alt" not in tag] == [], where
        self._check_forms()

    def _check_forms(self) -> None:
        labelled = {tag.get("for") for name, tag in self.tags.all if name == "label"}
        for form in self.tags.forms:
            assert form.attributes.get("action"), self.path
            if form.attributes.get("method", "get").lower() == "post":
                assert "csrf_token" in form.names, f"no CSRF token at {self.path}"
        for name, tag in self.tags.all:
            if name in ("input", "select", "textarea") and tag.get("type") not in ("hidden", "radio", "checkbox"):
                assert tag.get("id") in labelled or "aria-label" in tag, f"no label: {tag} at {self.path}"


@dataclass
class Form:
    """One form: its fields with their present values, the choices of its lists, and its buttons by test id."""

    attributes: dict[str, str]
    action: str
    names: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, tag: str, found: dict[str, str]) -> None:
        """Add a field. An unticked box sends nothing, a list its first choice if none is selected."""
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "option":
            name = self.names[-1]
            self.options.setdefault(name, []).append(value)
        else:
            self.names.append(name)
        if tag == "button":
            self.buttons[found.get("data-testid", "")] = (name, value)
        is_chosen = tag == "option" and ("selected" in found or name not in self.fields)
        is_sent = tag == "input" and (found.get("type") not in ("checkbox", "radio") or "checked" in found)
        if is_chosen or is_sent:
            self.fields[name] = value


class Tags:
    """All start tags of a page, in order. Our pages write attributes in double quotes."""

    def __init__(self, text: str) -> None:
        self.all = [(name, _attributes(rest)) for name, rest in TAG.findall(text)]
        self.ids = Counter(tag["id"] for _name, tag in self.all if "id" in tag)
        self.metas = {tag.get("name", ""): tag.get("content", "") for name, tag in self.all if name == "meta"}
        self.title = html.unescape(text.partition("<title>")[2].partition("</title>")[0])
        self.forms: list[Form] = []
        for name, tag in self.all:
            if name == "form":
                self.forms.append(Form(tag, tag.get("action", "")))
            elif name in ("input", "select", "option", "textarea", "button") and self.forms:
                self.forms[-1].add(name, tag)

    def marked(self, test_id: str) -> list[dict[str, str]]:
        return [tag for _name, tag in self.all if tag.get("data-testid") == test_id]

    def form(self, test_id: str) -> Form | None:
        return next((form for form in self.forms if form.attributes.get("data-testid") == test_id), None)

    def count(self, name: str) -> int:
        return sum(1 for found, _tag in self.all if found == name)


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in ATTRIBUTE.findall(text)}
