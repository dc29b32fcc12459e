"""Writing a release's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prefect_luthier.errors import UsageError
from prefect_luthier.flows.actions.toolpath_folder import write_folder
from prefect_luthier.rmos.toolpaths.folder import MANIFEST, ReleasedFile


def released(**files: str) -> list[ReleasedFile]:
    manifest = {"files": [{"path": name.replace("_", ".")} for name in files]}
    return [
        *(ReleasedFile(name.replace("_", "."), "gcode", t.encode()) for name, t in files.items()),
        ReleasedFile(MANIFEST, "verification", json.dumps(manifest).encode()),
    ]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_folder_appears_whole(tmp_path):
    """Its parents are made, and nothing else stays beside it."""
    paths = write_folder(tmp_path / "a" / "b", released(x_nc="G0"))
    assert paths == [tmp_path / "a/b/x.nc", tmp_path / "a/b" / MANIFEST]
    assert names(tmp_path / "a") == {"b"}
    assert (tmp_path / "a/b/x.nc").read_text() == "G0"


def test_an_earlier_release_goes_and_foreign_files_stay(tmp_path):
    """A program of the release before does not stay beside the new one; notes do."""
    (tmp_path / "notes.txt").write_text("mine")
    write_folder(tmp_path, released(old_nc="1", both_nc="1"))
    write_folder(tmp_path, released(new_nc="2", both_nc="2"))
    assert names(tmp_path) == {"notes.txt", "new.nc", "both.nc", MANIFEST}
    assert (tmp_path / "both.nc").read_text() == "2"


@pytest.mark.parametrize("listed", ["../outside", "/etc/hostname", "..", "", "sub/file"])
def test_a_manifest_cannot_name_what_is_elsewhere(tmp_path, listed):
    """Only files in the folder itself are taken for an earlier release's."""
    (tmp_path / "outside").write_text("stays")
    folder = tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("stays")
    (folder / MANIFEST).write_text(json.dumps({"files": [{"path": listed}]}))
    write_folder(folder, released(x_nc="G0"))
    assert (tmp_path / "outside").exists()
    assert (folder / "sub" / "file").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": [{"path": 4}, 5]}'])
def test_a_foreign_manifest_is_no_obstacle(tmp_path, text):
    """What is no manifest of ours lists nothing."""
    (tmp_path / MANIFEST).write_text(text)
    write_folder(tmp_path, released(x_nc="G0"))
    assert names(tmp_path) == {"x.nc", MANIFEST}


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    """When the disk is full before everything is staged, the old files are untouched."""
    write_folder(tmp_path / "out", released(x_nc="old"))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        write_folder(tmp_path / "out", released(x_nc="new"))
    with pytest.raises(UsageError, match="No space left"):
        write_folder(tmp_path / "fresh", released(x_nc="new"))
    assert (tmp_path / "out/x.nc").read_text() == "old"
    assert names(tmp_path / "out") == {"x.nc", MANIFEST}
    assert names(tmp_path) == {"out"}
