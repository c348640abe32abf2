"""`python -m shop.simulator`: the simulator alone, under gunicorn with one worker and sixteen threads."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from dotenv import dotenv_values
from flask import Flask
from gunicorn.app.base import BaseApplication

from shop.simulator.app import create_simulator
from shop.simulator.web import SimulatorSettings
from shop.simulator.webhooks import checked_address, is_loopback

THREADS = 16
GRACEFUL_SECONDS = 3  # app.py kills after five: gunicorn must have ended a worker that hangs by then


class Server(BaseApplication):
    def __init__(self, settings: SimulatorSettings, listener: socket.socket) -> None:
        self._settings, self._listener = settings, listener
        super().__init__()  # type: ignore[no-untyped-call]  # gunicorn ships no types

    def load_config(self) -> None:
        """Threads, because a merchant's server that we call may call us again; no access log, no control socket."""
        assert self.cfg, "gunicorn makes it first"  # noqa: S101
        for name, value in {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "graceful_timeout": GRACEFUL_SECONDS,
            "loglevel": "warning",
            "accesslog": None,
            "control_socket_disable": True,
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "when_ready": self._say_ready,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Built in the worker, so that no database connection is shared over the fork."""
        app = create_simulator(self._settings)
        app.extensions["simulator_webhooks"].start()
        return app

    def _say_ready(self, _arbiter: object) -> None:
        sys.stdout.write(f"simulator: {self._settings.origin} (console: {self._settings.origin}/_sim)\n")
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Serve until stopped; 1 with one sentence when that is impossible."""
    values = dotenv_values(".env") | os.environ
    mode = (values.get("PAYPLE_MODE") or "").strip()
    if mode.lower() not in ("", "simulator"):
        return _fail(f"the simulator does not serve while PAYPLE_MODE is {mode}")
    asked = _parser().parse_args(arguments)
    if not is_loopback(asked.host) and values.get("SIMULATOR_PUBLIC") != "yes":
        return _fail(f"its control panel has no login; SIMULATOR_PUBLIC=yes lets other machines reach {asked.host}")
    try:
        checked_address(asked.webhook_url, tuple(asked.webhook_host))
    except ValueError as error:
        return _fail(f"--webhook-url: {error}")
    try:
        listener = socket.create_server((asked.host, asked.port), backlog=256)
    except OSError as error:
        return _fail(f"{asked.host}:{asked.port} cannot be used: {os.strerror(error.errno or 0)}")
    origin = asked.origin or f"http://{asked.host}:{listener.getsockname()[1]}"
    settings = SimulatorSettings(asked.data, origin, asked.webhook_url, tuple(asked.webhook_host), asked.merchant_page)
    Server(settings, listener).run()  # type: ignore[no-untyped-call]
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m shop.simulator", description="A stand-in for Payple, for tests and demos."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--data", type=Path, default=Path("instance/simulator.sqlite"), help="its SQLite file")
    parser.add_argument("--origin", default="", help="the address it tells others, if it is not http://HOST:PORT")
    parser.add_argument("--webhook-url", default="", help="where webhooks of the default partner go")
    parser.add_argument(
        "--webhook-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host besides this machine that webhooks may go to; may be given again",
    )
    parser.add_argument(
        "--merchant-page", default="", help="the default partner's page about a payment, up to its number"
    )
    return parser


def _fail(sentence: str) -> int:
    sys.stderr.write(f"simulator: {sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
