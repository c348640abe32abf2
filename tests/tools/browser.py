"""Find a browser and prove that it draws Korean.

``python -m tests.tools.browser`` checks both, and installs what is missing on Debian as root.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

# Less than half of the processor time of a whole Chromium, but it blocks no pop-up.
HEADLESS_SHELL = "chromium-headless-shell"
SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
PACKAGES = ("chromium", HEADLESS_SHELL, "fonts-noto-cjk")

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


def find_browser(playwright: Playwright, *, whole: bool = False) -> str:
    """CHROME_PATH, else the system's headless shell, Chromium or Chrome, else Playwright's own.

    ``whole``: no headless shell.

    :raises NoBrowser: with the command that installs one
    """
    if named := os.environ.get("CHROME_PATH", ""):
        candidates, problem = [named], f"CHROME_PATH names {named}, which is not there."
    else:
        names = SYSTEM_NAMES if whole else (HEADLESS_SHELL, *SYSTEM_NAMES)
        candidates = [path for name in names if (path := shutil.which(name))]
        candidates += [MAC_CHROME, playwright.chromium.executable_path]
        problem = f"No browser found. Install one with:\n  {_install_command()}"
    found = next((path for path in candidates if Path(path).exists()), "")
    if not found:
        raise NoBrowser(problem)
    return found


def launch(playwright: Playwright, *, blocks_popups: bool = False) -> Browser:
    """Start the browser that was found, without a screen. Playwright's default lets every pop-up open."""
    return playwright.chromium.launch(
        executable_path=find_browser(playwright, whole=blocks_popups),
        ignore_default_args=["--disable-popup-blocking"] if blocks_popups else [],
    )


def check() -> str:
    """Say which browser is used, once it has drawn Korean.

    :raises NoBrowser: with what to install
    """
    with sync_playwright() as playwright, launch(playwright) as browser:
        find_browser(playwright, whole=True)
        drawings: list[str] = browser.new_page().evaluate(_DRAWN)
        if len(set(drawings)) != len(drawings) or not all("255" in pixels for pixels in drawings[:2]):
            raise NoBrowser(f"The browser draws no Korean. Install a Korean font, on Debian:\n  {_install_command()}")
        return f"Browser: {find_browser(playwright)} {browser.version}, draws Korean"


def check_after_installing() -> str:
    """Check; if something is missing, let apt install it and check once more."""
    try:
        return check()
    except NoBrowser as problem:
        print(problem, "Doing that now.", sep="\n", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES]
    for command in (["apt-get", "update", "-q"], install):
        subprocess.run(command, check=True, env=quiet)
    return check()


def main() -> int:
    try:
        print(check_after_installing() if _is_debian() and os.geteuid() == 0 else check())
    except (NoBrowser, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _is_debian() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def _install_command() -> str:
    if _is_debian():
        return f"apt-get install -y {' '.join(PACKAGES)}"
    return f"{sys.executable} -m playwright install --with-deps chromium"


if __name__ == "__main__":
    sys.exit(main())
