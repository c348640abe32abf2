"""Find a browser and prove that it draws Korean.

``python -m tests.tools.browser`` checks both, and installs what is missing on Debian as root.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
BROWSER_PACKAGE = "chromium"
FONT_PACKAGE = "fonts-noto-cjk"
INSTALL_ELSEWHERE = f"{sys.executable} -m playwright install --with-deps chromium"

# Two syllables and a character that no font may have: missing glyphs all look alike.
_DRAWN = """
() => ["한", "글", "\\ue000"].map(text => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const pen = canvas.getContext("2d");
    pen.font = "48px system-ui, 'Noto Sans KR', sans-serif";
    pen.fillText(text, 4, 52);
    return Array.from(pen.getImageData(0, 0, 64, 64).data).filter((_, index) => index % 4 === 3).join();
})
"""


class NoBrowser(Exception):
    """There is no browser to test with, or it cannot draw Korean; the message says what to install."""


def find_browser(playwright: Playwright) -> Path:
    """Look at CHROME_PATH, then the system's Chromium or Chrome, then Playwright's own.

    :raises NoBrowser: with the exact command that installs one
    """
    if named := os.environ.get("CHROME_PATH", ""):
        return _insist(Path(named), f"CHROME_PATH names {named}, which is not there.")
    on_path = (shutil.which(name) for name in SYSTEM_NAMES)
    found = next((Path(path) for path in on_path if path), MAC_CHROME)
    if found.exists():
        return found
    playwrights_own = Path(playwright.chromium.executable_path)
    return _insist(playwrights_own, f"No browser found. Install one with:\n  {_install_command()}")


def launch(
    playwright: Playwright, *, ignored_arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Browser:
    """Start the browser that was found, without a screen; ``environment`` is added to ours."""
    return playwright.chromium.launch(
        executable_path=find_browser(playwright),
        ignore_default_args=list(ignored_arguments),
        env={**os.environ, **(environment or {})},
    )


def insist_on_korean(browser: Browser) -> None:
    """Compare pixels: two syllables must differ from each other and from a missing glyph.

    :raises NoBrowser: naming the font package
    """
    page = browser.new_page()
    drawings: list[str] = page.evaluate(_DRAWN)
    page.close()
    if len(set(drawings)) != len(drawings) or not all("255" in pixels for pixels in drawings[:2]):
        raise NoBrowser(
            "The browser draws no Korean glyphs. Install a Korean font, on Debian:\n"
            f"  apt-get install -y {FONT_PACKAGE}"
        )


def check() -> str:
    """Say which browser is used, once it has drawn Korean.

    :raises NoBrowser: with what to install
    """
    with sync_playwright() as playwright, launch(playwright) as browser:
        insist_on_korean(browser)
        return f"Browser: {find_browser(playwright)} {browser.version}, draws Korean"


def main() -> int:
    """Check browser and font; install what is missing where we may."""
    try:
        print(check_after_installing() if _may_install() else check())
    except (NoBrowser, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def check_after_installing() -> str:
    """Check; if something is missing, let apt install it and check once more."""
    try:
        return check()
    except NoBrowser as problem:
        print(problem, "Doing that now.", sep="\n", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", BROWSER_PACKAGE, FONT_PACKAGE]
    subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet)
    subprocess.run(install, check=True, env=quiet)
    return check()


def _may_install() -> bool:
    return _is_debian() and os.geteuid() == 0


def _is_debian() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def _install_command() -> str:
    return f"apt-get install -y {BROWSER_PACKAGE} {FONT_PACKAGE}" if _is_debian() else INSTALL_ELSEWHERE


def _insist(path: Path, otherwise: str) -> Path:
    if path.exists():
        return path
    raise NoBrowser(otherwise)


if __name__ == "__main__":
    sys.exit(main())
