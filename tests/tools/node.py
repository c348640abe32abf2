"""The merchant in Node (`tests/merchants/node`) as a process of its own: it knows addresses and keys, nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.gateway.merchant import Merchant
from tests.tools.servers import free_ports
from tests.tools.sources import ROOT

PROGRAM = ROOT / "tests" / "merchants" / "node" / "merchant.mjs"
MISSING = "Node.js (18 or newer) is not installed; on Debian: apt-get install -y --no-install-recommends nodejs"


@dataclass(frozen=True)
class NodeMerchant:
    """Where the merchant serves, and the partner whose keys it holds."""

    url: str
    partner: Merchant

    def get(self, path: str, **asked: str) -> Any:
        """What one of its addresses answers; a refusal is what it says of it."""
        return requests.get(self.url + path, params=asked, timeout=30).json()

    def post(self, path: str, asked: dict[str, str]) -> Any:
        """The same for a form that is posted."""
        return requests.post(self.url + path, data=asked, timeout=30).json()

    def buy(self, scenario: str = "approved", **wishes: str) -> dict[str, str]:
        """Order page, window, result: what the merchant then knows of the order."""
        fields = self.get("/fields", **wishes)
        claim = self.partner.at(f"{self.url}/").pay(fields, scenario)
        order: dict[str, str] = self.post("/order_result", dict(claim))
        return order


def program() -> Path:
    """Node itself. Without it nothing can be said of this merchant: CI insists, elsewhere the reason is told."""
    found = shutil.which("node")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return Path(found)


@contextmanager
def merchant_in_node(partner: Merchant) -> Iterator[NodeMerchant]:
    """The program, started with nothing but addresses and keys in its environment."""
    port = free_ports(1)[0]
    settings = {
        "PAYPLE_URL": partner.origin,
        "PAYPLE_CST_ID": partner.cst_id,
        "PAYPLE_CUST_KEY": partner.cust_key,
        "PAYPLE_CLIENT_KEY": partner.client_key,
        "PAYPLE_REFUND_KEY": partner.refund_key,
        "SHOP_URL": f"http://localhost:{port}",
        "PORT": str(port),
    }
    process = subprocess.Popen([program(), PROGRAM], env=settings, stdout=subprocess.PIPE, text=True)
    assert process.stdout, "a pipe was asked for"
    try:
        assert process.stdout.readline().startswith("merchant: "), "it did not start"
        yield NodeMerchant(settings["SHOP_URL"], partner)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
