"""The conformance suite itself: every rule has a place in Payple's documents, and none is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from shop.simulator import rulebook
from shop.simulator.rulebook import RULES
from tests.gateway import conformance

HERE = Path(__file__).parent
SUITE = sorted(HERE.glob("test_conformance_*.py"))
PLACES = {
    *(value for name, value in vars(rulebook).items() if name.endswith("_DOCS")),
    *("quick guide 3-4", "quick guide 3-5", "official samples", rulebook.OURS),
}


def rules_in(path: Path) -> Iterator[tuple[str, str]]:
    """The tests of a file with their docstrings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


def test_every_rule_has_its_place_in_the_documents() -> None:
    """In brackets at the end of the docstring's first line."""
    homeless = [
        f"{path.name}: {name}"
        for path in SUITE
        for name, told in rules_in(path)
        if not {place.strip() for place in told.partition("\n")[0].rpartition("(")[2].rstrip(").").split(";")} <= PLACES
    ]

    assert homeless == []


def test_every_rule_of_the_rulebook_is_broken_somewhere() -> None:
    """The table that the console explains refusals from, and the tests that provoke them."""
    tried = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))

    assert [rule for rule in RULES if f'"{rule}"' not in tried] == []


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a gateway that is none of ours."""

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_elsewhere_what_cannot_run_says_why(elsewhere: str) -> None:
    """No test there asks for a ledger or walks through a window, and none passes that wanted to."""
    with requests.Session() as session:
        merchant = conformance.merchant_at(session, elsewhere)
        with pytest.raises(pytest.skip.Exception, match="needs the control panel"):
            merchant.ledger()
        with pytest.raises(pytest.skip.Exception, match="needs a payer without a browser"):
            merchant.claim()
        merchant.broke("token_used")
    assert merchant.cst_id == "test"
