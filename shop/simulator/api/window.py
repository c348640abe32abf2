"""The merchant's page opens a payment window (quick guide 3-3): the script, the call and its rules."""

from dataclasses import dataclass, replace

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.simulator import messages, payment, runs, store
from shop.simulator.api import authentication, billing_key
from shop.simulator.api.authentication import WINDOW, Token
from shop.simulator.calls import Call, Refused, refuse_if
from shop.simulator.fields import CLIENT_KEY_LENGTHS, LENGTHS, STRICT_LENGTHS, Fields, is_number, is_tax, is_too_long
from shop.simulator.payment import Payment
from shop.simulator.policy import Policy
from shop.simulator.runs import Run
from shop.simulator.web import database, host_of, origin_of, read_form

bp = Blueprint("window", __name__)
MINIMUM_AMOUNT = 1_000
LARGEST_PAYER_NO = 18_446_744_073_709_551_615
# PCD_RST_URL may be missing: the page may have a callback, which the request does not show.
PAYMENT_NEEDS = ("PCD_PAY_GOODS", "PCD_PAY_TOTAL")
REQUIRED: dict[str, tuple[str, ...]] = {"PAY": PAYMENT_NEEDS, "CERT": PAYMENT_NEEDS, "AUTH": ()}
NUMBERS = ("PCD_PAY_TOTAL", "PCD_PAYER_NO")
# No frame-ancestors and no form-action: merchants frame the window, and its result goes to their address.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; connect-src 'self'"
)


@dataclass(frozen=True)
class Delivery:
    """How the result travels: to an absolute PCD_RST_URL as a form post, else as a message to the merchant's page."""

    url: str
    origin: str
    times: int = 1
    method: str = "post"

    @classmethod
    def of(cls, asked: Fields, page_origin: str, times: int = 1) -> "Delivery":
        url = asked.get("PCD_RST_URL", "")
        return cls(url if url.startswith(("http://", "https://")) else "", page_origin, times)

    @property
    def content_policy(self) -> str:
        """That of a page whose script may have to send something to the address."""
        return f"{CONTENT_POLICY} {origin_of(self.url)}"


@bp.get("/js/cpay.payple.1.0.0.js")
@bp.get("/js/cpay.payple.1.0.1.js")
@bp.get("/js/v1/payment.js")
def script() -> Response:
    """Serve both window generations from one file: it finds out from its own address which of them it is."""
    answer = current_app.send_static_file("merchant.js")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.post("/index.php")
def open_window() -> ResponseReturnValue:
    """Take the form of the merchant's page: with an AuthKey, which is used up by this, or with a clientKey."""
    asked, referer = read_form(), request.headers.get("Referer", "")
    page_origin = origin_of(asked.get("PCD_HTTP_REFERER", "")) or origin_of(referer)
    with database().writing() as db:
        token = authentication.by_auth_key(db, asked.get("PCD_AUTH_KEY", ""))
        known = store.find(db, Run, client_key=asked["clientKey"]) if asked.get("clientKey") else None
        known = runs.by_id(db, token.run) if token and not asked.get("clientKey") else known
        run = known or runs.by_id_or_default(db, "")
        asked |= {"PCD_PAY_OID": asked.get("PCD_PAY_OID") or run.new_oid()}
        call = Call("window", db, run, asked, token.seq if token else None)
        try:
            _check_caller(call, known, token, referer)
            check_fields(asked, run.policy)
            opened = _with_key(call, payment.opened(asked, run, page_origin))
        except Refused as refused:
            result = messages.refusal(refused.rule, asked.get("PCD_PAY_TYPE", ""), **messages.echo(asked))
            call.write_refusal(refused.rule, result)
            delivery = Delivery.of(asked, page_origin)
            return render_template("refused.html", rule=refused.rule, result=result, delivery=delivery)
        payment.save(db, opened)
        call.write(opened, effect="opened")
    return redirect(url_for("payer.show", token=opened.token, lang=request.args.get("lang")), code=303)


def _check_caller(call: Call, known: Run | None, token: Token | None, referer: str) -> None:
    page_url = call.asked.get("PCD_HTTP_REFERER", "")
    if call.asked.get("clientKey"):
        if known is None:
            raise Refused("partner_unknown")
        refuse_if(not known.registers(host_of(page_url or referer)), "page_unregistered")
        return
    # AUTH0007: the page that opens the window is on the host (ports aside) that the authentication named.
    host = authentication.use_token(call, token, WINDOW).host
    refuse_if(not referer, "referer_missing")
    refuse_if(not host, "auth_referer_missing")
    refuse_if({host_of(referer), host_of(page_url or referer)} != {host}, "referer_differs")


def _with_key(call: Call, opened: Payment) -> Payment:
    """A password window has its instrument already; it and a registration that renews a key need a registered one."""
    key_id, is_app_card = opened.asked.get("PCD_PAYER_ID", ""), opened.asked.get("PCD_CARD_VER") == "02"
    key = billing_key.by_id(call.db, call.run, key_id)
    uses_key = opened.is_registration or opened.asked.get("PCD_SIMPLE_FLAG") == "Y"
    is_right = key is not None and key.method == opened.method
    refuse_if(key_id and uses_key and not is_app_card and not is_right, "window_key_unknown")
    refuse_if(payment.completed(call.db, call.run.id, opened.oid), "oid_duplicate")
    if key is None:
        return opened
    instrument = key.instrument if opened.has_known_instrument else None
    return replace(opened, instrument=instrument, payer_name=opened.payer_name or key.payer_name)


def check_fields(asked: Fields, policy: Policy) -> None:
    method, work = asked.get("PCD_PAY_TYPE"), asked.get("PCD_PAY_WORK", "")
    refuse_if(method not in ("card", "transfer"), "method_unknown")
    refuse_if(work not in REQUIRED, "work_unknown")
    version = asked.get("PCD_CARD_VER", "") if method == "card" else ""
    refuse_if(version not in ("", "01", "02"), "card_version_unknown")
    refuse_if(version == "02" and work == "AUTH", "app_card_unregistrable")
    refuse_if(not all(asked.get(name, "").strip() for name in REQUIRED[work]), "field_missing")
    lengths = CLIENT_KEY_LENGTHS if asked.get("clientKey") and policy.strict_lengths == "clientkey" else LENGTHS
    refuse_if(is_too_long(asked, STRICT_LENGTHS if policy.strict_lengths == "on" else lengths), "field_too_long")
    phone = asked.get("PCD_PAYER_HP", "").replace("-", "")
    are_numbers = all(is_number(value) for value in (phone, *map(asked.get, NUMBERS)) if value)
    refuse_if(not are_numbers or int(asked.get("PCD_PAYER_NO") or 0) > LARGEST_PAYER_NO, "field_malformed")
    refuse_if(asked.get("PCD_PAY_ISTAX", "") not in ("", "Y", "N"), "field_malformed")
    if work == "AUTH":
        return
    billing_key.check_month(asked)
    total = int(asked["PCD_PAY_TOTAL"])
    refuse_if(total < MINIMUM_AMOUNT, "amount_below_minimum")
    refuse_if(not is_tax(asked.get("PCD_PAY_TAXTOTAL", ""), total), "field_malformed")
