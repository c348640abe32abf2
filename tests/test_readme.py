"""The documents say what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from flask import Flask

from shop.factory import create_app
from shop.payple import Gateway
from shop.payple.page import headers
from shop.rules.states import TRANSITIONS, AttemptState, CashReceiptState, OrderState, RefundState, SubscriptionState
from shop.settings import Settings
from shop.simulator import SimulatorSettings, create_simulator
from tests import world
from tests.tools.sources import ROOT

SURFACE = "shop/SURFACE.md"
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for folder in (
        "",
        "shop",
        "shop/payple",
        "shop/payple/page",
        "shop/simulator",
        "tests",
        "tests/chaos",
        "tests/kit",
        "tests/gateway",
    )
    for path in (ROOT / folder).glob("*.md")
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[str]:
    return re.findall(r"^```.*?\n(.*?)^```$", read(name), flags=re.DOTALL | re.MULTILINE)


def prose(name: str) -> str:
    return re.sub(r"^```.*?^```$", "", read(name), flags=re.DOTALL | re.MULTILINE)


def section(name: str, title: str) -> str:
    """One part, from its heading to the next."""
    return prose(name).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def documented_settings() -> set[str]:
    """The first cells of the rows that begin with a setting."""
    rows = re.findall(r"^\| ((?:`[A-Z][A-Z0-9_]+`(?:, )?)+) \|", section(SURFACE, "Settings"), flags=re.MULTILINE)
    return {setting for row in rows for setting in codes(row)}


def settings_of_example() -> dict[str, str]:
    """Name and shown value of every line of .env.example that sets something once it is uncommented."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", read(".env.example"), flags=re.MULTILINE))


class RecordingEnvironment(dict[str, str]):
    """An environment that records which names it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)


def settings_read_elsewhere() -> set[str]:
    """What app.py, the simulator's own program and the tests read from the process's environment."""
    files = [ROOT / "app.py", *(ROOT / "shop").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    examples = ROOT / "shop" / "payple" / "examples"  # programs with settings of their own
    found = {
        name
        for path in files
        if examples not in path.parents
        for name in environment_names(path.read_text(encoding="utf-8"))
    }
    return found - {"CI"}  # set by the machine that tests


def environment_names(source: str) -> list[str]:
    """The names that a module asks for, as a literal or as a constant of the module."""
    named = re.findall(r"os\.(?:environ\.get|getenv)\((\"?\w+)|os\.environ\[(\"?\w+)", source)
    constants = dict(re.findall(r"^(\w+) = \"(\w+)\"", source, flags=re.MULTILINE))
    return [name[1:] if name.startswith('"') else constants[name] for pair in named for name in pair if name]


def test_the_settings_are_those_that_the_code_reads(tmp_path: Path) -> None:
    environment = RecordingEnvironment({"SECRET_KEY": "s" * 40})
    Settings.from_env(environment, tmp_path)
    read_by_code = environment.asked | settings_read_elsewhere()

    assert documented_settings() == read_by_code
    assert set(settings_of_example()) == read_by_code


def test_the_values_that_the_example_shows_are_the_defaults(tmp_path: Path) -> None:
    secret = {"SECRET_KEY": "s" * 40}
    shown = {name: value for name, value in settings_of_example().items() if value}

    assert shown
    assert Settings.from_env(shown | secret, tmp_path) == Settings.from_env(secret, tmp_path)


def names_in(folders: Iterable[str], pattern: str) -> set[str]:
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".html", ".js")]
    return {name for path in files for name in re.findall(pattern, path.read_text(encoding="utf-8"))}


PAGES = ("templates", "static/js", "shop/demo/templates", "shop/demo/static")
WINDOW = ("shop/simulator/templates", "shop/simulator/static")
MARKED = r'testid="([a-z-]+)(?:\{\{|")'  # one that goes on with a value ends in a dash
MARKED_OR_ARGUMENT = r'(?:testid=|\), )"([a-z-]+)(?:\{\{|")'  # the desk's button macro takes one as an argument


def test_every_test_id_is_documented_and_on_a_page() -> None:
    public, _, internal = section(SURFACE, "Test ids").partition("\nInternal, and free to change:")
    public = public.partition("\n\nThe choices")[0]
    documented, free = (set(re.findall(r"`([a-z]+(?:-[a-z]+)*-?)…?`", part)) for part in (public, internal))
    attributes = {name for name in documented if name.startswith("data-")}
    named = documented - attributes | free

    assert {"pay", "window-approve"} <= documented - free == documented
    assert names_in((*PAGES, *WINDOW), MARKED) <= named <= names_in((*PAGES, *WINDOW), MARKED_OR_ARGUMENT)
    assert attributes - {"data-testid"} <= names_in(PAGES, r'(data-[a-z-]+)="')
    assert {"cpay_ifr", "cpayWinOpen"} <= set(codes(read(SURFACE))) & names_in(WINDOW, r"[\"'](cpay\w+)[\"']")


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Flask]:
    """The shop, and the simulator with its control panel."""
    folder = tmp_path_factory.mktemp("apps")
    simulator = create_simulator(SimulatorSettings(folder / "simulator.sqlite", origin=world.SIMULATOR))
    return MappingProxyType({"": create_app(world.shop_settings("sqlite://", folder)), "/_sim": simulator})


def routes_of(app: Flask) -> set[str]:
    return {f"{method} {rule.rule}" for rule in app.url_map.iter_rules() for method in rule.methods or ()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_route_exists(name: str, apps: Mapping[str, Flask]) -> None:
    named = set(re.findall(r"`((?:GET|POST|DELETE|HEAD) /[^`\s?]*)", prose(name))) if name != "CHANGELOG.md" else set()

    assert {route for route in named if "/_sim" in route} <= routes_of(apps["/_sim"])
    assert {route for route in named if "/_sim" not in route} <= routes_of(apps[""])


def test_every_route_of_the_control_panel_is_named(apps: Mapping[str, Flask]) -> None:
    control = {route for route in routes_of(apps["/_sim"]) if re.match(r"(GET|POST|DELETE) /_sim.*[^/]$", route)}

    assert control == set(codes(section(SURFACE, "Control of the simulator"))) & control


def test_the_states_are_those_of_the_code() -> None:
    listed = re.findall(r"`(\w+)`", section(SURFACE, "States"))

    assert listed == [*OrderState, *AttemptState, *RefundState, *CashReceiptState, *SubscriptionState]


def test_the_tables_of_the_states_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.+) \|$", section("shop/README.md", "States"), flags=re.MULTILINE)
    edges = [
        (str(state), {str(after) for after in TRANSITIONS[kind][state]})
        for kind in (OrderState, AttemptState, RefundState, CashReceiptState, SubscriptionState)
        for state in kind
    ]

    assert [(state, set(codes(after))) for state, after in rows] == edges


def targets() -> dict[str, str]:
    """Every target that a person may type, and its help sentence."""
    phony = re.findall(r"^\.PHONY:(.*)$", read("Makefile"), flags=re.MULTILINE)
    sentences = dict(re.findall(r"^([a-z-]+):.*?(?:## (.+))?$", read("Makefile"), flags=re.MULTILINE))
    return {name: sentences.get(name, "") for line in phony for name in line.split()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_that_is_named_exists(name: str, apps: Mapping[str, Flask]) -> None:
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", read(name), flags=re.MULTILINE)) <= set(targets())
    assert set(re.findall(r"flask --app app ([a-z-]+)", read(name))) <= {*apps[""].cli.commands, "db"}


def test_every_command_is_documented(apps: Mapping[str, Flask]) -> None:
    assert [name for name, sentence in targets().items() if not sentence.endswith(".")] == []
    assert set(apps[""].cli.commands) <= set(re.findall(r"flask --app app ([a-z-]+)", read(SURFACE)))


def links(name: str) -> list[str]:
    return [*re.findall(r"\]\(([^)\s]+)\)", prose(name)), *re.findall(r'src="([^"]+)"', prose(name))]


def headings(name: str) -> list[str]:
    return re.findall(r"^#+ .+$", prose(name), flags=re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """How GitHub addresses the headings of a page."""
    titles = [title.lstrip("# ").lower() for title in headings(str(path.relative_to(ROOT)))]
    return {re.sub(r"[^\w\s-]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for link in (link for link in links(name) if "://" not in link):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page

        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("folder", ["", "shop/payple/"])
def test_both_languages_have_the_same_headings_code_and_names(folder: str) -> None:
    english, korean = (f"{folder}{name}" for name in ("README.md", "README.ko.md"))
    code = [[re.sub(r" +#.*", "", block) for block in blocks(name)] for name in (english, korean)]

    assert code[0] == code[1]
    assert len(headings(english)) == len(headings(korean))
    assert set(codes(prose(english))) == set(codes(prose(korean)))


def test_the_client_says_which_header_a_page_needs() -> None:
    page = read("shop/payple/page/PAGE.md")

    assert [name for name in headers(Gateway.test(), "") if f"`{name}" not in page] == []
