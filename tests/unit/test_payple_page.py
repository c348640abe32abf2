"""The snippet of the payment page and its headers."""

import json
from collections.abc import Callable, Mapping
from html.parser import HTMLParser

import jinja2
import pytest
from django.template import Context, Engine  # type: ignore[import-untyped]

from shop.payple import Gateway, WindowScript
from shop.payple.attempts import Ending
from shop.payple.page import MESSAGES, SNIPPET, headers, snippet

FIELDS = {"PCD_PAY_GOODS": "\"책\" & '펜' </script><b>", "PCD_PAY_TOTAL": "1000"}
VALUES = {
    "fields": json.dumps(FIELDS),
    "script_url": Gateway.test().script_url(WindowScript.WITH_AUTHENTICATION),
    "again_url": "/orders/1?a=1&b=2",
    "nonce": "n0nce",
}


class Elements(HTMLParser):
    """The attributes of every element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def of_ours(values: Mapping[str, str]) -> str:
    return snippet(FIELDS, Gateway.test(), again_url=values["again_url"], nonce=values["nonce"])


def of_jinja(values: Mapping[str, str]) -> str:
    return jinja2.Environment(autoescape=True).from_string(SNIPPET).render(values)


def of_django(values: Mapping[str, str]) -> str:
    return str(Engine().from_string(SNIPPET).render(Context(dict(values))))


@pytest.mark.parametrize("render", [of_ours, of_jinja, of_django])
def test_any_template_language_fills_the_snippet(render: Callable[[Mapping[str, str]], str]) -> None:
    found = Elements(render(VALUES)).found
    attributes = {tag: values for tag, values in found if tag != "script"}
    scripts = [values for tag, values in found if tag == "script"]

    assert json.loads(attributes["button"]["data-fields"] or "") == FIELDS
    assert attributes["a"]["href"] == VALUES["again_url"]
    assert [script.get("nonce") for script in scripts] == ["n0nce"] * 3
    assert (scripts[0].get("integrity") or "").startswith("sha256-")
    assert scripts[1]["src"] == "https://democpay.payple.kr/js/cpay.payple.1.0.1.js"


def test_a_stand_in_needs_no_jquery() -> None:
    shown = snippet(FIELDS, Gateway.at("http://127.0.0.1:8001"), again_url="/")

    assert "jquery" not in shown
    assert "{{" not in shown


def test_the_headers_admit_the_gateway_and_nothing_else() -> None:
    sent = headers(Gateway.live(), "n0nce")

    assert sent["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert "script-src 'nonce-n0nce' https://cpay.payple.kr;" in sent["Content-Security-Policy"]


def test_every_ending_has_a_sentence_for_the_buyer() -> None:
    assert set(MESSAGES) == set(Ending)
