"""Positions in TOML, from tree-sitter's syntax tree."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterator

import tree_sitter
import tree_sitter_toml

from prefect_luthier.deployments.definition.positions import Duplicate, Place, Positions, Range
from prefect_luthier.pointers import Path

_KEYS = ("bare_key", "quoted_key", "dotted_key")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def toml_tree(text: str) -> tree_sitter.Tree:
    """Return the syntax tree of TOML text, complete even where the text is wrong."""
    language = tree_sitter.Language(tree_sitter_toml.language())
    return tree_sitter.Parser(language).parse(text.encode(errors="replace"))


def toml_positions(text: str) -> Positions:
    """Return the place of every key and value, and every key that is given twice."""
    walk = _Walk(text)
    walk.document(toml_tree(text).root_node)
    return Positions(walk.places, walk.duplicates, walk.keys)


class _Walk:
    def __init__(self, text: str) -> None:
        self.places: dict[Path, Place] = {}
        self.duplicates: list[Duplicate] = []
        self.keys: dict[Path, list[Range]] = {}
        self._text = text
        self._offset = _character_offsets(text)
        self._lists: dict[Path, int] = {}
        self._implicit: set[Path] = set()
        self._pending: list[tuple[tree_sitter.Node, Path]] = []

    def document(self, root: tree_sitter.Node) -> None:
        for node in root.children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)
            while self._pending:
                value, path = self._pending.pop()
                self._value(value, path)

    def _range(self, node: tree_sitter.Node) -> Range:
        return self._offset(node.start_byte), self._offset(node.end_byte)

    def _table(self, node: tree_sitter.Node) -> None:
        header = next((child for child in node.children if child.type in _KEYS), None)
        if header is None:
            return
        parts = self._key_parts(header)
        path: Path = ()
        bracket = self._range(node.children[0])[0]
        end = max(
            self._range(child)[1]
            for child in node.children
            if child.type in ("]", "]]", header.type)
        )
        for name, key in parts[:-1]:
            self.keys.setdefault((*path, name), []).append(key)
            path = self._current((*path, name))
            self._imply(path, Place(value=(bracket, end), key=key))
        name, key = parts[-1]
        path = (*path, name)
        self.keys.setdefault(path, []).append(key)
        place = Place(value=(bracket, end), key=key, whole=self._table_range(node))
        if node.type == "table_array_element":
            self._imply(path, place)
            index = self._lists.get(path, -1) + 1
            self._lists[path] = index
            path = (*path, index)
            self.places[path] = place
        else:
            self._add(path, place)
        for child in node.children:
            if child.type == "pair":
                self._pair(child, path)

    def _table_range(self, node: tree_sitter.Node) -> Range:
        start, end = self._range(node)
        return start, start + len(self._text[start:end].rstrip()) if end > start else end

    def _current(self, path: Path) -> Path:
        return (*path, self._lists[path]) if path in self._lists else path

    def _imply(self, path: Path, place: Place) -> None:
        if path not in self.places:
            self.places[path] = place
            self._implicit.add(path)

    def _add(self, path: Path, place: Place) -> None:
        first = self.places.get(path)
        if first is None or path in self._implicit:
            self.places[path] = place
            self._implicit.discard(path)
        else:
            self.duplicates.append(Duplicate(path, first.key or first.value, place))

    def _pair(self, node: tree_sitter.Node, prefix: Path) -> None:
        children = [child for child in node.children if child.type != "comment"]
        if len(children) < 3 or children[0].type not in _KEYS:  # noqa: PLR2004 - key, =, value
            return
        value = children[-1]
        whole = (self._range(node)[0], self._range(value)[1])
        parts = self._key_parts(children[0])
        path = prefix
        for name, key in parts[:-1]:
            path = (*path, name)
            self.keys.setdefault(path, []).append(key)
            self._imply(path, Place(value=whole, key=key))
        name, key = parts[-1]
        path = (*path, name)
        self.keys.setdefault(path, []).append(key)
        self._add(path, Place(self._range(value), key, whole))
        self._pending.append((value, path))

    def _value(self, node: tree_sitter.Node, path: Path) -> None:
        if node.type == "inline_table":
            for child in node.children:
                if child.type == "pair":
                    self._pair(child, path)
        elif node.type == "array":
            items = (child for child in node.children if child.is_named and child.type != "comment")
            for index, child in enumerate(items):
                self.places[*path, index] = Place(self._range(child), whole=self._range(child))
                self._pending.append((child, (*path, index)))

    def _key_parts(self, node: tree_sitter.Node) -> list[tuple[str, Range]]:
        parts = [(self._key_text(leaf), self._range(leaf)) for leaf in _leaves(node)]
        return parts or [("", self._range(node))]

    def _key_text(self, node: tree_sitter.Node) -> str:
        start, end = self._range(node)
        text = self._text[start:end]
        if node.type == "bare_key":
            return text
        if "\\" not in text:
            return text[1:-1]
        try:
            return str(next(iter(tomllib.loads(f"{text} = 0"))))
        except (tomllib.TOMLDecodeError, StopIteration):
            return text[1:-1]


def _leaves(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    stack = [node]
    while stack:
        node = stack.pop()
        if node.type == "dotted_key":
            stack += reversed(node.children)
        elif node.type in ("bare_key", "quoted_key"):
            yield node


def _character_offsets(text: str) -> Callable[[int], int]:
    """Return a function from offsets in UTF-8 to offsets in characters."""
    if text.isascii():
        return lambda offset: offset
    ends: list[int] = []
    excesses = [0]
    for match in _NOT_ASCII.finditer(text):
        width = len(match.group().encode(errors="replace"))
        excesses.append(excesses[-1] + width - 1)
        ends.append(match.end() + excesses[-1])
    return lambda offset: offset - excesses[bisect_right(ends, offset)]
