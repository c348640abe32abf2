"""The harness can fail: every planted bug is caught by name, and the same story without it is clean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from shop.db import db
from tests.model.stage import Stage, open_stage
from tests.planted.bugs import BUGS, Bug
from tests.planted.scenarios import SCENARIOS


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


def names_of_violations(stage: Stage, name: str, bug: Bug | None = None) -> set[str]:
    stage.begin()
    if bug and bug.needs:
        with stage.app.app_context(), db.engine.begin() as connection:
            connection.execute(text(bug.needs))
    SCENARIOS[name](stage)
    return {found.invariant for found in (*stage.safe(), *stage.settled())}


def test_every_bug_has_its_story() -> None:
    assert set(BUGS) == set(SCENARIOS)
    assert len(BUGS) >= 20


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_planted_bug_is_caught_by_name(stage: Stage, name: str, caplog: pytest.LogCaptureFixture) -> None:
    bug = BUGS[name]

    with bug.planted():
        caught = names_of_violations(stage, name, bug)

    assert caught >= bug.caught_by, f"{bug.how}: caught by {sorted(caught)}"
    misfits = [record.exc_text for record in caplog.records if record.exc_info and record.exc_info[0] is TypeError]
    assert misfits == [], "what is planted does not fit its place any more, and that is what was caught"


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_same_story_without_the_bug_is_clean(stage: Stage, name: str) -> None:
    assert names_of_violations(stage, name) == set()
