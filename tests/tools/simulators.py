"""The simulator of this process: one application, which takes longer to build than most tests, on many files."""

from functools import cache

from flask import Flask

from shop.simulator import SimulatorSettings
from shop.simulator.app import create_application, open_data


def fresh_simulator(settings: SimulatorSettings) -> Flask:
    """Open a file of its own; what the application served before is over."""
    return open_data(_application(), settings)


@cache
def _application() -> Flask:
    return create_application()
