"""What the demo works with, kept in the app: the simulator, and a client of the gateway that need not wait."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from shop.demo.simulator import Simulator
from shop.payple import PaypleClient

DEMO = "demo"
"""The key in ``app.extensions``."""


@dataclass(frozen=True)
class Tools:
    simulator: Simulator
    client: PaypleClient


def simulator() -> Simulator:
    return cast(Tools, current_app.extensions[DEMO]).simulator


def client() -> PaypleClient:
    return cast(Tools, current_app.extensions[DEMO]).client
