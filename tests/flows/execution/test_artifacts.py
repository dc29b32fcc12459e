"""Finding, storing and showing the files of a run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.deployments.definition.plan import PlannedArtifact
from prefect_luthier.flows.execution.artifacts import KeptFile, artifact_key, collect, markdown_of
from prefect_luthier.masking import Masker


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Give a workspace with some files."""
    folder = tmp_path / "workspace"
    (folder / "out" / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "out" / "b.csv").write_text("b")
    (folder / "out" / "deep" / "c.csv").write_text("c")
    return folder


def kept(pattern: str, workspace: Path, tmp_path: Path, secret: str = "") -> tuple[list, list]:
    """Return paths and problems of one artifact."""
    artifact = PlannedArtifact(id="x", path=pattern, retention_s=60)
    found = collect((artifact,), workspace, BlobStore(str(tmp_path / "blobs")), Masker([secret]))
    return [file.path for file in found.files], list(found.problems)


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("a.txt", ["a.txt"]),
        ("out/*.csv", ["out/b.csv"]),
        ("**/*.csv", ["out/b.csv", "out/deep/c.csv"]),
        ("out", ["out/b.csv", "out/deep/c.csv"]),
    ],
    ids=["file", "glob", "deep glob", "folder"],
)
def test_patterns_name_files(pattern, paths, workspace, tmp_path):
    """A path, a glob or a folder stands for files of the workspace."""
    assert kept(pattern, workspace, tmp_path) == (paths, [])


@pytest.mark.parametrize("pattern", ["nothing.txt", "*.pdf", "../outside.txt"])
def test_pattern_without_a_file_is_a_problem(pattern, workspace, tmp_path):
    """An artifact that does not appear is told, and not fatal."""
    paths, problems = kept(pattern, workspace, tmp_path)
    assert paths == []
    assert pattern in problems[0]


@pytest.mark.parametrize("pattern", ["../secret.txt", "link", "out/*"])
def test_files_outside_the_workspace_are_not_kept(pattern, workspace, tmp_path):
    """Neither `..` nor a link leads out."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (workspace / "link").symlink_to(secret)
    (workspace / "out" / "link").symlink_to(secret)
    paths, problems = kept(pattern, workspace, tmp_path)
    assert [path for path in paths if "link" in path or "secret" in path] == []
    assert "leads out of the workspace" in problems[0]


def test_stored_content_is_masked_and_has_its_own_checksum(workspace, tmp_path):
    """A secret in a file is masked in what is stored; the file itself stays."""
    (workspace / "a.txt").write_text("key hunter2 end")
    blobs = BlobStore(str(tmp_path / "blobs"))
    artifact = PlannedArtifact(id="x", path="a.txt")
    file = collect((artifact,), workspace, blobs, Masker(["hunter2"])).files[0]
    assert blobs.get(file.sha256) == b"key *** end"
    assert file.sha256 == hashlib.sha256(b"key *** end").hexdigest()
    assert file.bytes == 11
    assert (workspace / "a.txt").read_text() == "key hunter2 end"


@pytest.mark.parametrize(
    ("path", "content", "shown"),
    [
        ("r.md", b"# Hi", "# Hi"),
        ("r.txt", b"a ``` b", "````\na ``` b\n````\n"),
        ("r.json", b"{}", "```json\n{}\n```\n"),
        ("r.bin", b"\0\1", None),
        ("r.txt", b"\xff", None),
    ],
    ids=["markdown", "fence in text", "json", "nul", "no utf-8"],
)
def test_only_text_is_shown(path, content, shown):
    """Markdown is shown as it is, other text between fences that it does not hold itself."""
    assert markdown_of(KeptFile("x", path, "", len(content)), content) == shown


def test_keys_are_what_prefect_accepts():
    """Lower-case letters, digits and dashes."""
    assert artifact_key("My_Flow", "Out/Ä b.csv") == "my-flow-out-b-csv"
