"""The other windows: app card, registration, payment password, clientKey."""

from __future__ import annotations

import pytest

from tests.gateway.merchant import Merchant, code_of

REGISTRATION = {"PCD_PAY_WORK": "AUTH", "PCD_PAY_GOODS": "", "PCD_PAY_TOTAL": "", "PCD_PAY_OID": ""}
OF_PAYMENTS_ONLY = ("PCD_PAY_OID", "PCD_PAY_GOODS", "PCD_PAY_TOTAL", "PCD_PAY_AMOUNT", "PCD_PAY_REQKEY")


class TestAppCard:
    """PCD_CARD_VER=02: a card company and instalments instead of a card number, and no billing key."""

    @pytest.mark.parametrize("work", ["PAY", "CERT"])
    def test_it_pays_without_a_billing_key(self, merchant: Merchant, work: str) -> None:
        """PCD_PAYER_ID is blank (quick guide 3-5)."""
        fields = merchant.fields(PCD_CARD_VER="02", PCD_PAY_WORK=work)
        claim = dict(merchant.payer.pay(fields, company="999904"))

        assert (claim["PCD_PAY_RST"], claim["PCD_CARD_VER"]) == ("success", "02")
        assert (claim["PCD_PAY_CARDNAME"], claim["PCD_PAYER_ID"], claim["PCD_PAY_CARDQUOTA"]) == ("현대카드", "", "00")

    def test_the_confirm_takes_a_blank_billing_key_or_none(self, merchant: Merchant) -> None:
        """There is none to send (undocumented: our choice)."""
        blank, none = merchant.claim(PCD_CARD_VER="02"), merchant.claim(PCD_CARD_VER="02")
        body = {"PCD_CST_ID": merchant.cst_id, "PCD_CUST_KEY": merchant.cust_key}
        body |= {name: none[name] for name in ("PCD_AUTH_KEY", "PCD_PAY_REQKEY")}

        assert merchant.confirm(blank)["PCD_PAY_CODE"] == "PCCF0000"
        assert merchant.post(none["PCD_PAY_COFURL"], body)["PCD_PAY_CODE"] == "PCCF0000"

    def test_instalments_from_fifty_thousand_won(self, merchant: Merchant) -> None:
        """PCD_PAY_CARDQUOTA (quick guide 3-5)."""
        fields = merchant.fields(PCD_CARD_VER="02", PCD_PAY_TOTAL="50000")
        claim = dict(merchant.payer.pay(fields, instalments="3"))

        assert claim["PCD_PAY_CARDQUOTA"] == "03"
        assert merchant.confirm(claim)["PCD_PAY_CARDQUOTA"] == "03"

    def test_it_cannot_be_registered(self, merchant: Merchant) -> None:
        """CPCA9997: AUTH makes billing keys, and app cards have none (official samples)."""
        window = merchant.payer.open(merchant.fields(**REGISTRATION, PCD_CARD_VER="02"))

        assert code_of(window) == "CPCA9997"
        merchant.broke("app_card_unregistrable")


class TestRegistration:
    """PCD_PAY_WORK=AUTH: no amount, and the billing key is what comes of it."""

    @pytest.mark.parametrize("method", ["card", "transfer"])
    def test_a_billing_key_and_nothing_of_a_payment(self, merchant: Merchant, method: str) -> None:
        """PCD_PAY_WORK AUTH (quick guide 3-3)."""
        window = merchant.payer.open(merchant.fields(**REGISTRATION, PCD_PAY_TYPE=method))
        assert "window-amount" not in window.page.texts

        claim = dict(window.approve().result or [])

        assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"], claim["PCD_PAY_WORK"]) == ("success", "0000", "AUTH")
        assert claim["PCD_PAYER_ID"]
        assert claim["PCD_PAY_CARDNUM" if method == "card" else "PCD_PAY_BANKNUM"]
        assert not [name for name in OF_PAYMENTS_ONLY if name in claim]
        assert "charged" not in {entry["effect"] for entry in merchant.ledger()}

    def test_the_same_card_keeps_its_key(self, merchant: Merchant) -> None:
        """기 인증고객; another card has another key (official samples)."""
        first, again = merchant.claim(**REGISTRATION), merchant.claim(**REGISTRATION)
        other = dict(merchant.payer.pay(merchant.fields(**REGISTRATION), card_number="9999020000001232"))

        assert (again["PCD_PAYER_ID"], again["PCD_PAY_MSG"]) == (first["PCD_PAYER_ID"], "기 인증고객 입니다.")
        assert "기 인증고객" not in first["PCD_PAY_MSG"]
        assert other["PCD_PAYER_ID"] != first["PCD_PAYER_ID"]

    def test_paying_with_a_registered_card_brings_the_same_key(self, merchant: Merchant) -> None:
        """One instrument, one key (undocumented: our choice)."""
        key = merchant.claim(**REGISTRATION)["PCD_PAYER_ID"]

        assert merchant.claim()["PCD_PAYER_ID"] == key

    def test_a_key_may_get_another_card(self, merchant: Merchant) -> None:
        """AUTH with PCD_PAYER_ID registers anew (official samples)."""
        key = merchant.claim(**REGISTRATION)["PCD_PAYER_ID"]
        renewal = merchant.fields(**REGISTRATION, PCD_PAYER_ID=key)

        claim = dict(merchant.payer.pay(renewal, card_number="9999020000001232"))

        assert (claim["PCD_PAYER_ID"], claim["PCD_PAY_CARDNAME"]) == (key, "신한카드")

    def test_a_refused_card_gets_no_key(self, merchant: Merchant) -> None:
        """The issuer's own code (응답코드)."""
        claim = merchant.claim("lost_card", **REGISTRATION)

        assert (claim["PCD_PAY_RST"], claim["PCD_PAY_CODE"]) == ("error", "3122")
        assert "기 인증고객" not in merchant.claim(**REGISTRATION)["PCD_PAY_MSG"]

    def test_it_does_not_wait_for_a_confirm(self, merchant: Merchant) -> None:
        """There is nothing to charge (undocumented: our choice)."""
        claim = merchant.claim(**REGISTRATION)
        merchant.order("POST", "/clock", {"advance": 3600})

        assert "PCD_PAY_COFURL" not in claim or not claim["PCD_PAY_COFURL"]
        assert [payment["state"] for payment in merchant.order("GET", "/payments")] == ["authenticated"]

    def test_closing_registers_nothing(self, merchant: Merchant) -> None:
        """PCD_PAY_RST close (quick guide 3-5)."""
        assert dict(merchant.payer.close(merchant.fields(**REGISTRATION)))["PCD_PAY_RST"] == "close"


class TestPaymentPassword:
    """PCD_SIMPLE_FLAG=Y with PCD_PAYER_ID: the registered card or account, and a password of six digits."""

    @pytest.mark.parametrize("method", ["card", "transfer"])
    @pytest.mark.parametrize("work", ["PAY", "CERT"])
    def test_the_registered_instrument_pays(self, merchant: Merchant, method: str, work: str) -> None:
        """PCD_SIMPLE_FLAG and PCD_PAYER_ID come back (official samples)."""
        key = merchant.claim(**REGISTRATION, PCD_PAY_TYPE=method)["PCD_PAYER_ID"]
        again = {"PCD_SIMPLE_FLAG": "Y", "PCD_PAYER_ID": key}
        window = merchant.payer.open(merchant.fields(**again, PCD_PAY_TYPE=method, PCD_PAY_WORK=work))
        assert "window-password" in window.page.texts

        claim = dict(window.approve().result or [])

        assert (claim["PCD_PAY_RST"], claim["PCD_PAYER_ID"], claim["PCD_SIMPLE_FLAG"]) == ("success", key, "Y")
        told = merchant.confirm(claim) if work == "CERT" else claim
        assert told["PCD_PAY_CARDNUM" if method == "card" else "PCD_PAY_BANKNUM"]

    def test_a_wrong_password_is_asked_for_again(self, merchant: Merchant) -> None:
        """The window stays (undocumented: our choice)."""
        key = merchant.claim(**REGISTRATION)["PCD_PAYER_ID"]
        window = merchant.payer.open(merchant.fields(PCD_SIMPLE_FLAG="Y", PCD_PAYER_ID=key))

        assert window.approve(payment_password="000000").page.status == 422
        assert dict(window.approve().result or [])["PCD_PAY_RST"] == "success"

    @pytest.mark.parametrize(("method", "code"), [("card", "CPCA0002"), ("transfer", "CPAY0002")])
    def test_an_unknown_key_opens_no_window(self, merchant: Merchant, method: str, code: str) -> None:
        """CPCA0002, CPAY0002 (응답코드)."""
        again = {"PCD_SIMPLE_FLAG": "Y", "PCD_PAYER_ID": "nobody's", "PCD_PAY_TYPE": method}

        assert code_of(merchant.payer.open(merchant.fields(**again))) == code
        merchant.broke("window_key_unknown")

    def test_a_key_of_another_method_opens_no_window(self, merchant: Merchant) -> None:
        """CPAY0002 (응답코드)."""
        key = merchant.claim(**REGISTRATION)["PCD_PAYER_ID"]
        again = {"PCD_SIMPLE_FLAG": "Y", "PCD_PAYER_ID": key, "PCD_PAY_TYPE": "transfer"}

        assert code_of(merchant.payer.open(merchant.fields(**again))) == "CPAY0002"


class TestClientKey:
    """v1/payment.js: no authentication, and a few fields more in the result."""

    @pytest.mark.parametrize(
        ("wish", "told"), [("", "appCard"), ("appCard", "appCard"), ("naverPay", "naverPay"), ("kakaoPay", "kakaoPay")]
    )
    def test_the_newer_fields(self, merchant: Merchant, wish: str, told: str) -> None:
        """PCD_PAY_METHOD, PCD_EASY_PAY_METHOD, PCD_TX_KEY (official samples)."""
        claim = self.claim(merchant, PCD_CARD_VER="02", PCD_PAY_METHOD=wish)

        assert claim["PCD_PAY_METHOD"] == told
        assert claim["PCD_EASY_PAY_METHOD"] == ("card" if wish in ("naverPay", "kakaoPay") else "")
        assert claim["PCD_TX_KEY"]

    def test_the_auth_key_window_has_none_of_them(self, merchant: Merchant) -> None:
        """Only the v1 window has them (official samples)."""
        assert not {"PCD_TX_KEY", "PCD_EASY_PAY_METHOD"} & set(merchant.claim())

    def claim(self, merchant: Merchant, **wishes: str) -> dict[str, str]:
        """A walk through the clientKey window."""
        fields = merchant.fields(clientKey=merchant.client_key, PCD_AUTH_KEY="", PCD_PAY_URL="", **wishes)
        return dict(merchant.payer.pay(fields))
