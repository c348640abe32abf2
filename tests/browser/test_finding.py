"""The browser that tests drive: found in a known order, never silently missing, able to draw Korean."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.tools import browser as tool
from tests.tools.browser import NoBrowser, find_browser, insist_on_korean, launch

NO_FONTS = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>'


def an_executable(path: Path) -> Path:
    path.touch(mode=0o755)
    return path


def test_chrome_path_goes_first(playwright: Playwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = an_executable(tmp_path / "mine")
    monkeypatch.setenv("CHROME_PATH", str(mine))

    assert find_browser(playwright) == mine


def test_a_wrong_chrome_path_is_an_error(playwright: Playwright, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROME_PATH", "/nowhere/chrome")

    with pytest.raises(NoBrowser, match="CHROME_PATH names /nowhere/chrome"):
        find_browser(playwright)


def test_then_the_systems_own(playwright: Playwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROME_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    an_executable(tmp_path / "google-chrome")
    chromium = an_executable(tmp_path / "chromium")

    assert find_browser(playwright) == chromium


@pytest.mark.parametrize(
    ("debian", "command"), [(True, "apt-get install -y chromium fonts-noto-cjk"), (False, "playwright install")]
)
def test_without_any_the_install_command_is_said(
    debian: bool, command: str, playwright: Playwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHROME_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tool, "MAC_CHROME", tmp_path / "none")
    monkeypatch.setattr(tool, "_is_debian", lambda: debian)
    monkeypatch.setattr(type(playwright.chromium), "executable_path", str(tmp_path / "none"))

    with pytest.raises(NoBrowser, match=command):
        find_browser(playwright)


def test_korean_is_drawn(browser: Browser) -> None:
    """Two syllables give different pixels, and neither looks like a missing glyph."""
    insist_on_korean(browser)


def test_missing_glyphs_are_noticed(playwright: Playwright, tmp_path: Path) -> None:
    """The check can fail: without fonts it names the package to install."""
    (tmp_path / "fonts.conf").write_text(NO_FONTS)
    fontless = {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}

    with launch(playwright, environment=fontless) as browser, pytest.raises(NoBrowser, match="fonts-noto-cjk"):
        insist_on_korean(browser)
