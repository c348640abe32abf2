"""The simulator in process, and a small merchant in front of it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from flask import Flask

from shop.simulator import SimulatorSettings
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver, receiving
from tests.gateway.serving import serving
from tests.gateway.wire import Wire
from tests.payer import wsgi_session
from tests.tools.simulators import fresh_simulator

ELSEWHERE = os.environ.get("PAYPLE_CONFORMANCE_URL", "").rstrip("/")


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Flask]:
    app = fresh_simulator(SimulatorSettings(tmp_path / "simulator.sqlite", SIMULATOR))
    yield app
    app.extensions["simulator_store"].close()


@pytest.fixture
def session(simulator: Flask) -> requests.Session:
    return wsgi_session(simulator, SIMULATOR)


@pytest.fixture
def merchant(request: pytest.FixtureRequest) -> Iterator[Merchant]:
    """The partner with the public test keys; the conformance suite's may stand in front of another gateway.

    There it has a run of its own, or at Payple sees only what every merchant sees.
    """
    if not ELSEWHERE or not request.path.name.startswith("test_conformance_"):
        yield Merchant(request.getfixturevalue("session"))
        return
    with requests.Session() as session:
        merchant = Merchant(session, origin=ELSEWHERE)
        is_ours = "application/json" in session.get(f"{ELSEWHERE}/_sim/scenarios").headers.get("Content-Type", "")
        reason = f"{ELSEWHERE} is not one of our simulators"
        yield merchant.new_run() if is_ours else replace(merchant, out_of_reach=reason)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A simulator as a server of its own."""
    with serving(tmp_path_factory.mktemp("served") / "simulator.sqlite") as (merchant, _):
        yield merchant


@pytest.fixture
def wire(session: requests.Session) -> Wire:
    return Wire(session)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
