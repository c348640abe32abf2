"""What every view may ask for: the settings and the gateway's client of the running app, and its listener's ear."""

from collections.abc import Callable
from typing import cast

from flask import current_app

from shop.payple import PaypleClient
from shop.settings import Settings

EXTENSION = "shop"


def settings() -> Settings:
    """The settings this app was built with."""
    return cast(Settings, current_app.extensions[EXTENSION]["settings"])


def client() -> PaypleClient:
    """The one client of the gateway, with its pooled connections."""
    return cast(PaypleClient, current_app.extensions[EXTENSION]["client"])


def wake_listener() -> None:
    """Something was kept that is to be heard outside of this request."""
    wake = cast("Callable[[], None] | None", current_app.extensions[EXTENSION]["wake_listener"])
    if wake:
        wake()
