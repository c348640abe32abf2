"""What may happen to a payment. One row per scenario; the window's list, the console and `GET /_sim/scenarios` show this table."""

# ruff: noqa: E501 - a table is read row by row

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BOTH = ("card", "transfer")
CARD = ("card",)
TRANSFER = ("transfer",)


class Moment(StrEnum):
    """When a scenario's code is answered: in the window, or when money is asked for (PAY: in the window, CERT: at the confirm)."""

    WINDOW = "window"
    CHARGE = "charge"


@dataclass(frozen=True)
class Scenario:
    """`code` refuses, `charged` says whether money moves all the same; `lost` keeps the answer; `tampered` names the forged result field."""

    id: str
    ko: str
    en: str
    does_ko: str
    does_en: str
    methods: tuple[str, ...] = BOTH
    code: str = ""
    at: Moment = Moment.CHARGE
    charged: bool = True
    lost: bool = False
    tampered: str = ""

    def refuses_at(self, moment: Moment) -> bool:
        """Whether the payer or the merchant hears this scenario's code at that moment."""
        return bool(self.code) and self.at is moment


def _refusal(
    scenario_id: str, code: str, ko: str, en: str, methods: tuple[str, ...], at: Moment = Moment.CHARGE
) -> Scenario:
    where_ko = "결제창에서 거절" if at is Moment.WINDOW else "승인 시점에 거절 (CERT는 승인 API에서)"
    where_en = "refused in the window" if at is Moment.WINDOW else "refused when charged (CERT: by the confirm)"
    return Scenario(scenario_id, ko, en, f"{code}: {where_ko}", f"{code}: {where_en}", methods, code, at, charged=False)


_ROWS = (
    Scenario("approved", "정상 승인", "Approved", "결제가 승인됩니다.", "The payment succeeds."),
    _refusal("limit", "3112", "카드 한도 초과", "Card limit exceeded", CARD),
    _refusal("balance", "3133", "잔액 부족", "Balance too low", CARD),
    _refusal("expired_card", "3100", "유효기간 만료 카드", "Expired card", CARD, Moment.WINDOW),
    _refusal("lost_card", "3122", "도난·분실 카드", "Lost or stolen card", CARD, Moment.WINDOW),
    _refusal("issuer_maintenance", "3267", "카드사 점검시간", "Card issuer maintenance", CARD),
    _refusal("account_mismatch", "ARSA0006", "계좌정보 불일치", "Account does not match", TRANSFER, Moment.WINDOW),
    _refusal("transfer_limit", "CPAY0005", "건당 이체 한도 초과", "Transfer limit exceeded", TRANSFER),
    _refusal("transfer_failed", "CPAY0022", "출금이체 실패", "Transfer refused by the bank", TRANSFER),
    _refusal("bank_maintenance", "CPAY9998", "은행 점검시간", "Bank maintenance", TRANSFER),
    Scenario(
        "unknown_paid", "결과 미수신 후 실제 출금됨", "Unknown outcome, really paid",
        "CPAY0018을 응답하지만 출금되었습니다. 조회하면 결제완료입니다.", "Answers CPAY0018 although money has moved; the inquiry finds it.",
        TRANSFER, "CPAY0018", charged=True,
    ),
    Scenario(
        "unknown_unpaid", "결과 미수신 후 출금되지 않음", "Unknown outcome, not paid",
        "CPAY0018을 응답하고 출금되지 않았습니다. 조회하면 내역이 없습니다.", "Answers CPAY0018 and no money has moved; the inquiry finds nothing.",
        TRANSFER, "CPAY0018", charged=False,
    ),
    Scenario(
        "lost_paid", "승인되었으나 응답 유실", "Approved, but the answer is lost",
        "결제는 완료되지만 응답이 도착하지 않습니다. PAY는 브라우저 결과, CERT는 승인 응답이 사라집니다.",
        "Money moves and the answer never arrives: the browser's result in PAY, the confirm's answer in CERT.",
        lost=True,
    ),
    Scenario(
        "lost_unpaid", "결제되지 않고 응답 유실", "Not charged, and the answer is lost",
        "결제되지 않고 응답도 도착하지 않습니다.", "No money moves and no answer arrives.",
        charged=False, lost=True,
    ),
    Scenario(
        "tampered_amount", "결과의 금액 변조", "Amount tampered in the result",
        "결제창 결과의 금액만 100원 적게 바뀝니다. 실제 금액은 그대로입니다.", "Only the window's result shows 100 won less; the real amount stays.",
        tampered="amount",
    ),
    Scenario(
        "tampered_confirm_url", "결과의 승인 URL 변조", "Confirm URL tampered in the result",
        "PCD_PAY_COFURL이 공격자의 주소로 바뀝니다 (CERT).", "PCD_PAY_COFURL points to an attacker's host (CERT).",
        tampered="confirm_url",
    ),
)  # fmt: skip
SCENARIOS = {scenario.id: scenario for scenario in _ROWS}
APPROVED = SCENARIOS["approved"]


def for_method(method: str) -> list[Scenario]:
    """What the window offers for a card or a transfer."""
    return [scenario for scenario in SCENARIOS.values() if method in scenario.methods]


def chosen(scenario_id: str, method: str) -> Scenario:
    """The scenario of a window's form; anything that the list does not offer is an approval."""
    scenario = SCENARIOS.get(scenario_id, APPROVED)
    return scenario if method in scenario.methods else APPROVED
