"""The response-code table: complete, readable, and careful about money."""

import re

import pytest

from shop.payple import NotSent, OutcomeUnknown, codes
from shop.payple.code_table import Fault, Outcome

# Codes after which money may have moved: an answer that never came, a record or notice that failed afterwards, a
# number that was used before, an approval taken back by the gateway itself.
MONEY_MAY_HAVE_MOVED = [
    *("CPAY0018", "SPAY0011", "CPCA0010", "CPCA0018", "SPCD1001", "RPCD1001", "3201"),
    *("CPCA0012", "CPCA0014", "CPCA0026", "CPCA0202", "CPAY0008", "SPCD0019", "SPCD0025", "CBIL0006"),
    *("CPCA0201", "CPAY0202", "SPCD0014", "RPCD0015", "1103", "1156", "2138", "3199"),
    *("CPCA0011", "SPCD1003", "RPCD1003", "1113", "1120", "1125", "3106", "3268", "SPCD9999"),
]


def test_each_code_is_explained_in_plain_sentences() -> None:
    for code in codes.TABLE.values():
        assert re.fullmatch(r"[가-힣A-Z(), .]+요\.", code.ko), code
        assert re.fullmatch(r"[A-Z][A-Za-z(),;' -]+\.", code.en), code
        assert "PCD_" not in code.ko + code.en


def test_a_code_after_which_money_may_have_moved_is_no_definite_no() -> None:
    assert {codes.TABLE[code].outcome for code in MONEY_MAY_HAVE_MOVED} == {Outcome.UNKNOWN}


def test_an_unknown_outcome_never_invites_to_pay_again() -> None:
    unknown = [code for code in codes.TABLE.values() if code.outcome is Outcome.UNKNOWN]

    assert [code for code in unknown if code.retry or "확인하고 있" not in code.ko] == []


def test_the_table_and_the_rule_agree_on_what_is_a_success() -> None:
    for code in codes.TABLE.values():
        assert (code.outcome is Outcome.SUCCESS) == codes.is_success(code.code), code


@pytest.mark.parametrize("code", ["", "0000", "000", "PCCF0000", "PAYC0000", "PCHK000", "PCHK0000", "PUSER0000"])
def test_letters_and_only_zeros_are_a_success(code: str) -> None:
    assert codes.is_success(code)


@pytest.mark.parametrize(
    "code", ["X00001", "00", "00000", "ABCDEFG0000", "pccf0000", "0000 ", "0000\n", "０００", "CPCA0001", "3112"]
)
def test_containing_zeros_is_not_enough(code: str) -> None:
    assert not codes.is_success(code)


@pytest.mark.parametrize("code", ["CBIL0001", "CBIL0003", "BILL0001", "BILL0002", "BILL0003", "AUTH0008", "SPAY0001"])
def test_a_refusal_of_the_keys_says_nothing_about_the_attempt(code: str) -> None:
    assert codes.TABLE[code].fault is Fault.KEYS


@pytest.mark.parametrize("code", ["PCCFD001", "CBIL0002"])
def test_an_expired_authentication_asks_the_payer_to_start_again(code: str) -> None:
    known = codes.TABLE[code]
    assert (known.fault, known.outcome, known.retry) == (Fault.PAYER, Outcome.DECLINED, True)


def test_a_cancel_that_was_done_before_is_refused() -> None:
    assert {codes.TABLE[code].outcome for code in codes.ALREADY_CANCELLED} == {Outcome.DECLINED}


@pytest.mark.parametrize("code", ["ZZZZ9999", ""])
def test_an_undocumented_code_has_an_unknown_outcome_unless_nothing_was_sent(code: str) -> None:
    assert code not in codes.TABLE
    for error in (code, OutcomeUnknown("lost", code)):
        known = codes.explain(error)
        assert (known.code, known.outcome, known.retry) == (code, Outcome.UNKNOWN, False)
    not_begun = codes.explain(NotSent("no keys", code))
    assert (not_begun.code, not_begun.outcome, not_begun.retry) == (code, Outcome.DECLINED, True)
    assert not_begun.ko.startswith("결제를 시작하지 못했어요.")
    assert codes.explain(NotSent("no", "AUTH0004")) == codes.TABLE["AUTH0004"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[AUTH0004] 접속하시는 서버의 도메인 확인이 필요합니다.", "AUTH0004"),
        ("오류AUTH0007입니다", "AUTH0007"),
        ("CONNECT SERVER ERROR!! AUTH0004", "AUTH0004"),
        ("취소 실패 CPCAE001.", "CPCAE001"),
        ("사용자 인증 완료!!", ""),
        ("XAUTH00041", ""),
        ("", ""),
    ],
)
def test_a_code_inside_a_message_is_found(text: str, code: str) -> None:
    assert codes.code_in(text) == code
