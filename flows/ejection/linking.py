"""Copy the code that an action needs out of the modules it is spread over, into one text.

What is copied is what the roots reach: functions, classes and constants of this package, in an
order in which they can be executed, renamed where two modules use the same name.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from prefect_luthier.errors import LuthierError

PACKAGE = "prefect_luthier"
_PARSE_TRIES = 5

Key = tuple[str, str]
"""Module and name of a definition."""


class CannotLink(LuthierError):
    """Code is written in a way that cannot be copied out of its module."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__("cannot-eject", f"the code of {module} cannot be copied: {reason}.")


@dataclass(frozen=True)
class Linked:
    """Code from several modules as one text.

    Args:
        imports: Import statements of foreign packages.
        code: The definitions.
        names: What each root is called in the text.
    """

    imports: tuple[str, ...]
    code: str
    names: Mapping[Key, str]


@dataclass
class _Module:
    name: str
    source: str
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    ours: dict[str, Key] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    typing_only: dict[str, str] = field(default_factory=dict)


def link(
    roots: Sequence[Key],
    replacements: Mapping[str, str] | None = None,
    wished: Mapping[Key, str] | None = None,
) -> Linked:
    """Return the code that the roots need.

    Args:
        roots: Modules and names to start from.
        replacements: Modules to take from another one instead.
        wished: What roots are to be called.

    Raises:
        CannotLink: Some of it cannot be copied.
    """
    linker = _Linker(dict(replacements or {}), dict(wished or {}))
    keys = [linker.visit(key) for key in roots]
    return linker.linked(dict(zip(roots, keys, strict=True)))


class _Linker:
    def __init__(self, replacements: dict[str, str], wished: dict[Key, str]) -> None:
        self._replacements = replacements
        self._wished = wished
        self._order: list[Key] = []
        self._entered: set[Key] = set()
        self._imports: dict[str, str] = {}
        self._typing: dict[str, str] = {}

    def visit(self, key: Key) -> Key:
        """Take in a definition after everything that it reaches; return where it really is."""
        module, name = self._replacements.get(key[0], key[0]), key[1]
        found = _module(module)
        if name in found.ours:
            return self.visit(found.ours[name])
        if name not in found.definitions:
            raise CannotLink(module, f"{name!r} is not defined at its top")
        if (module, name) not in self._entered:
            self._entered.add((module, name))
            node = found.definitions[name]
            modules = _used_modules(found, node)
            for used in sorted((_names(node) | set(_inner_imports(node))) - set(modules)):
                self._use(found, node, used)
            for part in _attributes(node, modules):
                self.visit((modules[_base(part)], part.attr))
            self._order.append((module, name))
        return module, name

    def _use(self, module: _Module, node: ast.stmt, used: str) -> None:
        inner = _inner_imports(node)
        if used in inner:
            self.visit(inner[used])
        elif used in module.definitions:
            self.visit((module.name, used))
        elif used in module.ours:
            self.visit(module.ours[used])
        elif used in module.foreign:
            self._imports[used] = module.foreign[used]
        elif used in module.typing_only:
            self._typing[used] = module.typing_only[used]

    def linked(self, roots: Mapping[Key, Key]) -> Linked:
        names = self._emitted_names()
        done: set[int] = set()
        pieces = []
        for module_name, name in self._order:
            module = _module(module_name)
            node = module.definitions[name]
            if id(node) not in done:
                done.add(id(node))
                pieces.append(_text(module, node, names, self._replacements))
        typing = sorted(set(self._typing.values()) - set(self._imports.values()))
        imports = sorted(set(self._imports.values()))
        if typing:
            imports += ["from typing import TYPE_CHECKING", "if TYPE_CHECKING:"]
            imports += [f"    {line}" for line in typing]
        emitted = {root: names[key] for root, key in roots.items()}
        return Linked(tuple(imports), "\n\n\n".join(pieces), emitted)

    def _emitted_names(self) -> dict[Key, str]:
        owners: dict[str, set[str]] = {}
        for module, name in self._order:
            owners.setdefault(name, set()).add(module)
        foreign = set(self._imports)
        return {
            (module, name): self._wished[module, name]
            if (module, name) in self._wished
            else f"_{module.rsplit('.', maxsplit=1)[-1]}_{name.strip('_')}"
            if len(owners[name]) > 1 or name in foreign
            else name
            for module, name in self._order
        }


@cache
def _module(name: str) -> _Module:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotLink(name, "its source is not installed")
    source = Path(spec.origin).read_text(encoding="utf-8")
    module = _Module(name, source)
    for node in _parsed(source).body:
        _take(module, node)
    return module


def _parsed(source: str) -> ast.Module:
    """Parse our own source; CPython 3.11 may fail while another thread parses (gh-106905)."""
    for _ in range(_PARSE_TRIES):
        with contextlib.suppress(SystemError):
            return ast.parse(source)
    return ast.parse(source)


def _take(module: _Module, node: ast.stmt) -> None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        for name, (key, line) in _imported(node).items():
            if key is None:
                module.foreign[name] = line
            else:
                module.ours[name] = key
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for inner in (part for part in node.body if isinstance(part, ast.Import | ast.ImportFrom)):
            found = _imported(inner)
            module.typing_only |= {n: line for n, (key, line) in found.items() if key is None}
    else:
        module.definitions |= dict.fromkeys(_defined(node), node)


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = (part for target in targets for part in ast.walk(target))
        return [part.id for part in parts if isinstance(part, ast.Name)]
    return []


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, tuple[Key | None, str]]:
    """Return for each name that an import binds where it is ours, and the statement alone."""
    found: dict[str, tuple[Key | None, str]] = {}
    for alias in node.names:
        name = alias.asname or alias.name.split(".")[0]
        renamed = f" as {alias.asname}" if alias.asname else ""
        if isinstance(node, ast.Import):
            found[name] = (None, f"import {alias.name}{renamed}")
        elif (node.module or "").split(".")[0] == PACKAGE:
            found[name] = ((node.module or "", alias.name), "")
        elif node.module != "__future__":
            found[name] = (None, f"from {node.module} import {alias.name}{renamed}")
    return found


def _inner_imports(node: ast.stmt) -> dict[str, Key]:
    """Return the names of this package that a function imports in its body."""
    return {
        name: key
        for inner in ast.walk(node)
        if isinstance(inner, ast.ImportFrom)
        for name, (key, _) in _imported(inner).items()
        if key is not None
    }


def _used_modules(module: _Module, node: ast.stmt) -> dict[str, str]:
    """Return the names that stand for modules of this package, and the modules."""
    known = module.ours | _inner_imports(node)
    found = {name: ".".join(key) for name, key in known.items() if name in _names(node)}
    return {name: path for name, path in found.items() if _is_module(path)}


@cache
def _is_module(path: str) -> bool:
    try:
        return importlib.util.find_spec(path) is not None
    except ModuleNotFoundError:
        return False


def _attributes(node: ast.stmt, modules: Mapping[str, str]) -> list[ast.Attribute]:
    return [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute)
        and isinstance(part.value, ast.Name)
        and part.value.id in modules
    ]


def _base(part: ast.Attribute) -> str:
    return part.value.id if isinstance(part.value, ast.Name) else ""


def _names(node: ast.stmt) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


Edit = tuple[int, int, int, str]
"""Line, first and last column in bytes, and the new text."""


def _text(
    module: _Module, node: ast.stmt, names: Mapping[Key, str], replacements: Mapping[str, str]
) -> str:
    """Return a definition as it is written, with the names it has in the linked text."""
    edits = _renames(module, node, names, replacements)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        new = names[module.name, node.name]
        edits += [_renamed_definition(module, node, new)] if new != node.name else []
    lines = module.source.encode().split(b"\n")
    for number, start, end, new in sorted(edits, reverse=True):
        line = lines[number - 1]
        lines[number - 1] = line[:start] + new.encode() + line[end:]
    for part in ast.walk(node):
        if isinstance(part, ast.ImportFrom) and (part.module or "").startswith(PACKAGE):
            lines[part.lineno - 1 : part.end_lineno] = [b""] * _height(part)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return _embedded(module, node, b"\n".join(lines[first - 1 : node.end_lineno]).decode())


def _renames(
    module: _Module, node: ast.stmt, names: Mapping[Key, str], replacements: Mapping[str, str]
) -> list[Edit]:
    inner = _inner_imports(node)
    modules = _used_modules(module, node)
    edits: list[Edit] = []
    for attribute in _attributes(node, modules):
        key = (modules[_base(attribute)], attribute.attr)
        edits.append(_edit(attribute, _emitted(key, names, replacements) or attribute.attr))
    arguments = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in modules and part.id not in arguments:
            key = inner.get(part.id) or module.ours.get(part.id) or (module.name, part.id)
            new = _emitted(key, names, replacements)
            edits += [_edit(part, new)] if new is not None and new != part.id else []
    return edits


def _edit(part: ast.expr, new: str) -> Edit:
    return part.lineno, part.col_offset, part.end_col_offset or part.col_offset, new


def _height(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _emitted(key: Key, names: Mapping[Key, str], replacements: Mapping[str, str]) -> str | None:
    for _ in range(10):
        key = (replacements.get(key[0], key[0]), key[1])
        if key in names:
            return names[key]
        if not key[0].startswith(PACKAGE) or key[1] not in _module(key[0]).ours:
            return None
        key = _module(key[0]).ours[key[1]]
    return None


def _renamed_definition(
    module: _Module, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, new: str
) -> Edit:
    line = module.source.encode().split(b"\n")[node.lineno - 1]
    start = line.index(node.name.encode(), node.col_offset + len(b"def "))
    return node.lineno, start, start + len(node.name.encode()), new


def _embedded(module: _Module, node: ast.stmt, text: str) -> str:
    """Carry a script that lies beside the module, as ``Path(__file__).with_name(…)`` names it."""
    if "__file__" not in text:
        return text
    value = getattr(node, "value", None)
    if not (
        isinstance(node, ast.Assign)
        and isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "with_name"
        and value.args
        and isinstance(value.args[0], ast.Constant)
    ):
        raise CannotLink(module.name, "it reads its own place on disk")
    name = str(value.args[0].value)
    spec = importlib.util.find_spec(module.name)
    source = (Path((spec.origin if spec else "") or "").with_name(name)).read_text(encoding="utf-8")
    target = text.split("=", maxsplit=1)[0].strip()
    return f"{target} = embedded({name!r}, {source!r})"
