"""Read typed values from environment variables and collect every problem."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

Choice = TypeVar("Choice", bound=StrEnum)
LONGEST_WAIT = 40.0
"""Seconds. A call must end before the sweep takes its worker for dead."""


class Environment:
    """Each method returns the value that is set, or the default after noting a problem."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.defaults: Mapping[str, str] = {}
        self.problems: list[str] = []

    def complain(self, problem: str) -> None:
        self.problems.append(problem)

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding blanks; an empty one counts as not set."""
        return self._values.get(name, "").strip() or self.defaults.get(name, default)

    def names(self, name: str, default: str = "") -> tuple[str, ...]:
        """Texts separated by commas."""
        return tuple(part.strip() for part in self.text(name, default).split(",") if part.strip())

    def choice(self, name: str, kind: type[Choice], default: Choice) -> Choice:
        value = self.text(name, default.value)
        if value in [member.value for member in kind]:
            return kind(value)
        self.complain(f"{name} must be one of {', '.join(kind)}, not {value!r}")
        return default

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and least <= int(value) <= most:
            return int(value)
        self.complain(f"{name} must be a whole number from {least} to {most}, not {value!r}")
        return default

    def seconds(self, name: str, default: float) -> float:
        """A positive number of seconds, at most ``LONGEST_WAIT``."""
        value = self.text(name, str(default))
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if 0 < number <= LONGEST_WAIT:
            return number
        self.complain(f"{name} must be a number of seconds above 0 and up to {LONGEST_WAIT:.0f}, not {value!r}")
        return default

    def origin(self, name: str, default: str) -> str:
        """A base address: scheme, host and port, nothing behind it."""
        value = self.text(name, default).rstrip("/")
        if _is_origin(value):
            return value
        self.complain(f"{name} must look like https://shop.example.kr, not {value!r}")
        return default


def _is_origin(value: str) -> bool:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    bare = f"{parts.scheme}://{parts.netloc}" == value and "@" not in parts.netloc
    return bare and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
