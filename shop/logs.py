"""Logging: what strangers get into a record stays on its line and cannot pass for a record of its own."""

import logging
import unicodedata

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MARGIN = "    "
_ACTIVE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of what is not seen but acts: line ends, terminal sequences, marks that turn the direction."""


class SafeFormatter(logging.Formatter):
    """Writes a record on one line. A traceback keeps its lines, each of them indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with everything that acts escaped."""
        text = super().format(record)
        line = self.formatMessage(record)
        traceback = text[len(line) :].strip("\n")
        return "\n".join([_escape(line), *(_MARGIN + _escape(more) for more in traceback.split("\n") if more)])


def configure() -> None:
    """Write the records of this process safely to standard error, gunicorn's included. An operator's handlers stay."""
    handlers = logging.getLogger("gunicorn.error").handlers.copy()
    if not logging.getLogger().handlers:
        handlers.append(logging.StreamHandler())
        logging.getLogger().addHandler(handlers[-1])
    for handler in handlers:
        handler.setFormatter(SafeFormatter(FORMAT))


def _escape(text: str) -> str:
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _ACTIVE else character
        for character in text
    )
