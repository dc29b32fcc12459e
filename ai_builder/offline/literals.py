"""Values that stand literally in a request: addresses, paths, quoted text, commands.

They are taken out of the text before it is split, so that the dot of ``digest.md`` ends no
sentence and the words of a quoted message choose no action.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

LiteralKind = OneOf[
    "command", "json", "url", "email", "phone", "path", "text", "placeholder", "date", "identifier"
]

# Each literal becomes one character of this private range.
_FIRST, _LAST = 0xE000, 0xF8FF

_FILE_ENDINGS = (
    "md|txt|csv|tsv|json|jsonl|ndjson|ya?ml|toml|xml|html?|pdf|docx?|xlsx?|pptx?|parquet|avro|"
    "png|jpe?g|gif|svg|webp|tiff?|bmp|mp[34]|wav|flac|ogg|avi|mov|mkv|webm|zip|tar|tgz|gz|bz2|xz|zst|7z|"
    "log|sql|db|sqlite3?|py|ipynb|sh|js|ts|go|rs|java|rb|php|ini|cfg|conf|env|lock|bak|dump|ics|eml|"
    "vcf|rtf|tex|rst|odt|ods|epub|whl|jar|iso|dmg|pem|key|crt|geojson|shp|gpx|dxf|nc|gcode|stl|step|h5|npy|npz|pkl"
)

# A command without backticks, behind words that only a command follows. It goes on up to the next
# word of the sentence; `make` and `python` alone are words too, and need something to work on.
_GOES_ON = (
    r"and|or|then|but|in|inside|within|from|on|at|every|each|if|when|whenever|while|after|before|"
    r"once|twice|with|to|into|for|until|unless|daily|nightly|hourly|weekly|monthly|weekdays|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|as|so|it|that|which|the|an?|my|our|is|by|using|"
    r"via|per|please|again|alongside|parallel|first|next|up|three|\d+ times"
)
_ARGUMENT = rf"[ ](?!(?:{_GOES_ON})\b(?![./=-]\w))(?![&|<>])[^\s,;:!?\"'`()]*[^\s,;:!?.\"'`()]"
_PROGRAM = (
    r"(?:(?:~|\.{1,2})?/[\w.+-]+(?:/[\w.+-]+)*|[\w+-]+(?:/[\w.+-]+)*\.(?:sh|bash|py))(?<!\.)(?![\w/])"
    rf"|(?:make|npm|npx|yarn|pnpm|cargo|gradle|mvn|tox|nox)(?={_ARGUMENT})"
    r"|(?:python3?|bash|sh|node|pytest)(?= [^\s,;]*[/.-][^\s,;.]+)|pytest\b|make(?=$|[,;.])"
)
_BARE_COMMAND = (
    r"(?:(?<=\brun )|(?<=\bruns )|(?<=\bexecute )|(?<=\blaunch )|(?<=\binvoke )|(?<=\bscript )"
    rf"|(?<=\bparallel with )|(?<=\bparallel to ))(?P<a2>(?:{_PROGRAM})(?:{_ARGUMENT})*)"
)

_PATTERNS: tuple[tuple[LiteralKind, str], ...] = (
    ("command", r"```(?:\w*\n)?(?P<a0>[^`]+?)```|`(?P<a1>[^`\n]+)`|" + _BARE_COMMAND),
    (
        "json",
        r"\{(?=\s*\")(?:[^{}\"]|\"(?:[^\"\\\n]|\\.)*\"|\{[^{}]*\})*\}|\[\s*(?:-?\d|\")[^\[\]{}\n]*\]",
    ),
    (
        "url",
        r"\b(?:https?|ftps?|s3|gs|wss?|sftp|ssh|jdbc:\w+|postgres(?:ql)?|mysql|file)://[^\s<>\"'`\ue000-\uf8ff]+",
    ),
    (
        "placeholder",
        r"\$?\{\{?\s*(?P<b0>[A-Za-z_][\w .-]*?)\s*\}\}?|<(?P<b1>[A-Za-z_][\w -]*)>|\$(?P<b2>[A-Z_][A-Z0-9_]+)\b",  # noqa: E501 - a pattern reads best in one piece
    ),
    ("text", r"\"(?P<c0>[^\"\n]{1,2000})\"|(?<![\w])'(?P<c1>[^'\n]{1,2000}?)'(?![\w])"),
    ("email", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b"),
    ("phone", r"(?<![\w+])(?:\+\d{1,3}|00[1-9]\d)(?:[ ./-]?\(?\d+\)?)+\d(?![\w:])"),
    (
        "path",
        (
            rf"(?<![\w/.~-])(?:(?:~|\.{{1,2}})?/[\w.@+%*-]+(?:/[\w.@+%*-]*)*"
            r"|[A-Za-z]:\\[\w\\. -]+\w"
            rf"|[\w.+*%-]+(?:/[\w.+*%-]+)*\.(?:{_FILE_ENDINGS})\b(?![/\w])|(?:[\w.+*%-]+/){{2,}}[\w.+*%-]*|[\w.+*%-]+/(?=[\s,;:.]|$))"
        ),
    ),
    ("date", r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?\b"),
    (
        "identifier",
        r"(?<!\w)#[A-Za-z][\w-]*|(?<![\w.])@[A-Za-z][\w-]+|\b(?=[A-Z0-9-]*\d)[A-Z]{2,}-?[A-Z0-9]*\d[A-Z0-9-]*\b(?!:)",
    ),
)

_PATTERN = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS), re.IGNORECASE
)
_CASED_IDENTIFIER = re.compile(r"[#@].*|[A-Z0-9-]+")


@dataclass(frozen=True)
class Literal:
    """One value of the request.

    Args:
        kind: What it looks like.
        text: The value, without quotes or other marks.
        mark: The character that stands for it in the masked text.
    """

    kind: LiteralKind
    text: str
    mark: str


@dataclass(frozen=True)
class Masked:
    """A request whose literals are replaced by one character each."""

    text: str
    literals: tuple[Literal, ...]

    def within(self, part: str) -> list[Literal]:
        """Return the literals whose marks stand in ``part``, in order."""
        by_mark = {literal.mark: literal for literal in self.literals}
        return [by_mark[char] for char in part if char in by_mark]

    def unmask(self, part: str) -> str:
        """Return ``part`` with its literals written out."""
        by_mark = {literal.mark: literal.text for literal in self.literals}
        return "".join(by_mark.get(char, char) for char in part)


def mask(request: str) -> Masked:
    """Replace every literal of a request by a mark.

    Args:
        request: The operator's text.
    """
    text = _plain(request)
    literals: list[Literal] = []
    pieces: list[str] = []
    end = 0
    for match in _matches(text):
        kind, value, stop = _read(match)
        if _FIRST + len(literals) > _LAST:
            break
        mark = chr(_FIRST + len(literals))
        literals.append(Literal(kind, value, mark))
        pieces += [text[end : match.start()], mark]
        end = stop
    return Masked("".join([*pieces, text[end:]]), tuple(literals))


def is_mark(char: str) -> bool:
    """Return whether a character stands for a literal."""
    return len(char) == 1 and _FIRST <= ord(char) <= _LAST


def _plain(request: str) -> str:
    text = _SHORTENED.sub(
        lambda match: f"{match[1]} {'is' if match[2].lower() == 's' else 'are'}",
        request.translate(_TYPOGRAPHY),
    )
    return "".join(
        char for char in text if (char.isprintable() or char == "\n") and not is_mark(char)
    )


_TYPOGRAPHY = str.maketrans(
    {
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\u2013": "-",
        "\u2014": " - ",
        "\u2026": "...",
        "\u2192": " then ",
        "\t": " ",
        "\r": "\n",
        "\xa0": " ",
    }
)


_SHORTENED = re.compile(
    r"\b(it|that|there|what|here|something|anything|everything|they|we|you|these|those)'(s|re)\b(?! been\b)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _matches(text: str) -> Iterator[re.Match[str]]:
    for match in _PATTERN.finditer(text):
        if match.lastgroup is None:
            continue
        if match["identifier"] and not _CASED_IDENTIFIER.fullmatch(match["identifier"]):
            continue
        if match["path"] and _is_no_path(match["path"]):
            continue
        if match["json"] and not _is_json(match["json"]):
            continue
        yield match


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


_NO_PATH = re.compile(
    r"(?:and/or|[a-z]+/[a-z]+/?|n/a|w/o|either/or|24/7|\d+/\d+(?:/\d+)?|node\.js|vue\.js)",
    re.IGNORECASE,
)


def _is_no_path(text: str) -> bool:
    return bool(_NO_PATH.fullmatch(text)) or not re.search(r"[A-Za-z*]", text)


def _read(match: re.Match[str]) -> tuple[LiteralKind, str, int]:
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    kind = next(kind for kind, _ in _PATTERNS if kind in groups)
    value = next((groups[name] for name in groups if name not in _KINDS), groups[kind]).strip()
    stop = match.end()
    if kind == "command" and match["a2"]:
        return kind, _startable(value), stop
    if kind in {"url", "path"}:
        trimmed = groups[kind].rstrip(".,;:!?)")
        stop = match.start() + len(trimmed)
        value = trimmed
    return _refine(kind, value), value, stop


def _startable(command: str) -> str:
    """Return a command whose program, when it is a mere file name, is found in its folder."""
    program = command.split(" ", 1)[0]
    if "/" in program or not program.endswith((".sh", ".bash", ".py")):
        return command
    return f"python {command}" if program.endswith(".py") else f"./{command}"


_KINDS = {kind for kind, _ in _PATTERNS}
_WHOLE: tuple[tuple[LiteralKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in _PATTERNS
    if kind in {"url", "email", "path"}
)


def _refine(kind: LiteralKind, value: str) -> LiteralKind:
    """Return the kind of the value inside quotes: ``"report.csv"`` is a path."""
    if kind not in {"text", "command"}:
        return kind
    for inner, pattern in _WHOLE:
        if pattern.fullmatch(value) and not (inner == "path" and _is_no_path(value)):
            return inner
    return kind
