"""Money: whole won, and the tax contained in it."""

from hypothesis import given
from hypothesis import strategies as st

from shop.rules.money import Tax, Won, contained_vat, tax_breakdown

amounts = st.integers(min_value=0, max_value=9_999_999_999).map(Won)
parts = st.lists(st.tuples(amounts, st.sampled_from(Tax)), max_size=30)


@given(amounts)
def test_the_contained_tax_is_the_nearest_whole_won_to_an_eleventh(taxable: Won) -> None:
    assert abs(11 * contained_vat(taxable) - taxable) * 2 <= 11
    assert (contained_vat(Won(1000)), contained_vat(Won(11_000))) == (91, 1000)


@given(parts)
def test_supply_tax_and_exempt_part_add_up_to_the_total(lines: list[tuple[Won, Tax]]) -> None:
    split = tax_breakdown(lines)

    assert split.supply + split.vat + split.exempt == split.total == sum(amount for amount, _tax in lines)


def test_only_a_cart_with_both_kinds_of_goods_is_mixed() -> None:
    book, pen = (Won(12_000), Tax.EXEMPT), (Won(3_000), Tax.TAXABLE)

    assert [tax_breakdown(lines).is_mixed for lines in ([book], [pen], [book, pen], [])] == [False, False, True, False]


def test_the_tax_is_taken_from_the_sum_and_not_line_by_line() -> None:
    """Three lines of 5 won contain 1 won together; each alone would contain none."""
    assert tax_breakdown([(Won(5), Tax.TAXABLE)] * 3).vat == 1
