"""Which way imports point, where wire names stand, and who writes states.

Each rule is a function from a source to its breaches.
"""

import ast
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.tools.sources import ROOT, Source, read_sources

Rule = Callable[[Source], Iterator[str]]

# The program's own modules that a part may import, besides itself. The longest matching name decides.
ARROWS: dict[str, set[str]] = {
    "app": {
        *("shop.factory", "shop.settings", "shop.processes", "shop.services", "shop.clock", "shop.errors"),
        *("shop.db", "shop.schema"),
    },
    "shop.factory": {"shop"},
    "shop.cli": {"shop.doctor", "shop.services", "shop.clock", "shop.errors", "shop.extensions"},
    "shop.doctor": {
        *("shop.services", "shop.payple", "shop.settings", "shop.clock", "shop.extensions", "shop.db", "shop.schema"),
    },
    "shop.schema": {"shop.db"},
    "shop.views": {
        *("shop.services", "shop.rules", "shop.payple", "shop.models", "shop.errors"),
        *("shop.settings", "shop.clock", "shop.extensions", "shop.doctor"),
    },
    "shop.demo": {
        *("shop.views", "shop.services", "shop.rules", "shop.payple", "shop.models", "shop.errors"),
        *("shop.settings", "shop.clock", "shop.extensions", "shop.db"),
    },
    "shop.services": {"shop.models", "shop.rules", "shop.payple", "shop.errors", "shop.db", "shop.clock"},
    "shop.models": {"shop.db", "shop.encryption", "shop.clock", "shop.rules", "shop.payple"},
    "shop.rules": {"shop.payple", "shop.errors", "shop.clock"},
    "shop.settings": {"shop.environment", "shop.payple", "shop.rules"},
    "shop.extensions": {"shop.settings", "shop.payple"},
    "shop.payple": set(),
    "shop.simulator": set(),
    "shop": set(),
}

# Libraries that a part may use; what is not listed may use any.
LIBRARIES: dict[str, set[str]] = {
    "shop.payple.examples": {"payple", "requests", "flask", "django", "fastapi", "starlette"},
    "shop.payple": {"requests", "urllib3"},  # requests itself stands on urllib3
    "shop.simulator.__main__": {"flask", "werkzeug", "requests", "gunicorn", "dotenv"},
    "shop.simulator": {"flask", "werkzeug", "requests"},
    "shop.rules": set(),
    "shop.demo": {"flask", "flask_babel", "flask_login", "requests", "sqlalchemy", "werkzeug"},
    "shop.models": {"sqlalchemy"},
    "shop.services": {"sqlalchemy", "werkzeug"},  # werkzeug hashes passwords
    "shop.views": {
        *("flask", "babel", "flask_babel", "flask_login", "flask_wtf", "wtforms", "werkzeug", "markupsafe"),
        *("phonenumbers", "segno"),
    },
}


def part_of(module: str, parts: dict[str, set[str]]) -> str | None:
    """The longest entry that the module is, or lies under."""
    return max((part for part in parts if is_under(module, part)), key=len, default=None)


def is_under(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


def arrows_point_down(source: Source) -> Iterator[str]:
    """A part imports only what lies below it; what only the type checker sees may point anywhere."""
    part = part_of(source.module, ARROWS)
    if part is None:
        yield f"{source.module} belongs to no part"
        return
    for found in source.imports():
        ours = is_under(found.name, "shop") or is_under(found.name, "app")
        allowed = any(is_under(found.name, below) for below in {part, *ARROWS[part]} - {"shop"})
        everything = part == "shop.factory" and not is_under(found.name, "shop.simulator")
        if ours and not (allowed or everything or found.for_types):
            yield f"{source.module}:{found.line} imports {found.name}"


def libraries_stay_in_their_layer(source: Source) -> Iterator[str]:
    part = part_of(source.module, LIBRARIES)
    for found in source.imports() if part else ():
        top = found.name.partition(".")[0]
        known = top in sys.stdlib_module_names or top in LIBRARIES[part or ""]
        if not (known or top == "shop" or found.for_types):
            yield f"{source.module}:{found.line} imports {found.name}"


def imports_stand_at_the_top(source: Source) -> Iterator[str]:
    """An import inside a function hides an arrow that points the wrong way."""
    for found in source.imports():
        if found.in_function and is_under(found.name, "shop"):
            yield f"{source.module}:{found.line} imports {found.name} inside a function"


def wire_names_stay_at_the_wire(source: Source) -> Iterator[str]:
    """``PCD_`` names belong to the client, the simulator and the demo, which plays the browser; one setting has one."""
    if any(is_under(source.module, part) for part in ("shop.payple", "shop.simulator", "shop.demo")):
        return
    for word, line in source.words():
        if "PCD_" in word and not (source.module == "shop.settings" and word.startswith("PCD_RST_URL")):
            yield f"{source.module}:{line} says {word}"


def one_module_writes_states(source: Source) -> Iterator[str]:
    """Only ``transitions`` changes the state of a stored row."""
    if not is_under(source.module, "shop") or source.module == "shop.services.transitions" or is_apart(source.module):
        return
    for node in ast.walk(source.tree):
        is_written = isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store)
        called = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        sets_it = called == "values" and any(word.arg == "state" for word in getattr(node, "keywords", []))
        if is_written or sets_it:
            yield f"{source.module}:{getattr(node, 'lineno', 0)} writes a state"


def is_apart(module: str) -> bool:
    """The simulator and the client have states of their own."""
    return is_under(module, "shop.simulator") or is_under(module, "shop.payple")


RULES: list[Rule] = [
    arrows_point_down,
    libraries_stay_in_their_layer,
    imports_stand_at_the_top,
    wire_names_stay_at_the_wire,
    one_module_writes_states,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_program_keeps_the_rule(rule: Rule) -> None:
    assert [breach for source in read_sources() for breach in rule(source)] == []


def test_templates_and_scripts_of_the_shop_speak_no_wire_names() -> None:
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.js")]

    assert pages
    assert [page for page in pages if "PCD_" in page.read_text(encoding="utf-8")] == []
