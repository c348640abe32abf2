"""Checks an installation: settings, address, gateway, database, sweep. Nothing is changed.

What is missing for a live shop is bad in live mode and a warning elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

import requests
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from shop import clock, schema
from shop.db import UNAVAILABLE, db, end_reading
from shop.extensions import client, settings
from shop.payple import GatewayError
from shop.services import desk
from shop.settings import WEBHOOK_PATH, Mode

SECONDS = 5
"""How long one request may take."""
MOST_DRIFT = timedelta(seconds=60)
UNREGISTERED = "AUTH0004"


class Level(StrEnum):
    """Whether somebody has to do something."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """``advice`` says what to do; blank where there is nothing to do."""

    check: str
    level: Level
    sentence: str
    advice: str = ""


def examine() -> list[Finding]:
    checks: tuple[Callable[[], Finding], ...] = (
        *(_mode, _keys, _address, _webhook, _https, _cookies, _debug, _clock, _database, _schema, _sweep, _merchant),
    )
    return [check() for check in checks]


def is_safe(findings: list[Finding]) -> bool:
    return all(finding.level is not Level.BAD for finding in findings)


def _good(check: str, sentence: str) -> Finding:
    return Finding(check, Level.GOOD, sentence)


def _not_for_live(check: str, sentence: str, advice: str) -> Finding:
    return Finding(check, Level.BAD if settings().mode is Mode.LIVE else Level.WARN, sentence, advice)


def _mode() -> Finding:
    sentences = {
        Mode.SIMULATOR: _("시뮬레이터로 결제합니다. 돈은 오가지 않습니다."),
        Mode.TEST: _("페이플 테스트 서버로 결제합니다."),
        Mode.LIVE: _("실제로 결제합니다."),
    }
    return _good("mode", sentences[settings().mode])


def _keys() -> Finding:
    """Authenticate once, as before every window: it tells whether the keys and the domain are accepted."""
    try:
        client().authenticate()
    except GatewayError as error:
        if error.code == UNREGISTERED:
            sentence = _("등록되지 않은 도메인이라고 결제사가 거절했습니다 (%(code)s).", code=error.code)
            advice = _("페이플 관리자에서 SHOP_URL의 도메인을 등록하세요. 등록하기 전에는 AUTH0004로 거절됩니다.")
        elif error.code:
            sentence = _("결제사가 키를 거절했습니다 (%(code)s).", code=error.code)
            advice = _("PAYPLE_로 시작하는 키 네 개가 한 계약의 것인지 확인하세요.")
        else:
            sentence = _("결제사에 연결하지 못했습니다 (%(code)s).", code=type(error).__name__)
            advice = _("방화벽과 DNS가 결제사 주소로 나가는 연결을 막지 않는지 확인하세요.")
        return Finding("keys", Level.BAD, sentence, advice)
    return _good("keys", _("결제사가 키와 도메인을 받아들였습니다."))


def _address() -> Finding:
    """The gateway compares the page's host with that of SHOP_URL (AUTH0007), so SHOP_URL has to lead here."""
    url = settings().shop_url
    if _answers("GET", "/healthz"):
        sentence = _(
            "SHOP_URL(%(url)s)에서 가게가 응답합니다. 페이지는 이 주소에서만 열리므로 AUTH0007이 나지 않습니다.",
            url=url,
        )
        return _good("address", sentence)
    advice = _("SHOP_URL을 구매자가 여는 주소와 같게 맞추세요. 다르면 결제창이 AUTH0007로 거절됩니다.")
    return Finding("address", Level.BAD, _("SHOP_URL(%(url)s)에서 가게가 응답하지 않습니다.", url=url), advice)


def _webhook() -> Finding:
    if _answers("HEAD", WEBHOOK_PATH):
        return _good("webhook", _("웹훅 주소가 응답합니다: %(url)s", url=settings().shop_url + WEBHOOK_PATH))
    advice = _(
        "프록시가 %(path)s 주소를 막지 않는지 확인하세요. 웹훅이 없어도 결제는 되지만, 늦게 확인되는 결제가 생깁니다.",
        path=WEBHOOK_PATH,
    )
    return Finding("webhook", Level.WARN, _("웹훅 주소가 응답하지 않습니다."), advice)


def _https() -> Finding:
    if settings().is_https:
        return _good("https", _("구매자가 https로 접속합니다."))
    advice = _("실제 결제에는 https 주소와 인증서가 필요합니다.")
    return _not_for_live("https", _("SHOP_URL이 https가 아닙니다."), advice)


def _cookies() -> Finding:
    config = current_app.config
    is_lax = config["SESSION_COOKIE_HTTPONLY"] and config["SESSION_COOKIE_SAMESITE"] == "Lax"
    if is_lax and config["SESSION_COOKIE_SECURE"]:
        return _good("cookies", _("세션 쿠키는 Secure, HttpOnly, SameSite=Lax입니다."))
    advice = _("SHOP_URL이 https이면 Secure가 붙습니다. SESSION_COOKIE_ 설정은 바꾸지 마세요.")
    return _not_for_live("cookies", _("세션 쿠키가 Secure, HttpOnly, SameSite=Lax가 아닙니다."), advice)


def _debug() -> Finding:
    if not current_app.debug:
        return _good("debug", _("디버그 모드가 꺼져 있습니다."))
    return _not_for_live("debug", _("디버그 모드가 켜져 있습니다."), _("FLASK_DEBUG를 지우고 gunicorn으로 실행하세요."))


def _clock() -> Finding:
    """Trade dates and deadlines follow the clock, so it is compared with the gateway's."""
    if clock.offset():
        advice = _("데모 화면의 처음으로 버튼이 실제 시각으로 되돌립니다.")
        return Finding("clock", Level.WARN, _("데모가 시각을 옮겨 두었습니다."), advice)
    theirs = _time_of_gateway()
    if theirs is None:
        return Finding("clock", Level.WARN, _("결제사의 시각을 알 수 없어서 비교하지 못했습니다."))
    drift = abs(datetime.now(UTC) - theirs)
    if drift <= MOST_DRIFT:
        return _good("clock", _("시계가 맞습니다. 한국 시각은 %(now)s입니다.", now=_minute(clock.now())))
    sentence = _("시계가 결제사와 %(seconds)s초 다릅니다.", seconds=int(drift.total_seconds()))
    return Finding("clock", Level.BAD, sentence, _("이 서버의 시각을 NTP로 맞추세요."))


def _database() -> Finding:
    if db.engine.dialect.name != "sqlite":
        return _good("database", _("PostgreSQL을 씁니다."))
    if settings().mode is not Mode.LIVE:
        return _good("database", _("SQLite 파일 하나에 저장합니다."))
    advice = _("서버가 여러 대이면 DATABASE_URL에 PostgreSQL을 적으세요. 한 대이면 파일을 백업하세요.")
    return Finding("database", Level.WARN, _("SQLite 파일 하나에 저장합니다."), advice)


def _schema() -> Finding:
    newest = schema.newest_version()
    try:
        present = schema.present_version()
    except UNAVAILABLE:
        sentence = _("데이터베이스가 응답하지 않습니다.")
        return Finding("schema", Level.BAD, sentence, _("DATABASE_URL과 데이터베이스 서버를 확인하세요."))
    if present == newest:
        return _good("schema", _("테이블이 최신입니다 (%(revision)s).", revision=newest))
    sentence = _(
        "테이블은 %(present)s인데 코드는 %(newest)s 버전에 맞춰져 있습니다.", present=present or "–", newest=newest
    )
    return Finding("schema", Level.BAD, sentence, _("flask --app app db upgrade를 실행하세요."))


def _sweep() -> Finding:
    advice = _("flask --app app sweep을 1분마다 실행하거나 --every로 계속 실행하세요.")
    try:
        since = desk.overdue_since()
        end_reading()
    except SQLAlchemyError:  # tables that are missing are another finding
        end_reading()
        return Finding("sweep", Level.WARN, _("자동 점검이 실행되는지 알 수 없습니다."), advice)
    if since is None:
        return _good("sweep", _("밀린 점검이 없습니다."))
    sentence = _("%(late)s에 했어야 할 점검이 밀려 있습니다.", late=_minute(since))
    return Finding("sweep", Level.BAD, sentence, advice)


def _merchant() -> Finding:
    missing = [f"SHOP_{name.upper()}" for name, value in vars(settings().merchant).items() if not value]
    if not missing:
        return _good("merchant", _("판매자 정보가 모두 있습니다."))
    sentence = _("판매자 정보가 비어 있습니다: %(names)s", names=", ".join(missing))
    return _not_for_live("merchant", sentence, _("없는 값은 지어낸 예시로 표시됩니다. 실제 가게의 정보를 적으세요."))


def _minute(moment: datetime) -> str:
    return f"{clock.korea_time(moment):%Y-%m-%d %H:%M}"


def _answers(method: str, path: str) -> bool:
    try:
        return requests.request(method, settings().shop_url + path, timeout=SECONDS, allow_redirects=False).ok
    except requests.RequestException:
        return False


def _time_of_gateway() -> datetime | None:
    try:
        answer = requests.head(settings().gateway.authentication_url, timeout=SECONDS, allow_redirects=False)
        return parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return None
