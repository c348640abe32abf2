"""What every view may ask for: the settings and the gateway's client of the running app."""

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
