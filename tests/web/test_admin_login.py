"""Getting into the staff area, and what happens to those who do not belong there."""

import re
import unicodedata

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from shop.db import db
from shop.errors import SignInRefused, StaffProblem
from shop.models import JournalEntry, StaffMember
from shop.services import staff
from tests.page import PageClient
from tests.staff import NAME, PASSWORD, paid_order, sign_in
from tests.world import World


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
    staff.add(NAME, PASSWORD)
    browser = world.browser()

    page = browser.get("/admin/desk")
    assert page.path == "/admin/login"
    page = browser.submit("/admin/login", {"name": NAME, "password": PASSWORD, "next": "desk"}, page=page)

    assert page.path == "/admin/desk"


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/admin/desk", "nowhere", ""])
def test_a_sign_in_never_leads_to_an_address_from_the_request(world: World, place: str) -> None:
    staff.add(NAME, PASSWORD)
    browser = world.browser()

    page = browser.submit("/admin/login", {"name": NAME, "password": PASSWORD, "next": place})

    assert page.path == "/admin/orders"


def test_the_session_is_renewed_and_the_cart_stays(world: World) -> None:
    staff.add(NAME, PASSWORD)
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


def test_a_form_of_a_session_that_is_gone_leads_through_the_sign_in_back_to_its_page(
    world: World, officer: PageClient
) -> None:
    order_no = paid_order(world)
    forgetful = world.browser()
    response = forgetful.post(f"/admin/orders/{order_no}/refund-plan", {"amount": "1000", "reason": "변심"})
    assert response.status_code == 303

    page = forgetful.get(response.headers["Location"])
    assert "아무것도 보내지 않았습니다" in page.text
    (place,) = [tag["value"] for _name, tag in page.tags.all if tag.get("name") == "next"]
    signed_in = forgetful.submit("/admin/login", {"name": NAME, "password": PASSWORD, "next": place}, page=page)

    assert signed_in.path == f"/admin/orders/{order_no}"


def test_a_disabled_account_is_out_at_the_next_click(world: World, officer: PageClient) -> None:
    staff.disable(NAME)

    assert officer.open("/admin/orders").status_code == 303
    page = officer.submit("/admin/login", {"name": NAME, "password": PASSWORD}, 403)
    assert "맞지 않습니다" in page.text


def test_wrong_unknown_and_disabled_look_alike(world: World) -> None:
    staff.add(NAME, PASSWORD)
    staff.add("gone", PASSWORD)
    staff.disable("gone")
    tries = [(NAME, "wrong password"), ("nobody", PASSWORD), ("gone", PASSWORD)]

    texts = []
    for name, password in tries:
        page = world.browser().submit("/admin/login", {"name": name, "password": password}, 403)
        texts.append(re.sub(r'(value|csrf)="[^"]*"', "", page.text))

    assert len(set(texts)) == 1


def test_an_unknown_account_costs_the_same_hash_as_a_known_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the answer must not tell whether there is such an account."""
    staff.add(NAME, PASSWORD)
    methods: list[str] = []

    def check(stored: str, password: str) -> bool:
        methods.append(stored.partition("$")[0])
        return check_password_hash(stored, password)

    monkeypatch.setattr(staff, "check_password_hash", check)
    staff._hash_of_nobody.cache_clear()

    for name in (NAME, "nobody"):
        with pytest.raises(SignInRefused):
            staff.sign_in(name, "wrong password")

    known, unknown = methods
    assert known == unknown


def test_a_password_is_kept_as_a_slow_salted_hash_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "generate_password_hash", generate_password_hash)
    staff.add(NAME, PASSWORD)
    staff.add("lee", PASSWORD)

    first, second = (member.password_hash for member in db.session.query(StaffMember).order_by(StaffMember.id))

    assert first.startswith("scrypt:32768:8:1$")
    assert first != second
    assert PASSWORD not in world.dump()


def test_a_korean_password_fits_however_it_was_composed(world: World) -> None:
    staff.add(NAME, "나직하게읽고또박또박쓰기")
    decomposed = unicodedata.normalize("NFD", "나직하게읽고또박또박쓰기")

    assert staff.sign_in(NAME, decomposed)


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
        staff.add(name, password)

    assert problem.value.reason == reason
    assert not staff.exists()


def test_a_name_is_taken_once(world: World) -> None:
    staff.add(NAME, PASSWORD)

    with pytest.raises(StaffProblem):
        staff.add(NAME, "another password")


def test_the_first_account_is_made_only_where_there_is_none(world: World) -> None:
    staff.add_first("first", PASSWORD)
    staff.add_first("second", PASSWORD)

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
        staff.sign_in("park", PASSWORD)
    assert staff.sign_in("choi", PASSWORD)


def test_staff_pages_are_kept_by_nobody_and_run_nothing_inline(world: World, officer: PageClient) -> None:
    for path in ("/admin/orders", "/admin/desk", "/admin/settlement", "/admin/login"):
        headers = officer.get(path).response.headers
        assert headers["Cache-Control"] == "no-store"
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert "script-src 'self';" in headers["Content-Security-Policy"]
