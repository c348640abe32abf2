"""One stage per module and engine: building it costs a second, a new life on it a few milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.model import stages
from tests.model.stage import Stage


@pytest.fixture(scope="module")
def sqlite_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Shop and simulator on a SQLite file."""
    with stages.on_sqlite(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


@pytest.fixture
def stage(sqlite_stage: Stage) -> Stage:
    """The same, with empty books."""
    sqlite_stage.begin()
    return sqlite_stage
