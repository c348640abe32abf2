"""The object for the payment window: what the gateway takes, and not one field more."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import Authentication, ChargeMode, PayType, WindowRequest, new_attempt_no, window_fields

WISH = WindowRequest(
    attempt_no="T20261123ABCDEFGHJKLMN",
    amount=1000,
    goods="테스트 상품",
    pay_type=PayType.CARD,
    charge_mode=ChargeMode.ON_CONFIRM,
    result_url="/payments/result",
    payer_name="홍길동",
    payer_phone="010-1234-5678",
    payer_email="test@payple.kr",
)
KEYS = Authentication("cst-token", "cust-token", "auth-token", "https://democpay.payple.kr/index.php")
CARD_WINDOW = {
    "PCD_PAY_TYPE": "card",
    "PCD_PAY_WORK": "CERT",
    "PCD_CARD_VER": "01",
    "PCD_PAY_OID": "T20261123ABCDEFGHJKLMN",
    "PCD_PAY_GOODS": "테스트 상품",
    "PCD_PAY_TOTAL": "1000",
    "PCD_PAY_ISTAX": "Y",
    "PCD_RST_URL": "/payments/result",
    "PCD_PAYER_NAME": "홍길동",
    "PCD_PAYER_HP": "01012345678",
    "PCD_PAYER_EMAIL": "test@payple.kr",
}


def fields(**changes: Any) -> dict[str, str]:
    return window_fields(replace(WISH, **changes), KEYS)


def test_a_card_window_gets_exactly_the_documented_fields_and_one_key() -> None:
    assert fields() == CARD_WINDOW | {"PCD_AUTH_KEY": "auth-token", "PCD_PAY_URL": KEYS.return_url}
    assert window_fields(WISH, "test_DF55F29D") == CARD_WINDOW | {"clientKey": "test_DF55F29D"}


TRANSFER = {"pay_type": PayType.TRANSFER}


@pytest.mark.parametrize(
    ("changes", "name", "shown"),
    [
        (TRANSFER, "PAY_TYPE", "transfer"),
        (TRANSFER, "CARD_VER", None),
        (TRANSFER, "TAXSAVE_FLAG", None),
        (TRANSFER | {"cash_receipt": True}, "TAXSAVE_FLAG", "Y"),
        ({"cash_receipt": True}, "TAXSAVE_FLAG", None),
        ({"taxable": False}, "PAY_ISTAX", "N"),
        ({}, "PAY_TAXTOTAL", None),
        ({"vat": 350}, "PAY_TAXTOTAL", "350"),
        ({"vat": 0}, "PAY_TAXTOTAL", "0"),
        *(
            ({"goods": goods}, "PAY_GOODS", shown)
            for goods, shown in [
                ("연필 🙂 세트", "연필 세트"),
                ("👨‍👩‍👧 가족 책", "가족 책"),
                ("1️⃣번 ❤️ 노트 ☀", "1 번 노트"),
                ("🇰🇷 지도", "지도"),
                ("㈜페이플 200㎖", "㈜페이플 200㎖"),
                ("책\0\x1b[31m\r\n둘", "책 [31m 둘"),
                ("a\u200bb\u202ec", "a b c"),
                ("  여러   칸  ", "여러 칸"),
                ("<b>\"책\" & 'x'</b>", "<b>\"책\" & 'x'</b>"),
                ("가" * 80, "가" * 50),
                ("\u1112\u1161\u11ab" * 50, "한" * 50),  # as typed on a Mac
                ("🙂🙂", "상품"),
                ("", "상품"),
                ("\ud83d", "상품"),
            ]
        ),
        *(
            ({"payer_name": name}, "PAYER_NAME", shown)
            for name, shown in [
                ("Hong Gil-dong 3", "Hong Gil dong"),
                ("홍🙂길동", "홍 길동"),
                ("<script>", "script"),
                ("가" * 40, "가" * 20),
                ("山田", None),
                ("", None),
            ]
        ),
        *(({"payer_phone": phone}, "PAYER_HP", shown) for phone, shown in [("０１０", None), ("1" * 30, "1" * 15)]),
        *(
            ({"payer_email": email}, "PAYER_EMAIL", None)
            for email in ("", "a@" + "b" * 120, "한글@example.kr", "a@b.kr\r\nBcc: x@y.z", "a b@c.kr")
        ),
    ],
)
def test_a_field_is_sent_as_the_window_takes_it_or_not_at_all(
    changes: dict[str, Any], name: str, shown: str | None
) -> None:
    assert fields(**changes).get(f"PCD_{name}") == shown


def test_a_printed_request_or_key_shows_no_person_and_no_token() -> None:
    shown = repr(WISH) + repr(KEYS)
    assert not any(secret in shown for secret in ("홍길동", "1234-5678", "test@payple.kr", "-token"))


@pytest.mark.parametrize(
    "changes",
    [
        *({"attempt_no": number} for number in ("", "A" * 31, "주문-1")),
        *({"amount": amount} for amount in (0, -1000, 10_000_000_000)),
        *({"vat": 1000}, {"vat": -1}, {"result_url": "result"}),
    ],
)
def test_a_request_that_the_window_refuses_is_not_built(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        fields(**changes)


def test_numbers_name_the_day_in_korea_and_do_not_repeat() -> None:
    evening = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # midnight in Korea
    numbers = {new_attempt_no(evening) for _ in range(50)}

    assert len(numbers) == 50
    assert all(re.fullmatch(r"20261124_[A-Z2-7]{20}", number) for number in numbers)


@settings(deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(("goods", "payer_name", "payer_phone", "payer_email"), st.text())))
def test_whatever_people_type_the_fields_are_short_storable_strings(typed: dict[str, str]) -> None:
    limits = {"PCD_PAY_GOODS": 50, "PCD_PAYER_NAME": 20, "PCD_PAYER_HP": 15, "PCD_PAYER_EMAIL": 100}
    for field, value in fields(**typed).items():
        assert 0 < len(value) <= limits.get(field, 255)
        assert value.encode()
        assert not any(char < " " or char > "\uffff" for char in value)
