"""What an observer may keep: codes, numbers of ours, amounts; never keys or people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple.masking import HIDDEN, Mask
from tests.unit.answers import Fields

CONFIRM = {
    "PCD_CST_ID": "test",
    "PCD_CUST_KEY": "abcd1234567890",
    "PCD_AUTH_KEY": "K0VnW-token-of-the-result",
    "PCD_PAY_REQKEY": "Vnx-request-key",
    "PCD_PAYER_ID": "OVA3U-billing-key",
}
HIDDEN_NAMES = [
    *("cst_id", "custKey", "AuthKey", "PCD_CST_ID", "PCD_CUST_KEY", "PCD_AUTH_KEY", "PCD_PAY_REQKEY"),
    *("PCD_REFUND_KEY", "PCD_PAYER_ID", "clientKey", "PCD_TX_KEY", "PCD_PAYER_NAME", "PCD_PAYER_HP"),
    *("PCD_PAYER_EMAIL", "PCD_PAYER_BIRTH", "PCD_PAY_CARDNUM", "PCD_CARDNUM", "PCD_PAY_BANKNUM"),
    *("PCD_TAXSAVE_IDENTINUM", "PCD_USER_DEFINE1", "PCD_NEVER_HEARD_OF", "password"),
]
KEPT: Fields = {
    "PCD_PAY_RST": "error",
    "PCD_PAY_CODE": "3112",
    "PCD_PAY_OID": "ORDER_17027809",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_TIME": "20231219134223",
    "PCD_PAY_CARDAUTHNO": "85324231",
    "PCD_REFUND_TOTAL": "500",
    "PCD_TAXSAVE_RST": "-10002122",
    "PCD_TAXSAVE_TRADEUSE": "company",
    "PCD_PAY_MSG": "한도가 초과하였습니다.",
}


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (dict.fromkeys(HIDDEN_NAMES, "a value nobody may keep"), dict.fromkeys(HIDDEN_NAMES, HIDDEN)),
        (KEPT, KEPT),
        ({"PCD_PAYER_ID": "", "PCD_AUTH_KEY": None}, {"PCD_PAYER_ID": "", "PCD_AUTH_KEY": None}),
        ({"PCD_PAY_OID": ["a"], "PCD_PAY_MSG": {"b": 1}}, {"PCD_PAY_OID": HIDDEN, "PCD_PAY_MSG": HIDDEN}),
        ({"PCD_PAY_MSG": "a\r\nb\x1b[0m\0\ud800" + "x" * 1000}, {"PCD_PAY_MSG": "a  b[0m" + "x" * 493}),
    ],
    ids=["keys, people and unknown fields", "what an integrator needs", "blanks", "lists and objects", "long lines"],
)
def test_only_listed_fields_are_kept(message: Fields, kept: Fields) -> None:
    assert Mask().fields(message) == kept


def test_a_flood_of_fields_is_cut() -> None:
    assert len(Mask().fields({f"field{number}": number for number in range(10_000)})) == 100


def test_a_key_is_hidden_wherever_an_answer_echoes_it_and_a_short_id_is_no_key() -> None:
    answer: Fields = {
        "PCD_PAY_MSG": "wrong key abcd1234567890",
        "PCD_PAY_OID": "K0VnW-token-of-the-result",
        "return_url": "https://x.example/?k=Vnx-request-key",
        "OVA3U-billing-key": "1",
        "PCD_PAYER_NO": "test0001",
        "PCD_TAXSAVE_IDENTINUM": "01012345678",
        "PCD_TAXSAVE_MGTNUM": "G01012345678",
    }
    assert Mask(CONFIRM, answer).fields(answer) == {
        "PCD_PAY_MSG": "wrong key ***",
        "PCD_PAY_OID": "***",
        "return_url": "https://x.example/?k=***",
        "***": "***",
        "PCD_PAYER_NO": "test0001",
        "PCD_TAXSAVE_IDENTINUM": "***",
        "PCD_TAXSAVE_MGTNUM": "G***",
    }


@pytest.mark.parametrize(
    "text",
    ["010-1234-5678", "01012345678", "1234-****-****-5678", "hong@example.com", "1234 5678 9012 3456", "홍길동"],
)
def test_free_text_loses_whatever_looks_like_a_person(text: str) -> None:
    mask = Mask({"PCD_PAYER_NAME": "홍길동"})
    assert mask.text(f"결제자 {text} 확인") == "결제자 *** 확인"
    assert mask.fields({"PCD_PAY_GOODS": f"책 {text} 선물"}) == {"PCD_PAY_GOODS": "책 *** 선물"}


SECRET = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40).filter(
    lambda text: not set(text) <= {"*"}
)


@settings(deadline=None)
@given(secret=SECRET, before=st.text(max_size=10), after=st.text(max_size=10))
def test_no_secret_of_the_request_survives_in_any_field(secret: str, before: str, after: str) -> None:
    mask = Mask({"PCD_AUTH_KEY": secret})
    kept = mask.fields(dict.fromkeys(("PCD_PAY_OID", "PCD_PAY_MSG", "other"), before + secret + after))
    assert secret not in "".join(map(str, kept.values()))
