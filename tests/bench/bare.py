"""The yardstick: one page, and nothing else."""

from flask import Flask

app = Flask("bare")


@app.get("/")
def page() -> str:
    """As little as Flask can answer."""
    return "<!doctype html><html lang=en><title>bare</title><h1>bare</h1></html>"


@app.post("/")
def post() -> tuple[str, int, dict[str, str]]:
    """The same for a form: read it and send the browser on."""
    return "", 303, {"Location": "/"}
