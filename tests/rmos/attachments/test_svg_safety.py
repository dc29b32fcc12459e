"""A drawing may hold only itself."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.rmos.attachments.svg_safety import svg_findings

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


def codes(inside: str, before: str = "") -> set[str]:
    """Return the codes of the findings in a drawing."""
    text = f"{before}{HEAD}{inside}</svg>"
    return {finding.code for finding in svg_findings(io.BytesIO(text.encode()))}


UNSAFE = {
    "script": ("<script>1</script>", "svg-active-element"),
    "script-in-capitals": ("<SCRIPT/>", "svg-active-element"),
    "script-under-a-prefix": (
        '<x:script xmlns:x="http://www.w3.org/2000/svg"/>',
        "svg-active-element",
    ),
    "script-far-inside": ("<g>" * 3000 + "<script/>" + "</g>" * 3000, "svg-active-element"),
    "foreign-object": ("<foreignObject/>", "svg-active-element"),
    "html": ('<p xmlns="http://www.w3.org/1999/xhtml">x</p>', "svg-active-element"),
    "event-handler": ('<g onload="x()"/>', "svg-event-handler"),
    "event-handler-in-capitals": ('<g ONclick="x()"/>', "svg-event-handler"),
    "handler-after-harmless-ones": ('<g id="a"/><g id="b" onclick="1"/>', "svg-event-handler"),
    "other-file": ('<use href="parts.svg#a"/>', "svg-external-reference"),
    "xlink": ('<image xlink:href="http://example.org/a.png"/>', "svg-external-reference"),
    "reference-after-harmless-one": (
        '<use href="#a"/><use href="//example.org"/>',
        "svg-external-reference",
    ),
    "picture-set": ('<image srcset="http://example.org/a.png 1x"/>', "svg-external-reference"),
    "ping": ('<a href="#a" ping="http://example.org"/>', "svg-external-reference"),
    "link": ('<a href="https://example.org"><path/></a>', "svg-external-reference"),
    "javascript": ('<a href="java&#10;script:x()"/>', "svg-external-reference"),
    "javascript-elsewhere": ('<set to="javascript:x()"/>', "svg-external-reference"),
    "embedded-drawing": (
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        "svg-external-reference",
    ),
    "embedded-page": ('<a href="data:text/html,x"/>', "svg-external-reference"),
    "base": ('<g xml:base="http://example.org/"/>', "svg-external-reference"),
    "url-in-attribute": ('<path fill="url(http://example.org)"/>', "svg-external-reference"),
    "url-in-style": ('<path style="fill: URL ( &quot;a.svg#b&quot; )"/>', "svg-external-reference"),
    "url-with-escapes": (r'<path style="fill:\75 rl(a.svg)"/>', "svg-external-reference"),
    "url-with-comment": ('<path style="fill:u/**/rl(a.svg)"/>', "svg-external-reference"),
    "import": ("<style>@import 'a.css';</style>", "svg-external-reference"),
    "import-with-escapes": (r"<style>@\69mport 'a.css';</style>", "svg-external-reference"),
    "import-in-cdata": ("<style><![CDATA[@import 'a']]></style>", "svg-external-reference"),
    "import-in-parts": ("<style>@im<!-- -->port 'a';</style>", "svg-external-reference"),
    "image-set": ("<style>a{fill:image-set('a.png')}</style>", "svg-external-reference"),
    "animated-reference": (
        '<set attributeName="xlink:href" to="#a"/>',
        "svg-event-handler",
    ),
    "half": ("<g>", "svg-malformed"),
    "unknown-entity": ("&x;", "svg-malformed"),
    "unbound-prefix": ("<x:g/>", "svg-malformed"),
    "tag-too-large": (f'<path d="{"1 " * (17 << 19)}"/>', "svg-tag-too-large"),
}


@pytest.mark.parametrize(("inside", "code"), UNSAFE.values(), ids=UNSAFE)
def test_what_is_not_a_drawing_is_found(inside: str, code: str) -> None:
    """Whatever could run, or fetch something, is one finding with its code."""
    assert code in codes(inside)


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]>', "svg-doctype"),
        ('<!DOCTYPE svg SYSTEM "http://example.org/a.dtd">', "svg-doctype"),
        ('<!DOCTYPE svg SYSTEM "http://www.w3.org.example.org/a.dtd">', "svg-doctype"),
        ('<!DOCTYPE svg SYSTEM "a.dtd">', "svg-doctype"),
        ('<?xml-stylesheet href="a.css"?>', "svg-external-reference"),
        ('<?xml version="1.0" encoding="base64"?>', "svg-malformed"),
        ('<?xml version="1.0" encoding="no-such"?>', "svg-malformed"),
        ('<?xml version="1.0" encoding="shift_jis"?>', "svg-malformed"),
    ],
    ids=[
        "entities",
        "outer-dtd",
        "like-the-w3c",
        "file",
        "stylesheet",
        "no-text",
        "unknown",
        "multi-byte",
    ],
)
def test_what_stands_before_the_root_counts(before: str, code: str) -> None:
    """A document type or a style sheet is found as well."""
    assert code in codes("", before)


SAFE = {
    "shapes": '<path d="M0 0a5 5 0 0 1 5 5" style="fill:red;stroke:#000"/><circle r="5"/>',
    "own-parts": '<defs><g id="a"/></defs><use xlink:href="#a"/><use href="#a"/>',
    "own-paint": '<path fill="url(#g)" clip-path="url( \'#c\' )" transform="rotate(5)"/>',
    "picture": '<image href="data:image/png;base64,iVBORw0="/>',
    "style": "<style>.a{fill:url(#g)} /* url(x) */</style>",
    "text-about-scripts": "<text>onload=javascript:x() url(http://x)</text>",
    "animation": '<animate attributeName="r" from="1" to="2" values="1;2"/>',
    "editor-metadata": '<n:view xmlns:n="http://www.inkscape.org/x" n:zoom="1"/><metadata/>',
    "comment": "<!-- <script/> -->",
}


@pytest.mark.parametrize("inside", SAFE.values(), ids=SAFE)
def test_a_drawing_is_let_through(inside: str) -> None:
    """What drawing programs write into plain SVG has no finding."""
    assert codes(inside) == set()


W3C = (
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
)


@pytest.mark.parametrize("before", ["<!DOCTYPE svg>", W3C], ids=["bare", "w3c"])
def test_the_document_type_that_drawing_programs_write_is_let_through(before: str) -> None:
    """Naming the public grammar of SVG brings nothing in, and no entity can come from it."""
    assert codes("<path/>", before) == set()
    assert codes("<text>&nbsp;</text>", before) != set()


def test_findings_say_where() -> None:
    """Every finding has its line and column, and all of them come at once."""
    text = f"{HEAD}\n  <script/>\n<g onclick='x'/>\n</svg>"
    findings = svg_findings(io.BytesIO(text.encode()))
    places = [(finding.code, finding.span.line, finding.span.column) for finding in findings]
    assert places == [("svg-active-element", 2, 3), ("svg-event-handler", 3, 1)]


def test_findings_end_at_twenty() -> None:
    """A drawing full of scripts is not a page full of findings."""
    assert len(svg_findings(io.BytesIO((HEAD + "<script/>" * 500 + "</svg>").encode()))) == 20


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_give_findings(content: bytes) -> None:
    """Content that is no SVG at all is refused, whatever it is."""
    assert svg_findings(io.BytesIO(content))
