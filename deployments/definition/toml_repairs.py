"""Slips in TOML statements that have one repair, and plain words for the others."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

_MAX_LINE = 2_000

_KEY = r"(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')"
_PAIR = re.compile(
    rf"(?P<head>[ \t]*{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)"
    r"[ \t]*(?P<sign>=|:)?[ \t]*(?P<value>[^\r\n]*?)[ \t]*\r?\Z"
)
_HEADER = re.compile(r"[ \t]*(?P<open>\[\[?)[^\[\]#]*(?P<close>\]{0,2})[ \t]*(?:#.*)?\r?\Z")
_WORDS = {
    "True": "true",
    "False": "false",
    "TRUE": "true",
    "FALSE": "false",
    "yes": "true",
    "no": "false",
}
_SMART_QUOTES = str.maketrans("\u201c\u201d\u201e\u2018\u2019", '"""\'\'')


@dataclass(frozen=True)
class Repair:
    """A change of one line that makes it valid.

    Args:
        start: Offset in the line of what to replace.
        end: Offset behind it.
        text: What to write instead.
        title: What the repair does.
        reason: What was wrong.
    """

    start: int
    end: int
    text: str
    title: str
    reason: str


def repaired(line: str) -> Repair | None:
    """Return the one repair that makes a line valid TOML, or None."""
    if len(line) > _MAX_LINE:
        return None
    pair = _PAIR.match(line)
    header = _HEADER.match(line)
    repairs: list[Repair] = [*_header_repairs(line, header), *(_pair_repairs(pair) if pair else ())]
    for repair in repairs:
        if _is_valid(line[: repair.start] + repair.text + line[repair.end :]):
            return repair
    return None


def _is_valid(line: str) -> bool:
    try:
        tomllib.loads(line)
    except (ValueError, RecursionError):
        return False
    return bool(line.strip())


def _header_repairs(line: str, header: re.Match[str] | None) -> list[Repair]:
    if header is None or len(header["open"]) == len(header["close"]):
        return []
    end = header.end("close") if header["close"] else len(line.split("#", maxsplit=1)[0].rstrip())
    missing = "]" * (len(header["open"]) - len(header["close"]))
    return [Repair(end, end, missing, f"add `{missing}`", "the table's header is not closed.")]


def _pair_repairs(pair: re.Match[str]) -> list[Repair]:
    found: list[Repair] = []
    value, start = pair["value"], pair.start("value")
    if pair["sign"] == ":" and value:
        at = pair.start("sign")
        found.append(
            Repair(at, at + 1, " =", "write `=`", "TOML writes `key = value`, with an equals sign.")
        )
    if pair["sign"] != "=" or not value:
        return found
    end = start + len(value)
    straight = value.translate(_SMART_QUOTES)
    if straight != value:
        found.append(
            Repair(start, end, straight, "write straight quotes", "TOML needs straight quotes.")
        )
    if value in _WORDS:
        word = _WORDS[value]
        found.append(Repair(start, end, word, f"write `{word}`", f"TOML writes `{word}`."))
        return found
    found += _string_repairs(value, start, end)
    comma = re.sub(r"(?<=[\"'])[ \t]+(?=[\"'])", ", ", value)
    if value.startswith("[") and comma != value:
        found.append(
            Repair(start, end, comma, "add the comma", "items of a list are separated by commas.")
        )
    return found


def _string_repairs(value: str, start: int, end: int) -> list[Repair]:
    quote = value[0]
    if quote in "\"'":
        found = []
        if value.count(quote) == 1:
            found.append(
                Repair(end, end, quote, "close the quotes", "the text is not closed by quotes.")
            )
        inner = value[1:-1]
        if quote == '"' and "\\" in value and value.endswith('"') and not re.search("['\"]", inner):
            reason = (
                "a backslash in double quotes begins an escape; single quotes take it as it is."
            )
            found.append(Repair(start, end, f"'{inner}'", "write it in single quotes", reason))
        return found
    if quote in "[{" or value in ("null", "None", "nil"):
        return []
    bare, hash_sign, _ = value.partition(" #")
    bare = bare.rstrip() if hash_sign else value
    mark = "'" if '"' in bare or "\\" in bare else '"'
    reason = "text must stand in quotes."
    return [Repair(start, start + len(bare), f"{mark}{bare}{mark}", "put it in quotes", reason)]


def explained(what: str, line: str) -> str:
    """Return the message for an error of `tomllib` on a line that has no sure repair."""
    pair = _PAIR.match(line[:_MAX_LINE])
    if pair and pair["sign"] == "=" and not pair["value"]:
        return f"the value of `{pair['head'].strip()}` is missing."
    if pair and pair["sign"] == "=" and pair["value"] in ("null", "None", "nil"):
        return "TOML has no null; leave the key out instead."
    if pair and pair["sign"] is None and not pair["value"]:
        return f"`{pair['head'].strip()[:60]}` stands alone; TOML needs `key = value`."
    return f"this is not valid TOML: {what[:1].lower()}{what[1:300]}."
