"""Which campaign hunts which bug, and what counts as a catch. Starts no server: ``python -m tests.planted`` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos import campaigns, profile
from tests.chaos.oracle import ALWAYS, QUIET
from tests.chaos.profile import Profile
from tests.planted import servers
from tests.planted.bugs import BUGS
from tests.planted.servers import HUNTS, UNMET, Hunt, Verdict

NAMES = sorted(HUNTS)
BUG = BUGS["orphan_not_cancelled"]
HUNT = Hunt("fault_cells", 0.1)
SEEN_ELSEWHERE = {"I12", "I15", "I19"}
"""Invariants that the harness does not read in books."""


def report(*violated: str, missing: str = "", reached: bool = True) -> dict[str, Any]:
    found = [{"invariant": name, "text": f"{name} does not hold", "step": ""} for name in violated]
    return {"figures": [{"violations": found, "missing": missing, "reached": reached and not missing}]}


def verdict(*violated: str, **more: Any) -> Verdict:
    return servers.verdict_of(report(*violated, **more), seconds=1.0)


def test_every_bug_is_hunted_or_it_is_said_why_not() -> None:
    assert {*HUNTS, *UNMET} == set(BUGS)
    assert not HUNTS.keys() & UNMET.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_hunt_names_a_campaign_and_a_small_part_of_it(name: str) -> None:
    hunt = HUNTS[name]

    assert hunt.campaign in campaigns.available()
    assert 0 < campaigns.load(hunt.campaign).FIGURE.quick * hunt.scale <= 400


@pytest.mark.parametrize("name", NAMES)
def test_another_invariant_is_one_that_the_harness_knows_and_has_a_reason(name: str) -> None:
    also = HUNTS[name].also

    assert set(also) <= {*ALWAYS, *QUIET, *SEEN_ELSEWHERE} - BUGS[name].caught_by
    assert all(also.values())


def test_a_named_invariant_is_a_catch() -> None:
    assert servers.catches(BUG, HUNT, verdict("I2", "I15"))


def test_a_violation_of_another_name_is_no_catch() -> None:
    assert not servers.catches(BUG, HUNT, verdict("I15"))
    assert servers.catches(BUG, Hunt("fault_cells", 0.1, also={"I15": "a guard refuses it"}), verdict("I15"))


def test_nothing_violated_is_no_catch() -> None:
    assert not servers.catches(BUG, HUNT, verdict())


def test_a_campaign_that_broke_is_neither_a_catch_nor_clean() -> None:
    broken = verdict("I2", missing="the campaign broke: RuntimeError")

    assert not servers.catches(BUG, HUNT, broken)
    assert not verdict(missing="the campaign broke: RuntimeError").is_clean


def test_too_few_trials_say_nothing() -> None:
    assert verdict(reached=False).missing
    assert not verdict(reached=False).is_clean
    assert servers.verdict_of({"figures": []}, seconds=1.0).missing


def test_a_violation_is_told_by_its_first_sentence() -> None:
    told = report("I2", "I2")
    told["figures"][0]["violations"][1]["text"] = "again"

    assert servers.verdict_of(told, seconds=1.0).violated == {"I2": "I2 does not hold"}


def test_each_campaign_is_tried_without_a_bug_once() -> None:
    told = servers.stories(HUNTS.values())

    assert len(told) == len(set(told)) < len(HUNTS)
    assert {hunt.story for hunt in HUNTS.values()} == set(told)


def test_servers_and_sweep_have_the_bug_and_the_books_are_read_by_the_honest_shop(tmp_path: Path) -> None:
    written = tmp_path / "profile.json"
    written.write_text(servers.as_json(servers.profile_with("oversold")))

    planted, usual = profile.from_file(written), Profile()

    assert "tests.planted.app:app" in planted.serve
    assert planted.sweep == (*usual.sweep[:-2], "tests.planted.app", "sweep")
    assert planted.settings == {**usual.settings, "PLANTED_BUG": "oversold"}
    assert "tests" in planted.linked
    assert (planted.ledger, planted.prepare) == (usual.ledger, usual.prepare)
    assert len(planted.serve) == len(usual.serve)
