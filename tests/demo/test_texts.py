"""The demo has a catalogue of its own: every Korean text in it has an English one."""

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from tests.tools.sources import ROOT

DEMO = ROOT / "shop" / "demo"
ENGLISH = DEMO / "translations" / "en" / "LC_MESSAGES"


def written() -> Catalog:
    with (ENGLISH / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def test_every_text_has_an_english_one_and_no_other_is_kept() -> None:
    found = extract_from_dir(DEMO, [("**.html", "jinja2"), ("**.py", "python")])
    translated = {str(message.id) for message in written() if message.id and message.string and not message.fuzzy}

    assert {str(message) for _file, _line, message, _comments, _context in found} == translated


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with (ENGLISH / "messages.mo").open("rb") as file:
        compiled = {str(message.id): message.string for message in read_mo(file) if message.id}

    assert compiled == {str(message.id): message.string for message in written() if message.id}
