"""The READMEs, the settings' example and the code say the same: each behaviour reads one side and asks the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
from flask import Flask

import shop.payple
from shop import graph
from shop.factory import create_app
from shop.settings import Settings
from shop.simulator import SimulatorSettings, create_simulator, scenario_list
from shop.states import AttemptState, CashReceiptState, OrderState, RefundState
from tests import world
from tests.tools.sources import ROOT

ENGLISH, KOREAN = "README.md", "README.ko.md"
LANGUAGES = (ENGLISH, KOREAN)
SURFACE, SIMULATOR = 9, 10
"""Which `##` sections are the public surface and the simulator, in both languages."""
FOREIGN = {"CI"}
"""Set by the machine that tests, not by a person who runs the shop."""
LARGEST_PICTURE = 150 * 1024
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Section:
    """One `##` part of a README: its title, its text without code blocks, and the blocks."""

    title: str
    prose: str
    blocks: tuple[str, ...]

    @property
    def codes(self) -> list[str]:
        """What stands in backticks, in order."""
        return re.findall(r"`([^`\n]+)`", self.prose)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sections(name: str) -> list[Section]:
    """The part before the first `##` heading, and then one per heading."""
    found: list[Section] = []
    for text in _split_at_headings(read(name)):
        title, _, body = text.partition("\n")
        blocks = re.findall(r"^```.*?\n(.*?)^```$", body, flags=re.DOTALL | re.MULTILINE)
        prose = re.sub(r"^```.*?^```$", "", body, flags=re.DOTALL | re.MULTILINE)
        found.append(Section(title.lstrip("# "), prose, tuple(blocks)))
    return found


def _split_at_headings(text: str) -> list[str]:
    """A `#` inside a code block is a comment, so blocks are stepped over."""
    parts, is_code = [""], False
    for line in text.splitlines(keepends=True):
        is_code ^= line.startswith("```")
        if line.startswith("## ") and not is_code:
            parts.append("")
        parts[-1] += line
    return parts


def headings(name: str) -> list[str]:
    outside = re.sub(r"^```.*?^```$", "", read(name), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^#+ .+$", outside, flags=re.MULTILINE)


def paragraph(name: str, number: int, mark: str) -> str:
    """The one paragraph of a section that contains a mark."""
    found = [text for text in sections(name)[number].prose.split("\n\n") if mark in text]
    assert len(found) == 1, f"{mark} stands in {len(found)} paragraphs of {name}"
    return found[0]


# --- settings -------------------------------------------------------------------------------------------------------


def settings_of_readme(name: str) -> set[str]:
    """The first cells of the rows that begin with a setting."""
    rows = re.findall(r"^\| ((?:`[A-Z][A-Z0-9_]+`(?:, )?)+) \|", read(name), flags=re.MULTILINE)
    return {setting for row in rows for setting in re.findall(r"`(\w+)`", row)}


def settings_of_example() -> dict[str, str]:
    """Name and shown value of every line of .env.example that sets something once it is uncommented."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", read(".env.example"), flags=re.MULTILINE))


class Questions(dict[str, str]):
    """An environment that remembers which names it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)


def settings_read_by_the_shop(tmp_path: Path) -> set[str]:
    """What ``Settings.from_env`` really asks for."""
    values = Questions({"SECRET_KEY": "s" * 40})
    Settings.from_env(values, tmp_path)
    return values.asked


def environment_names(tree: ast.Module) -> Iterator[str]:
    """Names read from the process's environment: os.environ.get("X"), os.environ["X"], os.getenv(X) with X = "X"."""
    constants = {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.environ.get", "os.getenv") and node.args:
            name: ast.expr = node.args[0]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            name = node.slice
        else:
            continue
        yield str(name.value if isinstance(name, ast.Constant) else constants.get(ast.unparse(name), ast.unparse(name)))


def settings_read_elsewhere() -> set[str]:
    """By app.py, the simulator's own program and the tests."""
    files = [ROOT / "app.py", *(ROOT / "shop").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return {name for tree in trees for name in environment_names(tree)} - FOREIGN


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_setting_is_read_and_every_setting_that_is_read_is_documented(name: str, tmp_path: Path) -> None:
    read_by_code = settings_read_by_the_shop(tmp_path) | settings_read_elsewhere()

    assert settings_of_readme(name) == read_by_code
    assert set(settings_of_example()) == read_by_code


def test_every_setting_of_the_example_has_a_sentence() -> None:
    lines = read(".env.example").splitlines()
    setting = re.compile(r"#?[A-Z][A-Z0-9_]*=")
    silent = [
        line for above, line in zip(["", *lines], lines, strict=False) if setting.match(line) and above[:2] != "# "
    ]

    assert silent == []


def test_the_values_that_the_example_shows_are_the_defaults(tmp_path: Path) -> None:
    secret = {"SECRET_KEY": "s" * 40}
    shown = {name: value for name, value in settings_of_example().items() if value}

    assert shown
    assert Settings.from_env(shown | secret, tmp_path) == Settings.from_env(secret, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "os.environ.get('PLANTED')",
        "os.environ.get('PLANTED', '')",
        "os.environ['PLANTED']",
        "x = 1 if os.getenv('PLANTED') else 2",
        "NAME = 'PLANTED'\nos.environ.get(NAME, '')",
    ],
)
def test_the_reader_of_environments_sees_a_planted_name(text: str) -> None:
    assert list(environment_names(ast.parse(text))) == ["PLANTED"]


# --- the public surface ---------------------------------------------------------------------------------------------


def names_in(folders: Iterable[Path], pattern: str) -> set[str]:
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".html", ".js")]
    return {name for path in files for name in re.findall(pattern, path.read_text(encoding="utf-8"))}


PAGES = (ROOT / "templates", ROOT / "static" / "js")
WINDOW = (ROOT / "shop" / "simulator" / "templates", ROOT / "shop" / "simulator" / "static")
TEST_ID = r'(?:testid=|\), )"([a-z-]+)"'
"""Written on the element, or given to the desk's buttons behind the address that they lead to."""


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_test_id_is_on_a_page(name: str) -> None:
    named = re.findall(r"`([a-z]+(?:-[a-z]+)*)`", paragraph(name, SURFACE, "`product-card`"))
    test_ids = [code for code in named if not code.startswith("data-")]
    of_window = {code for code in test_ids if code.startswith("window-")}

    assert "pay" in test_ids
    assert "window-approve" in of_window
    assert set(test_ids) - of_window <= names_in(PAGES, TEST_ID)
    assert of_window <= names_in(WINDOW, r'testid="([a-z-]+)"')
    assert {code for code in named if code.startswith("data-")} <= names_in(PAGES, r'(data-[a-z]+)="')


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_payment_window_has_the_names_by_which_it_is_found(name: str) -> None:
    text = paragraph(name, SURFACE, "`product-card`")
    named = set(re.findall(r"`(cpay\w+)`", text))

    assert len(named) == len({"layer", "new window"})
    assert named <= names_in(WINDOW, r"[\"'](cpay\w+)[\"']")


@pytest.fixture
def apps(tmp_path: Path) -> Mapping[str, Flask]:
    """The shop, and the simulator with its control panel."""
    simulator = create_simulator(SimulatorSettings(tmp_path / "simulator.sqlite", origin=world.SIMULATOR))
    return MappingProxyType({"": create_app(world.shop_settings("sqlite://", tmp_path)), "/_sim": simulator})


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_route_exists(name: str, apps: Mapping[str, Flask]) -> None:
    routes = re.findall(
        r"`(?:(GET|POST|DELETE|HEAD) )?(/(?!/)[^`\s]*)`", "".join(part.prose for part in sections(name))
    )
    missing = [f"{method} {path}" for method, path in routes if not _is_route(apps, method or "GET", path)]

    assert ("POST", "/orders/<order_no>/attempts") in routes
    assert ("GET", "/_sim/payments") in routes
    assert missing == []


def test_every_route_of_the_control_panel_is_named(apps: Mapping[str, Flask]) -> None:
    rules = {
        f"{method} {rule.rule}"
        for rule in apps["/_sim"].url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/_sim") and not rule.rule.endswith("/")
    }

    assert rules - set(sections(ENGLISH)[SIMULATOR].codes) == set()


def test_the_scenarios_are_those_of_the_simulator() -> None:
    """The Korean table is the simulator's own; the English one has the same rows and the same ways to them."""
    codes = [[re.findall(r"`([^`]+)`", row) for row in _scenario_rows(name)] for name in (ENGLISH, KOREAN)]

    assert scenario_list.markdown() in read(KOREAN)
    assert codes[0] == codes[1]


def _scenario_rows(name: str) -> list[str]:
    folded = sections(name)[SIMULATOR].prose.partition("<details>")[2].partition("</details>")[0]
    return [line for line in folded.splitlines() if line.startswith("| `")]


def _is_route(apps: Mapping[str, Flask], method: str, path: str) -> bool:
    app = apps["/_sim" if path.startswith("/_sim") else ""]
    return any(rule.rule == path and method in (rule.methods or ()) for rule in app.url_map.iter_rules())


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_states_are_those_of_the_code(name: str) -> None:
    listed = re.findall(r"`(\w+)`", paragraph(name, SURFACE, "`awaiting_payment`"))

    assert listed == [*OrderState, *AttemptState, *RefundState, *CashReceiptState]


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_table_of_the_state_graph_is_the_graph(name: str) -> None:
    """One row per edge with its proofs, in the words of the code; the first column is the table's place in the list."""
    rows = re.findall(r"^\| [^|`]+ \| `(\w+)` \| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|$", read(name), flags=re.MULTILINE)
    walked = [
        (before.value, after.value, sorted(proof.value for proof in proofs))
        for machine in (graph.ORDER, graph.ATTEMPT, graph.REFUND, graph.CASH_RECEIPT)
        for (before, after), proofs in machine.edges.items()
    ]

    assert [(before, after, re.findall(r"`(\w+)`", proofs)) for before, after, proofs in rows] == walked


# --- commands -------------------------------------------------------------------------------------------------------


def targets() -> dict[str, str]:
    """Every target that a person may type, and its help sentence."""
    makefile = read("Makefile")
    phony = re.findall(r"^\.PHONY:(.*)$", makefile, flags=re.MULTILINE)
    sentences = dict(re.findall(r"^([a-z-]+):.*?(?:## (.+))?$", makefile, flags=re.MULTILINE))
    return {name: sentences.get(name, "") for line in phony for name in line.split()}


def test_every_make_target_has_a_help_sentence() -> None:
    assert [name for name, sentence in targets().items() if not sentence.endswith(".")] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_make_target_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", read(name), flags=re.MULTILINE))

    assert {"run", "test", "check"} <= named
    assert named <= set(targets())


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_command_of_the_shop_exists(name: str, apps: Mapping[str, Flask]) -> None:
    named = set(re.findall(r"flask --app app ([a-z-]+)", read(name)))

    assert {"ledger", "sweep"} <= named
    assert named <= set(apps[""].cli.commands) | {"db"}


# --- links and pictures ---------------------------------------------------------------------------------------------


def links(name: str) -> list[str]:
    text = "".join(part.prose for part in sections(name))
    return [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)]


def anchor(heading: str) -> str:
    """How GitHub addresses a heading."""
    return "#" + re.sub(r"[^\w\s-]", "", heading.lstrip("# ").lower()).replace(" ", "-")


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    anchors = {anchor(heading) for heading in headings(name)}
    relative = [link for link in links(name) if "://" not in link]
    broken = [link for link in relative if link not in anchors and not (ROOT / link).exists()]

    assert relative
    assert broken == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_pictures_are_small_and_all_of_them_are_shown(name: str) -> None:
    shown = {ROOT / link for link in links(name) if link.endswith(".png")}

    assert shown == set((ROOT / "static" / "img" / "readme").iterdir())
    assert [path for path in shown if path.read_bytes()[:8] != PNG] == []
    assert [path for path in shown if path.stat().st_size > LARGEST_PICTURE] == []


# --- one text in two languages --------------------------------------------------------------------------------------


def without_comments(block: str) -> list[str]:
    """The lines of a block as a shell would read them."""
    return [line.partition(" #")[0].rstrip() for line in block.splitlines()]


def is_typed(block: str) -> bool:
    """Whether a person is meant to type the block, or to write it into .env."""
    return all(re.match(r"make |[A-Z][A-Z0-9_]*=", line) for line in block.splitlines())


def names_of_code(block: str) -> list[str]:
    """Modules, functions and folders that a drawing names; the words around them may differ."""
    return re.findall(r"[A-Za-z]\w*(?:[/._]\w+)+|[a-z]+/(?=\s)", block, flags=re.ASCII)


def test_both_languages_have_the_same_headings() -> None:
    assert [line.partition(" ")[0] for line in headings(KOREAN)] == [
        line.partition(" ")[0] for line in headings(ENGLISH)
    ]
    assert not set(headings(KOREAN)) & set(headings(ENGLISH))


def test_both_languages_have_the_same_blocks() -> None:
    pairs = [
        (ours, theirs)
        for english, korean in zip(sections(ENGLISH), sections(KOREAN), strict=True)
        for ours, theirs in zip(english.blocks, korean.blocks, strict=True)
    ]
    typed = [(ours, theirs) for ours, theirs in pairs if is_typed(ours)]
    drawn = [(ours, theirs) for ours, theirs in pairs if not is_typed(ours) and ours != theirs]

    assert len(typed) == len(["run", "test", "chaos", "test server", "live"])
    assert [(ours, theirs) for ours, theirs in typed if without_comments(ours) != without_comments(theirs)] == []
    assert [(ours, theirs) for ours, theirs in drawn if names_of_code(ours) != names_of_code(theirs)] == []


def test_both_languages_name_the_same_code_in_each_section() -> None:
    different = {
        english.title: set(english.codes) ^ set(korean.codes)
        for english, korean in zip(sections(ENGLISH), sections(KOREAN), strict=True)
        if set(english.codes) != set(korean.codes)
    }

    assert different == {}


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_example_is_the_one_of_the_client(name: str) -> None:
    pattern = r"^```python\n(# copy-client-example.*?)^```$"
    of_readme, of_client = (
        re.findall(pattern, text, flags=re.DOTALL | re.MULTILINE) for text in (read(name), shop.payple.__doc__ or "")
    )

    assert len(of_client) == 1
    assert of_readme == of_client
