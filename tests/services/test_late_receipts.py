"""A window that charges first asks about the cash receipt afterwards: the shop learns of it from the gateway's answer.

Whatever settles the order in between knows of no receipt yet: the webhook that leaves at the charge, a forged claim.
"""

from dataclasses import dataclass, field

import pytest

from shop.errors import ReceiptRefused
from shop.extensions import client
from shop.models import CashReceipt
from shop.rules import refund as rules
from shop.rules.states import AttemptState, OrderState, RefundState
from shop.services import late_receipts, refund_decisions, sweep
from tests import world as worlds
from tests.page import PageClient
from tests.payer import Pairs, Window
from tests.postbox import Postbox
from tests.services.test_cash_receipts import covered, issue, states
from tests.services.test_refunding import cancels, refund
from tests.world import World


@dataclass
class Charged:
    """Somebody whose window has charged 10,000 won and now asks about the cash receipt."""

    world: World
    buyer: PageClient = field(init=False)
    order_no: str = field(init=False)
    attempt_no: str = field(init=False)
    window: Window = field(init=False)

    def __post_init__(self) -> None:
        self.buyer = self.world.browser()
        self.order_no = self.buyer.place_order(quantity=10)
        opening = self.buyer.start_attempt(self.order_no, method="transfer", work="PAY", cash_receipt="y")
        self.attempt_no = opening["attempt_no"]
        self.window = self.world.payer().open(opening["fields"]).approve()
        assert "window-cash-receipt-submit" in self.window.page.texts
        assert self.world.charged()[self.attempt_no] == 10_000

    def forge(self) -> None:
        """Somebody claims success before the window has finished."""
        told = {"RST": "success", "CODE": "0000", "OID": self.attempt_no, "TYPE": "transfer", "TOTAL": "10000"}
        self.world.deliver([(f"PCD_PAY_{name}", value) for name, value in told.items()] + [("PCD_PAY_WORK", "PAY")])

    def settle_early(self) -> None:
        """The order is paid, by an answer that knows of no receipt yet."""
        self.forge()
        assert self.world.order(self.order_no).state is OrderState.PAID
        assert self.receipts() == []

    def finish(self) -> Pairs:
        """The payer asks for the receipt; what the browser would deliver."""
        result = self.window.ask_for_receipt().result
        assert result
        return result

    def skip(self) -> Pairs:
        result = self.window.skip_receipt().result
        assert result
        return result

    def sweep(self, **units: float) -> None:
        self.world.advance(**units)
        sweep.run(client(), now=worlds.now())

    def receipts(self) -> list[tuple[str, int]]:
        return states(self.world, self.order_no)

    def books(self) -> tuple[list[tuple[str, int]], int]:
        """Our receipts, and what the tax office has one for."""
        return self.receipts(), covered(self.world, self.order_no)

    @property
    def is_asked_about(self) -> bool:
        return self.world.attempt(self.attempt_no).awaits_receipt


@pytest.fixture
def charged(world: World) -> Charged:
    return Charged(world)


ISSUED = ([("issued", 10_000)], 10_000)
NONE: tuple[list[tuple[str, int]], int] = ([], 0)


# --- the gateway is asked again ---------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_webhook_settles_the_charge_and_the_browsers_result_brings_the_receipt(world: World) -> None:
    postbox = Postbox.of(world)
    charged = Charged(world)
    assert postbox.deliver() == 1
    assert postbox.sweep() == [charged.attempt_no]
    assert world.order(charged.order_no).state is OrderState.PAID
    assert charged.books() == NONE

    world.deliver(charged.finish())

    assert charged.books() == ISSUED
    assert not charged.is_asked_about


@pytest.mark.both_engines
@pytest.mark.parametrize("trigger", ["sweep", "page"])
def test_without_any_further_news_the_schedule_finds_it(charged: Charged, trigger: str) -> None:
    charged.settle_early()
    charged.finish()

    if trigger == "sweep":
        charged.sweep(minutes=1)
    else:
        charged.world.advance(minutes=1)
        charged.buyer.get(f"/orders/{charged.order_no}")

    assert charged.books() == ISSUED
    (receipt,) = charged.world.order(charged.order_no).cash_receipts
    assert receipt.number


def test_a_late_receipt_is_found_until_the_window_is_over(charged: Charged) -> None:
    charged.settle_early()
    charged.sweep(minutes=1)
    charged.sweep(minutes=9)
    assert charged.books() == NONE
    charged.world.advance(minutes=25)
    charged.finish()

    charged.sweep(minutes=6)

    assert charged.books() == ISSUED


@pytest.mark.parametrize("answer", ["known", "lost"])
def test_a_result_that_comes_long_after_the_window_should_be_over_is_heard(charged: Charged, answer: str) -> None:
    charged.settle_early()
    charged.sweep(hours=2)
    assert not charged.is_asked_about
    claim = charged.finish()
    if answer == "lost":
        charged.world.fault("inquiry", "lost_answer")

    charged.world.deliver(claim)

    charged.sweep(seconds=6)
    assert charged.books() == ISSUED
    assert not charged.is_asked_about


def test_it_is_written_down_once(charged: Charged) -> None:
    charged.settle_early()
    claim = charged.finish()
    for _time in range(3):
        charged.world.deliver(claim)
        charged.sweep(minutes=1)

    assert charged.books() == ISSUED
    assert charged.world.events(charged.attempt_no).count("receipt_issued") == 1


# --- nobody's word is enough, and there is an end ---------------------------------------------------------------------


def test_a_claim_of_a_receipt_is_no_receipt(charged: Charged) -> None:
    charged.settle_early()
    told = {"PCD_PAY_OID": charged.attempt_no, "PCD_PAY_RST": "success", "PCD_PAY_TYPE": "transfer"}
    forged = told | {"PCD_TAXSAVE_FLAG": "Y", "PCD_TAXSAVE_RST": "Y", "PCD_TAXSAVE_MGTNUM": "G0000000001"}

    charged.world.deliver(list(forged.items()))

    assert charged.books() == NONE
    assert charged.is_asked_about


def test_who_skips_the_receipt_is_asked_about_three_times_more(charged: Charged) -> None:
    charged.world.deliver(charged.skip())
    asked = charged.world.calls("inquiry")

    for _time in range(60):
        charged.sweep(minutes=1)

    assert charged.world.calls("inquiry") == asked + 3
    assert charged.books() == NONE
    assert not charged.is_asked_about


def test_claims_without_end_cause_a_few_questions_and_the_schedule_stands(charged: Charged) -> None:
    charged.settle_early()
    asked, planned = charged.world.calls("inquiry"), charged.world.attempt(charged.attempt_no).next_check_at

    for _time in range(3 * rules.MOST_CLAIMED_INQUIRIES):
        charged.forge()

    assert charged.world.calls("inquiry") == asked + rules.MOST_CLAIMED_INQUIRIES
    assert charged.world.attempt(charged.attempt_no).next_check_at == planned
    charged.finish()
    charged.sweep(minutes=1)
    assert charged.books() == ISSUED


def test_a_gateway_that_never_answers_is_left_alone_in_the_end(charged: Charged) -> None:
    charged.settle_early()
    charged.world.fault("inquiry", "unknown_outcome", times=100)
    asked = charged.world.calls("inquiry")

    for _day in range(14):
        charged.sweep(days=1)

    assert charged.world.calls("inquiry") - asked <= rules.MOST_UNANSWERED
    assert not charged.is_asked_about


def test_a_silent_moment_of_the_gateway_loses_no_receipt(charged: Charged) -> None:
    charged.settle_early()
    charged.finish()
    charged.world.fault("inquiry", "lost_answer", phase="before")
    charged.sweep(hours=3)
    assert charged.receipts() == []

    charged.sweep(seconds=5)

    assert charged.books() == ISSUED


@pytest.mark.parametrize("kind", ["other_oid", "other_amount"])
def test_an_answer_about_something_else_brings_no_receipt(charged: Charged, kind: str) -> None:
    charged.settle_early()
    charged.finish()
    charged.world.fault("inquiry", kind)

    charged.sweep(minutes=1)

    assert charged.receipts() == []
    charged.sweep(minutes=1)
    assert charged.books() == ISSUED


@pytest.mark.parametrize(("work", "choices"), [("PAY", {}), ("CERT", {"cash_receipt": "y"})])
def test_where_no_receipt_can_come_after_the_charge_nothing_is_asked(
    world: World, work: str, choices: dict[str, str]
) -> None:
    buyer = world.browser()
    order_no = buyer.place_order()
    opening = buyer.start_attempt(order_no, 200, method="transfer", work=work, **choices)
    world.deliver(world.payer().pay(opening["fields"], cash_receipt=False))

    attempt = world.attempt(opening["attempt_no"])

    assert (attempt.state, attempt.next_check_at) == (AttemptState.PAID, None)


# --- refunds meanwhile ------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("amount", [3_000, 10_000])
@pytest.mark.parametrize("on_refund", ["settled", "fail"])
def test_a_refund_asks_first_and_its_receipt_follows(charged: Charged, on_refund: str, amount: int) -> None:
    charged.world.control("POST", "policy", {"receipt_on_refund": on_refund})
    charged.settle_early()
    charged.finish()

    assert refund(charged.world, charged.order_no, amount).state is RefundState.DONE

    rest = 10_000 - amount
    if on_refund == "settled":
        assert charged.books() == ([("issued", rest) if rest else ("cancelled", 0)], rest)
    else:
        assert charged.books() == ([("cancel_due", 10_000)], 10_000)
        charged.sweep(days=1, hours=10)
        assert charged.books() == ([("cancelled", 10_000)] + ([("issued", rest)] if rest else []), rest)


@pytest.mark.parametrize("amount", [3_000, 10_000])
@pytest.mark.parametrize("on_refund", ["settled", "fail"])
def test_a_refund_that_could_not_ask_is_followed_up_when_the_receipt_is_found(
    charged: Charged, on_refund: str, amount: int
) -> None:
    charged.world.control("POST", "policy", {"receipt_on_refund": on_refund})
    charged.settle_early()
    charged.finish()
    charged.world.fault("inquiry", "lost_answer")
    assert refund(charged.world, charged.order_no, amount).state is RefundState.DONE
    assert charged.receipts() == []

    charged.sweep(minutes=1)

    rest = 10_000 - amount
    if on_refund == "fail":
        assert charged.books() == ([("cancel_due", 10_000)], 10_000)
        (receipt,) = charged.world.order(charged.order_no).cash_receipts
        assert receipt.reissue_amount == rest
        charged.sweep(days=1, hours=10)
    assert covered(charged.world, charged.order_no) == rest == active(charged)


def active(charged: Charged) -> int:
    return sum(amount for state, amount in charged.receipts() if state == "issued")


@pytest.mark.parametrize("on_refund", ["settled", "fail"])
def test_a_receipt_that_is_asked_for_after_a_refund_covers_the_rest(charged: Charged, on_refund: str) -> None:
    charged.world.control("POST", "policy", {"receipt_on_refund": on_refund})
    charged.settle_early()
    refund(charged.world, charged.order_no, 3_000)
    charged.world.deliver(charged.finish())
    assert charged.books() == ([("issued", 7_000)], 7_000)

    refund(charged.world, charged.order_no, 2_000)

    charged.sweep(days=1, hours=10)
    assert (active(charged), covered(charged.world, charged.order_no)) == (5_000, 5_000)


def test_a_refund_between_asking_and_the_next_question_is_followed_by_one_of_each_kind(charged: Charged) -> None:
    """Before the receipt, after it without an inquiry, and after it with one."""
    world, order_no = charged.world, charged.order_no
    world.control("POST", "policy", {"receipt_on_refund": "fail"})
    charged.settle_early()
    refund(world, order_no, 1_000)
    charged.finish()
    world.fault("inquiry", "lost_answer")
    refund(world, order_no, 2_000)
    refund(world, order_no, 3_000)

    assert charged.books() == ([("cancel_due", 9_000)], 9_000)
    charged.sweep(days=1, hours=10)

    assert charged.books() == ([("cancelled", 9_000), ("issued", 4_000)], 4_000)


def test_while_a_refund_has_no_answer_the_question_waits(charged: Charged) -> None:
    world, order_no = charged.world, charged.order_no
    charged.settle_early()
    world.fault("cancel", "lost_answer", phase="after")
    lost = refund(world, order_no, 3_000)
    assert lost.state is RefundState.UNKNOWN
    charged.finish()
    charged.sweep(hours=2)
    assert charged.receipts() == []
    assert charged.is_asked_about

    refund_decisions.decide(lost.id, was_refunded=True, by="lee", now=worlds.now())
    charged.sweep(days=1)
    charged.sweep(days=1)

    assert covered(world, order_no) == 7_000
    assert not charged.is_asked_about


def test_a_refund_whose_answer_speaks_of_a_receipt_opens_the_question_again(charged: Charged) -> None:
    charged.settle_early()
    charged.sweep(hours=1)
    assert not charged.is_asked_about
    charged.finish()
    charged.world.fault("inquiry", "lost_answer")

    refund(charged.world, charged.order_no, 3_000)
    charged.sweep(seconds=1)

    assert charged.books() == ([("issued", 7_000)], 7_000)


# --- staff ------------------------------------------------------------------------------------------------------------


def test_staff_who_issue_a_receipt_are_told_that_there_is_one(charged: Charged) -> None:
    charged.settle_early()
    charged.finish()

    with pytest.raises(ReceiptRefused) as caught:
        issue(charged.world, charged.order_no)

    assert caught.value.reason is ReceiptRefused.Reason.ALREADY_ISSUED
    assert charged.books() == ISSUED
    assert [entry for entry in charged.world.control("GET", "ledger") if entry.get("rule") == "receipt_twice"] == []


def test_a_receipt_that_staff_issue_ends_the_question(charged: Charged) -> None:
    charged.world.deliver(charged.skip())
    issue(charged.world, charged.order_no)
    assert charged.books() == ISSUED
    asked = charged.world.calls("inquiry")

    charged.sweep(minutes=50)

    assert charged.books() == ISSUED
    assert charged.world.calls("inquiry") == asked
    assert not charged.is_asked_about


def test_asking_first_asks_only_while_the_answer_is_open(world: World, charged: Charged) -> None:
    asked = world.calls("inquiry")
    late_receipts.ask_first(charged.order_no, client(), now=worlds.now())
    late_receipts.ask_first("nobody's", client(), now=worlds.now())
    assert world.calls("inquiry") == asked

    charged.settle_early()
    late_receipts.ask_first(charged.order_no, client(), now=worlds.now())
    assert world.calls("inquiry") == asked + 2


def test_no_cancel_is_ever_sent_twice_or_above_the_rest(charged: Charged) -> None:
    charged.settle_early()
    charged.finish()
    refund(charged.world, charged.order_no, 10_000, intent="same")
    refund(charged.world, charged.order_no, 10_000, intent="same", seen=10_000)

    assert cancels(charged.world) == 1
    assert charged.world.order(charged.order_no).state is OrderState.REFUNDED
    assert [type(receipt) for receipt in charged.world.order(charged.order_no).cash_receipts] == [CashReceipt]
