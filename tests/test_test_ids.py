"""Every test id in a template is one that others may rely on, or is marked as internal."""

import re

from tests.tools.sources import ROOT

FOLDERS = ("templates", "static", "shop/demo/templates", "shop/demo/static", "shop/simulator/templates")
WRITTEN = re.compile(r'data-testid="([a-z-]+)(\{\{|")|testid="([a-z-]+)"')


def written() -> set[str]:
    """The ids of all templates; one that goes on with a value ends in a dash."""
    found = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.html"):
            found |= {match[1] or match[3] for match in WRITTEN.finditer(path.read_text(encoding="utf-8"))}
    return found


def documented() -> tuple[set[str], set[str]]:
    """Public and internal ids. Attributes of an id stand in brackets behind it."""
    text = (ROOT / "shop" / "SURFACE.md").read_text(encoding="utf-8")
    section = text.partition("\n## Test ids\n")[2].partition("\n## ")[0]
    public, _, internal = section.partition("\nInternal, and free to change:")
    ids = [set(re.findall(r"`([a-z-]+)…?`", part)) for part in (public, internal)]
    return ids[0], ids[1]


def test_every_test_id_is_public_or_internal() -> None:
    public, internal = documented()

    assert written() - public - internal == set()
    assert public & internal == set()
    assert internal - written() == set()
