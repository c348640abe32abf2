"""Flask's extensions, each created once here and bound to the app in `factory.create_app`."""

from flask_login import LoginManager

login = LoginManager()
