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
    """`reusable`: one authentication may serve many requests while it lives (documented for inquiries only).

    `session_code` answers an unknown, expired or used token and `access_code` one for another purpose, where the
    operation has codes of its own for that.
    """

    id: str
    path: str
    flags: Mapping[str, str] = field(default_factory=dict)
    reusable: bool = False
    session_code: str = ""
    access_code: str = ""


WINDOW = Purpose("window", "/index.php?ACT_=PAYM&CPAYVER=202102051731")
INQUIRY = Purpose("inquiry", "/php/PayChkAct.php", {"PCD_PAYCHK_FLAG": "Y"}, reusable=True)
CANCEL = Purpose(
    "cancel", "/php/account/api/cPayCAct.php", {"PCD_PAYCANCEL_FLAG": "Y"},
    session_code="PAYC0001", access_code="PAYC0001",
)  # fmt: skip
RECEIPT_ISSUE = Purpose("receipt_issue", "/php/taxsave/api/tsAct.php?ACT_=TSREG", {"PCD_PAY_WORK": "TSREG"})
RECEIPT_CANCEL = Purpose("receipt_cancel", "/php/taxsave/api/tsAct.php?ACT_=TSCANCEL", {"PCD_PAY_WORK": "TSCANCEL"})
REPAY_CARD = Purpose(
    "repay_card", "/php/SimplePayCardAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "card", "PCD_SIMPLE_FLAG": "Y"},
    session_code="SPCD0004", access_code="SPCD9998",
)  # fmt: skip
REPAY_TRANSFER = Purpose(
    "repay_transfer", "/php/SimplePayAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "transfer", "PCD_SIMPLE_FLAG": "Y"},
    session_code="SPAY0001", access_code="SPAY0019",
)  # fmt: skip
MONTHLY_CARD = Purpose(
    "monthly_card", "/php/RePayCardAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "card", "PCD_REGULER_FLAG": "Y"},
    session_code="RPCD0006", access_code="RPCD9998",
)  # fmt: skip
MONTHLY_TRANSFER = Purpose(
    "monthly_transfer", "/php/RePayAct.php?ACT_=PAYM", {"PCD_PAY_TYPE": "transfer", "PCD_REGULER_FLAG": "Y"},
    session_code="SPAY0001", access_code="SPAY0019",
)  # fmt: skip
KEY_LOOKUP = Purpose("key_lookup", "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERINFO", {"PCD_PAY_WORK": "PUSERINFO"})
KEY_DELETION = Purpose("key_deletion", "/php/cPayUser/api/cPayUserAct.php?ACT_=PUSERDEL", {"PCD_PAY_WORK": "PUSERDEL"})
LINK = Purpose("link", "/php/link/api/LinkRegAct.php?ACT_=LINKREG", {"PCD_PAY_WORK": "LINKREG"})
PURPOSES = (
    *(WINDOW, INQUIRY, CANCEL, RECEIPT_ISSUE, RECEIPT_CANCEL),
    *(REPAY_CARD, REPAY_TRANSFER, MONTHLY_CARD, MONTHLY_TRANSFER, KEY_LOOKUP, KEY_DELETION, LINK),
)


def chosen_by(asked: Mapping[str, str]) -> Purpose | None:
    """The purpose whose flags are exactly those of the request; None for one that is not offered."""
    flags = {name: asked[name] for name in FLAGS if asked.get(name)}
    if flags.keys() in ({"PCD_SIMPLE_FLAG"}, {"PCD_REGULER_FLAG"}):  # official samples name no type for transfers
        flags["PCD_PAY_TYPE"] = "transfer"
    return next((purpose for purpose in PURPOSES if purpose.flags == flags), None)
