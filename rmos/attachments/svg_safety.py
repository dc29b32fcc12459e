"""Whether a drawing is only a drawing: no script, no handler, nothing fetched from elsewhere.

The content is streamed through expat, so that its size does not matter, and every finding
carries its place.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import IO, Any
from xml.parsers import expat

from prefect_luthier.diagnostics import Diagnostic, Span

_CHUNK = 1 << 20
_MOST_FINDINGS = 20
# expat keeps one tag whole in memory; a drawing has no honest use for a larger one.
_LARGEST_TAG_BYTES = 16 << 20

_ACTIVE_ELEMENTS = frozenset(
    {"script", "foreignobject", "handler", "listener", "iframe", "object", "embed"}
    | {"audio", "video", "canvas", "portal", "discard"}
)
_MARKUP_NAMESPACES = ("http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML")
_REFERENCES = frozenset(
    {"href", "src", "srcset", "poster", "ping", "data", "action", "formaction", "base"}
)
# Drawing programs write it by habit; it names a grammar that nobody fetches.
_W3C_GRAMMAR = re.compile(r"https?://www\.w3\.org/[\w./-]+\.dtd\Z")
_ANIMATED_REFERENCE = re.compile(r"(?i)(?:\w+:)?(?:href|src|on\w+|style)\Z")
_OWN_PART = re.compile(r"\s*(?:#.*)?\Z", re.DOTALL)
_RASTER = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp)\s*[;,]", re.IGNORECASE)
_SCHEME = re.compile(r"(?i)(?:javascript|vbscript|livescript|data)\s*:")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\ufeff]")
_SCRIPT_SCHEME = re.compile(r"[tT]\s*:")
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_URL = re.compile(r"(?i)\burl\s*\(\s*(['\"]?)\s*(.{0,4})", re.DOTALL)
_CSS_ACTIVE = re.compile(
    r"(?i)@import|expression\s*\(|-moz-binding|\bbehavior\s*:|\bimage(?:-set)?\s*\(|\bsrc\s*\("
)


def svg_findings(content: IO[bytes]) -> list[Diagnostic]:
    """Return everything that makes an SVG unsafe to show, at most twenty findings.

    Args:
        content: The file, from its start.
    """
    return _Check().run(content)


class _Check:
    def __init__(self) -> None:
        self._findings: list[Diagnostic] = []
        self._harmless: set[str] = set()
        self._style: list[str] | None = None
        self._depth_of_style = 0
        self._depth = 0
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.ordered_attributes = True
        handlers: dict[str, Callable[..., Any]] = {
            "StartElementHandler": self._open_element,
            "EndElementHandler": self._close_element,
            "CharacterDataHandler": self._read_text,
            "StartDoctypeDeclHandler": self._read_doctype,
            "EntityDeclHandler": self._refuse_doctype,
            "SkippedEntityHandler": self._refuse_doctype,
            "ProcessingInstructionHandler": self._read_instruction,
        }
        for name, handler in handlers.items():
            setattr(parser, name, handler)

    def run(self, content: IO[bytes]) -> list[Diagnostic]:
        fed = 0
        try:
            while len(self._findings) < _MOST_FINDINGS and (chunk := content.read(_CHUNK)):
                self._parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - max(self._parser.CurrentByteIndex, 0) > _LARGEST_TAG_BYTES:
                    self._find("svg-tag-too-large", "one tag has more than 16 MB.")
                    return self._findings
            if len(self._findings) < _MOST_FINDINGS:
                self._parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            self._find("svg-malformed", f"it is no well-formed XML: {error}.")
        return self._findings[:_MOST_FINDINGS]

    def _find(self, code: str, message: str) -> None:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        span = Span(line, column, line, column + 1)
        self._findings.append(Diagnostic(code, "error", message, span=span))

    def _open_element(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        names, values = attributes[::2], attributes[1::2]
        if name not in self._harmless:
            self._check_element(name)
        # Most of a large drawing is numbers under a few names; only the rest is looked at.
        elif self._harmless.issuperset(names) and not _needs_look(" ".join(values)):
            return
        for key, value in zip(names, values, strict=True):
            self._check_attribute(name.rpartition(" ")[2], key, value)

    def _check_element(self, name: str) -> None:
        namespace, _, local = name.rpartition(" ")
        if local.lower() in _ACTIVE_ELEMENTS:
            self._find("svg-active-element", f"<{local}> can run or embed something.")
        elif namespace in _MARKUP_NAMESPACES:
            self._find("svg-active-element", f"<{local}> is of {namespace}, no part of a drawing.")
        elif local.lower() == "style":
            self._style, self._depth_of_style = [], self._depth
        else:
            self._harmless.add(name)

    def _check_attribute(self, element: str, key: str, value: str) -> None:
        attribute = key.rpartition(" ")[2].lower()
        plain = _INVISIBLE.sub("", value)
        if attribute.startswith("on"):
            self._find("svg-event-handler", f"<{element}> has the event handler {attribute!r}.")
        elif attribute in _REFERENCES:
            if not (_OWN_PART.match(value) or _RASTER.match(value)):
                self._find_reference(element, attribute, value)
        elif attribute == "attributename":
            if _ANIMATED_REFERENCE.match(plain):
                self._find("svg-event-handler", f"<{element}> animates {plain!r}.")
        elif _SCHEME.match(plain):
            self._find_reference(element, attribute, value)
        else:
            self._harmless.add(key)
            self._check_css(f"{attribute!r} of <{element}>", value)

    def _find_reference(self, element: str, attribute: str, value: str) -> None:
        self._find(
            "svg-external-reference",
            f"{attribute!r} of <{element}> refers to {_shortened(value)}; "
            "only parts of the drawing itself and embedded pictures are shown.",
        )

    def _check_css(self, place: str, css: str) -> None:
        if not _needs_look(css):
            return
        plain = _CSS_COMMENT.sub("", _CSS_ESCAPE.sub(_unescaped, css))
        for match in _CSS_URL.finditer(plain):
            if not match[2].startswith("#"):
                self._find(
                    "svg-external-reference",
                    f"{place} fetches {_shortened(plain[match.start() :])}.",
                )
        if active := _CSS_ACTIVE.search(plain):
            self._find("svg-external-reference", f"{place} contains {active[0]!r}.")

    def _close_element(self, _name: str) -> None:
        if self._style is not None and self._depth == self._depth_of_style:
            self._check_css("<style>", "".join(self._style))
            self._style = None
        self._depth -= 1

    def _read_text(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)

    def _read_doctype(
        self, _name: str, system: str | None, _public: str | None, has_own_part: int
    ) -> None:
        """Refuse a DOCTYPE that declares or fetches anything but the W3C's own SVG grammar."""
        if has_own_part or not (system is None or _W3C_GRAMMAR.match(system)):
            self._refuse_doctype()

    def _refuse_doctype(self, *_: object) -> None:
        if all(finding.code != "svg-doctype" for finding in self._findings):
            message = "its DOCTYPE or an entity can stand for anything."
            self._find("svg-doctype", message)

    def _read_instruction(self, target: str, _data: str) -> None:
        if target.lower() == "xml-stylesheet":
            self._find("svg-external-reference", "it has a style sheet from elsewhere.")


def _needs_look(text: str) -> bool:
    """Return whether a text has a function, a rule, an escape or the end of `javascript:`."""
    marked = "(" in text or "@" in text or "\\" in text
    return marked or (":" in text and _SCRIPT_SCHEME.search(text) is not None)


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        code = int(match[1], 16)
        return chr(code) if 0 < code <= sys.maxunicode else "\N{REPLACEMENT CHARACTER}"
    return str(match[2])


def _shortened(value: str) -> str:
    text = " ".join(value[:80].split())
    return repr(text[:40] + "…" if len(value) > len(text[:40]) else text)
