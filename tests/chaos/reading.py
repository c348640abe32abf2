"""Reading a shop's pages by what is public in them: forms, test ids, the token in the head."""

from __future__ import annotations

import html
import re

TAG = re.compile(r"<(form|input|li|span|article|p|section|div|tr|meta|ul|ol)\b([^>]*)>")
ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
WON = re.compile(r"([0-9][0-9,]*)원")
CARD = re.compile(r'data-testid="product-card" data-product="([^"]+)"(.*?)</li>', re.DOTALL)


def attributes(tag: str) -> dict[str, str]:
    """The attributes of one start tag."""
    return {name: html.unescape(value) for name, value in ATTRIBUTE.findall(tag)}


def forms(page: str) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Every form: its own attributes and what it would send as it stands, unticked boxes left out."""
    return [(attributes(head), _fields(body)) for head, body in FORM.findall(page)]


def form_to(page: str, action: str) -> dict[str, str]:
    """What the form that leads to this path would send; empty if there is none."""
    return next((fields for head, fields in forms(page) if head.get("action", "").endswith(action)), {})


def form_named(page: str, test_id: str) -> dict[str, str]:
    """What the form with this test id would send; empty if there is none."""
    return next((fields for head, fields in forms(page) if head.get("data-testid") == test_id), {})


def marked(page: str, test_id: str) -> list[dict[str, str]]:
    """The attributes of every element with this test id."""
    found = [attributes(tag) for _, tag in TAG.findall(page) if f'data-testid="{test_id}"' in tag]
    return [one for one in found if one.get("data-testid") == test_id]


def state(page: str) -> str:
    """The state of the order whose page this is; blank on any other page."""
    return next((found.get("data-state", "") for found in marked(page, "order-status")), "")


def token(page: str) -> str:
    """The token that forms and scripts of this page send along."""
    for kind, tag in TAG.findall(page):
        found = attributes(tag) if kind in ("meta", "input") else {}
        if found.get("name") in ("csrf-token", "csrf_token"):
            return found.get("content") or found.get("value", "")
    return ""


def prices(page: str) -> dict[str, int]:
    """What the list of products asks for one piece of each."""
    found = {}
    for slug, card in CARD.findall(page):
        price = WON.search(re.sub(r"<[^>]+>", " ", card.rpartition("card-price")[2] or card))
        if price:
            found[slug] = int(price[1].replace(",", ""))
    return found


def _fields(body: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, tag in TAG.findall(body):
        told = attributes(tag) if kind == "input" else {}
        ticks = told.get("type") in ("checkbox", "radio")
        if told.get("name") and (not ticks or "checked" in told):
            found[told["name"]] = told.get("value", "")
    return found


def next_page(page: str) -> str:
    """Where the next page of a list is; blank on the last one."""
    found = re.search(r'<a\b[^>]*rel="next"[^>]*>', page)
    return attributes(found[0]).get("href", "") if found else ""
