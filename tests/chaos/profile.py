"""How a shop is started: its folder, its commands, its settings. The default is this repository's own shop.

Another shop that keeps the same pages and commands runs by a JSON file with the same names: `--profile other.json`.
In commands and settings `{port}`, `{shop_url}`, `{simulator_url}`, `{database_url}`, `{cst_id}`, `{cust_key}`,
`{refund_key}`, `{client_key}` and `{secret_key}` are filled in; `{python}` is the Python that runs us.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tests.tools.sources import ROOT

FLASK = ("{python}", "-m", "flask", "--app", "app")


@dataclass(frozen=True)
class Profile:
    """`copied` goes into the folder of each started shop, `linked` is only seen from there.

    A blank `desk_button` means that the shop has none: the command `sweep` does its work.
    """

    root: Path = ROOT
    copied: tuple[str, ...] = ("app.py",)
    linked: tuple[str, ...] = ("shop", "templates", "static")
    prepare: tuple[tuple[str, ...], ...] = ((*FLASK, "db", "upgrade"), (*FLASK, "seed"))
    add_staff: tuple[str, ...] = (*FLASK, "staff", "add", "{name}", "--password-stdin")
    serve: tuple[str, ...] = (
        *("{python}", "-m", "gunicorn", "app:app", "--bind", "127.0.0.1:{port}", "--workers", "2"),
        *("--worker-class", "gthread", "--threads", "8", "--no-control-socket", "--log-level", "warning"),
    )
    sweep: tuple[str, ...] = (*FLASK, "sweep")
    ledger: tuple[str, ...] = (*FLASK, "ledger")
    desk_button: str = "/admin/desk/run"
    settings: Mapping[str, str] = field(
        default_factory=lambda: {
            "PAYPLE_MODE": "simulator",
            "SHOP_PORT": "{port}",
            "SHOP_URL": "{shop_url}",
            "SIMULATOR_URL": "{simulator_url}",
            "DATABASE_URL": "{database_url}",
            "SECRET_KEY": "{secret_key}",
            "PAYPLE_CST_ID": "{cst_id}",
            "PAYPLE_CUST_KEY": "{cust_key}",
            "PAYPLE_REFUND_KEY": "{refund_key}",
            "PAYPLE_CLIENT_KEY": "{client_key}",
            "PAYPLE_CONNECT_TIMEOUT": "1",
            "PAYPLE_READ_TIMEOUT": "2",
            "PAYPLE_TOTAL_TIMEOUT": "3",
            "PAYPLE_INQUIRIES_PER_SECOND": "200",
        }
    )


def from_file(path: Path) -> Profile:
    """A profile of another shop; what the file leaves out is as in ours."""
    told = json.loads(path.read_text(encoding="utf-8"))
    unknown = set(told) - {one.name for one in fields(Profile)}
    if unknown:
        raise ValueError(f"{path}: a profile knows nothing of {', '.join(sorted(unknown))}")
    changes = {name: _read(name, value) for name, value in told.items()}
    return replace(Profile(), **changes)


def _read(name: str, value: object) -> Any:
    if name == "root":
        return Path(str(value))
    if name == "prepare" and isinstance(value, list):
        return tuple(tuple(command) for command in value)
    return tuple(value) if isinstance(value, list) else value
