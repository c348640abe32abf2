"""Texts: every Korean text has an English one, the compiled catalogue is the written one, and no page mixes them."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from tests.page import PageClient
from tests.tools.sources import ROOT
from tests.world import Purchase, World

SHOP, DEMO = ROOT / "shop", ROOT / "shop" / "demo"
HANGUL = re.compile("[가-힣]")
PLACEHOLDER = re.compile(r"%\(\w+\)s")
every_catalogue = pytest.mark.parametrize("part", [SHOP, DEMO], ids=["shop", "demo"])


def catalogue(part: Path, ending: str) -> Path:
    return part / "translations" / "en" / "LC_MESSAGES" / f"messages.{ending}"


def written(part: Path) -> Catalog:
    with catalogue(part, "po").open("rb") as file:
        return read_po(file, locale="en")


def used(part: Path) -> set[str]:
    """Every text in the templates, the views and the checks of an installation; in the demo, everywhere."""
    places = {
        SHOP: [
            (ROOT / "templates", "**.html", "jinja2"),
            (SHOP / "views", "**.py", "python"),
            (SHOP, "doctor.py", "python"),
        ],
        DEMO: [(DEMO, "**.html", "jinja2"), (DEMO, "**.py", "python")],
    }
    return {
        str(message)
        for folder, files, kind in places[part]
        for _file, _line, message, _comments, _context in extract_from_dir(folder, [(files, kind)])
    }


@every_catalogue
def test_every_text_has_an_english_one_and_no_other_is_kept(part: Path) -> None:
    translated = {str(message.id) for message in written(part) if message.id and message.string and not message.fuzzy}

    assert used(part) == translated


def test_the_demo_has_the_english_of_the_shop_for_the_same_text() -> None:
    """Pages of the shop take either catalogue."""
    shop, demo = ({message.id: message.string for message in written(part) if message.id} for part in (SHOP, DEMO))

    assert [text for text in shop.keys() & demo.keys() if shop[text] != demo[text]] == []


def test_no_text_hides_inside_an_f_string() -> None:
    """The extraction does not look there, so such a text would never be translated."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "shop" / "views").rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_"
    ]

    assert hidden == []


@every_catalogue
def test_translations_keep_the_placeholders_and_are_not_korean(part: Path) -> None:
    for message in written(part):
        korean, english = str(message.id), str(message.string)
        assert sorted(PLACEHOLDER.findall(korean)) == sorted(PLACEHOLDER.findall(english))
        assert not message.id or not HANGUL.search(english), english


@every_catalogue
def test_the_compiled_catalogue_is_up_to_date(part: Path) -> None:
    with catalogue(part, "mo").open("rb") as file:
        compiled = {str(message.id): message.string for message in read_mo(file) if message.id}

    assert compiled == {str(message.id): message.string for message in written(part) if message.id}


def test_an_english_page_has_no_korean_but_the_link_to_korean(world: World, buyer: PageClient) -> None:
    buyer.get("/?lang=en")
    order_no = buyer.place_order("alley-timetable", payer_name="Hong")
    path = f"/orders/{order_no}"
    pages = [buyer.get(page) for page in ("/", "/products/alley-timetable", "/cart", "/orders", "/orders/lookup", path)]
    purchase = Purchase(world, buyer, order_no).start(method="transfer").pay("bank_maintenance")
    pages.append(buyer.get(path))
    world.fault("inquiry", "other_amount")
    purchase.start(work="PAY").pay()
    pages.append(buyer.get(path))

    for page in pages:
        text = re.sub(r'<a[^>]*lang="ko">[^<]*</a>', "", page.text)
        assert not HANGUL.search(text), page.path
