"""Partner authentication (quick guide 3-2)."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import SIMULATOR, Merchant


def test_right_keys_give_tokens_and_the_windows_address(merchant: Merchant) -> None:
    """The nine documented fields; the tokens have the lengths that Payple's have had for years."""
    answer = merchant.authenticate()

    assert list(answer) == [
        *("server_name", "result", "result_msg", "cst_id", "custKey", "AuthKey"),
        *("PCD_PAY_HOST", "PCD_PAY_URL", "return_url"),
    ]
    assert (answer["result"], answer["result_msg"]) == ("success", "사용자 인증 완료!!")
    assert (len(answer["cst_id"]), len(answer["custKey"]), len(answer["AuthKey"])) == (32, 32, 376)
    assert answer["return_url"] == answer["PCD_PAY_HOST"] + answer["PCD_PAY_URL"]
    assert answer["PCD_PAY_URL"].startswith("/index.php?ACT_=PAYM")


def test_every_authentication_gives_other_tokens(merchant: Merchant) -> None:
    first, second = merchant.authenticate(), merchant.authenticate()

    assert not {first[name] for name in ("cst_id", "custKey", "AuthKey")} & set(second.values())


def test_the_inquiry_flag_gives_the_inquirys_address(merchant: Merchant) -> None:
    """PCD_PAYCHK_FLAG=Y; the address is to be read from the answer, not to be known."""
    answer = merchant.authenticate(PCD_PAYCHK_FLAG="Y")

    assert answer["return_url"] == f"{SIMULATOR}/php/PayChkAct.php"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"cst_id": ""}, "AUTH0001"),
        ({"cst_id": "nobody"}, "AUTH0003"),
        ({"custKey": ""}, "AUTH0002"),
        ({"custKey": "abcd1234567891"}, "AUTH0002"),
        ({"PCD_PAYCHK_FLAG": "N"}, "SPCD9998"),
    ],
)
def test_a_wrong_request_is_refused_with_its_code_in_the_message(
    merchant: Merchant, asked: dict[str, str], code: str
) -> None:
    """`result` is error, result_msg contains the code, and no token leaves."""
    answer = merchant.authenticate(**asked)

    assert answer["result"] == "error"
    assert code in answer["result_msg"]
    assert {answer[name] for name in ("cst_id", "custKey", "AuthKey", "return_url")} == {""}
    assert merchant.ledger()[-1]["why"]["en"]


def test_the_test_server_takes_any_referer_and_none(merchant: Merchant) -> None:
    """A missing Referer shows at the window only (AUTH0007)."""
    assert merchant.authenticate(referer=None)["result"] == "success"
    assert merchant.authenticate(referer="https://anything.example")["result"] == "success"


def test_registered_domains_bind_the_referer(merchant: Merchant) -> None:
    """AUTH0004, as on the live server: a domain of the partner or one below it."""
    merchant.order("POST", "/partners", {"domains": ["shop.example"]})

    assert merchant.authenticate(referer="https://pay.shop.example:8443/x")["result"] == "success"
    assert "AUTH0004" in merchant.authenticate(referer="https://notshop.example")["result_msg"]
    assert "AUTH0004" in merchant.authenticate(referer=None)["result_msg"]


def test_old_samples_send_a_form(merchant: Merchant) -> None:
    sent = {"cst_id": merchant.cst_id, "custKey": merchant.cust_key}

    assert merchant.session.post(f"{SIMULATOR}/php/auth.php", data=sent).json()["result"] == "success"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"test"',
        b"{",
        b"\xff\xfe",
        b'{"cst_id": ["test"], "custKey": {"a": 1}}',
        b'{"cst_id": "\\ud800", "custKey": "\\u0000"}',
        b"[" * 5_000,
        b'{"cst_id": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_of_any_kind_gets_an_answer(merchant: Merchant, body: bytes) -> None:
    """What cannot be read counts as an empty message: a documented refusal, never a fault of the simulator."""
    response = merchant.session.post(
        f"{SIMULATOR}/php/auth.php", data=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 200
    assert response.json()["result"] == "error"


def test_a_huge_body_is_not_read(merchant: Merchant) -> None:
    assert merchant.session.post(f"{SIMULATOR}/php/auth.php", data=b"x" * 300_000).status_code == 413
