"""Change a definition's text so that it says something else, and leave every other byte alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prefect_luthier.ai_builder.toml_writer import (
    SECTIONS,
    assignments,
    has_tables,
    inline_value,
    is_wide,
    section_blocks,
    table_block,
    wrapped_value,
    write_json_form,
)
from prefect_luthier.deployments.definition.positions import Place, removal_range
from prefect_luthier.deployments.definition.toml_positions import toml_positions
from prefect_luthier.pointers import Path, lookup

# Each change reads the text anew; beyond this many the file is another one anyway.
MAX_CHANGES = 300

_COMMENTS_ABOVE = re.compile(r"(?:^[ \t]*#[^\n]*\n)+\Z", re.MULTILINE)
_REST_OF_LINE = re.compile(r"[^\n]*(?:\n|\Z)")


def edit_toml(
    text: str, wanted: Mapping[str, Any], renamed: Mapping[str, str] | None = None
) -> str:
    """Return ``text``, changed where ``wanted`` differs from it, and only there.

    Comments, blank lines, order and notation of everything that stays are kept. A text that is
    no TOML, or too unusual to be edited, is written anew.

    Args:
        text: A definition in TOML.
        wanted: The JSON form that the result shall have. An empty list or table at its root
            counts as none: to a definition both are the same.
        renamed: Old and new ids of steps that are only called differently.

    Raises:
        LuthierError: A value has no TOML form.
    """
    try:
        text = _with_new_names(text, renamed or {})
        present = _plain(tomllib.loads(text))
        wanted = {
            key: value
            for key, value in wanted.items()
            if value not in ({}, []) or present.get(key) == value
        }
        changes = list(_changes((), present, wanted))
        if len(changes) <= MAX_CHANGES:
            edited = _edited(text, wanted, changes)
            if _same(_plain(tomllib.loads(edited)), wanted):
                return edited
    except (tomllib.TOMLDecodeError, RecursionError):
        pass
    return write_json_form(wanted)


def _with_new_names(text: str, renamed: Mapping[str, str]) -> str:
    """Return the text with the ids of steps changed wherever they are keys."""
    keys = toml_positions(text).keys if renamed else {}
    ranges = [
        (*place, name) for old, name in renamed.items() for place in keys.get(("steps", old), ())
    ]
    for start, end, name in sorted(ranges, reverse=True):
        text = text[:start] + name + text[end:]
    return text


def _plain(value: Any) -> Any:
    """Return a value with TOML's dates and times as text, as the JSON form has them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else value.isoformat()


def _same(a: Any, b: Any) -> bool:
    """Return whether two values are equal; 5 and 5.0 are, 1 and true are not."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b and isinstance(a, bool) == isinstance(b, bool))


@dataclass(frozen=True)
class _Change:
    """A key that goes away, or that gets a value.

    Args:
        path: The key.
        remove: Whether it goes away.
        after: The key before it in the same table, None for the first.
    """

    path: Path
    remove: bool = False
    after: str | None = None


def _changes(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[_Change]:
    for key in old:
        if key not in new:
            yield _Change((*path, key), remove=True)
    before: str | None = None
    for key, value in new.items():
        if key not in old:
            yield _Change((*path, key), after=before)
        elif isinstance(value, Mapping) and isinstance(old[key], Mapping):
            yield from _changes((*path, key), old[key], value)
        elif _are_alike_tables(old[key], value):
            for index, item in enumerate(value):
                yield from _changes((*path, key, index), old[key][index], item)
        elif not _same(value, old[key]):
            yield _Change((*path, key), after=before)
        before = key


def _are_alike_tables(old: Any, new: Any) -> bool:
    """Return whether two lists are tables that can be compared one by one."""
    lists = isinstance(old, list) and isinstance(new, list) and len(old) == len(new)
    return lists and all(isinstance(item, Mapping) for item in [*old, *new])


def _edited(text: str, wanted: Mapping[str, Any], changes: list[_Change]) -> str:
    windows = "\r\n" in text
    text = text.replace("\r\n", "\n")
    for change in changes:
        here = _Text(text)
        text = here.without(change.path) if change.remove else here.with_value(change, wanted)
    return text.replace("\n", "\r\n") if windows else text


@dataclass(frozen=True)
class _Block:
    """A ``[table]`` with the comments above it and its own keys.

    Args:
        path: Its path.
        start: Offset of the first comment or of the header.
        end: Offset behind the line of the last key.
    """

    path: Path
    start: int
    end: int


class _Text:
    """One state of the text, with everything's place."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = toml_positions(text).places
        self._blocks = self._find_blocks()

    def without(self, path: Path) -> str:
        """Return the text without a key, whichever ways it is written."""
        gone = [(b.start, b.end) for b in self._blocks if b.path[: len(path)] == path]
        cuts = [self._with_blank_lines(start, end) for start, end in gone]
        for other, place in self._places.items():
            if other[: len(path)] != path or not _is_pair(place) or place.whole is None:
                continue
            inside_list = any(isinstance(part, int) for part in other[len(path) :])
            shorter = any(
                _is_pair(self._places[other[:n]])
                for n in range(len(path), len(other))
                if other[:n] in self._places
            )
            in_block = any(start <= place.whole[0] < end for start, end in gone)
            if not (inside_list or shorter or in_block):
                in_line = self._is_inline(other[:-1])
                cuts.append(removal_range(self._text, place.whole, in_line=in_line))
        text = self._text
        for start, end in sorted(cuts, reverse=True):
            text = text[:start] + text[end:]
        return text

    def with_value(self, change: _Change, wanted: Mapping[str, Any]) -> str:
        """Return the text in which a key has the value that it has in ``wanted``."""
        path = change.path
        value = lookup(wanted, path)
        place = self._places.get(path)
        if place is not None and _is_pair(place):
            written = (
                inline_value(value)
                if self._is_inline(path[:-1])
                else wrapped_value(str(path[-1]), value)
            )
            return self._text[: place.value[0]] + written + self._text[place.value[1] :]
        if place is not None:
            return _Text(self.without(path)).added(path, value, change.after, wanted)
        return self.added(path, value, change.after, wanted)

    def added(self, path: Path, value: Any, after: str | None, wanted: Mapping[str, Any]) -> str:
        """Return the text with a key that it does not have yet."""
        parent = path[:-1]
        key = str(path[-1])
        is_table = isinstance(value, Mapping)
        if not parent and has_tables(key, value):
            return self._insert_blocks(path, section_blocks(key, value), after)
        if self._is_inline(parent):
            return self._add_inline(parent, key, value)
        if is_table and (len(parent) == 1 or is_wide(key, value)) and self._holds_tables(parent):
            return self._insert_blocks(path, [table_block(map(str, path), value)], after)
        if not parent or any(block.path == parent for block in self._blocks):
            return self._insert_line(parent, assignments([(key, value)]))
        # The table around it is written in a way that takes no further key: write it anew.
        return _Text(self.without(parent)).added(parent, lookup(wanted, parent), None, wanted)

    def _find_blocks(self) -> list[_Block]:
        # The first of several [[tables]] has two paths, with and without its index.
        found = {
            place.whole[0]: (path, place.value[1])
            for path, place in sorted(self._places.items(), key=lambda item: len(item[0]))
            if place.whole is not None and not _is_pair(place) and place.key is not None
        }
        headers = sorted((start, *rest) for start, rest in found.items())
        ends = [start for start, *_ in headers[1:]] + [len(self._text)]
        pairs = [place.whole for place in self._places.values() if _is_pair(place) and place.whole]
        blocks = []
        for (start, path, header_end), limit in zip(headers, ends, strict=False):
            last = max([end for begin, end in pairs if start <= begin < limit] + [header_end])
            above = _COMMENTS_ABOVE.search(self._text[:start])
            line_end = self._line_end(last)
            blocks.append(_Block(path, above.start() if above else start, line_end))
        return blocks

    def _line_end(self, offset: int) -> int:
        found = _REST_OF_LINE.match(self._text, offset)
        return found.end() if found else len(self._text)

    def _with_blank_lines(self, start: int, end: int) -> tuple[int, int]:
        """Return a block's range with the blank lines that would be left over."""
        before = self._text[:start].rstrip("\n")
        if before:
            return len(before) + 1, end
        return 0, len(self._text) - len(self._text[end:].lstrip("\n"))

    def _is_inline(self, path: Path) -> bool:
        place = self._places.get(path)
        return place is not None and _is_pair(place) and self._text[place.value[0]] == "{"

    def _holds_tables(self, parent: Path) -> bool:
        """Return whether the tables below ``parent`` may have headers of their own."""
        place = self._places.get(parent)
        return place is None or not _is_pair(place)

    def _add_inline(self, parent: Path, key: str, value: Any) -> str:
        start, end = self._places[parent].value
        inside = self._text[start + 1 : end - 1].rstrip()
        pair = f"{inline_value({key: value})[1:-1].strip()}"
        inside = f"{inside}, {pair}" if inside.strip() else f" {pair}"
        return f"{self._text[: start + 1]}{inside} {self._text[end - 1 :]}"

    def _insert_line(self, parent: Path, line: str) -> str:
        if parent:
            at = next(block.end for block in self._blocks if block.path == parent)
        else:
            first = min((block.start for block in self._blocks), default=len(self._text))
            ends = [
                place.whole[1]
                for place in self._places.values()
                if _is_pair(place) and place.whole and place.whole[1] <= first
            ]
            at = self._line_end(max(ends)) if ends else 0
            if not ends and self._blocks:
                return f"{line}\n\n{self._text}"
        before = self._text[:at]
        gap = "" if not before or before.endswith("\n") else "\n"
        return f"{before}{gap}{line}\n{self._text[at:]}"

    def _insert_blocks(self, path: Path, blocks: list[str], after: str | None) -> str:
        at = self._position(path, after)
        before, behind = self._text[:at].rstrip("\n"), self._text[at:]
        parts = [before] if before else []
        return "\n\n".join([*parts, *blocks]) + "\n" + (behind if before else f"\n{behind}")

    def _position(self, path: Path, after: str | None) -> int:
        """Return where a new table belongs: behind its neighbour, its kin or its section."""
        for family in ((*path[:-1], after), path[:-1]):
            kin = [b.end for b in self._blocks if family and b.path[: len(family)] == family]
            if kin:
                return max(kin)
        rank = SECTIONS.index(str(path[0])) if path[0] in SECTIONS else len(SECTIONS)
        earlier = [
            block.end
            for block in self._blocks
            if block.path[0] in SECTIONS and SECTIONS.index(str(block.path[0])) <= rank
        ]
        if earlier:
            return max(earlier)
        return min((block.start for block in self._blocks), default=len(self._text))


def _is_pair(place: Place) -> bool:
    """Return whether an entry is ``key = value``, or implied by a dotted key of one."""
    return place.key is not None and place.value[0] >= place.key[0]
