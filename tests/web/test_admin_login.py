"""Signing in to the staff area, and what everybody else sees of it."""

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

SIGN_IN = {"name": NAME, "password": PASSWORD}


def is_signed_in(browser: PageClient) -> bool:
    return browser.open("/admin/orders").status_code == 200


def admin_routes(world: World) -> list[tuple[str, str]]:
    """Every route of the staff area, with something in the place of each variable."""
    values = {"order_no": paid_order(world), "attempt_no": "20260101_AAAA"}
    return [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "1"), rule.rule))
        for rule in world.app.url_map.iter_rules()
        if rule.endpoint.startswith("admin.") and rule.endpoint not in ("admin.login", "admin.sign_in")
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def test_every_staff_route_leads_buyers_and_strangers_to_the_sign_in(world: World, buyer: PageClient) -> None:
    routes = admin_routes(world)
    buyer.place_order()
    token = buyer.csrf_token()
    before = world.dump()

    for method, path in routes:
        response = buyer.open(path, method=method, data={"csrf_token": token})
        assert (response.status_code, response.headers["Location"][:12]) == (303, "/admin/login"), path

    assert len(routes) >= 12
    assert world.dump() == before


def test_no_post_of_staff_works_without_its_token(world: World, officer: PageClient) -> None:
    posts = [path for method, path in admin_routes(world) if method == "POST"]
    before = world.dump()

    for path in posts:
        for data in ({}, {"csrf_token": "wrong"}):
            assert officer.post(path, data).status_code == 400, path

    assert world.dump() == before


def test_a_sign_in_leads_to_a_page_of_ours_only(world: World) -> None:
    staff.add(NAME, PASSWORD)
    foreign = ("https://evil.example/", "//evil.example", "/\\evil.example", "x", "")

    for place, path in {**dict.fromkeys(foreign, "/admin/orders"), "/admin/desk": "/admin/desk"}.items():
        buyer = world.browser()
        page = buyer.get("/admin/desk")
        assert page.path == "/admin/login"
        assert buyer.submit("/admin/login", SIGN_IN | {"next": place}, page=page).path == path


def test_a_sign_in_stands_in_the_journal_renews_the_session_and_keeps_the_cart(world: World, buyer: PageClient) -> None:
    staff.add(NAME, PASSWORD)
    buyer.add_to_cart()
    before, token = buyer.session_cookie(), buyer.csrf_token()

    sign_in(buyer)

    [entry] = db.session.query(JournalEntry).filter(JournalEntry.event == "staff_signed_in")
    assert (entry.source, entry.evidence["by"]) == ("staff", NAME)
    assert buyer.session_cookie() != before
    assert buyer.post("/admin/logout", {"csrf_token": token}).status_code == 400
    assert buyer.get("/cart").values("cart-line", "data-product") == ["test-product"]


def test_a_session_ends_with_the_sign_out_its_time_and_its_account(world: World, officer: PageClient) -> None:
    assert officer.submit("/admin/logout", {}).path == "/admin/login"
    assert not is_signed_in(officer)

    sign_in(officer)
    world.advance(hours=9)
    assert is_signed_in(officer)
    world.advance(hours=2)
    assert not is_signed_in(officer)

    sign_in(officer)
    staff.disable(NAME)
    assert not is_signed_in(officer)


def test_a_form_of_a_session_that_is_gone_leads_through_the_sign_in_back_to_its_page(
    world: World, officer: PageClient
) -> None:
    order_no, without_session = paid_order(world), world.browser()
    response = without_session.post(f"/admin/orders/{order_no}/refund-plan", {"amount": "1000", "reason": "변심"})
    assert response.status_code == 303

    page = without_session.get(response.headers["Location"])
    assert "아무것도 보내지 않았습니다" in page.text
    signed_in = without_session.submit("/admin/login", SIGN_IN | {"next": page.field("next")}, page=page)

    assert signed_in.path == f"/admin/orders/{order_no}"


def test_wrong_unknown_and_disabled_look_alike_and_lead_back_to_the_form_with_the_name(world: World) -> None:
    for name in (NAME, "gone"):
        staff.add(name, PASSWORD)
    staff.disable("gone")

    texts = set()
    for name, password in ((NAME, "a wrong secret"), ("nobody", PASSWORD), ("gone", PASSWORD)):
        stranger = world.browser()
        page = stranger.submit("/admin/login", {"name": name, "password": password, "next": "/admin/desk"})
        assert page.has("notice")
        assert [page.field(field) for field in ("name", "password", "next")] == [name, "", "/admin/desk"]
        assert password not in str(page.response.request.url)
        texts.add(re.sub(r'(value|csrf)="[^"]*"|name=\w+', "", page.text))

    assert len(texts) == 1


def test_an_unknown_account_costs_the_same_hash_as_a_known_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
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

    assert methods[0] == methods[1]


def test_a_password_is_kept_as_a_slow_salted_hash_and_fits_however_it_was_composed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "generate_password_hash", generate_password_hash)
    composed = unicodedata.normalize("NFC", "나직하게읽고또박또박쓰기")
    staff.add_first(NAME, composed)
    staff.add("lee", composed)

    first, second = (member.password_hash for member in db.session.query(StaffMember))

    assert first.startswith("scrypt:32768:8:1$")
    assert first != second
    assert composed not in world.dump()
    assert staff.sign_in(NAME, unicodedata.normalize("NFD", composed))


def test_an_unusable_account_and_a_first_one_beside_others_are_not_made(world: World) -> None:
    staff.add("taken", PASSWORD)
    unusable = [(name, PASSWORD, "name") for name in ("", "a b", "a" * 41, "kim\n")]
    unusable += [(NAME, password, "password") for password in ("short", "x" * 201)]

    for name, password, reason in [*unusable, ("taken", PASSWORD, "taken")]:
        with pytest.raises(StaffProblem) as problem:
            staff.add(name, password)
        assert problem.value.reason == reason
    staff.add_first("first", PASSWORD)
    assert not staff.is_login("first", PASSWORD)


def test_the_commands_add_and_disable(world: World) -> None:
    commands = [
        (["add", "park", "--password-stdin"], PASSWORD, 0),
        (["add", "choi"], f"{PASSWORD}\n{PASSWORD}", 0),
        (["add", "park", "--password-stdin"], PASSWORD, 1),
        (["add", "jung", "--password-stdin"], "short", 1),
        (["disable", "park"], "", 0),
        (["disable", "nobody"], "", 1),
    ]
    for arguments, typed, status in commands:
        result = world.app.test_cli_runner().invoke(args=["staff", *arguments], input=f"{typed}\n")
        assert result.exit_code == status, arguments
        assert not any(word in result.output for word in ("Traceback", PASSWORD))

    assert staff.is_login("choi", PASSWORD)
    with pytest.raises(SignInRefused):
        staff.sign_in("park", PASSWORD)
