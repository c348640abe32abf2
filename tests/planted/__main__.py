"""`python -m tests.planted`: the money-safety run can fail. Each known bug goes into real servers, and has to show.

First every campaign runs without a bug and has to be clean, so that what is found afterwards is about the bug.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.processes import Group
from tests.chaos.watch import wait_until
from tests.planted import servers
from tests.planted.bugs import BUGS
from tests.planted.servers import HUNTS, Verdict
from tests.tools.sources import ROOT

SEED = 2
"""One that deals into these few trials what every bug needs, such as refunds of a part whose answer is lost."""
LONGEST = 1_200.0
"""Seconds after which a run is ended; then it has said nothing."""
HONEST = ""
"""The name of no bug."""


def main(arguments: Sequence[str]) -> int:
    """Hunt these bugs, or all; 0 if every one was caught and the honest shop was clean."""
    asked = _parser().parse_args(arguments)
    if unknown := set(asked.bugs) - set(HUNTS):
        raise SystemExit(f"there is no bug {', '.join(sorted(unknown))}; there are {', '.join(HUNTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = {name: hunt for name, hunt in HUNTS.items() if name in asked.bugs or not asked.bugs}
    stories = servers.stories(chosen.values())
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="planted-", dir="/tmp") as folder:
        clean = sum([_is_clean(story, asked.seed, Path(folder)) for story in stories])
        caught = sum([_is_caught(name, asked.seed, Path(folder)) for name in chosen])
    print(f"{clean} of {len(stories)} campaigns clean without a bug")
    print(f"{caught} of {len(chosen)} caught; seed {asked.seed}; {time.monotonic() - began:.0f} s")
    return 0 if (clean, caught) == (len(stories), len(chosen)) else 1


def _is_clean(story: tuple[str, float], seed: int, folder: Path) -> bool:
    """The control: where no bug is, none is found."""
    verdict = _run(story, HONEST, seed, folder)
    _tell("(no bug)", story, verdict, "clean" if verdict.is_clean else "NOT CLEAN")
    return verdict.is_clean


def _is_caught(name: str, seed: int, folder: Path) -> bool:
    """One bug, where it has to show."""
    hunt = HUNTS[name]
    verdict = _run(hunt.story, name, seed, folder)
    is_caught = servers.catches(BUGS[name], hunt, verdict)
    _tell(name, hunt.story, verdict, "caught" if is_caught else "NOT CAUGHT")
    return is_caught


def _tell(name: str, story: tuple[str, float], verdict: Verdict, word: str) -> None:
    """One line; a sentence about each violation under what is not as it should be."""
    found = sorted(verdict.violated, key=lambda invariant: int(invariant.removeprefix("I")))
    place = f"{story[0]} {story[1]:g}"
    lines = [f"{name:<37}{place:<19}{' '.join(found) or '-':<28}{word:<12}{verdict.seconds:>5.0f} s"]
    if word.isupper():
        lines += [f"    {invariant} {verdict.violated[invariant]}" for invariant in found]
        lines += [f"    {verdict.missing}"] * bool(verdict.missing)
    print("\n".join(lines), flush=True)


def _run(story: tuple[str, float], name: str, seed: int, folder: Path) -> Verdict:
    """The harness as a process of its own, and what its report says."""
    profile, report, log = folder / "profile.json", folder / "report.json", folder / "log"
    profile.write_text(servers.as_json(servers.profile_with(name)), encoding="utf-8")
    report.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    began = time.monotonic()
    harness = Group(servers.command(story, seed, profile, report), ROOT, os.environ, log)
    try:
        wait_until(lambda: not harness.is_alive, LONGEST, pause=0.2)
    finally:
        harness.end()
    seconds = time.monotonic() - began
    if not report.exists():
        return Verdict({}, f"no report: {log.read_text(encoding='utf-8')[-1_500:]}", seconds)
    return servers.verdict_of(json.loads(report.read_text(encoding="utf-8")), seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("bugs", nargs="*", metavar="BUG", help="just these")
    parser.add_argument("--seed", type=int, default=SEED, help="draw another schedule")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
