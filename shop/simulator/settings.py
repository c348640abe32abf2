"""What a simulator needs to know before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class SimulatorSettings:
    """`data` is its SQLite file; `origin` is the address it tells others, without a slash at the end.

    `webhook_url` is where the default run's webhooks go; `webhook_hosts` are hosts besides this machine to which the
    simulator may send requests at all.
    """

    data: Path
    origin: str = "http://127.0.0.1:8001"
    webhook_url: str = ""
    webhook_hosts: tuple[str, ...] = ()

    @property
    def server_name(self) -> str:
        """Host and port, as partner authentication reports them."""
        return urlsplit(self.origin).netloc
