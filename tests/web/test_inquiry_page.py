"""결제결과 조회: staff ask the gateway about any payment, and an open one of ours is settled by its answer."""

from tests.page import Page, PageClient
from tests.world import World, korea_now

ADDRESS = "/admin/inquiry"


def ask(officer: PageClient, number: str, status: int = 200, **other: str) -> Page:
    question = {"number": number, "date": f"{korea_now():%Y-%m-%d}", "method": "card"} | other
    return officer.submit(ADDRESS, question, status)


def test_an_answer_stands_explained_and_masked_beside_our_order(world: World, officer: PageClient) -> None:
    purchase = world.purchase().pay()
    before = world.dump(only={"attempts", "refunds", "orders"})
    address = f"{ADDRESS}?number={purchase.attempt_no}&amp;date={korea_now():%Y-%m-%d}&amp;method=card"
    assert address in officer.get(f"/admin/orders/{purchase.order_no}").text

    assert officer.get(address.replace("&amp;", "&")).values("inquiry-attempt", "data-state") == ["paid"]

    page = ask(officer, purchase.attempt_no)

    assert world.dump(only={"attempts", "refunds", "orders"}) == before
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


def test_what_is_not_ours_is_shown_without_an_order_and_a_lost_answer_is_said_so(
    world: World, officer: PageClient
) -> None:
    page = ask(officer, "somebody-elses")
    assert page.values("inquiry-answer", "data-outcome") == ["answered"]
    assert "CBIL0003" in page.text
    assert page.values("inquiry-attempt", "data-state") == []

    for op in ("inquiry", "auth"):
        world.fault(op, "http_500")
        assert ask(officer, "any-number").values("inquiry-answer", "data-outcome") == ["unknown"]


def test_a_question_that_makes_no_sense_asks_nobody(world: World, officer: PageClient) -> None:
    for number, wrong in (("a b", {}), ("a" * 31, {}), ("any", {"date": "yesterday"}), ("any", {"method": "cash"})):
        ask(officer, number, 422, **wrong)

    assert world.calls() == 0
