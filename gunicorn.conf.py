"""What gunicorn does besides its command line: it believes no header about how a request came.

``SHOP_URL`` says how buyers reach the shop, ``TRUSTED_PROXIES`` whose ``X-Forwarded-For`` counts.
"""

import logging
import time
from multiprocessing import Value

forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

MINUTE = 60
_last_logged = Value("d", -MINUTE)  # shared by the workers, which are forks


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether to log a record: one about a request that cannot be parsed only once a minute."""
    if not record.getMessage().startswith("Invalid request from"):
        return True
    with _last_logged.get_lock():
        is_due = time.monotonic() - _last_logged.value >= MINUTE
        if is_due:
            _last_logged.value = time.monotonic()
    return is_due


def when_ready(_server: object) -> None:
    """Called by gunicorn before it forks its workers."""
    logging.getLogger("gunicorn.error").addFilter(is_worth_a_line)
