"""Getting into the staff area, and what happens to those who do not belong there."""

import re
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from werkzeug.security import generate_password_hash

from shop import clock
from shop.db import db
from shop.errors import SignInRefused, StaffProblem
from shop.models import FailedLogin, JournalEntry, StaffMember
from shop.services import staff
from shop.services.staff import Caller
from tests.page import PageClient
from tests.staff import NAME, PASSWORD, paid_order, sign_in
from tests.world import World

HERE = Caller("10.0.0.1")


def admin_routes(world: World) -> list[tuple[str, str]]:
    """Every way into the staff area, with something in the place of each variable."""
    order_no = paid_order(world)
    values = {"order_no": order_no, "attempt_no": "20260101_AAAA"}
    return [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "1"), rule.rule))
        for rule in world.app.url_map.iter_rules()
        if rule.endpoint.startswith("admin.") and rule.endpoint not in ("admin.login", "admin.sign_in")
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def refusals(world: World) -> int:
    db.session.rollback()
    return db.session.query(FailedLogin).count()


def test_nothing_behind_the_door_answers_a_stranger(world: World) -> None:
    stranger = world.browser()
    token = stranger.csrf_token()
    routes = admin_routes(world)
    before = world.dump()
    for method, path in routes:
        response = stranger.open(path, method=method, data={"csrf_token": token})
        assert response.status_code == 303, path
        assert response.headers["Location"].startswith("/admin/login"), path
    assert len(routes) >= 12
    assert world.dump() == before


def test_a_buyer_is_a_stranger_too(world: World) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()

    assert buyer.open(f"/admin/orders/{order_no}").status_code == 303


def test_no_post_works_without_its_token(world: World, officer: PageClient) -> None:
    before = None
    for method, path in admin_routes(world):
        before = before or world.dump()
        if method == "POST":
            for data in ({}, {"csrf_token": "wrong"}):
                assert officer.post(path, data).status_code == 400, path
    assert world.dump() == before


def test_signing_in_opens_the_place_that_was_asked_for(world: World) -> None:
    staff.add(NAME, PASSWORD, now=clock.now())
    browser = world.browser()

    page = browser.get("/admin/desk")
    assert page.path == "/admin/login"
    page = browser.submit("/admin/login", {"name": NAME, "password": PASSWORD, "next": "desk"}, page=page)

    assert page.path == "/admin/desk"


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/admin/desk", "nowhere", ""])
def test_a_sign_in_never_leads_to_an_address_from_the_request(world: World, place: str) -> None:
    staff.add(NAME, PASSWORD, now=clock.now())
    browser = world.browser()

    page = browser.submit("/admin/login", {"name": NAME, "password": PASSWORD, "next": place})

    assert page.path == "/admin/orders"


def test_the_session_is_renewed_and_the_cart_stays(world: World) -> None:
    staff.add(NAME, PASSWORD, now=clock.now())
    browser = world.browser()
    browser.add_to_cart()
    before, token = browser.session_cookie(), browser.csrf_token()

    sign_in(browser)

    assert browser.session_cookie() != before
    assert browser.get("/admin/orders").csrf_token != token
    assert browser.post("/admin/logout", {"csrf_token": token}).status_code == 400
    assert browser.get("/cart").values("cart-line", "data-product") == ["test-product"]


def test_signing_out_ends_it(world: World, officer: PageClient) -> None:
    page = officer.submit("/admin/logout", {}, page=officer.get("/admin/orders"))

    assert page.path == "/admin/login"
    assert officer.open("/admin/orders").status_code == 303


def test_a_working_day_ends_it_too(world: World, officer: PageClient) -> None:
    world.advance(hours=9)
    officer.get("/admin/orders")
    world.advance(hours=2)

    assert officer.open("/admin/orders").status_code == 303


def test_a_disabled_account_is_out_at_the_next_click(world: World, officer: PageClient) -> None:
    staff.disable(NAME, now=clock.now())

    assert officer.open("/admin/orders").status_code == 303
    page = officer.submit("/admin/login", {"name": NAME, "password": PASSWORD}, 403)
    assert "맞지 않습니다" in page.text


def test_wrong_unknown_and_disabled_look_alike(world: World) -> None:
    staff.add(NAME, PASSWORD, now=clock.now())
    staff.add("gone", PASSWORD, now=clock.now())
    staff.disable("gone", now=clock.now())
    tries = [(NAME, "wrong password"), ("nobody", PASSWORD), ("gone", PASSWORD)]

    texts = []
    for name, password in tries:
        page = world.browser().submit("/admin/login", {"name": name, "password": password}, 403)
        texts.append(re.sub(r'(value|csrf)="[^"]*"', "", page.text))

    assert len(set(texts)) == 1


def test_an_unknown_account_takes_as_long_as_a_known_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash is worked out for both; the fastest of three tells, the noise of a busy machine does not."""
    monkeypatch.setattr(staff, "generate_password_hash", generate_password_hash)
    staff._hash_of_nobody.cache_clear()
    staff.add(NAME, PASSWORD, now=clock.now())

    def fastest(name: str) -> float:
        return min(seconds(name) for _try in range(3))

    def seconds(name: str) -> float:
        began = time.perf_counter()
        with pytest.raises(SignInRefused):
            staff.sign_in(name, "wrong password", HERE, now=clock.now())
        return time.perf_counter() - began

    known, unknown = fastest(NAME), fastest("nobody")

    assert 0.5 < known / unknown < 2


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("free", "callers"),
    [
        (staff.FREE_BY_NAME, [(NAME, f"10.0.1.{number}") for number in range(24)]),
        (staff.FREE_BY_ADDRESS, [(f"name{number}", "10.0.1.1") for number in range(24)]),
    ],
)
def test_parallel_guesses_do_not_slip_under_the_count(world: World, free: int, callers: list[tuple[str, str]]) -> None:
    staff.add(NAME, PASSWORD, now=clock.now())
    now, together = clock.now(), Barrier(len(callers))

    def guess(caller: tuple[str, str]) -> bool:
        with world.app.app_context():
            together.wait()
            with pytest.raises(SignInRefused) as refused:
                staff.sign_in(caller[0], "wrong password", Caller(caller[1]), now=now)
            return refused.value.wait is None

    db.session.remove()
    with ThreadPoolExecutor(len(callers)) as threads:
        assert sum(threads.map(guess, callers)) == free


@pytest.mark.parametrize(
    ("remote", "counted"),
    [("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.1")],
)
def test_a_guess_counts_for_the_whole_home_of_its_address(world: World, remote: str, counted: str) -> None:
    browser = world.browser()
    fields = {"name": NAME, "password": "wrong", "csrf_token": browser.csrf_token()}

    browser.post("/admin/login", fields, environ_base={"REMOTE_ADDR": remote})

    assert [row.address for row in db.session.query(FailedLogin)] == [counted]


@pytest.mark.both_engines
def test_failures_slow_an_account_down_and_lock_nobody_out(world: World) -> None:
    now = clock.now()
    staff.add(NAME, PASSWORD, now=now)
    for address in range(staff.FREE_BY_NAME):
        with pytest.raises(SignInRefused) as refused:
            staff.sign_in(NAME, "wrong password", Caller(f"10.0.1.{address}"), now=now)
        assert refused.value.wait is None

    with pytest.raises(SignInRefused) as refused:
        staff.sign_in(NAME, PASSWORD, Caller("10.0.2.1"), now=now)

    assert refused.value.wait is not None
    assert timedelta() < refused.value.wait <= staff.LONGEST_WAIT
    assert refusals(world) == staff.FREE_BY_NAME
    assert staff.sign_in(NAME, PASSWORD, Caller("10.0.2.1"), now=now + refused.value.wait)


def test_the_wait_grows_to_a_minute_and_no_further(world: World) -> None:
    now = clock.now()
    for number in range(40):
        db.session.add(FailedLogin(name=NAME, address=f"10.0.{number}.1", at=now))
    db.session.commit()

    with pytest.raises(SignInRefused) as refused:
        staff.sign_in(NAME, PASSWORD, HERE, now=now)

    assert refused.value.wait == staff.LONGEST_WAIT


def test_a_browser_that_knows_the_account_is_not_slowed_by_others(world: World, officer: PageClient) -> None:
    """Whoever attacks an account does not keep its owner out."""
    for number in range(40):
        db.session.add(FailedLogin(name=NAME, address=f"10.0.{number}.1", at=clock.now()))
    db.session.commit()
    officer.submit("/admin/logout", {}, page=officer.get("/admin/orders"))

    assert officer.submit("/admin/login", {"name": NAME, "password": PASSWORD}).path == "/admin/orders"
    page = world.browser().submit("/admin/login", {"name": NAME, "password": PASSWORD}, 429)
    assert "시도가 너무 많습니다" in page.text


def test_one_address_is_slowed_down_whatever_names_it_tries(world: World) -> None:
    now = clock.now()
    staff.add(NAME, PASSWORD, now=now)
    for number in range(staff.FREE_BY_ADDRESS):
        with pytest.raises(SignInRefused):
            staff.sign_in(f"name{number}", "wrong password", HERE, now=now)

    with pytest.raises(SignInRefused) as refused:
        staff.sign_in(NAME, PASSWORD, HERE, now=now)

    assert refused.value.wait is not None
    assert staff.sign_in(NAME, PASSWORD, Caller("10.9.9.9"), now=now)


def test_old_failures_are_forgotten(world: World) -> None:
    now = clock.now()
    staff.add(NAME, PASSWORD, now=now)
    for _try in range(4):
        with pytest.raises(SignInRefused):
            staff.sign_in(NAME, "wrong password", HERE, now=now)

    staff.sign_in(NAME, PASSWORD, HERE, now=now + staff.WINDOW * 2)

    assert refusals(world) == 0


def test_a_password_is_kept_as_a_slow_salted_hash_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "generate_password_hash", generate_password_hash)
    staff.add(NAME, PASSWORD, now=clock.now())
    staff.add("lee", PASSWORD, now=clock.now())

    first, second = (member.password_hash for member in db.session.query(StaffMember).order_by(StaffMember.id))

    assert first.startswith("scrypt:32768:8:1$")
    assert first != second
    assert PASSWORD not in world.dump()


def test_a_korean_password_fits_however_it_was_composed(world: World) -> None:
    staff.add(NAME, "나직하게읽고또박또박쓰기", now=clock.now())
    decomposed = unicodedata.normalize("NFD", "나직하게읽고또박또박쓰기")

    assert staff.sign_in(NAME, decomposed, HERE, now=clock.now())


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [
        ("", PASSWORD, "name"),
        ("a b", PASSWORD, "name"),
        ("a" * 41, PASSWORD, "name"),
        ("kim\n", PASSWORD, "name"),
        (NAME, "short", "password"),
        (NAME, "x" * 201, "password"),
    ],
)
def test_an_unusable_account_is_not_made(world: World, name: str, password: str, reason: str) -> None:
    with pytest.raises(StaffProblem) as problem:
        staff.add(name, password, now=clock.now())

    assert problem.value.reason == reason
    assert not staff.exists()


def test_a_name_is_taken_once(world: World) -> None:
    staff.add(NAME, PASSWORD, now=clock.now())

    with pytest.raises(StaffProblem):
        staff.add(NAME, "another password", now=clock.now())


def test_the_first_account_is_made_only_where_there_is_none(world: World) -> None:
    staff.add_first("first", PASSWORD, now=clock.now())
    staff.add_first("second", PASSWORD, now=clock.now())

    assert [member.name for member in db.session.query(StaffMember)] == ["first"]
    assert staff.opens("first", PASSWORD)
    assert not staff.opens("first", "something else")
    assert not staff.opens("second", PASSWORD)


def test_who_signed_in_is_written_down(world: World, officer: PageClient) -> None:
    entries = db.session.query(JournalEntry).filter(JournalEntry.event == "staff_signed_in").all()

    assert [(entry.source, entry.evidence["by"]) for entry in entries] == [("staff", NAME)]


def test_the_commands_add_and_disable(world: World) -> None:
    runner = world.app.test_cli_runner()
    added = runner.invoke(args=["staff", "add", "park", "--password-stdin"], input=f"{PASSWORD}\n")
    asked = runner.invoke(args=["staff", "add", "choi"], input=f"{PASSWORD}\n{PASSWORD}\n")
    twice = runner.invoke(args=["staff", "add", "park", "--password-stdin"], input=f"{PASSWORD}\n")
    short = runner.invoke(args=["staff", "add", "jung", "--password-stdin"], input="short\n")
    gone = runner.invoke(args=["staff", "disable", "park"])
    never = runner.invoke(args=["staff", "disable", "nobody"])

    assert [result.exit_code for result in (added, asked, twice, short, gone, never)] == [0, 0, 1, 1, 0, 1]
    assert PASSWORD not in added.output + asked.output
    assert "Traceback" not in twice.output + short.output + never.output
    with pytest.raises(SignInRefused):
        staff.sign_in("park", PASSWORD, HERE, now=clock.now())
    assert staff.sign_in("choi", PASSWORD, HERE, now=clock.now())


def test_staff_pages_are_kept_by_nobody_and_run_nothing_inline(world: World, officer: PageClient) -> None:
    for path in ("/admin/orders", "/admin/desk", "/admin/settlement", "/admin/login"):
        headers = officer.get(path).response.headers
        assert headers["Cache-Control"] == "no-store"
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert "script-src 'self';" in headers["Content-Security-Policy"]
