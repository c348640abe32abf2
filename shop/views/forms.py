"""Forms and addresses: what may come in, as strictly as we need it. Prices and totals are in none of them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache, partial

from babel.support import NullTranslations, Translations
from flask import request
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    RadioField,
    SelectChoice,
    StringField,
    TelField,
    ValidationError,
)
from wtforms.i18n import messages_path
from wtforms.validators import DataRequired, Length, Regexp

from shop.extensions import settings
from shop.models import SavedMethod
from shop.payple import ChargeMode
from shop.rules.method import Method
from shop.services.orders import Payer
from shop.settings import Window
from shop.views.normal_forms import one_line, order_number, phone
from shop.views.template_filters import language, translate

_ = partial(LazyString, translate)
LARGEST_ROW = 2**31 - 1
_DIGITS = re.compile(r"[0-9]{1,10}")
PHONE = re.compile(r"01[016789][0-9]{7,8}")
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Delivery(StrEnum):
    """How the result comes back from a popup: as a form post, or to a function of the page, which posts it."""

    REDIRECT = "redirect"
    CALLBACK = "callback"


class ShopForm(FlaskForm):
    """A form that takes form fields only, never a JSON body with values of any type.

    ``CSRFProtect`` has checked the token of every POST already.
    """

    def __init__(self, formdata: MultiDict[str, str] | None = None, **values: object) -> None:
        super().__init__(formdata, **values)

    def is_valid(self) -> bool:
        return bool(self.validate())

    class Meta(FlaskForm.Meta):
        csrf = False

        def get_translations(self, _form: FlaskForm) -> NullTranslations:
            """WTForms' own texts. Flask-WTF reads their file in every request."""
            return _texts_of_wtforms(language())

        def wrap_formdata(self, _form: FlaskForm, formdata: MultiDict[str, str] | None) -> MultiDict[str, str] | None:
            """What a view hands over explicitly, or the posted fields."""
            return request.form if formdata is None and request.method == "POST" else formdata


@cache
def _texts_of_wtforms(language: str) -> NullTranslations:
    return Translations.load(messages_path(), [language], domain="wtforms")


def printable(_form: FlaskForm, field: Field) -> None:
    """Refuse control characters and lone surrogates; letters of every script, and emoji, are fine."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in field.data or ""):
        raise ValidationError(_("사용할 수 없는 글자가 들어 있어요."))


def one_of(*values: str) -> list[SelectChoice]:
    return [SelectChoice(str(value)) for value in values]


def matches(pattern: re.Pattern[str], message: LazyString) -> Regexp:
    """The whole value has to match, in ASCII."""
    return Regexp(re.compile(rf"(?:{pattern.pattern})\Z", re.ASCII), message=message)


def required_line(label: LazyString, missing: LazyString, most: int, too_long: LazyString) -> StringField:
    """A line of text that must be there. ``missing`` and ``too_long`` are the sentences that say what is wrong."""
    return StringField(
        label,
        filters=[one_line],
        validators=[DataRequired(missing), Length(max=most, message=too_long), printable],
    )


class AddForm(ShopForm):
    product = HiddenField(validators=[DataRequired(), Length(max=60)])
    quantity = StringField(
        _("수량"),
        default="1",
        validators=[matches(re.compile("[1-9][0-9]?"), _("수량은 1부터 99까지 숫자로 입력해 주세요."))],
    )


class QuantityForm(ShopForm):
    """Change one line of the cart; zero takes it out."""

    quantity = StringField(
        _("수량"),
        validators=[matches(re.compile("0|[1-9][0-9]?"), _("수량은 0부터 99까지 숫자로 입력해 주세요."))],
    )


class PayerForm(ShopForm):
    """Who pays."""

    payer_name = required_line(_("이름"), _("이름을 입력해 주세요."), 40, _("이름은 40자까지 입력할 수 있어요."))
    payer_phone = TelField(
        _("휴대전화 번호"),
        filters=[phone],
        validators=[
            DataRequired(_("휴대전화 번호를 입력해 주세요.")),
            matches(PHONE, _("010-1234-5678처럼 휴대전화 번호를 입력해 주세요.")),
        ],
    )
    payer_email = StringField(
        _("이메일"),
        filters=[one_line],
        validators=[
            DataRequired(_("이메일 주소를 입력해 주세요.")),
            Length(max=100, message=_("이메일 주소는 100자까지 입력할 수 있어요.")),
            matches(EMAIL, _("name@example.com처럼 이메일 주소를 입력해 주세요.")),
        ],
    )

    @property
    def payer(self) -> Payer:
        return Payer(self.payer_name.data or "", self.payer_phone.data or "", self.payer_email.data or "")


class CheckoutForm(PayerForm):
    """Who pays, and that they agree."""

    cart_id = HiddenField(validators=[Length(max=40), printable])
    agree_terms = BooleanField(
        _("이용약관에 동의해요."), validators=[DataRequired(_("주문하려면 이용약관에 동의해 주세요."))]
    )
    agree_privacy = BooleanField(
        _("개인정보 수집·이용과 결제사 제공에 동의해요."),
        validators=[DataRequired(_("주문하려면 개인정보 수집·이용과 결제사 제공에 동의해 주세요."))],
    )
    agree_order = BooleanField(
        _("주문할 상품과 금액을 확인했고, 주문에 동의해요."),
        validators=[DataRequired(_("주문할 상품과 금액을 확인하고 동의해 주세요."))],
    )


class LookupForm(ShopForm):
    """Find an order without the browser that placed it."""

    order_no = StringField(
        _("주문번호"),
        filters=[order_number],
        validators=[DataRequired(_("주문번호를 입력해 주세요."))],
    )
    payer_phone = TelField(
        _("휴대전화 번호"),
        filters=[phone],
        validators=[DataRequired(_("휴대전화 번호를 입력해 주세요."))],
    )


class PaymentForm(ShopForm):
    """How this attempt is to be paid: everything the integration lets a shop choose. The page words the choices."""

    method = RadioField(default=Method.CARD.value, choices=lambda: one_of(*settings().methods))
    window = RadioField(default=Window.POPUP.value, choices=one_of(*Window))
    work = RadioField(default=ChargeMode.ON_CONFIRM.value, choices=one_of(*ChargeMode))
    delivery = RadioField(default=Delivery.REDIRECT.value, choices=one_of(*Delivery))
    cash_receipt = BooleanField()
    save = BooleanField()

    def __init__(
        self,
        formdata: MultiDict[str, str] | None = None,
        *,
        saved: Sequence[SavedMethod] = (),
        keeps_key: bool = False,
        **values: object,
    ) -> None:
        """What was saved comes first, and is chosen until the buyer chooses something else.

        ``keeps_key``: for a subscription. It needs a billing key, and a payment by an app leaves none.
        """
        super().__init__(formdata, **values)
        self.saved = {row.choice: row for row in saved}
        offered = [choice for choice in self.method.choices if not (keeps_key and Method(choice.value).card_app)]
        self.method.choices = one_of(*self.saved) + offered
        if formdata is None:
            self.method.data = self.method.choices[0].value

    @property
    def chosen_saved(self) -> SavedMethod | None:
        return self.saved.get(self.method.data or "")

    def preselect(self, wishes: Mapping[str, str]) -> None:
        """Take those choices of an address that exist."""
        for field in (self.method, self.window, self.work, self.delivery):
            if wishes.get(field.name) in [choice.value for choice in field.choices]:
                field.data = wishes[field.name]
        self.cash_receipt.data = wishes.get("cash_receipt") == "y"

    def validate_delivery(self, field: Field) -> None:
        """A direct window replaces the page, and with it the function that could be called back."""
        if field.data == Delivery.CALLBACK.value and self.window.data == Window.DIRECT.value:
            raise ValidationError(_("다이렉트 결제창은 페이지가 바뀌기 때문에 콜백 함수로 결과를 받을 수 없어요."))


def row_number(text: str) -> int:
    """The number of a row, as an address names it. ValueError, which means not given, for what no row can have."""
    if not (_DIGITS.fullmatch(text) and 0 < int(text) <= LARGEST_ROW):
        raise ValueError(text)
    return int(text)


class RowConverter(IntegerConverter):
    """``<row:name>`` in a route: the number of a row. No such page for a number that no row can have."""

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, min=1, max=LARGEST_ROW)
