"""Write a definition as the TOML a person would have written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.errors import LuthierError

LINE_WIDTH = 100

# The order in which people expect keys: what it is, when it runs, with what, how carefully.
_HEAD = (
    "schema",
    "id",
    "version",
    "name",
    "description",
    "tags",
    "license",
    "homepage",
    "parallel",
    "timeout",
    "concurrency",
    "on_failure",
)
SECTIONS = ("parameters", "requirements", "triggers", "actions", "steps", "artifacts")
_STEP = (
    "name",
    "description",
    "uses",
    "run",
    "needs",
    "when",
    "foreach",
    "inputs",
    "env",
    "outputs",
    "workspace",
    "timeout",
    "retries",
    "on_failure",
)
_PARAMETER = ("type", "title", "description", "required", "default", "choices", "pattern")
_BOUNDS = ("minimum", "maximum")
_GROUPS = {"parameters": _PARAMETER, "actions": _STEP, "steps": _STEP, "artifacts": ("path",)}

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# TOML allows no control character but tab in a string, unless it is escaped.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def write_toml(definition: Definition) -> str:
    """Return the text of a definition; reading it gives the same digest.

    Raises:
        LuthierError: A value has no TOML form: a null, or a surrogate in a text.
    """
    data = definition.to_json()
    typed = {name: {"type": "string"} | value for name, value in data.get("parameters", {}).items()}
    return write_json_form(data | ({"parameters": typed} if typed else {}))


def write_json_form(data: Mapping[str, Any]) -> str:
    """Return the text of a definition's JSON form, also of one that is not valid yet.

    Raises:
        LuthierError: A value has no TOML form.
    """
    rest = {key: value for key, value in data.items() if not has_tables(key, value)}
    blocks = [assignments(_ordered(rest, _HEAD))]
    for name in SECTIONS:
        blocks += section_blocks(name, data[name]) if has_tables(name, data.get(name)) else []
    return "\n\n".join(block for block in blocks if block) + "\n"


def table_block(path: Iterable[str], table: Mapping[str, Any], order: Iterable[str] = ()) -> str:
    """Return one ``[table]`` with its keys; what is too wide becomes a table below it.

    Args:
        path: The table's keys from the root, e.g. ``("steps", "report")``.
        table: Its values.
        order: Keys that come first; by default the order of a step.
    """
    path = tuple(path)
    lines: list[tuple[str, Any]] = []
    below: list[str] = []
    for key, given in _ordered(table, order or _GROUPS.get(path[0], ())):
        value = _whole(given) if key in _BOUNDS else given
        if isinstance(value, Mapping) and value and is_wide(key, value):
            below.append(table_block((*path, key), value, (*value,)))
        else:
            lines.append((key, value))
    header = f"[{'.'.join(map(_key, path))}]"
    blocks = [f"{header}\n{assignments(lines)}".rstrip("\n")] if lines or not below else []
    return "\n\n".join([*blocks, *below])


def _whole(value: Any) -> Any:
    """Return a bound such as 5.0 as people write it; the model makes it a float again."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def has_tables(name: str, value: Any) -> bool:
    """Return whether a value of the root is written as tables of its own, not as one line."""
    if name in _GROUPS:
        values = list(value.values()) if isinstance(value, Mapping) else []
    elif name == "triggers":
        values = value if isinstance(value, list) else []
    else:
        values = [value] if name in SECTIONS and value else []
    return bool(values) and all(isinstance(item, Mapping) for item in values)


def section_blocks(name: str, value: Any) -> list[str]:
    """Return the tables of one of the ``SECTIONS``."""
    if name in _GROUPS:
        return [table_block((name, key), item) for key, item in value.items()]
    if name == "triggers":
        return [_trigger(trigger) for trigger in value]
    return [table_block((name,), value, (*value,))]


def _trigger(trigger: Mapping[str, Any]) -> str:
    lines = assignments(_ordered(trigger, ("cron", "timezone")))
    return f"[[triggers]]\n{lines}".rstrip()


def _ordered(table: Mapping[str, Any], order: Iterable[str]) -> list[tuple[str, Any]]:
    known = [key for key in order if key in table]
    return [(key, table[key]) for key in dict.fromkeys([*known, *table])]


def assignments(pairs: Iterable[tuple[str, Any]]) -> str:
    """Return one ``key = value`` for each pair, in lines."""
    return "\n".join(f"{_key(key)} = {wrapped_value(key, value)}" for key, value in pairs)


def wrapped_value(key: str, value: Any) -> str:
    """Return a value, a list that is too wide for its line with one item a line."""
    if isinstance(value, str):
        return _text(value, multiline=True)
    inline = inline_value(value)
    if isinstance(value, list) and len(key) + 3 + len(inline) > LINE_WIDTH:
        return "[\n" + "".join(f"    {inline_value(item)},\n" for item in value) + "]"
    return inline


def is_wide(key: str, value: Mapping[str, Any]) -> bool:
    """Return whether a table reads better on its own than in one line."""
    if any("\n" in text for text in _texts(value)):
        return True
    return len(_key(key)) + 3 + len(inline_value(value)) > LINE_WIDTH


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def inline_value(value: Any) -> str:
    """Return a value as it stands in one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value, multiline=False)
        case int():
            return str(value)
        case float():
            return repr(value)
        case Mapping():
            pairs = ", ".join(f"{_key(key)} = {inline_value(item)}" for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            return f"[{', '.join(inline_value(item) for item in value)}]"
        case _:
            raise LuthierError(
                "no-toml-form",
                f"{value!r} has no TOML form.",
                "Leave the key out instead of giving null, or use the JSON form.",
            )


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _basic(key)


def _text(text: str, *, multiline: bool) -> str:
    """Return a string in the form with the fewest escapes."""
    if multiline and "\n" in text:
        return _multiline(text)
    literal_works = "'" not in text and "\n" not in text and not _UNSAFE.search(text)
    if literal_works and ('"' in text or "\\" in text):
        return f"'{text}'"
    return _basic(text)


def _multiline(text: str) -> str:
    if "\r" not in text and not _UNSAFE.search(text):
        if "'''" not in text and not text.endswith("'") and ("\\" in text or '"' in text):
            return f"'''\n{text}'''"
        escaped = text.replace("\\", "\\\\").replace('"""', '""\\"')
        if escaped.endswith('"'):
            escaped = f'{escaped[:-1]}\\"'
        return f'"""\n{escaped}"""'
    return _basic(text)


def _basic(text: str) -> str:
    """Return a basic string. JSON's escapes are TOML's, but for DEL."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise LuthierError(
            "no-toml-form", f"a text holds half a surrogate pair at character {error.start}."
        ) from error
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
