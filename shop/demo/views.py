"""The pages of the demo."""

from flask import Blueprint

bp = Blueprint(
    "demo", __name__, url_prefix="/demo", template_folder="templates", static_folder="static", static_url_path="/static"
)
