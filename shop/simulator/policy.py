"""Switches for what Payple's documents leave open. One row per switch; `POST /_sim/policy` sets them for a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Policy:
    """The defaults follow what is documented, or what the quick guide makes most likely."""

    dup_confirm: str = "refuse"
    inquiry_lag_seconds: int = 0
    inquiry_code: str = "PCHK000"
    confirm_minutes: int = 10


@dataclass(frozen=True)
class Switch:
    """What a switch means, and which values it takes: one of `choices`, or whole numbers up to `maximum`."""

    name: str
    ko: str
    en: str
    choices: tuple[str, ...] = ()
    maximum: int = 0

    def read(self, value: object) -> str | int:
        """Check one value; ValueError says in a sentence what would have been right."""
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{self.name} is one of {', '.join(self.choices)}")
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= self.maximum:
            raise ValueError(f"{self.name} is a whole number from 0 to {self.maximum}")
        return value


SWITCHES = {
    switch.name: switch
    for switch in (
        Switch(
            "dup_confirm",
            "같은 PCD_PAY_REQKEY로 다시 승인을 요청하면: 거절(refuse), 첫 성공 응답을 반복(repeat)",
            "A second confirm of one PCD_PAY_REQKEY: refuse it, or repeat the first success",
            choices=("refuse", "repeat"),
        ),
        Switch(
            "inquiry_lag_seconds",
            "승인 후 이 시간(초) 동안은 조회에 나타나지 않음",
            "Seconds during which the inquiry does not find a fresh approval",
            maximum=86_400,
        ),
        Switch(
            "inquiry_code",
            "조회 성공 코드",
            "The code of a successful inquiry",
            choices=("PCHK000", "PCHK0000", "0000"),
        ),
        Switch(
            "confirm_minutes",
            "CERT 인증 후 승인할 수 있는 시간(분), 지나면 PCCFD001",
            "Minutes from authentication to confirm in CERT, then PCCFD001",
            maximum=1_440,
        ),
    )
}


def changed(policy: Policy, wishes: Mapping[str, object]) -> Policy:
    """The policy with these wishes granted; ValueError names what is wrong."""
    unknown = sorted(set(wishes) - set(SWITCHES))
    if unknown:
        raise ValueError(f"unknown policy {', '.join(unknown)}; there are {', '.join(SWITCHES)}")
    return Policy(**{**asdict(policy), **{name: SWITCHES[name].read(value) for name, value in wishes.items()}})


def stored(policy: Mapping[str, object]) -> Policy:
    """The policy kept with a run: only what differs from the defaults is kept."""
    return changed(Policy(), policy)


def differences(policy: Policy) -> dict[str, object]:
    """What to keep with a run."""
    usual = asdict(Policy())
    return {name: value for name, value in asdict(policy).items() if value != usual[name]}
