"""The harness can fail: every planted bug is caught by name, and the same story without it is clean."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from shop.db import db
from tests.planted.bugs import BUGS
from tests.planted.stories import STORIES
from tests.planted.story import Story
from tests.world import World


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


def test_every_bug_has_its_story() -> None:
    assert set(BUGS) == set(STORIES)
    assert len(BUGS) >= 20


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_planted_bug_is_caught_by_name(story: Story, name: str, caplog: pytest.LogCaptureFixture) -> None:
    bug = BUGS[name]
    if bug.needs:
        with db.engine.begin() as connection:
            connection.execute(text(bug.needs))

    with bug.planted():
        STORIES[name](story)
        caught = story.end()

    assert caught >= bug.caught_by, f"{bug.how}: caught by {sorted(caught)}"
    misfits = [record.exc_text for record in caplog.records if record.exc_info and record.exc_info[0] is TypeError]
    assert misfits == [], "what is planted does not fit its place any more, and that is what was caught"


@pytest.mark.parametrize("name", sorted(STORIES))
def test_the_same_story_without_the_bug_is_clean(story: Story, name: str) -> None:
    STORIES[name](story)

    assert story.end() == set()
