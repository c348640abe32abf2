"""Static files: versioned addresses, long caching, compression."""

import gzip
import re

from tests.world import World

LARGEST_FIRST_PAGE = 60_000
ZIPPED = {"Accept-Encoding": "gzip"}
FILE = re.compile(r'(?:src|href)="(/static/[^"]+)"')


def test_a_file_is_kept_for_a_year_under_the_address_of_its_version_and_compressed(world: World) -> None:
    browser = world.browser()
    browser.add_to_cart()
    address = next(path for path in FILE.findall(browser.get("/").text) if "base.css" in path)
    response = browser.open(address)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Vary"] == "Accept-Encoding", "another cookie must not make a browser load it again"
    assert response.content_type == "text/css; charset=utf-8"
    for unknown in (address.partition("?")[0], f"{address}0"):
        assert browser.open(unknown).headers["Cache-Control"] == "max-age=3600"
    assert browser.open(address, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    zipped = browser.open(address, headers=ZIPPED)
    assert zipped.headers["ETag"] != response.headers["ETag"]
    assert gzip.decompress(zipped.data) == response.data
    for path in ("/static/css/none.css", "/static/css", "/static/../app.py", "/static/css/%2e%2e/%2e%2e/app.py"):
        assert browser.open(path).status_code == 404, path


def test_the_first_page_is_small(world: World) -> None:
    browser = world.browser()
    page = browser.open("/", headers=ZIPPED)
    files = [browser.open(path, headers=ZIPPED) for path in {*FILE.findall(page.text)}]
    assert all(file.status_code == 200 for file in files)
    assert sum(len(answer.data) + len(str(answer.headers)) for answer in (page, *files)) < LARGEST_FIRST_PAGE
