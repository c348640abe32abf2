"""The calendar of subscriptions."""

from datetime import date, datetime

import pytest

from shop.payple import KOREA
from shop.rules.subscription import charge_time, month_after, month_of, next_try


def korea(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KOREA)


@pytest.mark.parametrize(
    ("month", "day", "charged"),
    [
        ("2026-12-01", 15, "2026-12-15T10:00"),
        ("2027-02-01", 31, "2027-02-28T10:00"),
        ("2028-02-01", 30, "2028-02-29T10:00"),
        ("2027-04-01", 31, "2027-04-30T10:00"),
    ],
)
def test_a_month_is_charged_on_its_day_or_its_last(month: str, day: int, charged: str) -> None:
    assert charge_time(date.fromisoformat(month), day) == korea(charged)


def test_a_month_is_koreas() -> None:
    assert month_of(korea("2026-12-01T00:30")) == date(2026, 12, 1)
    assert month_of(korea("2026-11-30T23:59")) == date(2026, 11, 1)
    assert [month_after(date(2026, 12, 1)), month_after(date(2027, 1, 1))] == [date(2027, 1, 1), date(2027, 2, 1)]


def test_the_next_try_is_on_the_following_morning() -> None:
    assert next_try(korea("2026-12-15T10:00")) == korea("2026-12-16T10:00")
    assert next_try(korea("2026-12-31T23:59")) == korea("2027-01-01T10:00")
