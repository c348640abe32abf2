"""What a payment page needs: the snippet that opens the payment window, and the headers. See PAGE.md."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..endpoints import Gateway, WindowScript
from ..flow import Ending

SNIPPET = Path(__file__).with_name("snippet.html").read_text(encoding="utf-8")
_JQUERY = re.compile(r"<script[^>]*jquery[^>]*></script>\n")
_PLACEHOLDER = re.compile(r"{{ (\w+) }}")


@dataclass(frozen=True)
class Header:
    """A header of the payment page, and what fails without it."""

    name: str
    value: str
    reason: str


HEADERS = (
    Header(
        "Referrer-Policy",
        "strict-origin-when-cross-origin",
        "Payple compares the page's address with the Referer of the authentication. With same-origin (Django's "
        "default) or no-referrer every window fails with AUTH0007.",
    ),
    Header(
        "Cross-Origin-Opener-Policy",
        "unsafe-none",
        "On a phone the payment window is a window of its own. With same-origin (Django's default) its result is "
        "lost, in WebKit also with same-origin-allow-popups.",
    ),
    Header("Cache-Control", "no-store", "The keys in the page open one window, once."),
    Header(
        "Content-Security-Policy",
        "default-src 'self'; script-src 'nonce-{nonce}' {gateway}; style-src 'self' {gateway}; "
        "style-src-attr 'unsafe-inline'; img-src 'self' data: {gateway}; connect-src 'self' {gateway}; "
        "frame-src {gateway}; form-action 'self' {gateway}; base-uri 'none'",
        "Payple's script opens a frame, posts a form to it and writes style attributes. It is changed in place, so it "
        "has no integrity hash; jQuery has one.",
    ),
)

MESSAGES: Mapping[Ending, str] = {
    Ending.PAID: "결제를 마쳤어요.",
    Ending.DECLINED: "결제되지 않았어요. 다시 결제해 주세요.",
    Ending.TRY_AGAIN: "아직 결제되지 않았어요. 다시 결제할 수 있어요.",
    Ending.UNKNOWN: "결제 여부를 확인하고 있어요. 다시 결제하지 마시고 잠시 뒤에 새로고침해 주세요.",
    Ending.REVIEW: "결제를 확인하고 있어요. 이 주문으로 받을 수 없는 돈은 돌려드려요.",
}
"""For the buyer."""


def headers(gateway: Gateway, nonce: str) -> dict[str, str]:
    """Return the headers of the payment page."""
    origins = " ".join(gateway.page_origins)
    return {header.name: header.value.replace("{gateway}", origins).replace("{nonce}", nonce) for header in HEADERS}


def snippet(
    fields: Mapping[str, str],
    gateway: Gateway,
    *,
    again_url: str,
    nonce: str = "",
    script: WindowScript = WindowScript.WITH_AUTHENTICATION,
) -> str:
    """Return the snippet as safe HTML. `fields` come from window_fields(). A stand-in needs no jQuery."""
    values = {
        "fields": json.dumps(fields, ensure_ascii=False),
        "script_url": gateway.script_url(script),
        "again_url": again_url,
        "nonce": nonce,
    }
    text = SNIPPET if gateway.is_payple else _JQUERY.sub("", SNIPPET)
    return _PLACEHOLDER.sub(lambda found: html.escape(values[found[1]]), text)
