"""The simulator in process, and a small merchant in front of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from shop.simulator import SimulatorSettings
from tests.gateway import conformance
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.gateway.receiver import Receiver, receiving
from tests.gateway.serving import serving
from tests.gateway.wire import Wire
from tests.payer import wsgi_session
from tests.tools.simulators import fresh_simulator


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
    """The partner with the public test keys; the conformance suite's may stand in front of another gateway."""
    url = conformance.url()
    if not url or not request.path.name.startswith("test_conformance_"):
        yield Merchant(request.getfixturevalue("session"))
        return
    with requests.Session() as session:
        yield conformance.merchant_at(session, url)


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
