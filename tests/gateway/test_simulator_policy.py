"""Switches for what Payple's documents leave open, or say in two ways. Those of one operation are tested with it."""

from __future__ import annotations

from dataclasses import fields

import pytest

from shop.simulator.policy import SWITCHES, Policy
from tests.gateway.merchant import SIMULATOR, Merchant
from tests.payer import Page

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)"


def test_every_member_of_the_policy_has_a_switch(merchant: Merchant) -> None:
    assert list(SWITCHES) == [member.name for member in fields(Policy)] == list(merchant.order("GET", "/policy"))


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_takes_what_it_says_and_nothing_else(merchant: Merchant, name: str) -> None:
    """The default stands first, and each has a sentence in both languages."""
    switch = SWITCHES[name]

    for value in switch.choices or (0, switch.maximum):
        assert merchant.order("POST", "/policy", {name: value})[name] == value
    if switch.choices == ("off", "on"):
        assert merchant.order("POST", "/policy", {name: True})[name] == "on"
    wrongs: tuple[object, ...] = ("nothing", -1, 0.5, None, [])
    for wrong in wrongs:
        assert merchant.session.post(f"{SIMULATOR}/_sim/policy", json={name: wrong}).status_code == 400
    assert switch.ko != switch.en != ""
    assert not switch.choices or getattr(Policy(), name) in switch.choices


@pytest.mark.parametrize("work", ["PAY", "CERT"])
def test_a_transfer_may_say_bill0000(merchant: Merchant, work: str) -> None:
    merchant.order("POST", "/policy", {"transfer_code": "BILL0000"})

    claim = merchant.claim(PCD_PAY_TYPE="transfer", PCD_PAY_WORK=work)

    told = merchant.confirm(claim) if work == "CERT" else claim
    assert told["PCD_PAY_CODE"] == "BILL0000"
    assert merchant.inquire(claim["PCD_PAY_OID"], "transfer")["PCD_PAY_CODE"] == "PCHK000"
    assert merchant.paid()["PCD_PAY_CODE"] == "0000"


def test_the_tax_of_a_taxable_order_may_be_zero(merchant: Merchant) -> None:
    """As the quick guide's tables print it; a mixed order shows what was sent."""
    merchant.order("POST", "/policy", {"tax_in_result": "zero"})
    claim = merchant.claim()
    confirmed = merchant.confirm(claim)

    assert claim["PCD_PAY_TAXTOTAL"] == confirmed["PCD_PAY_TAXTOTAL"] == "0"
    assert merchant.inquire(claim["PCD_PAY_OID"])["PCD_PAY_TAXTOTAL"] == "0"
    assert merchant.cancel(confirmed)["PCD_REFUND_TAXTOTAL"] == "91"
    assert merchant.paid(PCD_PAY_TAXTOTAL="50")["PCD_PAY_TAXTOTAL"] == "50"


def test_amounts_may_be_json_numbers(merchant: Merchant) -> None:
    """Some real answers have them unquoted; a blank stays a string."""
    merchant.order("POST", "/policy", {"numbers_as_numbers": "on"})

    confirmed: dict[str, object] = dict(merchant.confirm(merchant.claim()))

    assert (confirmed["PCD_PAY_TOTAL"], confirmed["PCD_PAY_TAXTOTAL"]) == (1000, 91)
    assert (confirmed["PCD_PAY_CODE"], confirmed["PCD_PAY_DISCOUNT"]) == ("PCCF0000", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PCD_PAY_OID", "A" * 31),
        ("PCD_PAY_GOODS", "상" * 51),
        ("PCD_PAYER_NAME", "김" * 21),
        ("PCD_PAYER_NO", "1" * 19),
    ],
)
def test_a_newer_window_takes_shorter_values(merchant: Merchant, name: str, value: str) -> None:
    """cpc0034, as third parties report it; the quick guide's own limits are longer."""
    assert merchant.claim(**{name: value})["PCD_PAY_RST"] == "success"
    merchant.order("POST", "/policy", {"strict_lengths": "on"})

    assert merchant.claim(**{name: value})["PCD_PAY_CODE"] == "cpc0034"


class TestConfirmHost:
    """The newer confirm address for every card."""

    def test_the_result_names_the_newer_address_and_it_works(self, merchant: Merchant) -> None:
        merchant.order("POST", "/policy", {"confirm_host": "api_v2"})

        claim = merchant.claim()

        assert claim["PCD_PAY_COFURL"] == f"{SIMULATOR}/api/v1/payments/cards/approval/confirm"
        assert merchant.confirm(claim)["PCD_PAY_CODE"] == "PCCF0000"

    def test_the_older_address_is_then_refused(self, merchant: Merchant) -> None:
        merchant.order("POST", "/policy", {"confirm_host": "api_v2"})

        assert merchant.confirm(merchant.claim(), "/php/PayCardConfirmAct.php?ACT_=PAYM")["PCD_PAY_CODE"] == "AUTH0008"

    def test_transfers_stay_where_they_were(self, merchant: Merchant) -> None:
        merchant.order("POST", "/policy", {"confirm_host": "api_v2"})

        assert merchant.confirm(merchant.claim(PCD_PAY_TYPE="transfer"))["PCD_PAY_RST"] == "success"


@pytest.mark.parametrize(
    ("switch", "agent", "method"), [("off", PHONE, "post"), ("on", PHONE, "get"), ("on", "Mozilla/5.0", "post")]
)
def test_a_phone_may_deliver_by_get(merchant: Merchant, switch: str, agent: str, method: str) -> None:
    merchant.order("POST", "/policy", {"result_by_get": switch})
    window = merchant.payer.open(merchant.fields(PCD_RST_URL="http://localhost:8000/payments/result")).approve()

    page = Page(merchant.session.get(window.page.url, headers={"User-Agent": agent}))

    assert next(form for form in page.forms if "data-deliver" in form.attributes).attributes["method"] == method


def test_dup_confirm_repeats_the_first_success(merchant: Merchant) -> None:
    """The policy for the other way in which a gateway may treat a repeated confirm: same answer, one charge."""
    merchant.order("POST", "/policy", {"dup_confirm": "repeat"})
    claim = merchant.claim()

    assert merchant.confirm(claim) == merchant.confirm(claim)
    assert [entry["effect"] for entry in merchant.ledger()].count("charged") == 1


def test_the_deadline_is_a_policy(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"confirm_minutes": 30})
    claim = merchant.claim()
    merchant.order("POST", "/clock", {"advance": 29 * 60})

    assert merchant.confirm(claim)["PCD_PAY_RST"] == "success"


def test_the_inquiry_may_lag_behind(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"inquiry_lag_seconds": 20})
    oid = merchant.confirm(merchant.claim())["PCD_PAY_OID"]

    assert merchant.inquire(oid)["PCD_PAY_CODE"] == "CBIL0003"
    merchant.broke("inquiry_lags")
    merchant.order("POST", "/clock", {"advance": 21})
    assert merchant.inquire(oid)["PCD_PAY_RST"] == "success"


def test_the_success_code_is_a_policy(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"inquiry_code": "0000"})

    assert merchant.inquire(merchant.confirm(merchant.claim())["PCD_PAY_OID"])["PCD_PAY_CODE"] == "0000"


def test_a_policy_splits_mixed_orders_too(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"mixed_refund_tax": "split"})

    assert merchant.cancel(merchant.paid(PCD_PAY_TAXTOTAL="50"), 500)["PCD_REFUND_TAXTOTAL"] == "25"


class TestDate:
    """PCD_PAY_DATE around midnight: opened on one day, approved on the next."""

    @pytest.fixture
    def over_midnight(self, merchant: Merchant) -> tuple[dict[str, str], str, str]:
        """A payment, and the dates of its opening and its approval."""
        fields = merchant.fields(PCD_PAY_TYPE="transfer", PCD_PAY_WORK="PAY")
        opened = merchant.order("GET", "/clock")["now"][:10].replace("-", "")
        window = merchant.payer.open(fields)
        merchant.order("POST", "/clock", {"advance": 24 * 3600})
        paid = dict(window.approve().result or [])
        return paid, opened, paid["PCD_PAY_TIME"][:8]

    @pytest.mark.parametrize(
        ("rule", "expected"), [("approval", (False, True)), ("opening", (True, False)), ("either", (True, True))]
    )
    def test_a_policy_says_which_date_counts(
        self,
        merchant: Merchant,
        over_midnight: tuple[dict[str, str], str, str],
        rule: str,
        expected: tuple[bool, bool],
    ) -> None:
        """For the cancel and for the inquiry alike."""
        paid, *dates = over_midnight
        merchant.order("POST", "/policy", {"date_rule": rule})

        cancels = [merchant.cancel(paid, 1, PCD_PAY_DATE=date)["PCD_PAY_RST"] == "success" for date in dates]
        found = [merchant.inquire(paid["PCD_PAY_OID"], "transfer", date)["PCD_PAY_RST"] == "success" for date in dates]

        assert tuple(cancels) == tuple(found) == expected


def test_the_inquiry_tells_the_payment_as_it_was(merchant: Merchant) -> None:
    """Whether the domestic inquiry shows cancels is undocumented: it does not, unless the policy says so."""
    paid = merchant.paid()
    merchant.cancel(paid, 300)
    usual = merchant.inquire(paid["PCD_PAY_OID"])
    merchant.order("POST", "/policy", {"inquiry_shows_refund": "on"})
    telling = merchant.inquire(paid["PCD_PAY_OID"])
    merchant.cancel(paid, 700)

    assert (usual["PCD_PAY_RST"], usual["PCD_PAY_TOTAL"]) == ("success", "1000")
    assert usual["PCD_PAY_STATE"] == telling["PCD_PAY_STATE"] == "1"
    assert dict(telling.items() - usual.items()) == {"PCD_REFUND_TOTAL": "300"}
    assert merchant.inquire(paid["PCD_PAY_OID"])["PCD_PAY_STATE"] == "2"


def test_the_code_of_a_deletion_is_a_policy(merchant: Merchant) -> None:
    merchant.order("POST", "/policy", {"key_deletion_code": "PUSER0000"})

    assert merchant.key("PUSERDEL", merchant.paid()["PCD_PAYER_ID"])["PCD_PAY_CODE"] == "PUSER0000"
