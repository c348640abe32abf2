"""`python -m kit [FOLDER]`: start a shop for tests in another language; print its addresses as one JSON line.

It stops when its standard input ends.
"""

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from .shop import running


def main() -> None:
    """Serve until the tests close our standard input."""
    usual = os.environ.get("PAYPLE_SHOP_FOLDER") or Path(__file__).resolve().parents[2]
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else usual)
    with tempfile.TemporaryDirectory() as instance, running(folder, Path(instance)) as shop:
        sys.stdout.write(f"{json.dumps(asdict(shop))}\n")
        sys.stdout.flush()
        sys.stdin.read()


main()
