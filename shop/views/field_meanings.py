"""What the fields of Payple's messages mean: the table of the client's FIELDS.md."""

import re
from functools import lru_cache
from pathlib import Path

from shop import payple

_ROW = re.compile(r"^\| (`.+`) \| (.+) \| (.+) \|$", re.MULTILINE)
_NAME = re.compile(r"`(\w+)`")


@lru_cache
def meanings() -> dict[str, dict[str, str]]:
    """Return the Korean and English meaning by field name."""
    table = Path(payple.__file__).with_name("FIELDS.md").read_text(encoding="utf-8")
    return {name: {"ko": ko, "en": en} for names, ko, en in _ROW.findall(table) for name in _NAME.findall(names)}
