"""The object for the payment window: what the gateway takes, and not one field more."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.payple import Authentication, ChargeMode, PayType, Purpose, WindowRequest, new_attempt_no, window_fields

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
TICKET = Authentication(Purpose.WINDOW, "cst-token", "cust-token", "auth-token", "https://democpay.payple.kr/index.php")


def fields(**changes: Any) -> dict[str, str]:
    return window_fields(replace(WISH, **changes), TICKET)


def test_a_card_window_gets_exactly_the_documented_fields() -> None:
    assert fields() == {
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
        "PCD_AUTH_KEY": "auth-token",
        "PCD_PAY_URL": "https://democpay.payple.kr/index.php",
    }


def test_the_other_tokens_of_the_authentication_never_reach_the_page() -> None:
    assert not {"cst-token", "cust-token"} & set(fields().values())


def test_the_client_key_window_gets_the_client_key_and_no_token() -> None:
    shown = window_fields(WISH, "test_DF55F29DA654A8CBC0F0A9DD4B556486")
    assert shown["clientKey"] == "test_DF55F29DA654A8CBC0F0A9DD4B556486"
    assert not {"PCD_AUTH_KEY", "PCD_PAY_URL"} & shown.keys()


def test_a_transfer_has_no_card_version_and_may_ask_for_a_cash_receipt() -> None:
    shown = fields(pay_type=PayType.TRANSFER, cash_receipt=True)
    assert (shown["PCD_PAY_TYPE"], shown["PCD_TAXSAVE_FLAG"]) == ("transfer", "Y")
    assert "PCD_CARD_VER" not in shown


@pytest.mark.parametrize("changes", [{"cash_receipt": True}, {"pay_type": PayType.TRANSFER}])
def test_a_cash_receipt_step_shows_only_for_a_transfer_that_wants_it(changes: dict[str, Any]) -> None:
    assert "PCD_TAXSAVE_FLAG" not in fields(**changes)


@pytest.mark.parametrize(
    ("taxable", "vat", "is_tax", "tax_total"),
    [(True, None, "Y", None), (False, None, "N", None), (True, 350, "Y", "350"), (True, 0, "Y", "0")],
)
def test_the_tax_part_is_named_for_a_mixed_order_only(
    taxable: bool, vat: int | None, is_tax: str, tax_total: str | None
) -> None:
    shown = fields(taxable=taxable, vat=vat)
    assert (shown["PCD_PAY_ISTAX"], shown.get("PCD_PAY_TAXTOTAL")) == (is_tax, tax_total)


@pytest.mark.parametrize(
    ("goods", "shown"),
    [
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
        ("🙂🙂", "상품"),
        ("", "상품"),
        ("\ud83d", "상품"),
    ],
)
def test_goods_lose_emoji_and_control_characters_and_fit(goods: str, shown: str) -> None:
    assert fields(goods=goods)["PCD_PAY_GOODS"] == shown


def test_goods_typed_on_a_mac_are_composed_before_they_are_counted() -> None:
    decomposed = "\u1112\u1161\u11ab" * 50
    assert fields(goods=decomposed)["PCD_PAY_GOODS"] == "한" * 50


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("홍길동", "홍길동"),
        ("Hong Gil-dong 3", "Hong Gil dong"),
        ("홍🙂길동", "홍 길동"),
        ("<script>", "script"),
        ("가" * 40, "가" * 20),
        ("山田", None),
        ("", None),
    ],
)
def test_a_name_is_letters_or_absent(name: str, shown: str | None) -> None:
    assert fields(payer_name=name).get("PCD_PAYER_NAME") == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("010-1234-5678", "01012345678"), ("０１０", None), ("", None), ("1" * 30, "1" * 15)],
)
def test_a_phone_is_digits_or_absent(phone: str, shown: str | None) -> None:
    assert fields(payer_phone=phone).get("PCD_PAYER_HP") == shown


@pytest.mark.parametrize("email", ["", "a@" + "b" * 120, "한글@example.kr", "a@b.kr\r\nBcc: x@y.z", "a b@c.kr"])
def test_half_an_email_address_is_left_out(email: str) -> None:
    assert "PCD_PAYER_EMAIL" not in fields(payer_email=email)


def test_a_member_number_is_sent_only_when_there_is_one() -> None:
    assert "PCD_PAYER_NO" not in fields()
    assert fields(payer_no="1234")["PCD_PAYER_NO"] == "1234"


def test_a_printed_request_or_key_shows_no_person_and_no_token() -> None:
    shown = repr(WISH) + repr(TICKET)
    assert not any(secret in shown for secret in ("홍길동", "1234-5678", "test@payple.kr", "-token"))


@pytest.mark.parametrize(
    "changes",
    [
        {"attempt_no": ""},
        {"attempt_no": "A" * 31},
        {"attempt_no": "주문-1"},
        {"amount": 0},
        {"amount": -1000},
        {"amount": 10_000_000_000},
        {"vat": 1000},
        {"vat": -1},
        {"result_url": "result"},
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
@given(
    goods=st.text(),
    name=st.text(),
    phone=st.text(),
    email=st.text(),
    pay_type=st.sampled_from(PayType),
    charge_mode=st.sampled_from(ChargeMode),
    cash_receipt=st.booleans(),
)
def test_whatever_people_type_the_fields_are_short_storable_strings(
    goods: str, name: str, phone: str, email: str, pay_type: PayType, charge_mode: ChargeMode, cash_receipt: bool
) -> None:
    shown = fields(
        goods=goods,
        payer_name=name,
        payer_phone=phone,
        payer_email=email,
        pay_type=pay_type,
        charge_mode=charge_mode,
        cash_receipt=cash_receipt,
    )
    limits = {"PCD_PAY_GOODS": 50, "PCD_PAYER_NAME": 20, "PCD_PAYER_HP": 15, "PCD_PAYER_EMAIL": 100}
    for field, value in shown.items():
        assert value
        assert len(value) <= limits.get(field, 255)
        assert value.encode()
        assert not any(char < " " or char > "\uffff" for char in value)
