"""A result accepts whatever a browser may send, and refuses only what no browser of ours would."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from shop.payple import ChargeMode, MalformedResult, PayType, UnverifiedResult

CERT = {
    "PCD_PAY_RST": "success",
    "PCD_PAY_CODE": "0000",
    "PCD_PAY_MSG": "카드인증완료",
    "PCD_PAY_OID": "ORDER_17027809",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_TYPE": "card",
    "PCD_PAY_WORK": "CERT",
    "PCD_AUTH_KEY": "K0VnW-secret-token",
    "PCD_PAY_REQKEY": "Vnx-secret-request",
    "PCD_PAY_COFURL": "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM",
    "PCD_PAYER_ID": "OVA3U-secret-billing-key",
    "PCD_SOMETHING_NEW": "ignored",
}


def result(**fields: str) -> UnverifiedResult:
    """The result of these fields, named without PCD_PAY_."""
    return UnverifiedResult.from_form({f"PCD_PAY_{name}": value for name, value in fields.items()})


@pytest.mark.parametrize("form", [CERT, MultiDict(CERT), list(CERT.items())], ids=["mapping", "form", "pairs"])
def test_a_certified_result_is_read_and_its_keys_are_not_printed(form: Any) -> None:
    read = UnverifiedResult.from_form(form)

    assert (read.reports_success, read.attempt_no, read.amount) == (True, "ORDER_17027809", 1000)
    assert (read.pay_type, read.charge_mode) == (PayType.CARD, ChargeMode.ON_CONFIRM)
    assert (read.auth_key, read.request_key) == ("K0VnW-secret-token", "Vnx-secret-request")
    assert (read.billing_key, read.confirm_url) == ("OVA3U-secret-billing-key", CERT["PCD_PAY_COFURL"])
    assert "secret" not in repr(read)


def test_every_field_may_be_missing() -> None:
    assert UnverifiedResult.from_form([]) == UnverifiedResult()
    assert result(RST="close") == UnverifiedResult(result="close")


@pytest.mark.parametrize(
    ("fields", "success"),
    [
        ({"RST": "success"}, True),
        ({"RST": "success", "CODE": "0000"}, True),
        *(({"RST": rst, "CODE": "0000"}, False) for rst in ("", "SUCCESS", "pending", "success ", "error", "close")),
        *(({"RST": "success", "CODE": code}, False) for code in ("X00001", "3112", "0000x", "0000\n1", "０００")),
    ],
)
def test_only_success_with_a_blank_code_or_one_of_zeros_reports_success(fields: dict[str, str], success: bool) -> None:
    assert result(**fields).reports_success is success


@pytest.mark.parametrize(
    "total", ["", "-1", "+1", "1.0", "1,000", "１０００", "1e3", " 1000", "1000원", "12345678901", "٣"]
)
def test_an_amount_that_is_no_whole_won_is_no_amount(total: str) -> None:
    assert result(TOTAL=total).amount is None


@pytest.mark.parametrize(
    "fields",
    [
        *({"TYPE": kind, "WORK": work} for kind, work in (("CARD", "cert"), ("phone", "AUTH"), ("card ", "PAY "))),
    ],
)
def test_an_unknown_type_mode_or_kind_of_account_is_none(fields: dict[str, str]) -> None:
    assert result(**fields) == UnverifiedResult()


class StarletteForm(dict[str, str]):
    """What FastAPI hands over: items() has the last value of a repeated name only."""

    def multi_items(self) -> list[tuple[str, str]]:
        return [("PCD_PAY_OID", "A"), *self.items()]


class BottleForm(dict[str, str]):
    """Its attributes are its fields, too."""

    def allitems(self) -> list[tuple[str, str]]:
        return [("PCD_PAY_OID", "A"), *self.items()]

    def __getattr__(self, name: str) -> str:
        return "a field"


@pytest.mark.parametrize(
    "form",
    [
        [("PCD_PAY_RST", "success"), ("PCD_PAY_RST", "error")],
        [("<b>", "secret"), ("<b>", "secret")],
        MultiDict([("PCD_PAY_OID", "A"), ("PCD_PAY_OID", "B")]),
        StarletteForm(PCD_PAY_OID="B"),
        BottleForm(PCD_PAY_OID="C"),
        *({"PCD_PAY_OID": value} for value in ("A\0B", "half a pair \ud83d", "x" * 4097, None, 1, ["A"])),
        {f"field{number}": "" for number in range(101)},
    ],
    ids=lambda form: repr(form)[:40],
)
def test_what_no_browser_of_ours_sends_is_malformed(form: Any) -> None:
    with pytest.raises(MalformedResult) as refusal:
        UnverifiedResult.from_form(form)
    assert "secret" not in str(refusal.value)
    assert "<b>" not in str(refusal.value)


def test_a_hostile_message_becomes_one_plain_line() -> None:
    message = result(MSG="paid\r\nlog line\x1b[31m" + "x" * 400).message
    assert message.startswith("paid  log line[31mx")
    assert len(message) == 300


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(CERT)) | st.text(max_size=20), st.text(max_size=40)), max_size=30))
def test_any_fields_at_all_are_a_result_or_malformed(pairs: list[tuple[str, str]]) -> None:
    try:
        read = UnverifiedResult.from_form(pairs)
    except MalformedResult:
        return
    assert read.result in {"success", "error", "close", ""}
    assert read.amount is None or 0 <= read.amount <= 9_999_999_999
    assert len({name for name, _ in pairs}) == len(pairs)
