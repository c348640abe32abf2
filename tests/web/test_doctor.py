"""The check of an installation: each finding says what is wrong and what to do."""

from __future__ import annotations

import dataclasses
import re

import pytest
from sqlalchemy import text

from shop import doctor
from shop.db import db
from shop.doctor import Finding, Level
from shop.extensions import SHOP
from shop.services import staff
from shop.settings import Mode
from tests import staff as people
from tests.world import World

PROBLEMS = {"address": Level.BAD, "webhook": Level.WARN, "clock": Level.WARN}
"""What a shop in one process cannot have: nobody answers at its address."""


def findings(world: World) -> dict[str, Finding]:
    with world.app.test_request_context():
        return {finding.check: finding for finding in doctor.examine()}


@pytest.fixture
def shop_values() -> dict[str, str]:
    return {"SHOP_URL": "http://localhost:9", "SIMULATOR_URL": "http://127.0.0.1:8001"}


def test_a_simulator_installation_is_good_but_for_what_only_live_needs(world: World) -> None:
    levels = {check: finding.level for check, finding in findings(world).items()}
    unsafe_in_live = dict.fromkeys(("https", "cookies", "merchant"), Level.WARN)

    assert levels == dict.fromkeys(levels, Level.GOOD) | PROBLEMS | unsafe_in_live


def test_what_is_a_warning_elsewhere_is_bad_in_live_mode(world: World) -> None:
    shop = world.app.extensions[SHOP]
    shop["settings"] = dataclasses.replace(shop["settings"], mode=Mode.LIVE)
    world.app.debug = True
    found = findings(world)

    unsafe = ("https", "cookies", "debug", "merchant")
    assert [found[check].level for check in unsafe] == [Level.BAD] * len(unsafe)
    assert found["database"].level is Level.WARN
    assert [one.check for one in found.values() if one.level is Level.BAD and not one.advice] == []


def test_a_domain_that_is_not_registered_and_a_gateway_that_does_not_answer_are_named(world: World) -> None:
    world.control("POST", "partners", {"domains": ["shop.example.kr"]})
    found = findings(world)["keys"]
    assert (found.level, "AUTH0004" in found.sentence) == (Level.BAD, True)

    world.fault("auth", "lost_answer")
    assert findings(world)["keys"].level is Level.BAD


def test_old_tables_and_a_sweep_that_does_not_run_are_named(world: World) -> None:
    buyer = world.browser()
    buyer.start_attempt(buyer.place_order())
    world.advance(hours=1)
    db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    db.session.commit()

    found = findings(world)

    assert "0000" in found["schema"].sentence
    assert found["sweep"].level is Level.BAD


def test_the_staff_page_shows_the_same_and_the_command_fails_where_something_is_bad(world: World) -> None:
    staff.add(people.NAME, people.PASSWORD)
    assert world.browser().get("/admin/doctor").path == "/admin/login"
    page = people.sign_in(world.browser()).get("/admin/doctor")

    assert page.values("doctor-row", "data-check") == list(findings(world))
    assert "flask --app app doctor" in page.text
    result = world.app.test_cli_runner().invoke(args=["doctor"])
    assert result.exit_code == 1
    assert "bad   address   No shop answers at SHOP_URL" in result.output
    assert not re.search("[가-힣]", result.output)
