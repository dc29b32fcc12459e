"""`file.write`."""

from __future__ import annotations

import hashlib

import pytest

from prefect_luthier.errors import LuthierError


async def test_file_has_the_content_and_its_checksum(call, tmp_path):
    """Folders are made; path, size and SHA-256 of the file are outputs."""
    out = await call("file.write", path="a/b/c.txt", content="grüße\n")
    data = (tmp_path / "a/b/c.txt").read_bytes()
    assert data == "grüße\n".encode()
    assert out == {
        "path": str(tmp_path / "a/b/c.txt"),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


async def test_append_adds_to_the_end(call, tmp_path):
    """With `append` the old content stays, and the checksum is of the whole."""
    await call("file.write", path="log", content="one\n")
    out = await call("file.write", path="log", content="two\n", append=True)
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    assert out["bytes"] == 8


async def test_existing_file_is_replaced_whole_and_keeps_its_mode(call, tmp_path):
    """A reader sees the old or the new content; no temporary file stays."""
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o640)
    await call("file.write", path="f", content="new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("path", ["../x", "a/../../x", "link/x", "nul\0"])
async def test_relative_path_stays_in_the_workspace(call, tmp_path, path):
    """Neither `..` nor a link leads out, and NUL is no path."""
    (tmp_path / "link").symlink_to("/tmp")
    with pytest.raises(LuthierError) as caught:
        await call("file.write", path=path, content="x")
    assert caught.value.code in {"path-outside-workspace", "bad-path"}


async def test_absolute_path_is_taken_as_it_is(call, tmp_path):
    """Whoever names an absolute path means it."""
    target = tmp_path.parent / f"{tmp_path.name}-absolute"
    await call("file.write", path=str(target), content="x")
    assert target.read_text() == "x"


async def test_folder_in_the_way_is_an_error(call, tmp_path):
    """The path and the reason are named, and nothing is left."""
    (tmp_path / "d").mkdir()
    with pytest.raises(LuthierError, match="cannot write"):
        await call("file.write", path="d", content="x")
    assert [p.name for p in tmp_path.iterdir()] == ["d"]
