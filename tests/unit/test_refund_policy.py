"""The rules about refunds: never more than is left, tax that adds up."""

from hypothesis import given
from hypothesis import strategies as st

from shop.rules.money import TaxBreakdown, Won, contained_vat
from shop.rules.refund import PaidFacts, plan_refund


def paid(taxable: int = 11_000, exempt: int = 0, **more: object) -> PaidFacts:
    split = TaxBreakdown(Won(taxable), Won(exempt), contained_vat(Won(taxable)))
    facts = {"charged": split.total, "gone": Won(0), "gone_vat": Won(0), "receipt": None} | more
    return PaidFacts(split, **facts)  # type: ignore[arg-type]


def test_never_more_than_was_charged_after_a_discount_of_the_gateway() -> None:
    facts = paid(charged=Won(10_000))

    assert facts.refundable == 10_000


@given(
    st.integers(0, 2_000_000),
    st.integers(0, 2_000_000),
    st.lists(st.integers(1, 500_000), max_size=12),
)
def test_however_it_is_split_the_parts_add_up_and_what_remains_makes_sense(
    taxable: int, exempt: int, parts: list[int]
) -> None:
    facts = paid(taxable, exempt)
    gone = vat = 0
    for part in parts:
        facts = paid(taxable, exempt, gone=Won(gone), gone_vat=Won(vat))
        if not facts.refundable:
            break
        plan = plan_refund(facts, Won(min(part, facts.refundable)))
        gone, vat = gone + plan.amount, vat + plan.vat
        left, vat_left = facts.paid.total - gone, facts.paid.vat - vat
        assert 0 <= plan.vat <= plan.amount
        assert 0 <= vat_left <= left
        assert (plan.remainder, plan.is_full) == (left, left == 0)
    if gone == facts.paid.total:
        assert vat == facts.paid.vat
