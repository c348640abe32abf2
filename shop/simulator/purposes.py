"""What a partner authentication may be for. One row per purpose: its flags, and the address that it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FLAGS = (
    "PCD_PAY_WORK",
    "PCD_PAY_TYPE",
    "PCD_PAYCHK_FLAG",
    "PCD_PAYCANCEL_FLAG",
    "PCD_SIMPLE_FLAG",
    "PCD_REGULER_FLAG",
)


@dataclass(frozen=True)
class Purpose:
    """`reusable`: one authentication may serve many requests while it lives (documented for inquiries only)."""

    id: str
    path: str
    flags: Mapping[str, str] = field(default_factory=dict)
    reusable: bool = False


WINDOW = Purpose("window", "/index.php?ACT_=PAYM&CPAYVER=202102051731")
INQUIRY = Purpose("inquiry", "/php/PayChkAct.php", {"PCD_PAYCHK_FLAG": "Y"}, reusable=True)
PURPOSES = (WINDOW, INQUIRY)


def chosen_by(asked: Mapping[str, str]) -> Purpose | None:
    """The purpose whose flags are exactly those of the request; None for one that is not offered."""
    flags = {name: asked[name] for name in FLAGS if asked.get(name)}
    return next((purpose for purpose in PURPOSES if purpose.flags == flags), None)
