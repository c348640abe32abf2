"""결제결과 조회: staff ask the gateway about any payment, and an open one of ours is settled by its answer."""

from collections.abc import Iterator

import pytest

from shop.extensions import limiter
from tests.page import Page, PageClient
from tests.world import World, korea_now

ADDRESS = "/admin/inquiry"


def ask(officer: PageClient, number: str, status: int = 200, **other: str) -> Page:
    question = {"number": number, "date": f"{korea_now():%Y-%m-%d}", "method": "card"} | other
    return officer.submit(ADDRESS, question, status)


def test_an_answer_stands_explained_and_masked_beside_our_order(world: World, officer: PageClient) -> None:
    purchase = world.purchase()
    purchase.pay()

    page = ask(officer, purchase.attempt_no)

    assert page.values("inquiry-answer", "data-outcome") == ["answered"]
    assert {"PAY_OID", "PAY_TOTAL"} <= set(page.values("answer-field", "data-field"))
    assert page.values("inquiry-attempt", "data-state") == ["paid"]
    assert "결제 금액" in page.text
    assert "홍길동" not in page.text


def test_a_payment_of_ours_that_is_found_pays_its_order_at_once(world: World, officer: PageClient) -> None:
    purchase = world.purchase(work="PAY")
    purchase.claim("lost_paid")
    assert ask(officer, purchase.attempt_no, method="transfer").values("inquiry-attempt", "data-state") == ["prepared"]

    page = ask(officer, purchase.attempt_no)

    assert page.values("inquiry-attempt", "data-state") == ["paid"]
    assert purchase.states == ("paid", "paid")


def test_an_inquiry_about_a_settled_payment_changes_nothing(world: World, officer: PageClient) -> None:
    purchase = world.purchase()
    purchase.pay()
    before = world.dump(only={"attempts", "refunds", "orders"})

    ask(officer, purchase.attempt_no)

    assert world.dump(only={"attempts", "refunds", "orders"}) == before


def test_a_payment_that_is_not_ours_is_shown_without_an_order(world: World, officer: PageClient) -> None:
    page = ask(officer, "somebody-elses")

    assert page.values("inquiry-answer", "data-outcome") == ["answered"]
    assert "CBIL0003" in page.text
    assert page.values("inquiry-attempt", "data-state") == []


@pytest.mark.parametrize(("op", "outcome"), [("inquiry", "unknown"), ("auth", "unknown")])
def test_a_gateway_that_does_not_answer_is_said_so(world: World, officer: PageClient, op: str, outcome: str) -> None:
    world.fault(op, "http_500")

    assert ask(officer, "any-number").values("inquiry-answer", "data-outcome") == [outcome]


@pytest.mark.parametrize("wrong", [{"number": "a b"}, {"number": "a" * 31}, {"date": "yesterday"}, {"method": "cash"}])
def test_a_question_that_makes_no_sense_asks_nobody(world: World, officer: PageClient, wrong: dict[str, str]) -> None:
    ask(officer, wrong.get("number", "any"), 422, **{name: wrong[name] for name in wrong if name != "number"})

    assert world.calls() == 0


def test_the_order_page_leads_to_the_inquiry_about_its_attempt(world: World, officer: PageClient) -> None:
    purchase = world.purchase()
    purchase.pay()

    address = f"{ADDRESS}?number={purchase.attempt_no}&amp;date={korea_now():%Y-%m-%d}&amp;method=card"

    assert address in officer.get(f"/admin/orders/{purchase.order.order_no}").text
    assert officer.get(address.replace("&amp;", "&")).values("inquiry-attempt", "data-state") == ["paid"]


@pytest.fixture
def no_limits_afterwards() -> Iterator[None]:
    """A process has one limiter, and its next app may come without limits."""
    yield
    limiter.enabled = False


@pytest.mark.usefixtures("no_limits_afterwards")
@pytest.mark.parametrize("shop_values", [{"RATE_LIMITS": "on"}])
def test_more_than_twenty_questions_a_minute_are_refused(world: World, officer: PageClient) -> None:
    question = {"number": "a b", "csrf_token": officer.csrf_token()}

    statuses = [officer.post(ADDRESS, question).status_code for _press in range(21)]

    assert statuses == [422] * 20 + [429]
