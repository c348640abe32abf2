"""Numbers of rows in addresses."""

import re

from werkzeug.routing import IntegerConverter, Map

LARGEST_ROW = 2**31 - 1
_DIGITS = re.compile(r"[0-9]{1,10}")


def row_number(text: str) -> int:
    """The number of a row, as an address names it. ValueError, which means not given, for what no row can have."""
    if not (_DIGITS.fullmatch(text) and 0 < int(text) <= LARGEST_ROW):
        raise ValueError(text)
    return int(text)


class RowConverter(IntegerConverter):
    """``<row:name>`` in a route: the number of a row. No such page for a number that no row can have."""

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, min=1, max=LARGEST_ROW)
