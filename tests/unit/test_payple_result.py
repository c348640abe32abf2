"""A result accepts whatever a browser may send, and refuses only what no browser of ours would."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from shop.payple import ChargeMode, MalformedResult, PayType, UnverifiedResult

CERT = [
    ("PCD_PAY_RST", "success"),
    ("PCD_PAY_CODE", "0000"),
    ("PCD_PAY_MSG", "카드인증완료"),
    ("PCD_PAY_OID", "ORDER_17027809"),
    ("PCD_PAY_TOTAL", "1000"),
    ("PCD_PAY_TYPE", "card"),
    ("PCD_PAY_WORK", "CERT"),
    ("PCD_AUTH_KEY", "K0VnW-secret-token"),
    ("PCD_PAY_REQKEY", "Vnx-secret-request"),
    ("PCD_PAY_COFURL", "https://democpay.payple.kr/php/PayCardConfirmAct.php?ACT_=PAYM"),
    ("PCD_PAYER_ID", "OVA3U-secret-billing-key"),
    ("PCD_SOMETHING_NEW", "ignored"),
]


def test_a_certified_result_reads_into_words_of_ours() -> None:
    result = UnverifiedResult.from_form(CERT)
    assert result.reports_success
    assert (result.attempt_no, result.amount, result.pay_type, result.charge_mode) == (
        "ORDER_17027809",
        1000,
        PayType.CARD,
        ChargeMode.ON_CONFIRM,
    )
    assert result.auth_key == "K0VnW-secret-token"
    assert result.request_key == "Vnx-secret-request"
    assert result.billing_key == "OVA3U-secret-billing-key"
    assert result.confirm_url.startswith("https://democpay.payple.kr/")


@pytest.mark.parametrize(("sent", "read"), [("personal", "personal"), ("company", "company"), ("개인", ""), ("", "")])
def test_a_transfers_claim_says_whose_account_it_was(sent: str, read: str) -> None:
    assert UnverifiedResult.from_form([("PCD_PAY_BANKACCTYPE", sent)]).account_kind == read


def test_a_printed_claim_shows_no_token() -> None:
    assert "secret" not in repr(UnverifiedResult.from_form(CERT))


def test_a_closed_window_may_send_nearly_nothing() -> None:
    result = UnverifiedResult.from_form([("PCD_PAY_RST", "close")])
    assert (result.result, result.reports_success, result.attempt_no, result.amount, result.pay_type) == (
        "close",
        False,
        "",
        None,
        None,
    )


def test_nothing_at_all_is_a_blank_claim() -> None:
    assert UnverifiedResult.from_form([]) == UnverifiedResult()


@pytest.mark.parametrize("result", ["", "SUCCESS", "pending", "success ", "ok", "1"])
def test_an_unknown_result_is_never_a_success(result: str) -> None:
    assert UnverifiedResult.from_form([("PCD_PAY_RST", result), ("PCD_PAY_CODE", "0000")]).reports_success is False


@pytest.mark.parametrize("code", ["X00001", "3112", "0000x", "CPCA0201", "0000\n1", "０００"])
def test_a_success_beside_a_code_that_is_none_is_no_success(code: str) -> None:
    assert UnverifiedResult.from_form([("PCD_PAY_RST", "success"), ("PCD_PAY_CODE", code)]).reports_success is False


def test_an_old_result_without_a_code_is_a_success() -> None:
    assert UnverifiedResult.from_form([("PCD_PAY_RST", "success")]).reports_success


@pytest.mark.parametrize(
    "total", ["", "-1", "+1", "1.0", "1,000", "１０００", "1e3", " 1000", "1000원", "12345678901", "٣"]
)
def test_an_amount_that_is_no_whole_won_is_no_amount(total: str) -> None:
    assert UnverifiedResult.from_form([("PCD_PAY_TOTAL", total)]).amount is None


@pytest.mark.parametrize(("pay_type", "mode"), [("CARD", "cert"), ("", ""), ("phone", "AUTH"), ("card ", "PAY ")])
def test_an_unknown_type_or_charge_mode_is_none(pay_type: str, mode: str) -> None:
    result = UnverifiedResult.from_form([("PCD_PAY_TYPE", pay_type), ("PCD_PAY_WORK", mode)])
    assert (result.pay_type, result.charge_mode) == (None, None)


@pytest.mark.parametrize(
    "pairs",
    [
        [("PCD_PAY_RST", "success"), ("PCD_PAY_RST", "error")],
        [("PCD_PAY_OID", "A"), ("PCD_PAY_OID", "A")],
        [("unknown", "1"), ("unknown", "2")],
        [("PCD_PAY_OID", "A\0B")],
        [("PCD_PAY_OID\0", "A")],
        [("PCD_PAY_MSG", "half a pair \ud83d")],
        [("PCD_AUTH_KEY", "x" * 4097)],
        [("x" * 101, "1")],
        [(f"field{number}", "") for number in range(101)],
    ],
    ids=[
        "other value",
        "same value",
        "unknown name",
        "nul",
        "nul in name",
        "surrogate",
        "long value",
        "long name",
        "too many",
    ],
)
def test_what_no_browser_of_ours_sends_is_malformed(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(MalformedResult):
        UnverifiedResult.from_form(pairs)


class StarletteForm(dict[str, str]):
    """What FastAPI hands over: items() has the last value of a repeated name only."""

    def multi_items(self) -> list[tuple[str, str]]:
        return [("PCD_PAY_OID", "A"), *self.items()]


@pytest.mark.parametrize(
    "form", [MultiDict([("PCD_PAY_OID", "A"), ("PCD_PAY_OID", "B")]), StarletteForm(PCD_PAY_OID="B")]
)
def test_a_repeated_field_in_a_form_object_is_malformed(form: Mapping[str, str]) -> None:
    with pytest.raises(MalformedResult, match="repeated"):
        UnverifiedResult.from_form(form)


@pytest.mark.parametrize("form", [{"PCD_PAY_OID": "A"}, MultiDict({"PCD_PAY_OID": "A"}), [("PCD_PAY_OID", "A")]])
def test_a_form_object_a_mapping_and_pairs_are_read_alike(form: Any) -> None:
    assert UnverifiedResult.from_form(form) == UnverifiedResult(attempt_no="A")


@pytest.mark.parametrize("value", [None, 1, ["A"]])
def test_a_value_that_is_no_text_is_malformed(value: object) -> None:
    with pytest.raises(MalformedResult):
        UnverifiedResult.from_form({"PCD_PAY_OID": value})


def test_a_malformed_results_error_repeats_nothing_of_it() -> None:
    with pytest.raises(MalformedResult) as refusal:
        UnverifiedResult.from_form([("<b>", "secret"), ("<b>", "secret")])
    assert "secret" not in str(refusal.value)
    assert "<b>" not in str(refusal.value)


def test_a_hostile_message_becomes_one_plain_line() -> None:
    message = UnverifiedResult.from_form([("PCD_PAY_MSG", "paid\r\nlog line\x1b[31m" + "x" * 400)]).message
    assert message.startswith("paid  log line[31mx")
    assert len(message) == 300


NAMES = st.sampled_from([name for name, _ in CERT]) | st.text(max_size=20)


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, st.text(max_size=40)), max_size=30))
def test_any_fields_at_all_are_a_result_or_malformed(pairs: list[tuple[str, str]]) -> None:
    try:
        result = UnverifiedResult.from_form(pairs)
    except MalformedResult:
        return
    assert result.result in {"success", "error", "close", ""}
    assert result.amount is None or 0 <= result.amount <= 9_999_999_999
    assert len({name for name, _ in pairs}) == len(pairs)
