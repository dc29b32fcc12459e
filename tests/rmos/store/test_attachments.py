"""Attachments are taken in whole or not at all, kept once, and found by their SHA-256."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.errors import InvalidInput, LuthierError, UsageError
from prefect_luthier.rmos.store.attachments import (
    Declaration,
    attach,
    attachment_json,
    find_attachment,
    list_attachments,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'


def stored(session: Session, blobs: BlobStore, content: Any, name: str = "x", **said: Any) -> Any:
    """Attach something and commit."""
    row = attach(session, blobs, content, Declaration(name, **said), limit_bytes=10_000, actor="me")
    session.commit()
    return row


def test_the_digest_is_the_id(session: Session, blobs: BlobStore) -> None:
    """A file is found by its SHA-256 or the start of it, and its bytes come back."""
    sha256 = hashlib.sha256(SVG).hexdigest()
    row = stored(
        session, blobs, SVG, "C:\\tmp\\../ro\x07sette.png", sha256=f"sha256:{sha256.upper()}"
    )
    assert find_attachment(session, sha256[:10]).sha256 == sha256
    assert blobs.get(sha256) == SVG
    document = attachment_json(row)
    assert (document["id"], document["name"], document["kind"]) == (sha256, "rosette.png", "svg")


def test_the_same_content_is_kept_once(session: Session, blobs: BlobStore, tmp_path: Path) -> None:
    """Attaching again, by whatever name and way, gives the first attachment."""
    path = tmp_path / "a.svg"
    path.write_bytes(SVG)
    rows = [
        stored(session, blobs, content, name)
        for content, name in [(SVG, "first.svg"), (path, "a.svg"), (io.BytesIO(SVG), "b")]
    ]
    assert {(row.sha256, row.name) for row in rows} == {(rows[0].sha256, "first.svg")}
    assert len(list_attachments(session)) == 1
    assert list_attachments(session, kind="dxf") == []


REFUSED: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "digest": (SVG, {"sha256": "0" * 64}, "digest-mismatch"),
    "no-digest": (SVG, {"sha256": "f00"}, "bad-digest"),
    "size": (SVG, {"size_bytes": 3}, "size-mismatch"),
    "no-size": (SVG, {"size_bytes": -1}, "bad-size"),
    "kind": (SVG, {"kind": "dxf"}, "kind-mismatch"),
    "no-kind": (SVG, {"kind": "magic"}, "unknown-kind"),
    "large": (b"x" * 10_001, {}, "too-large"),
    "script": (SVG.replace(b"path", b"script"), {}, "unsafe-svg"),
    "cut": (SVG[:-3], {}, "unsafe-svg"),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_what_is_not_as_declared_leaves_nothing(
    session: Session, blobs: BlobStore, tmp_path: Path, refused: tuple[bytes, Any, str]
) -> None:
    """A refusal has its code and stores neither a row nor a byte."""
    content, said, code = refused
    with pytest.raises(LuthierError) as refusal:
        stored(session, blobs, io.BytesIO(content), **said)
    assert refusal.value.code == code
    assert list_attachments(session) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_findings_come_with_the_refusal(session: Session, blobs: BlobStore) -> None:
    """An unsafe drawing names every finding with its place."""
    with pytest.raises(InvalidInput) as refusal:
        stored(session, blobs, SVG.replace(b"path", b"script onload='x'"), "a.svg")
    found = [finding.code for finding in refusal.value.diagnostics]
    assert found == ["svg-active-element", "svg-event-handler", "svg-malformed"][: len(found)]
    assert len(found) >= 2


class Unreadable(io.RawIOBase):
    """A stream that must not be read."""

    def read(self, size: int = -1) -> bytes:
        """Fail."""
        raise AssertionError("it was read")


def test_a_declared_size_over_the_limit_is_refused_unread(
    session: Session, blobs: BlobStore
) -> None:
    """Five gigabytes are refused before the first byte is taken."""
    with pytest.raises(LuthierError, match="5,000,000,000 bytes; the limit is 10,000"):
        stored(session, blobs, Unreadable(), size_bytes=5_000_000_000)


def test_an_unknown_id_is_named(session: Session) -> None:
    """Looking for what is not there says so."""
    with pytest.raises(UsageError, match="no attachment 'abcd'"):
        find_attachment(session, "abcd")


SCRIPT = """
import resource, sys
from pathlib import Path
from sqlmodel import Session
from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.blocks.database import open_engine
from prefect_luthier.rmos.store.attachments import Declaration, attach, find_attachment

url, folder = sys.argv[1:]
engine, blobs = open_engine(url), BlobStore(folder + "/blobs")
def peak_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def run(name):
    with Session(engine) as session:
        content, declared = Path(folder, name), Declaration(name)
        row = attach(session, blobs, content, declared, limit_bytes=1 << 30, actor="me")
        blobs.export(row.sha256, Path(folder, "out"))
        return row
run("small.svg")
before = peak_kb()
row = run("large.svg")
print(row.kind, row.size_bytes, (peak_kb() - before) // 1024)
"""


def test_a_large_upload_does_not_live_in_memory(postgres_url: str, tmp_path: Path) -> None:
    """200 MB of SVG are attached, checked and exported within a few megabytes."""
    (tmp_path / "small.svg").write_bytes(SVG)
    with (tmp_path / "large.svg").open("wb") as file:
        file.write(b'<svg xmlns="http://www.w3.org/2000/svg">')
        path = b'<path d="M0 0 ' + b"L10.25 20.5 " * 43_690 + b'"/>\n'
        for _ in range(400):
            file.write(path)
        file.write(b"</svg>")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, postgres_url, str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kind, size, grown_mb = done.stdout.split()
    assert (kind, int(size) > 200_000_000) == ("svg", True)
    assert int(grown_mb) < 40
