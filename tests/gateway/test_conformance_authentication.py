"""Partner authentication: fixed keys in, tokens for one request out."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import Merchant

TOKENS = ("cst_id", "custKey", "AuthKey")
PURPOSES = [
    ({"PCD_PAYCANCEL_FLAG": "Y"}, "/php/account/api/cPayCAct.php"),
    ({"PCD_PAYCHK_FLAG": "Y"}, "/php/PayChkAct.php"),
    ({"PCD_PAY_WORK": "TSREG"}, "/php/taxsave/api/tsAct.php?ACT_=TSREG"),
    ({"PCD_PAY_WORK": "TSCANCEL"}, "/php/taxsave/api/tsAct.php?ACT_=TSCANCEL"),
    ({"PCD_PAY_WORK": "PUSERINFO"}, "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERINFO"),
    ({"PCD_PAY_WORK": "PUSERDEL"}, "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERDEL"),
    ({"PCD_PAY_WORK": "LINKREG"}, "/php/link/api/LinkRegAct.php?ACT_=LINKREG"),
    ({"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y"}, "/php/SimplePayCardAct.php?ACT_=PAYM"),
    ({"PCD_PAY_TYPE": "transfer", "PCD_SIMPLE_FLAG": "Y"}, "/php/SimplePayAct.php?ACT_=PAYM"),
    ({"PCD_SIMPLE_FLAG": "Y"}, "/php/SimplePayAct.php?ACT_=PAYM"),
    ({"PCD_PAY_TYPE": "card", "PCD_REGULER_FLAG": "Y"}, "/php/RePayCardAct.php?ACT_=PAYM"),
    ({"PCD_PAY_TYPE": "transfer", "PCD_REGULER_FLAG": "Y"}, "/php/RePayAct.php?ACT_=PAYM"),
    ({"PCD_REGULER_FLAG": "Y"}, "/php/RePayAct.php?ACT_=PAYM"),
]


def test_right_keys_give_tokens_and_the_windows_address(merchant: Merchant) -> None:
    """The nine documented fields; AuthKeys are longer than the documented 255 characters (quick guide 3-2)."""
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
    """One authentication belongs to one request (quick guide 3-3)."""
    first, second = merchant.authenticate(), merchant.authenticate()

    assert not {first[name] for name in TOKENS} & set(second.values())


@pytest.mark.parametrize(("flags", "path"), PURPOSES)
def test_each_purpose_has_its_address(merchant: Merchant, flags: dict[str, str], path: str) -> None:
    """The flags of the request decide; a flag without a type means transfer (official samples; quick guide 4-3)."""
    answer = merchant.authenticate(**flags)

    assert (answer["result"], answer["return_url"]) == ("success", merchant.origin + path)


@pytest.mark.parametrize(
    ("asked", "code", "rule"),
    [
        ({"cst_id": ""}, "AUTH0001", "cst_id_missing"),
        ({"cst_id": "nobody"}, "AUTH0003", "partner_unknown"),
        ({"custKey": ""}, "AUTH0002", "cust_key_wrong"),
        ({"custKey": "abcd1234567891"}, "AUTH0002", "cust_key_wrong"),
    ],
)
def test_wrong_keys_are_refused_with_the_code_in_the_message(
    merchant: Merchant, asked: dict[str, str], code: str, rule: str
) -> None:
    """`result` is error, result_msg contains the code, and no token leaves (quick guide 3-2; 응답코드)."""
    answer = merchant.authenticate(**asked)

    assert answer["result"] == "error"
    assert code in answer["result_msg"]
    assert {answer.get(name, "") for name in (*TOKENS, "return_url")} == {""}
    merchant.broke(rule)


@pytest.mark.parametrize(("flags", "own"), PURPOSES)
def test_a_token_for_one_purpose_is_refused_at_every_other(merchant: Merchant, flags: dict[str, str], own: str) -> None:
    """Whatever the purpose (undocumented: our choice)."""
    same = {own, own.replace("SimplePay", "RePay"), own.replace("RePay", "SimplePay")}
    for path in {path for _, path in PURPOSES} - same:
        answer = merchant.post(path, merchant.tokens(merchant.authenticate(**flags)))

        assert "error" in (answer.get("PCD_PAY_RST"), answer.get("PCD_LINK_RST"))
        merchant.broke("token_purpose")


@pytest.mark.parametrize(
    "flags",
    [
        {"PCD_PAY_WORK": "AUTHREG", "PCD_PAY_TYPE": "card"},
        {"PCD_PAY_WORK": "NOTHING"},
        {"PCD_PAYCANCEL_FLAG": "Y", "PCD_PAYCHK_FLAG": "Y"},
        {"PCD_PAY_WORK": "TSREG", "PCD_PAYCHK_FLAG": "Y"},
        {"PCD_SIMPLE_FLAG": "Y", "PCD_PAY_TYPE": "coin"},
    ],
)
def test_other_purposes_are_refused(merchant: Merchant, flags: dict[str, str]) -> None:
    """Unknown, contradictory, or not offered; whatever is refused has an AUTH code (undocumented: our choice)."""
    answer = merchant.authenticate(**flags)

    assert (answer["result"], "AUTH0005" in answer["result_msg"]) == ("error", True)
    merchant.broke("purpose_unknown")


@pytest.mark.parametrize(
    ("flags", "path"),
    [
        ({"PCD_PAYCANCEL_FLAG": "N"}, "/index.php?ACT_=PAYM&CPAYVER=202102051731"),
        ({"PCD_PAYCHK_FLAG": "N", "PCD_SIMPLE_FLAG": "N"}, "/index.php?ACT_=PAYM&CPAYVER=202102051731"),
        ({"PCD_PAY_TYPE": "card", "PCD_PAY_WORK": "CERT"}, "/index.php?ACT_=PAYM&CPAYVER=202102051731"),
        ({"PCD_PAYCHK_FLAG": "Y", "PCD_PAY_TYPE": "transfer"}, "/php/PayChkAct.php"),
        ({"PCD_PAYCHK_FLAG": "Y", "PCD_PAYCANCEL_FLAG": "N"}, "/php/PayChkAct.php"),
        ({"PCD_PAYCANCEL_FLAG": "Y", "PCD_PAY_TYPE": "card", "PCD_REGULER_FLAG": "N"}, "/php/account/api/cPayCAct.php"),
        ({"PCD_PAY_WORK": "TSREG", "PCD_PAY_TYPE": "transfer"}, "/php/taxsave/api/tsAct.php?ACT_=TSREG"),
        (
            {"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y", "PCD_PAYCHK_FLAG": "N"},
            "/php/SimplePayCardAct.php?ACT_=PAYM",
        ),
        (
            {"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y", "PCD_REGULER_FLAG": "Y"},
            "/php/RePayCardAct.php?ACT_=PAYM",
        ),
    ],
)
def test_members_that_mean_nothing_do_no_harm(merchant: Merchant, flags: dict[str, str], path: str) -> None:
    """A flag with N, a method beside another purpose (official samples)."""
    answer = merchant.authenticate(**flags)

    assert (answer["result"], answer["return_url"]) == ("success", merchant.origin + path)


def test_the_test_server_takes_any_referer_and_none(merchant: Merchant) -> None:
    """A wrong or missing Referer shows at the window only, as AUTH0007 (quick guide 3-2)."""
    assert merchant.authenticate(referer=None)["result"] == "success"
    assert merchant.authenticate(referer="https://anything.example")["result"] == "success"


def test_registered_domains_bind_the_referer(merchant: Merchant) -> None:
    """AUTH0004, as on the live server: a domain of the partner or one below it (quick guide 3-2; 응답코드)."""
    merchant.order("POST", "/partners", {"domains": ["shop.example"]})

    assert merchant.authenticate(referer="https://pay.shop.example:8443/x")["result"] == "success"
    assert "AUTH0004" in merchant.authenticate(referer="https://notshop.example")["result_msg"]
    assert "AUTH0004" in merchant.authenticate(referer=None)["result_msg"]
    merchant.broke("domain_unregistered")


def test_a_form_does_too(merchant: Merchant) -> None:
    """Older integrations send the keys as a form (official samples)."""
    sent = {"cst_id": merchant.cst_id, "custKey": merchant.cust_key}

    assert merchant.session.post(f"{merchant.origin}/php/auth.php", data=sent).json()["result"] == "success"


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
def test_a_body_of_any_kind_is_refused_in_json(merchant: Merchant, body: bytes) -> None:
    """What cannot be read counts as an empty message (undocumented: our choice)."""
    response = merchant.session.post(
        f"{merchant.origin}/php/auth.php", data=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 200
    assert response.json()["result"] == "error"
