"""Whatever a request says about the way it came: pages are under SHOP_URL only, and redirects lead nowhere else."""

import pytest
from werkzeug.test import TestResponse

from tests.world import SHOP, World

FOREIGN = ["127.0.0.1:8000", "www.localhost:8000", "localhost.evil.example", "evil.example", "[::1]:8000"]
BROKEN = [
    *("", "a b", "a..b", "l" * 64, "[::1", "ö", "localhost:99999", "localhost:http"),
    *("evil.example@localhost", "localhost\\@evil.example"),
]
WAYS = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "ftp",
    "X-Forwarded-Prefix": "//evil.example",
    "X-Forwarded-Port": "abc",
    "Forwarded": "host=evil.example;proto=ftp",
}


def ask(world: World, path: str, host: str, method: str = "GET", **headers: str) -> TestResponse:
    return world.app.test_client().open(path, method=method, headers=headers | {"Host": host})


def test_a_page_under_a_foreign_host_is_redirected_to_the_shop(world: World) -> None:
    for host in FOREIGN + BROKEN:
        for path in ("/", "/products/test-product?lang=en&a=%26%3D", "/orders/20260101-ABCDEFGH", "/admin", "/nothing"):
            for method in ("GET", "HEAD"):
                answer = ask(world, path, host, method)
                assert (answer.status_code, answer.headers["Location"]) == (308, SHOP + path), host


def test_what_is_sent_under_a_foreign_host_is_refused_with_a_page(world: World) -> None:
    for host in FOREIGN + BROKEN:
        for path in ("/orders", "/cart/items", "/orders/lookup", "/admin/login", "/nothing"):
            answer = ask(world, path, host, "POST")
            assert (answer.status_code, "가게의 주소에서 페이지를 다시 열어 주세요" in answer.text) == (421, True), host
    assert {ask(world, "/", "evil.example", method).status_code for method in ("PUT", "DELETE", "OPTIONS")} == {421}
    for_a_program = ask(world, "/orders/20260101-ABCDEFGH/attempts", "evil.example", "POST")
    assert (for_a_program.status_code, for_a_program.get_json()["error"]["code"]) == (421, "foreign_host")


def test_results_webhooks_and_the_health_page_answer_under_any_host(world: World) -> None:
    for host in FOREIGN + BROKEN:
        assert ask(world, "/payments/result", host, "POST").headers["Location"] == "/orders/lookup"
        assert ask(world, "/payments/result", host).headers["Location"] == "/orders"
        assert ask(world, "/payments/webhook", host, "POST").status_code == 200
        assert ask(world, "/payments/webhook", host, "HEAD").status_code == 200
        assert ask(world, "/payments/webhook", host).status_code == 405
        assert ask(world, "/healthz", host).get_json() == {"status": "ok"}


def test_the_shops_own_name_is_enough_whatever_the_port(world: World) -> None:
    for host in ("localhost", "localhost:8000", "LOCALHOST:8000", "localhost:80"):
        assert ask(world, "/", host).status_code == 200


def test_no_path_leads_elsewhere(world: World) -> None:
    for path in ("//evil.example", "/%0d%0aSet-Cookie:a=b", "/%2f%2fevil.example", "/?next=%0d%0aa", "/\\evil.example"):
        answer = ask(world, path, "evil.example")
        assert answer.status_code == 308, path
        assert answer.headers["Location"].startswith(SHOP + "/"), path
        assert "Set-Cookie" not in answer.headers, path


@pytest.mark.parametrize("shop_values", [{}, {"TRUSTED_PROXIES": "1"}])
def test_slashes_and_headers_about_the_way_make_no_absolute_redirect(world: World) -> None:
    for path in ("/admin", "/admin/", "/orders/", "/cart/", "//cart", "/products//test-product"):
        answer = ask(world, path, "localhost:8000", **WAYS)
        assert answer.status_code in (200, 303, 404), path
        assert answer.headers.get("Location", "/").startswith("/"), path
        assert "evil.example" not in answer.text + answer.headers.get("Location", ""), path


@pytest.mark.parametrize("shop_values", [{"SHOP_URL": "https://shop.example.kr", "TRUSTED_PROXIES": "1"}])
def test_behind_a_proxy_the_redirect_keeps_https(world: World) -> None:
    answer = ask(world, "/cart", "www.shop.example.kr", **WAYS)

    assert answer.headers["Location"] == "https://shop.example.kr/cart"
