"""What an observer may keep: codes, numbers of ours, amounts; never keys or people."""

import pytest

from shop.payple.masking import HIDDEN, mask, mask_text
from tests.unit.answers import Fields

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
        ({"PCD_PAY_MSG": "a\r\nb\x1b[0m\0\ud800" + "x" * 1000}, {"PCD_PAY_MSG": "a  b[0m" + "x" * 493}),
    ],
    ids=["keys, people and unknown fields", "what an integrator needs", "blanks", "long lines"],
)
def test_only_listed_fields_are_kept(message: Fields, kept: Fields) -> None:
    assert mask(message) == kept


@pytest.mark.parametrize(
    "text", ["010-1234-5678", "01012345678", "1234-****-****-5678", "hong@example.com", "1234 5678 9012 3456"]
)
def test_free_text_loses_whatever_looks_like_a_person(text: str) -> None:
    assert mask_text(f"결제자 {text} 확인") == "결제자 *** 확인"
    assert mask({"PCD_PAY_GOODS": f"책 {text} 선물"}) == {"PCD_PAY_GOODS": "책 *** 선물"}
