"""The forms of the staff area."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _
from wtforms import (
    DateField,
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length, Optional, StopValidation

from shop import clock
from shop.models import Order, OrderLine
from shop.payple import PayType, ReceiptPurpose
from shop.rules.cash_receipt import ReceiptWish
from shop.rules.money import Tax, Won
from shop.rules.states import OrderState
from shop.services.checkout import LEAST_TOTAL
from shop.services.links import LONGEST_GOODS
from shop.services.orders import OrderFilter
from shop.services.refunds import RefundWish
from shop.services.staff import LONGEST_NAME, LONGEST_PASSWORD
from shop.views.forms import PayerForm, ShopForm, matches, one_of, printable, required_line
from shop.views.normal_forms import digits, one_line, phone, plain_amount, search_words

AMOUNT = re.compile(r"[1-9][0-9]{0,9}")
BALANCE = re.compile(r"[0-9]{1,10}")
LONGEST_LINK = dt.timedelta(days=30)
YEARS = range(2000, 2100)
PAYMENT_NO = re.compile(r"[A-Za-z0-9_-]{1,30}")
INTENT = re.compile(r"[A-Za-z0-9_-]{20,32}")
"""Too short for a mark of the shop's own refunds: nobody may take one of those before it."""


def of_our_time(_form: ShopForm, field: Field) -> None:
    """Refuse days that cannot be reckoned with: the calendar's first has none before it, its last none behind it."""
    if field.data and field.data.year not in YEARS:
        raise StopValidation(_("날짜를 2026-11-23처럼 입력하세요."))


class SignInForm(ShopForm):
    """Name and password. ``next`` is the page to come back to."""

    next = HiddenField(filters=[one_line])
    name = StringField(
        _("이름"), filters=[one_line], validators=[DataRequired(_("이름을 입력하세요.")), Length(max=LONGEST_NAME)]
    )
    password = PasswordField(
        _("비밀번호"), validators=[DataRequired(_("비밀번호를 입력하세요.")), Length(max=LONGEST_PASSWORD)]
    )


class StopForm(ShopForm):
    """Why a subscription is stopped."""

    reason = required_line(
        _("종료 사유"), _("종료 사유를 입력하세요."), 200, _("종료 사유는 200자까지 입력할 수 있습니다.")
    )


class RefundForm(ShopForm):
    """A refund, by amount or by lines. The same fields travel through the plan page, so what was shown is what is sent.

    ``intent`` marks this one form; ``seen_refundable`` is the balance that the person saw, in won.
    """

    amount = StringField(_("환불 금액"), filters=[plain_amount])
    reason = required_line(
        _("환불 사유"), _("환불 사유를 입력하세요."), 200, _("환불 사유는 200자까지 입력할 수 있습니다.")
    )
    intent = HiddenField(validators=[matches(INTENT, _("양식이 올바르지 않습니다. 다시 시작하세요."))])
    seen_refundable = HiddenField(validators=[matches(BALANCE, _("양식이 올바르지 않습니다. 다시 시작하세요."))])
    lines: Sequence[OrderLine] = ()

    def is_valid_for(self, order: Order) -> bool:
        """Whether it can be understood for this order; lines of other orders do not count."""
        self.lines = [line for line in order.lines if f"line_{line.id}" in request.values]
        return self.is_valid()

    def validate_amount(self, field: Field) -> None:
        """Chosen lines say the amount; then nothing else may be typed beside them."""
        lines = str(sum(line.amount for line in self.lines)) if self.lines else ""
        if lines and field.data not in ("", lines, self.seen_refundable.data):
            raise ValidationError(_("입력한 금액과 고른 상품의 합계가 다릅니다. 둘 중 하나만 정하세요."))
        field.data = lines or field.data
        if not AMOUNT.fullmatch(field.data):
            raise ValidationError(_("환불 금액은 1원 이상의 숫자로 입력하세요."))

    @property
    def fields(self) -> dict[str, Any]:
        """What the plan page and the form on it carry on."""
        kept = {field.name: field.data or "" for field in (self.amount, self.reason, self.intent, self.seen_refundable)}
        return kept | {f"line_{line.id}": "y" for line in self.lines}

    @property
    def wish(self) -> RefundWish:
        """What is asked for."""
        return RefundWish(
            amount=Won(int(self.amount.data or 0)),
            seen_refundable=Won(int(self.seen_refundable.data or 0)),
            reason=self.reason.data or "",
            refund_no=self.intent.data or "",
            line_ids=tuple(line.id for line in self.lines),
        )


class ReceiptForm(ShopForm):
    """Whom a cash receipt is for."""

    purpose = RadioField(default=ReceiptPurpose.PERSONAL.value, choices=one_of(*ReceiptPurpose))
    identity = StringField(_("휴대전화 또는 사업자등록번호"))

    def validate_identity(self, field: Field) -> None:
        """The number has to fit the purpose."""
        purpose = self.purpose.data
        field.data = phone(field.data) if purpose == ReceiptPurpose.PERSONAL else digits(field.data)
        if purpose in list(ReceiptPurpose) and not ReceiptWish(ReceiptPurpose(purpose), field.data).is_valid:
            raise ValidationError(_("소득공제는 휴대전화 번호, 지출증빙은 사업자등록번호 10자리를 입력하세요."))


class DecisionForm(ShopForm):
    """What became of a refund whose answer was lost."""

    answer = RadioField(choices=one_of("refunded", "not_refunded"))


class SearchForm(ShopForm):
    """Which orders to list. It comes by GET, so the address of a list can be kept."""

    q = StringField(_("검색어"), filters=[search_words], validators=[Length(max=200), printable])
    state = SelectField(_("상태"), default="", choices=one_of("", *OrderState))
    date = DateField(_("거래일"), validators=[Optional(), of_our_time])

    @property
    def wanted(self) -> OrderFilter:
        """The filter it means."""
        state = OrderState(self.state.data) if self.state.data else None
        return OrderFilter(self.q.data or "", state, self.date.data)

    @property
    def address(self) -> dict[str, str]:
        """The same question as it stands in an address."""
        day = self.date.data.isoformat() if self.date.data else ""
        asked = {"q": self.q.data or "", "state": self.state.data or "", "date": day}
        return {name: value for name, value in asked.items() if value}


class DayForm(ShopForm):
    """Which day to settle."""

    date = DateField(_("거래일"), validators=[DataRequired(_("거래일을 2026-11-23처럼 입력하세요.")), of_our_time])

    @property
    def day(self) -> dt.date:
        """The chosen day."""
        chosen: dt.date = self.date.data
        return chosen


class LinkForm(ShopForm):
    """What a payment link says, and its last day."""

    goods = required_line(
        _("상품 설명"), _("상품 설명을 입력하세요."), LONGEST_GOODS, _("상품 설명은 32자까지 입력할 수 있습니다.")
    )
    last_day = DateField(
        _("마지막 날"),
        default=lambda: clock.today() + dt.timedelta(days=1),
        validators=[DataRequired(_("마지막 날을 2026-11-23처럼 입력하세요.")), of_our_time],
    )

    def validate_last_day(self, field: Field) -> None:
        """A link holds the goods of its order: a month at most."""
        if not clock.today() <= field.data <= clock.today() + LONGEST_LINK:
            raise ValidationError(_("오늘부터 30일 안의 날을 고르세요."))

    @property
    def expires_at(self) -> dt.datetime:
        """The midnight that ends the last day."""
        return dt.datetime.combine(self.last_day.data + dt.timedelta(days=1), dt.time(), clock.KOREA)


class FreeLinkForm(LinkForm, PayerForm):
    """A link for a free amount, and who pays it."""

    amount = StringField(_("금액"), filters=[plain_amount])
    tax = RadioField(default=Tax.TAXABLE.value, choices=one_of(*Tax))

    def validate_amount(self, field: Field) -> None:
        """The gateway takes no less."""
        if not AMOUNT.fullmatch(field.data) or int(field.data) < LEAST_TOTAL:
            raise ValidationError(_("금액은 1,000원 이상의 숫자로 입력하세요."))


class InquiryForm(DayForm):
    """Which payment to ask the gateway about: ours or not."""

    number = StringField(
        _("결제 번호"),
        filters=[one_line],
        validators=[matches(PAYMENT_NO, _("결제 번호는 30자까지의 영문, 숫자, -와 _입니다."))],
    )
    method = SelectField(_("결제 수단"), choices=one_of(*PayType), default=PayType.CARD.value)
