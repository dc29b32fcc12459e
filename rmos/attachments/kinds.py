"""What a file is, read from its bytes: its name and its sender's word count for nothing."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Literal, get_args
from xml.parsers import expat

import filetype

Kind = Literal["spec", "context", "svg", "dxf", "gcode", "picture", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_HEAD_BYTES = 64 * 1024
LARGEST_JSON_BYTES = 4 * 1024 * 1024
"""A design or a context is a page of text; larger JSON is kept, but is neither."""

_SPEC_KEYS = frozenset({"rings", "soundhole_diameter_mm", "channel_depth_mm"})
_CONTEXT_KEYS = frozenset({"machine", "tool", "spindle_rpm", "top_thickness_mm", "feed_mm_min"})
_KEYS_ENOUGH = 2
_XML_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<|\Z)|\xff\xfe|\xfe\xff")
_SVG_BEGUN = re.compile(rb"<(?:\w+:)?svg\b", re.IGNORECASE)
_DXF_START = re.compile(rb"\s*(?:999\r?\n[^\n]*\n\s*)*0\r?\n\s*SECTION\b")
_BINARY_DXF = b"AutoCAD Binary DXF\r\n\x1a\0"
_GCODE_COMMENT = re.compile(r"\([^)]*\)|;.*")
_GCODE_BLOCK = re.compile(
    r"/?\s*(?:N\d+\s*)?(?:[A-Z]\s*[-+]?(?:\d+\.?\d*|\.\d+)\s*)+\Z", re.IGNORECASE
)
_GCODE_COMMAND = re.compile(r"(?i)(?<![A-Z])[GM]\s*\d")
_GCODE_LINES = 40


@dataclass(frozen=True)
class FileKind:
    """What a file is, and its media type."""

    kind: Kind
    media_type: str


def kind_of(content: IO[bytes], size_bytes: int) -> FileKind:
    """Return what a file is.

    Args:
        content: The file, seekable, from its start; it is left anywhere.
        size_bytes: Its size.
    """
    head = content.read(_HEAD_BYTES)
    found = _binary_kind(head) or _xml_kind(content, head) or _dxf_kind(head)
    if found:
        return found
    text = _text(head, is_all=len(head) == size_bytes)
    if text is None:
        return FileKind("other", "application/octet-stream")
    if text.lstrip()[:1] in {"{", "["} and (found := _json_kind(content, size_bytes)):
        return found
    return FileKind("gcode", "text/x-gcode") if _is_gcode(text) else FileKind("other", "text/plain")


def _binary_kind(head: bytes) -> FileKind | None:
    if head.startswith(_BINARY_DXF):
        return FileKind("dxf", "image/vnd.dxf")
    guess = filetype.guess(head)
    if guess is None:
        return None
    kind: Kind = "picture" if guess.mime.startswith("image/") else "other"
    return FileKind(kind, guess.mime)


def _xml_kind(content: IO[bytes], head: bytes) -> FileKind | None:
    if not _XML_START.match(head):
        return None
    root = _root_element(content)
    if root == "svg" or (root is None and _SVG_BEGUN.search(head)):
        # Also one that is broken before its root ends: the safety check will say where.
        return FileKind("svg", "image/svg+xml")
    return FileKind("other", "application/xml") if root else None


def _root_element(content: IO[bytes]) -> str | None:
    """Return the lower-case local name of the root, however much stands before it."""
    parser = expat.ParserCreate(namespace_separator=" ")
    roots: list[str] = []

    def remember(name: str, _attributes: dict[str, str]) -> None:
        roots.append(name)

    parser.StartElementHandler = remember
    content.seek(0)
    with contextlib.suppress(expat.ExpatError, LookupError, ValueError):
        while not roots and (chunk := content.read(_HEAD_BYTES)):
            parser.Parse(chunk, False)
        if not roots:
            parser.Parse(b"", True)  # newer versions of expat wait for the end of a long token
    return roots[0].rpartition(" ")[2].lower() if roots else None


def _dxf_kind(head: bytes) -> FileKind | None:
    return FileKind("dxf", "image/vnd.dxf") if _DXF_START.match(head) else None


def _text(head: bytes, *, is_all: bool) -> str | None:
    """Return text that starts a file, or None if it is no UTF-8."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = not is_all and error.start > len(head) - 4 and error.reason.startswith("unexpected")
        if not cut:
            return None
        text = head[: error.start].decode("utf-8-sig")
    return None if "\0" in text else text


def _json_kind(content: IO[bytes], size_bytes: int) -> FileKind | None:
    if size_bytes > LARGEST_JSON_BYTES:
        return FileKind("other", "text/plain")
    content.seek(0)
    try:
        value = json.loads(content.read(), parse_int=float)
    except (ValueError, RecursionError):
        return None
    return FileKind(_document_kind(value), "application/json")


def _document_kind(value: Any) -> Kind:
    if not isinstance(value, dict):
        return "other"
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("spec", _SPEC_KEYS),
        ("context", _CONTEXT_KEYS),
    )
    found = [(len(keys & value.keys()), kind) for kind, keys in kinds]
    most, kind = max(found, key=lambda each: each[0])
    return kind if most >= _KEYS_ENOUGH or (kind == "spec" and "rings" in value) else "other"


def _is_gcode(text: str) -> bool:
    """Return whether the first lines are blocks of words, with a G or M command among them."""
    lines = [
        _GCODE_COMMENT.sub("", line).strip() for line in text.splitlines()[: 10 * _GCODE_LINES]
    ]
    blocks = [line for line in lines if line and line != "%"][:_GCODE_LINES]
    matches: Callable[[str], Any] = _GCODE_BLOCK.match
    return bool(blocks) and all(map(matches, blocks)) and any(map(_GCODE_COMMAND.search, blocks))
