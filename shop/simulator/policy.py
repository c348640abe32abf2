"""Switches for what Payple's documents leave open. One row per switch; `POST /_sim/policy` sets them for a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

ON_OR_OFF = ("off", "on")


@dataclass(frozen=True)
class Policy:
    """The defaults follow what is documented, or what the quick guide makes most likely."""

    dup_confirm: str = "refuse"
    inquiry_lag_seconds: int = 0
    inquiry_code: str = "PCHK000"
    confirm_minutes: int = 10
    amount_scenarios: str = "on"
    date_rule: str = "approval"
    inquiry_shows_refund: str = "off"
    mixed_refund_tax: str = "required"
    receipt_on_refund: str = "settled"
    receipt_lag_days: int = 1
    transfer_code: str = "0000"
    key_deletion_code: str = "TSDL0000"
    tax_in_result: str = "computed"
    numbers_as_numbers: str = "off"
    strict_lengths: str = "off"
    confirm_host: str = "same"
    result_by_get: str = "off"
    webhook_format: str = "json"
    webhook_probe: str = "once"
    webhook_retries: int = 3


@dataclass(frozen=True)
class Switch:
    """What a switch means, and which values it takes: one of `choices`, or whole numbers up to `maximum`.

    What is on or off also takes true and false.
    """

    name: str
    ko: str
    en: str
    choices: tuple[str, ...] = ()
    maximum: int = 0

    def read(self, value: object) -> str | int:
        """Check one value; ValueError says in a sentence what would have been right."""
        if self.choices == ON_OR_OFF and isinstance(value, bool):
            return ON_OR_OFF[value]
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
        Switch(
            "amount_scenarios",
            "금액의 끝 세 자리로 시나리오를 고름 (1원 단위가 0인 금액은 해당 없음)",
            "The last three digits of an amount call a scenario (never for amounts of whole tens)",
            choices=("on", "off"),
        ),
        Switch(
            "date_rule",
            "조회와 취소의 PCD_PAY_DATE: 승인일(approval), 결제창을 연 날(opening), 둘 다 인정(either)",
            "PCD_PAY_DATE of inquiries and cancels: the approval's date, the opening's, or either",
            choices=("approval", "opening", "either"),
        ),
        Switch(
            "inquiry_shows_refund",
            "조회 응답에 PCD_PAY_STATE와 PCD_REFUND_TOTAL 추가",
            "The inquiry also tells PCD_PAY_STATE and PCD_REFUND_TOTAL",
            choices=ON_OR_OFF,
        ),
        Switch(
            "mixed_refund_tax",
            "복합과세 부분취소에 PCD_REFUND_TAXTOTAL이 없으면: 거절(required), 비율로 나눔(split)",
            "A partial refund of a mixed order without PCD_REFUND_TAXTOTAL: refused, or split in proportion",
            choices=("required", "split"),
        ),
        Switch(
            "receipt_on_refund",
            "환불 때 현금영수증: 함께 정리(settled), -10002122 후 다음 날 취소 가능(fail), 계속 실패(fail_for_good)",
            "A refund and its cash receipt: settled with it, failed with -10002122 until the next day, failed for good",
            choices=("settled", "fail", "fail_for_good"),
        ),
        Switch(
            "receipt_lag_days",
            "환불 때 취소에 실패한 현금영수증을 다시 취소할 수 있을 때까지의 일수",
            "Korea days until a cash receipt whose cancellation failed with the refund can be cancelled by itself",
            maximum=31,
        ),
        Switch(
            "transfer_code",
            "계좌이체 결제 성공 코드",
            "The code of a successful transfer",
            choices=("0000", "BILL0000"),
        ),
        Switch(
            "key_deletion_code",
            "빌링키 해지 성공 코드: 문서의 표(TSDL0000), 문서의 예제(PUSER0000)",
            "The code of a deregistered billing key: as Payple's table has it, or its example",
            choices=("TSDL0000", "PUSER0000"),
        ),
        Switch(
            "tax_in_result",
            "복합과세가 아닌 결제의 PCD_PAY_TAXTOTAL: 계산한 부가세(computed), 0(zero)",
            "PCD_PAY_TAXTOTAL of an order that is not mixed: the computed VAT, or 0",
            choices=("computed", "zero"),
        ),
        Switch(
            "numbers_as_numbers",
            "서버 응답의 금액을 JSON 숫자로 보냄",
            "Amounts in answers to servers are JSON numbers instead of strings",
            choices=ON_OR_OFF,
        ),
        Switch(
            "strict_lengths",
            "결제창 파라미터를 더 짧은 길이로 제한 (주문번호 30, 상품명 50, 이름 20 등)",
            "The window takes shorter values only (number 30, goods 50, name 20, …)",
            choices=ON_OR_OFF,
        ),
        Switch(
            "confirm_host",
            "카드 PCD_PAY_COFURL: 기존 .php 주소(same), api-v2의 주소(api_v2)",
            "PCD_PAY_COFURL of cards: the .php address, or the one of Payple's newer api-v2 host",
            choices=("same", "api_v2"),
        ),
        Switch(
            "result_by_get",
            "휴대폰의 direct 방식 결과를 GET으로 전달",
            "On phones a direct window delivers its result by GET",
            choices=ON_OR_OFF,
        ),
        Switch(
            "webhook_format",
            "웹훅 본문의 형식",
            "The body of webhooks",
            choices=("json", "form"),
        ),
        Switch(
            "webhook_probe",
            "웹훅 전 HEAD 확인: 한 번 보내고 기록만 함(once), 2xx가 아니면 POST를 보내지 않음(insist)",
            "The HEAD before a webhook: sent once and written down, or insisted on before any POST",
            choices=("once", "insist"),
        ),
        Switch(
            "webhook_retries",
            "2xx가 아닐 때 웹훅을 다시 보내는 횟수",
            "How often a webhook is sent again that was not answered with 2xx",
            maximum=10,
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
