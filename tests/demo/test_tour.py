"""The tour leads through ten pages and back, and leaves no trace on the pages of others."""

from __future__ import annotations

from shop.demo.tour import STEPS
from tests.demo.conftest import Demo
from tests.page import Page, PageClient


def step_of(page: Page) -> str:
    (step,) = page.values("tour", "data-step")
    return step


def go(browser: PageClient, step: int | str) -> Page:
    return browser.submit("/demo/tour/", {"step": str(step)}, page=browser.get("/demo/"))


def test_it_leads_through_its_steps_and_back_to_the_same_pages(demo: Demo) -> None:
    browser = demo.browser()

    there = [go(browser, number) for number in range(len(STEPS))]
    back = [go(browser, number) for number in reversed(range(len(STEPS)))]

    assert [step_of(page) for page in there] == [step.name for step in STEPS]
    assert [page.path for page in there] == [page.path for page in reversed(back)]


def test_only_who_is_on_the_tour_sees_its_bar(demo: Demo) -> None:
    on_tour, other = demo.browser(), demo.browser()
    go(on_tour, 0)

    assert on_tour.get("/").has("tour")
    assert not other.get("/").has("tour")
    assert not go(on_tour, "end").has("tour")
    other.submit("/demo/tour/", {"step": str(len(STEPS))}, 404)
