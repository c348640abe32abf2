"""Switches for what Payple's documents leave open. `POST /_sim/policy` sets them for a run.

The defaults follow what is documented, or what the quick guide makes most likely.
"""

# ruff: noqa: E501 - a table is read row by row

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

ON_OR_OFF = ("off", "on")


@dataclass(frozen=True)
class Policy:
    dup_confirm: str = "refuse"
    inquiry_lag_seconds: int = 0
    inquiry_code: str = "PCHK000"
    confirm_minutes: int = 10
    amount_scenarios: str = "on"
    date_rule: str = "approval"
    inquiry_shows_refund: str = "off"
    mixed_refund_tax: str = "required"
    receipt_on_refund: str = "settled"
    transfer_code: str = "0000"
    key_deletion_code: str = "TSDL0000"
    tax_in_result: str = "computed"
    numbers_as_numbers: str = "off"
    strict_lengths: str = "clientkey"
    confirm_host: str = "same"
    result_by_get: str = "off"
    webhook_format: str = "json"
    webhook_retries: int = 3


@dataclass(frozen=True)
class Switch:
    """What a member of `Policy` means, and which values it takes: one of `choices`, or whole numbers up to `maximum`."""

    name: str
    ko: str
    en: str
    choices: tuple[str, ...] = ()
    maximum: int = 0


_ROWS = (
    Switch("dup_confirm", "같은 PCD_PAY_REQKEY로 다시 승인을 요청하면: 거절(refuse), 첫 성공 응답을 반복(repeat)", "A second confirm of one PCD_PAY_REQKEY: refuse it, or repeat the first success", ("refuse", "repeat")),
    Switch("inquiry_lag_seconds", "승인 후 이 시간(초) 동안은 조회에 나타나지 않음", "Seconds during which the inquiry does not find a fresh approval", (), maximum=86400),
    Switch("inquiry_code", "조회 성공 코드", "The code of a successful inquiry", ("PCHK000", "PCHK0000", "0000")),
    Switch("confirm_minutes", "CERT 인증 후 승인할 수 있는 시간(분), 지나면 PCCFD001", "Minutes from authentication to confirm in CERT, then PCCFD001", (), maximum=1440),
    Switch("amount_scenarios", "금액의 끝 세 자리로 시나리오를 고름 (1원 단위가 0인 금액은 해당 없음)", "The last three digits of an amount call a scenario (never for amounts of whole tens)", ("on", "off")),
    Switch("date_rule", "조회와 취소의 PCD_PAY_DATE: 승인일(approval), 결제창을 연 날(opening), 둘 다 인정(either)", "PCD_PAY_DATE of inquiries and cancels: the approval's date, the opening's, or either", ("approval", "opening", "either")),
    Switch("inquiry_shows_refund", "조회가 환불을 알려 줌: PCD_REFUND_TOTAL, 전액 환불이면 PCD_PAY_STATE 2", "The inquiry tells refunds: PCD_REFUND_TOTAL, and PCD_PAY_STATE 2 after a full one", ON_OR_OFF),
    Switch("mixed_refund_tax", "복합과세 부분취소에 PCD_REFUND_TAXTOTAL이 없으면: 거절(required), 비율로 나눔(split)", "A partial refund of a mixed order without PCD_REFUND_TAXTOTAL: refused, or split in proportion", ("required", "split")),
    Switch("receipt_on_refund", "환불 때 현금영수증: 함께 정리(settled), -10002122 후 다음 날 취소 가능(fail), 계속 실패(fail_for_good)", "A refund and its cash receipt: settled with it, failed with -10002122 until the next day, failed for good", ("settled", "fail", "fail_for_good")),
    Switch("transfer_code", "계좌이체 결제 성공 코드", "The code of a successful transfer", ("0000", "BILL0000")),
    Switch("key_deletion_code", "빌링키 해지 성공 코드: 문서의 표(TSDL0000), 문서의 예제(PUSER0000)", "The code of a deregistered billing key: as Payple's table has it, or its example", ("TSDL0000", "PUSER0000")),
    Switch("tax_in_result", "복합과세가 아닌 결제의 PCD_PAY_TAXTOTAL: 계산한 부가세(computed), 0(zero)", "PCD_PAY_TAXTOTAL of an order that is not mixed: the computed VAT, or 0", ("computed", "zero")),
    Switch("numbers_as_numbers", "서버 응답의 금액을 JSON 숫자로 보냄", "Amounts in answers to servers are JSON numbers instead of strings", ON_OR_OFF),
    Switch("strict_lengths", "더 짧은 길이 제한: clientKey 결제창의 주문번호 30, 상품명 50, 회원번호 18, 또는 모든 결제창", "Shorter values (number 30, goods 50, payer number 18): in the clientKey window, in every window, never", ("clientkey", "on", "off")),
    Switch("confirm_host", "PCD_CARD_VER 01의 PCD_PAY_COFURL: 기존 .php 주소(same), 앱카드와 같은 새 주소(api_v2)", "PCD_PAY_COFURL of PCD_CARD_VER 01: the .php address, or the newer one, which app cards always have", ("same", "api_v2")),
    Switch("result_by_get", "휴대폰의 direct 방식 결과를 GET으로 전달", "On phones a direct window delivers its result by GET", ON_OR_OFF),
    Switch("webhook_format", "웹훅 본문의 형식", "The body of webhooks", ("json", "form")),
    Switch("webhook_retries", "2xx가 아닐 때 웹훅을 다시 보내는 횟수", "How often a webhook is sent again that was not answered with 2xx", (), maximum=10),
)  # fmt: skip
SWITCHES = {switch.name: switch for switch in _ROWS}


def changed(policy: Policy, wishes: Mapping[str, object]) -> Policy:
    """Set some switches; what is on or off also takes true and false. ValueError says in a sentence what is wrong."""
    unknown = sorted(set(wishes) - set(SWITCHES))
    if unknown:
        raise ValueError(f"unknown policy {', '.join(unknown)}; there are {', '.join(SWITCHES)}")
    values: dict[str, Any] = {name: _checked(name, value) for name, value in wishes.items()}
    return replace(policy, **values)


def _checked(name: str, value: object) -> str | int:
    switch = SWITCHES[name]
    if switch.choices == ON_OR_OFF and isinstance(value, bool):
        return ON_OR_OFF[value]
    if switch.choices:
        if value not in switch.choices:
            raise ValueError(f"{name} is one of {', '.join(switch.choices)}")
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= switch.maximum:
        raise ValueError(f"{name} is a whole number from 0 to {switch.maximum}")
    return value
