"""How values look on a page: money, time, phone numbers, and texts that exist in two languages."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from urllib.parse import quote, urlencode

import segno
from flask import Flask, Response, g, request
from flask_babel import get_translations
from markupsafe import Markup

from shop import clock
from shop.extensions import babel, settings
from shop.rules.method import Method
from shop.views.session import cart_count
from shop.views.way_back import way_back

LANGUAGES = ("ko", "en")
_YEAR = 365 * 24 * 3600


def init_app(app: Flask, translations: str) -> None:
    app.config.from_mapping(BABEL_DEFAULT_LOCALE="ko", BABEL_TRANSLATION_DIRECTORIES=translations)
    babel.init_app(app, locale_selector=language)
    filters = (won, korea_time, korea_hour, korea_seconds, phone, masked_phone, masked, evidence, in_language)
    app.jinja_env.filters |= {one.__name__: one for one in (*filters, qr_code, method_name)}
    app.jinja_env.globals["_"] = translate
    app.context_processor(_words)
    app.after_request(_remember_language)


def translate(text: str, **values: object) -> Markup:
    """Translate a text of a template. Flask-Babel's own function looks the catalogue up for every text."""
    found = _translated(language(), text)
    return found % values if values else found


@cache
def _translated(_language: str, text: str) -> Markup:
    return Markup(get_translations().gettext(text))  # noqa: S704 - a text of ours; values are escaped


_ = translate


def language() -> str:
    """The language of this page. Korean unless somebody chose otherwise, whatever language a browser announces."""
    chosen: str | None = g.get("language")
    if chosen is None:
        wishes = (request.args.get("lang"), request.cookies.get("lang"), "ko")
        chosen = g.language = next(wish for wish in wishes if wish in LANGUAGES)
    return chosen


def won(amount: int) -> str:
    """1,000원 or ₩1,000."""
    return f"₩{amount:,}" if _is_english() else f"{amount:,}원"


def korea_time(moment: datetime) -> str:
    """A moment on a Korean clock, to the minute."""
    return f"{clock.korea_time(moment):%Y. %-m. %-d. %H:%M}"


def korea_hour(moment: datetime) -> str:
    """A moment on a Korean clock without its day, for a list of one day."""
    return f"{clock.korea_time(moment):%H:%M}"


def korea_seconds(moment: datetime) -> str:
    """A moment on a Korean clock, to the second, for putting things in order."""
    return f"{clock.korea_time(moment):%Y. %-m. %-d. %H:%M:%S}"


def evidence(kept: Mapping[str, object]) -> list[tuple[str, str]]:
    """What the journal kept of an event, flat, without empty values and without the prefix of the wire's names.

    ``row`` repeats figures; the page shows the row itself.
    """
    facts: list[tuple[str, str]] = []
    for name, value in kept.items():
        if isinstance(value, dict):
            facts += [(f"{name} {inner}", text) for inner, text in evidence(value)]
        elif value not in ("", None, []) and name not in ("by", "row"):
            facts.append((name.split("_", 1)[-1] if name.isupper() else name, str(value)))
    return facts


def phone(digits: str) -> str:
    return f"{digits[:3]}-{digits[3:-4]}-{digits[-4:]}"


def masked_phone(digits: str) -> str:
    """A phone number of which only the end is readable."""
    return f"{digits[:3]}-****-{digits[-4:]}"


def masked(identity: str) -> str:
    """A personal number of which only the last four digits are readable."""
    return "*" * max(0, len(identity) - 4) + identity[-4:]


def in_language(row: object, name: str) -> str:
    """A text of the catalogue in the reader's language."""
    return str(getattr(row, f"{name}_en" if _is_english() else name))


def method_name(method: str) -> str:
    match Method(method):
        case Method.CARD:
            return _("카드")
        case Method.APP_CARD:
            return _("앱카드")
        case Method.NAVER_PAY:
            return _("네이버페이")
        case Method.KAKAO_PAY:
            return _("카카오페이")
        case Method.TRANSFER:
            return _("계좌이체")


def qr_code(text: str) -> Markup:
    return Markup(segno.make(text).svg_inline(omitsize=True))  # noqa: S704 - squares only


def this_page_in(language: str) -> str:
    """The address of this page in a language, with its whole query; after a POST, of the page of its form."""
    if request.method != "GET":
        return f"{way_back()}?lang={language}"
    query = request.args.to_dict(flat=False) | {"lang": [language]}
    return f"{quote(request.path)}?{urlencode(query, doseq=True)}"


def _is_english() -> bool:
    return language() == "en"


def _remember_language(response: Response) -> Response:
    chosen = request.args.get("lang")
    if request.method == "GET" and chosen in LANGUAGES:
        response.set_cookie("lang", chosen, max_age=_YEAR, samesite="Lax", secure=settings().is_https, httponly=True)
    return response


def _words() -> dict[str, object]:
    return {
        "mode": settings().mode.value,
        "merchant": settings().merchant,
        "simulator_url": settings().simulator_url,
        "cart_count": cart_count(),
        "most_per_product": settings().most_per_product,
        "locale": language(),
        "this_page_in": this_page_in,
    }
