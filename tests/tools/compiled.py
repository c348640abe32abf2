"""Templates, routes and SQL are compiled once per process: compiling took half of the time of a test."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

STATEMENTS: LRUCache[Any, Any] = LRUCache(5_000)


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
    SQLAlchemy._make_engine = _with_shared_statements(SQLAlchemy._make_engine)  # type: ignore[method-assign]
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):  # the caches tell statements apart by their dialect
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]


def _with_shared_statements(make_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    def make(*arguments: Any) -> Engine:
        engine = make_engine(*arguments)
        engine._compiled_cache = STATEMENTS
        return engine

    return make


def _shared(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """The function that builds a route's address follows from its path and defaults alone."""
    builders: dict[tuple[object, ...], Any] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (append_unknown, repr(rule.defaults), *rule._trace)
        if key not in builders:
            builders[key] = compile_builder(rule, append_unknown)
        return builders[key]

    return builder
