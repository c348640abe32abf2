"""A shop that talks to Payple links to no simulator, serves nothing of it, and loads Payple's own script."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from shop.factory import create_app
from shop.settings import Mode
from tests.page import PageClient
from tests.world import SHOP, World, shop_settings

SIMULATOR_PATHS = ("/_sim", "/php/auth.php", "/js/cpay.payple", "/index.php")
PAYPLE, JQUERY = "https://democpay.payple.kr", "https://code.jquery.com/jquery-3.7.1.min.js"
SCRIPTS = {"authkey": f"{PAYPLE}/js/cpay.payple.1.0.1.js", "clientkey": f"{PAYPLE}/js/v1/payment.js"}


@pytest.mark.parametrize("mode", Mode)
def test_the_simulator_is_linked_in_its_own_mode_and_served_by_no_shop(
    world: World, tmp_path: Path, mode: Mode
) -> None:
    settings = shop_settings(world.app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    app = create_app(replace(settings, mode=mode))

    page = PageClient(app).open("/").get_data(as_text=True)

    is_linked = any(address in page for address in ("/demo/", "/_sim", "127.0.0.1:8001"))
    assert is_linked == (mode is Mode.SIMULATOR)
    assert [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(SIMULATOR_PATHS)] == []


def shop_in_test_mode(world: World, tmp_path: Path, window: str) -> Flask:
    values = {"PAYPLE_MODE": "test", "SHOP_URL": SHOP, "PAYPLE_WINDOW": window}
    return create_app(shop_settings(world.app.config["SQLALCHEMY_DATABASE_URI"], tmp_path, **values))


@pytest.mark.parametrize("window", SCRIPTS)
def test_the_order_page_loads_payples_script_after_a_jquery_that_is_the_known_one(
    world: World, tmp_path: Path, window: str
) -> None:
    buyer = PageClient(shop_in_test_mode(world, tmp_path, window))

    tags = buyer.get(f"/orders/{buyer.place_order()}").tags.all

    scripts = [tag for name, tag in tags if name == "script" and "//" in tag["src"]]
    assert [script["src"] for script in scripts] == [JQUERY, SCRIPTS[window]]
    assert scripts[0]["integrity"].startswith("sha")


def test_the_window_is_handed_the_right_fields(world: World, tmp_path: Path) -> None:
    buyer = PageClient(shop_in_test_mode(world, tmp_path, "clientkey"))
    order_no = buyer.place_order()

    layer = buyer.start_attempt(order_no)["fields"]
    direct = buyer.start_attempt(order_no, method="transfer", window="direct", work="PAY")["fields"]

    assert all(layer.pop(key) for key in ("clientKey", "PCD_PAY_OID"))
    assert layer == {
        "PCD_PAY_TYPE": "card",
        "PCD_PAY_WORK": "CERT",
        "PCD_CARD_VER": "01",
        "PCD_PAY_GOODS": "테스트 상품",
        "PCD_PAY_TOTAL": "1000",
        "PCD_PAY_ISTAX": "Y",
        "PCD_RST_URL": "/payments/result",
        "PCD_PAYER_NAME": "홍길동",
        "PCD_PAYER_HP": "01012345678",
        "PCD_PAYER_EMAIL": "hong@example.com",
    }
    assert (direct["PCD_PAY_TYPE"], direct["PCD_PAY_WORK"]) == ("transfer", "PAY")
    assert direct["PCD_RST_URL"] == f"{SHOP}/payments/result"
