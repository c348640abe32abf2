"""Read Python sources as trees, so that rules about the code can be tested."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Import:
    """One imported module, absolute; ``for_types`` when only the type checker sees it."""

    name: str
    line: int
    for_types: bool
    in_function: bool


@dataclass(frozen=True)
class Source:
    """A module: its dotted name and its tree."""

    module: str
    tree: ast.Module
    is_package: bool = False

    def imports(self) -> Iterator[Import]:
        """Every import by the name that is really meant: ``from shop import clock`` is ``shop.clock``."""
        for node, for_types, in_function in _walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                base = f"{self._base(node)}." if isinstance(node, ast.ImportFrom) else ""
                for alias in node.names:
                    yield Import(base + alias.name, node.lineno, for_types, in_function)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.module.split(".")[: None if self.is_package else -1]
        parts = package[: len(package) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def words(self) -> Iterator[tuple[str, int]]:
        """Every identifier and every text of the program, but no docstring and no comment."""
        statements = (node for node in ast.walk(self.tree) if isinstance(node, ast.Expr))
        docstrings = {node.value for node in statements if isinstance(node.value, ast.Constant)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                yield node.id, node.lineno
            elif isinstance(node, ast.Attribute):
                yield node.attr, node.lineno
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
                yield node.value, node.lineno


@cache
def read_sources() -> list[Source]:
    """The whole program: app.py and everything under shop/ but the generated migrations."""
    files = [path for path in (ROOT / "shop").rglob("*.py") if "migrations" not in path.parts]
    return [_read(path) for path in [ROOT / "app.py", *sorted(files)]]


def _read(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return Source(".".join(parts[:-1] if is_package else parts), tree, is_package)


def _walk(node: ast.AST, *, types: bool = False, function: bool = False) -> Iterator[tuple[ast.AST, bool, bool]]:
    yield node, types, function
    types = types or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
    function = function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, types=types, function=function)
