"""One record, one line: whatever strangers get into a log stays text, and cannot pretend to be another line.

Line ends, terminal sequences and marks that turn the reading direction are written as their escapes. The lines of a
traceback stay lines, but indented: what begins at the margin is ours.
"""

import logging
import unicodedata

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MARGIN = "    "
_SERVER_LOGS = ("gunicorn.error", "gunicorn.access")
_ACTIVE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of what is not seen but does something."""


class Harmless(logging.Filter):
    """Rewrites a record, so that it holds however it is formatted and wherever it goes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, escaped."""
        record.msg, record.args = escaped(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = _indented(record.exc_text)
        record.stack_info = _indented(record.stack_info)
        return True


def install() -> None:
    """Make every log of this process harmless: ours, the server's, and whatever an operator has configured."""
    root = logging.getLogger()
    if not root.handlers:
        ours = logging.StreamHandler()
        ours.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(ours)
    for handler in [*root.handlers, *(one for name in _SERVER_LOGS for one in logging.getLogger(name).handlers)]:
        if not any(isinstance(found, Harmless) for found in handler.filters):
            handler.addFilter(Harmless())


def escaped(text: str) -> str:
    """The same text on one line, with nothing in it that acts."""
    return "".join(_seen(character) if unicodedata.category(character) in _ACTIVE else character for character in text)


def _seen(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _indented(text: str | None) -> str | None:
    """Once, however many handlers see the record."""
    if not text or text.startswith(_MARGIN):
        return text
    return "\n".join(_MARGIN + escaped(line) for line in text.split("\n"))
