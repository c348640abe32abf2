"""A payment link: registered by a merchant's server, opened by whoever has its address (링크결제 API)."""

import re
import secrets
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import clock, ledger, payment, runs, store
from shop.simulator.api.authentication import LINK, serve_with_tokens
from shop.simulator.api.window import check_fields
from shop.simulator.calls import Answer, Call, Refused, refuse_if
from shop.simulator.codes import MESSAGES
from shop.simulator.fields import SECRETS, Fields, is_number, month_of
from shop.simulator.runs import Run
from shop.simulator.store import Row
from shop.simulator.web import database, language, origin_of, settings

bp = Blueprint("link", __name__)
# What the payer may choose from, and the window's call that each stands for.
CHOICES = {
    "transfer": {"PCD_PAY_TYPE": "transfer", "PCD_CARD_VER": ""},
    "card": {"PCD_PAY_TYPE": "card", "PCD_CARD_VER": "01"},
    "app_card": {"PCD_PAY_TYPE": "card", "PCD_CARD_VER": "02"},
}


@dataclass(frozen=True)
class Link(Row):
    """`asked` is the registration without its keys; its PCD_LINK_EXPIREDATE is a Korea hour, blank for never."""

    table = "links"

    key: str
    run: str
    asked: Fields

    @property
    def choices(self) -> list[str]:
        return _choices(self.asked)

    def is_over(self, now: datetime) -> bool:
        expires = self.asked.get("PCD_LINK_EXPIREDATE", "")
        return bool(expires) and clock.stamp(now)[:10] >= expires


@bp.post("/php/link/api/LinkRegAct.php")
def register_link() -> Response:
    """Register an address under which the order can be paid."""
    return serve_with_tokens(LINK, _register, _refused)


def _register(call: Call) -> Answer:
    _check(call)
    asked = {name: value for name, value in call.asked.items() if name not in SECRETS}
    link = Link(secrets.token_hex(16), call.run.id, asked)
    store.insert(call.db, link)
    answered = {
        "PCD_LINK_RST": "success",
        "PCD_LINK_MSG": "링크생성이 완료되었습니다.",
        **{name: value for name, value in asked.items() if name.startswith(("PCD_PAY_", "PCD_CARD_"))},
        **month_of(asked),
        "PCD_TAXSAVE_FLAG": asked.get("PCD_TAXSAVE_FLAG", ""),
        "PCD_LINK_EXPIREDATE": asked.get("PCD_LINK_EXPIREDATE", ""),
        "PCD_LINK_KEY": link.key,
        "PCD_LINK_URL": f"{settings().origin}/php/link/?SID={link.key}",
        "PCD_LINK_MEMO": asked.get("PCD_LINK_MEMO", ""),
    }
    call.write(answered=answered)
    return Answer(answered)


def _refused(_call: Call, refused: Refused) -> Fields:
    rule = refused.rule
    return {"PCD_LINK_RST": "error", "PCD_LINK_MSG": f"[{rule.code}] {MESSAGES[rule.code]}"}


def _check(call: Call) -> None:
    asked = call.asked
    choices = _choices(asked)
    refuse_if(not choices or not is_number(asked.get("PCD_PAY_TOTAL", "")), "link_malformed")
    try:
        for choice in choices:
            check_fields(_window_call(asked, choice), call.run.policy)
    except Refused as refused:
        raise Refused("link_malformed") from refused
    expires, address = asked.get("PCD_LINK_EXPIREDATE", ""), asked.get("PCD_LINK_URL", "")
    refuse_if(expires and not _is_hour_to_come(expires, call.run.now()), "link_expiry_wrong")
    refuse_if(address and not origin_of(address), "link_url_wrong")


def _is_hour_to_come(text: str, now: datetime) -> bool:
    try:
        hour = datetime.strptime(text, "%Y%m%d%H").replace(tzinfo=clock.KOREA)
    except ValueError:
        return False
    return is_number(text) and len(text) == len("yyyyMMddHH") and hour > now


def _choices(asked: Fields) -> list[str]:
    """What the payer may choose from. The values of a field are joined by `|` or `+`, in any order."""
    methods = set(re.split(r"[|+]", asked.get("PCD_PAY_TYPE", "")))
    versions = set(re.split(r"[|+]", asked.get("PCD_CARD_VER") or "01+02"))
    if not methods <= {"card", "transfer"} or not versions <= {"01", "02"}:
        return []
    return [
        name
        for name, call in CHOICES.items()
        if call["PCD_PAY_TYPE"] in methods and call["PCD_CARD_VER"] in ("", *versions)
    ]


def _window_call(asked: Fields, choice: str) -> Fields:
    return asked | CHOICES[choice] | {"PCD_PAY_WORK": "PAY", "PCD_RST_URL": "link"}


@bp.get("/php/link/")
def show_link() -> ResponseReturnValue:
    """Show the order, and a button for each way to pay it; 410 once its time is over."""
    with database().reading() as db:
        link, run = _found(db)
    is_over = link.is_over(run.now())
    goods, total = link.asked["PCD_PAY_GOODS"], int(link.asked["PCD_PAY_TOTAL"])
    page = render_template("link.html", link=link, is_over=is_over, goods=goods, total=total)
    return page, 410 if is_over else 200


@bp.post("/php/link/")
def open_link() -> ResponseReturnValue:
    """Open the window of the payer's choice: a payment of its own every time."""
    choice = request.form.get("method", "")
    with database().writing() as db:
        link, run = _found(db)
        if choice not in link.choices or link.is_over(run.now()):
            return redirect(url_for("link.show_link", SID=link.key, lang=language()), code=303)
        asked = _window_call(link.asked, choice) | {"PCD_PAY_OID": run.new_oid()}
        opened = replace(payment.opened(asked, run), link=link.key)
        payment.save(db, opened)
        ledger.write(db, run, "window", opened, effect="opened", asked=asked, note=f"link {link.key}")
    return redirect(url_for("payer.show", token=opened.token, lang=language()), code=303)


def _found(db: sqlite3.Connection) -> tuple[Link, Run]:
    link = store.find(db, Link, key=request.args.get("SID", "")) or abort(404)
    return link, runs.by_id_or_default(db, link.run)
