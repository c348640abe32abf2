"""The rules about refunds: never more than is left, tax that adds up."""

from hypothesis import given
from hypothesis import strategies as st

from shop.rules.money import Tax, TaxBreakdown, Won, contained_vat
from shop.rules.refund import PaidFacts, plan_refund, vat_of_goods


def paid(taxable: int = 11_000, exempt: int = 0, **more: object) -> PaidFacts:
    split = TaxBreakdown(Won(taxable), Won(exempt), contained_vat(Won(taxable)))
    facts = {"charged": split.total, "gone": Won(0), "gone_vat": Won(0), "receipt": None} | more
    return PaidFacts(split, **facts)  # type: ignore[arg-type]


def test_never_more_than_was_charged_after_a_discount_of_the_gateway() -> None:
    facts = paid(charged=Won(10_000))

    assert facts.refundable == 10_000


def test_refunded_books_carry_no_tax_and_pens_carry_theirs() -> None:
    facts = paid(taxable=11_000, exempt=20_000)
    book = vat_of_goods([(Won(20_000), Tax.EXEMPT)])
    pen = vat_of_goods([(Won(11_000), Tax.TAXABLE)])

    assert plan_refund(facts, Won(20_000), book).vat == 0
    assert plan_refund(facts, Won(11_000), pen).vat == 1000


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


def test_a_receipt_is_reduced_by_what_goes_back() -> None:
    facts = paid(receipt=Won(11_000))

    assert plan_refund(facts, Won(1000)).receipt_after == 10_000
    assert plan_refund(facts, Won(11_000)).receipt_after == 0
    assert plan_refund(paid(), Won(1000)).receipt_after is None
