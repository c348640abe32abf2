"""Numbers of rows in addresses."""

LARGEST_ROW = 2**31 - 1


def row_number(text: str) -> int:
    """The number of a row, as an address names it. ValueError, which means not given, for what no row can have."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:11]) <= LARGEST_ROW):
        raise ValueError(text)
    return int(text)
