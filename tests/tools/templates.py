"""Templates compiled once per process: every test builds its own shop, and compiling took half of its time."""

from __future__ import annotations

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """What was compiled, as long as the process lives; Jinja compares the source itself."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, if its template was compiled before."""
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


def compile_once() -> None:
    """From now on every Flask application of this process shares what was compiled."""
    Flask.jinja_options.setdefault("bytecode_cache", Compiled())
