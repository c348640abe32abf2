"""Lighthouse's figures of six pages on its emulated phone: `make lighthouse`."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.kit import Order, Shop, running
from tests.tools.browser import find_browser
from tests.tools.sources import ROOT

LIGHTHOUSE = "lighthouse@12.8.2"
WANTED = {"performance": 95, "accessibility": 100, "best-practices": 100}


def pages(shop: Shop) -> Iterator[tuple[str, str, Order | None]]:
    """Name, address, and the order whose browser opens it."""
    unpaid, paid = shop.order("awaiting_payment"), shop.order("paid")
    yield "list", f"{shop.url}/", None
    yield "product", f"{shop.url}/products/test-product", None
    yield "order", unpaid.url, unpaid
    yield "receipt", paid.url, paid
    yield "demo", f"{shop.url}/demo/", None
    yield "conversation", paid.conversation_url, None


def measure(url: str, order: Order | None) -> dict[str, int]:
    """Return the scores of a page, at most 100 each."""
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in order.cookies) if order else ""
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json"]
    command += [f"--only-categories={','.join(WANTED)}", "--chrome-flags=--headless=new --no-sandbox"]
    command += [f"--extra-headers={json.dumps({'Cookie': cookies})}"]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if run.returncode:  # now and then the browser sends no start of the navigation (NO_NAVSTART): measure once more
        run = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return {name: round(100 * found["score"]) for name, found in json.loads(run.stdout)["categories"].items()}


def table(rows: Iterable[tuple[str, dict[str, int]]]) -> bool:
    """Print the scores. Return False if one is below what is wanted."""
    print("page".ljust(14), *WANTED)
    is_good = True
    for name, scores in rows:
        print(name.ljust(14), *(str(scores[kind]).rjust(len(kind)) for kind in WANTED), flush=True)
        is_good &= all(scores[kind] >= least for kind, least in WANTED.items())
    return is_good


def main() -> int:
    with sync_playwright() as playwright:
        os.environ["CHROME_PATH"] = find_browser(playwright, whole=True)
    with tempfile.TemporaryDirectory() as instance, running(ROOT, Path(instance)) as shop:
        is_good = table((name, measure(url, order)) for name, url, order in pages(shop))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
