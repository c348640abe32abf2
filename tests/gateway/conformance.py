"""Where the conformance suite points: at a simulator in this process, or at `PAYPLE_CONFORMANCE_URL`."""

from __future__ import annotations

import os
from functools import cache

import requests

from tests.gateway.merchant import Merchant

NAME = "PAYPLE_CONFORMANCE_URL"


def url() -> str:
    """The base address of the gateway to try, without a slash at the end; blank for the simulator in process."""
    return os.environ.get(NAME, "").rstrip("/")


def merchant_at(session: requests.Session, base: str) -> Merchant:
    """A run of its own at a simulator; elsewhere the shared test partner, who sees only what every merchant sees."""
    if has_control_panel(base):
        return Merchant(session, origin=base).new_run()
    return Merchant(session, origin=base, out_of_reach=f"{base} is not one of our simulators")


@cache
def has_control_panel(base: str) -> bool:
    """Whether a simulator of ours answers there."""
    try:
        answer = requests.get(f"{base}/_sim/scenarios", timeout=10, allow_redirects=False)
        return answer.ok and bool(answer.json())
    except ValueError:
        return False
