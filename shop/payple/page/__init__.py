"""What a payment page needs: the snippet that opens the payment window, and the headers. See PAGE.md."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

from ..attempts import Ending
from ..gateway import Gateway, WindowScript

SNIPPET = Path(__file__).with_name("snippet.html").read_text(encoding="utf-8")
_JQUERY = re.compile(r"<script[^>]*jquery[^>]*></script>\n")
_PLACEHOLDER = re.compile(r"{{ (\w+) }}")


MESSAGES: Mapping[Ending, str] = {
    Ending.PAID: "결제를 마쳤어요.",
    Ending.DECLINED: "결제되지 않았어요. 다시 결제해 주세요.",
    Ending.TRY_AGAIN: "아직 결제되지 않았어요. 다시 결제할 수 있어요.",
    Ending.UNKNOWN: "결제 여부를 확인하고 있어요. 다시 결제하지 마시고 잠시 뒤에 새로고침해 주세요.",
    Ending.REVIEW: "결제를 확인하고 있어요. 이 주문으로 받을 수 없는 돈은 돌려드려요.",
}
"""For the buyer."""


def headers(gateway: Gateway, nonce: str) -> dict[str, str]:
    """Return the headers of the payment page. PAGE.md says what fails without each."""
    origin = gateway.origin
    policy = (
        f"default-src 'self'; script-src 'nonce-{nonce}' {origin}; style-src 'self' {origin}; "
        f"style-src-attr 'unsafe-inline'; img-src 'self' data: {origin}; connect-src 'self' {origin}; "
        f"frame-src {origin}; form-action 'self' {origin}; base-uri 'none'"
    )
    return {
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "unsafe-none",
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
    }


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
    text = SNIPPET if gateway.origin.endswith(".payple.kr") else _JQUERY.sub("", SNIPPET)
    return _PLACEHOLDER.sub(lambda found: html.escape(values[found[1]]), text)
