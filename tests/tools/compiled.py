"""Templates and routes are compiled once per process: compiling took half of the time of a test."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class CompiledTemplates(BytecodeCache):
    """Jinja compares the source itself."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


def compile_once() -> None:
    """From now on every Flask application of this process shares what was compiled."""
    Flask.jinja_options.setdefault("bytecode_cache", CompiledTemplates())
    Rule._compile_builder = _shared(Rule._compile_builder)  # type: ignore[method-assign]


def _shared(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """The function that builds a route's address follows from its path and defaults alone."""
    builders: dict[tuple[object, ...], Any] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (append_unknown, repr(rule.defaults), *rule._trace)
        if key not in builders:
            builders[key] = compile_builder(rule, append_unknown)
        return builders[key]

    return builder
