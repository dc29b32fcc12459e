"""What a file is comes from its bytes."""

from __future__ import annotations

import io
import json

import pytest

from prefect_luthier.rmos.attachments.kinds import LARGEST_JSON_BYTES, kind_of

SPEC = b'{"soundhole_diameter_mm": 100, "channel_depth_mm": 1.5, "rings": []}'
CONTEXT = b'{"machine": "shapeoko-3", "tool": {}, "spindle_rpm": 24000}'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
FILES = {
    "spec": (SPEC, "spec", "application/json"),
    "spec-without-the-rest": (b'{"rings": []}', "spec", "application/json"),
    "context": (CONTEXT, "context", "application/json"),
    "other-json": (b"[1, 2]", "other", "application/json"),
    "half-json": (SPEC[:-4], "other", "text/plain"),
    "svg": (SVG, "svg", "image/svg+xml"),
    "svg-with-byte-order-mark": (b"\xef\xbb\xbf <!-- x -->" + SVG, "svg", "image/svg+xml"),
    "svg-in-utf-16": (SVG.decode().encode("utf-16"), "svg", "image/svg+xml"),
    "svg-with-prefix": (b'<a:svg xmlns:a="http://x"></a:svg>', "svg", "image/svg+xml"),
    "cut-svg": (b'<?xml version="1.0"?><svg viewBox="0', "svg", "image/svg+xml"),
    "svg-after-a-long-comment": (b"<!--" + b"x" * 200_000 + b"-->" + SVG, "svg", "image/svg+xml"),
    "svg-after-much-space": (b" " * 200_000 + SVG, "svg", "image/svg+xml"),
    "svg-in-an-unknown-encoding": (
        b'<?xml version="1.0" encoding="rot13"?>' + SVG,
        "svg",
        "image/svg+xml",
    ),
    "page-with-svg": (b"<html><svg/></html>", "other", "application/xml"),
    "dxf": (b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", "dxf", "image/vnd.dxf"),
    "dxf-with-comment": (b"999\nmade by me\n0\nSECTION\n", "dxf", "image/vnd.dxf"),
    "binary-dxf": (b"AutoCAD Binary DXF\r\n\x1a\x00rest", "dxf", "image/vnd.dxf"),
    "gcode": (b"%\n(rosette)\nN10 G21 G90\nG0 X1Y-.5 ; there\nM30\n", "gcode", "text/x-gcode"),
    "words-that-look-like-gcode": (b"Gerald 5\nM3 bolts\n", "other", "text/plain"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 32, "picture", "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0" + b"\0" * 32, "picture", "image/jpeg"),
    "zip": (b"PK\x03\x04" + b"\0" * 32, "other", "application/zip"),
    "pdf": (b"%PDF-1.7\n", "other", "application/pdf"),
    "text": ("Größe".encode(), "other", "text/plain"),
    "bytes": (b"\xff\xfe\x00\x01", "other", "application/octet-stream"),
    "empty": (b"", "other", "text/plain"),
}


@pytest.mark.parametrize(("content", "kind", "media_type"), FILES.values(), ids=FILES)
def test_a_file_is_what_its_bytes_say(content: bytes, kind: str, media_type: str) -> None:
    """Kind and media type are read from the content."""
    found = kind_of(io.BytesIO(content), len(content))
    assert (found.kind, found.media_type) == (kind, media_type)


def test_text_that_is_cut_within_a_character_stays_text() -> None:
    """The part that is looked at may end in the middle of a character."""
    content = "é".encode() * 100_000
    assert kind_of(io.BytesIO(b"x" + content), len(content) + 1).media_type == "text/plain"


def test_large_json_is_no_design() -> None:
    """A document far larger than any design is kept as text and not read into memory."""
    content = json.dumps({"rings": ["x" * LARGEST_JSON_BYTES]}).encode()
    assert kind_of(io.BytesIO(content), len(content)).kind == "other"


def test_deep_json_is_no_design() -> None:
    """Nesting without end is no reason to fail."""
    content = b"[" * 100_000
    assert kind_of(io.BytesIO(content), len(content)).kind == "other"
