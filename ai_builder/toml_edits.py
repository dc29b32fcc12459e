"""Change a TOML text to say something else, leaving every byte that need not change."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from prefect_luthier.ai_builder.toml_writer import table_block, write_json_form

# The sections whose entries are tables of their own, in the order in which people expect them.
_SECTIONS = ("parameters", "requirements", "triggers", "actions", "steps", "artifacts")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|([A-Za-z0-9_-]+))\s*(?:\.|$)")


def rewrite_toml(
    text: str, new: Mapping[str, Any], renamed: Mapping[str, str] | None = None
) -> str:
    """Return ``text`` changed so that it reads as ``new``.

    Tables that are the same keep their bytes, and so do comments, but those of removed tables.

    Args:
        text: Valid TOML.
        new: What it shall say.
        renamed: Old and new ids of steps that are only called differently.
    """
    wanted = dict(new)
    edited = _rename_headers(text, renamed or {})
    try:
        edited = _remove_tables(edited, wanted)
        edited = _set_values(edited, wanted)
        edited = _add_tables(edited, wanted)
        if tomllib.loads(edited) == wanted:
            return edited
    except (tomllib.TOMLDecodeError, TOMLKitError, KeyError, TypeError, ValueError):
        pass  # an unusual layout: write it anew rather than wrongly
    return write_json_form(wanted)


@dataclass(frozen=True)
class _Block:
    """A table header with what belongs to it.

    Args:
        path: Keys of the header.
        start: First line: of the comments right above, or of the header.
        header: Line of the header.
        end: Line after its last value.
    """

    path: tuple[str, ...]
    start: int
    header: int
    end: int


def _blocks(lines: Sequence[str]) -> list[_Block]:
    headers = list(_headers(lines))
    blocks = []
    for position, (line, path) in enumerate(headers):
        following = headers[position + 1][0] if position + 1 < len(headers) else len(lines)
        end = following
        while end > line + 1 and _is_idle(lines[end - 1]):
            end -= 1
        start = line
        while start > 0 and lines[start - 1].lstrip().startswith("#"):
            start -= 1
        blocks.append(_Block(path, start, line, end))
    return blocks


def _is_idle(line: str) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith("#")


def _headers(lines: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield line and path of every header that stands in no multi-line string or list."""
    quote: str | None = None
    depth = 0
    for number, line in enumerate(lines):
        match = _HEADER.match(line) if quote is None and depth == 0 else None
        if match:
            yield number, _path(match[2])
            continue
        quote, depth = _scan(line, quote, depth)


_TOKEN = re.compile(r"\"\"\"|'''|\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*|[\[\]{}]")


def _scan(line: str, quote: str | None, depth: int) -> tuple[str | None, int]:
    """Return the open multi-line quote and the depth of brackets after a line."""
    position = 0
    while position < len(line):
        if quote is not None:
            closing = line.find(quote, position)
            if closing < 0:
                return quote, depth
            position, quote = closing + 3, None
            continue
        match = _TOKEN.search(line, position)
        if not match or match[0].startswith("#"):
            break
        token, position = match[0], match.end()
        if token in {'"""', "'''"}:
            quote = token
        elif token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
    return quote, max(depth, 0)


def _path(text: str) -> tuple[str, ...]:
    return tuple(
        next(part for part in match.groups() if part is not None) for match in _KEY.finditer(text)
    )


def _rename_headers(text: str, renamed: Mapping[str, str]) -> str:
    """Change the ids in headers; values that name them are changed as values are."""
    lines = text.split("\n")
    for block in _blocks(lines):
        if len(block.path) > 1 and block.path[0] == "steps" and block.path[1] in renamed:
            old = re.escape(block.path[1])
            lines[block.header] = re.sub(
                rf"(\[\s*steps\s*\.\s*)[\"']?{old}[\"']?(?=\s*[\].])",
                lambda match, name=renamed[block.path[1]]: match[1] + name,
                lines[block.header],
                count=1,
            )
    return "\n".join(lines)


def _remove_tables(text: str, wanted: Mapping[str, Any]) -> str:
    lines = text.split("\n")
    count: dict[tuple[str, ...], int] = {}
    gone: list[_Block] = []
    for block in _blocks(lines):
        count[block.path] = count.get(block.path, 0) + 1
        if not _is_wanted(block.path, wanted, count[block.path]):
            gone.append(block)
    for block in reversed(gone):
        end = block.end
        while end < len(lines) and not lines[end].strip() and (block.start == 0 or not lines[block.start - 1].strip()):
            end += 1
        del lines[block.start : end]
    return "\n".join(lines)


def _is_wanted(path: tuple[str, ...], wanted: Mapping[str, Any], number: int) -> bool:
    value: Any = wanted
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return number <= len(value) if isinstance(value, list) else isinstance(value, Mapping)


def _set_values(text: str, wanted: Mapping[str, Any]) -> str:
    """Change, add and remove the values of the tables that are there."""
    if tomllib.loads(text) == wanted:
        return text
    document = tomlkit.parse(text)
    _merge(document, wanted, top=True)
    return tomlkit.dumps(document)


def _merge(table: Any, wanted: Mapping[str, Any], *, top: bool = False) -> None:
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in wanted.items():
        if key not in table:
            if not (top and key in _SECTIONS):
                table[key] = _item(value)
            continue
        present = table[key]
        if isinstance(value, Mapping) and isinstance(present, Mapping):
            _merge_table(present, value, section=top and key in _SECTIONS)
        elif isinstance(value, list) and isinstance(present, list) and _are_tables(present, value):
            for item, new in zip(present, value, strict=False):
                _merge(item, new)
        elif tomlkit.item(present).unwrap() != value:
            table[key] = _item(value)


def _item(value: Any) -> Any:
    """Return a value as it is written inside a table: tables inline."""
    if not isinstance(value, Mapping):
        return value
    inline = tomlkit.inline_table()
    for key, inner in value.items():
        inline[key] = _item(inner)
    return inline


def _merge_table(present: Any, value: Mapping[str, Any], *, section: bool) -> None:
    if section and not isinstance(present, InlineTable):
        for name in [name for name in present if name not in value]:
            del present[name]
        for name, inner in value.items():
            if name in present and isinstance(inner, Mapping):
                _merge(present[name], inner)
    else:
        _merge(present, value)




def _are_tables(present: Sequence[Any], value: Sequence[Any]) -> bool:
    return all(isinstance(item, Mapping) for item in [*present, *value]) and bool(present)


def _add_tables(text: str, wanted: Mapping[str, Any]) -> str:
    """Insert the tables that are missing, each after the one before it in ``wanted``."""
    present = tomllib.loads(text)
    for section in _SECTIONS:
        value = wanted.get(section)
        if isinstance(value, Mapping) and section != "requirements":
            previous: str | None = None
            for name, table in value.items():
                if name not in present.get(section, {}):
                    text = _insert(text, section, table_block((section, name), table), previous)
                previous = name
        elif isinstance(value, list):
            for item in value[len(present.get(section, [])) :]:
                block = write_json_form({section: [item]}).strip("\n")
                text = _insert(text, section, block, None)
        elif value is not None and section not in present:
            text = _insert(text, section, table_block((section,), value), None)
    return text


def _insert(text: str, section: str, block: str, previous: str | None) -> str:
    lines = text.rstrip("\n").split("\n")
    blocks = _blocks(lines)
    own = [each for each in blocks if each.path[0] == section]
    after = [each for each in own if previous is not None and each.path[1:2] == (previous,)]
    if after:
        position = after[-1].end
    elif own and previous is None and section != "triggers":
        position = own[0].start
        return "\n".join([*lines[:position], *block.split("\n"), "", *lines[position:]]) + "\n"
    elif own:
        position = own[-1].end
    else:
        later = set(_SECTIONS[_SECTIONS.index(section) + 1 :])
        following = next((each for each in blocks if each.path[0] in later), None)
        if following is not None:
            start = following.start
            return "\n".join([*lines[:start], *block.split("\n"), "", *lines[start:]]) + "\n"
        position = len(lines)
    return "\n".join([*lines[:position], "", *block.split("\n"), *lines[position:]]) + "\n"
