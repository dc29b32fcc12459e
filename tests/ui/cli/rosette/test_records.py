"""The rosette records on the command line: documents, exit codes, nothing half-done."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.main import main

FAKES = Path(__file__).parents[3] / "fakes"
SPEC, CONTEXT = FAKES / "rosette_spec.json", FAKES / "rosette_context.json"
SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg">\n <script/>\n</svg>'
REASON = "a test cut on scrap was clean"

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def rosette(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    clean_environment: Path,
    postgres_url: str,
) -> Iterator[Run]:
    """Give a function that runs `luthier rosette … --json`: exit code, document, stderr."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    monkeypatch.setenv("LUTHIER_ACTOR", "anna")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object, json_wanted: bool = True) -> tuple[int, Any, str]:
        words = [str(each) for each in arguments] + (["--json"] if json_wanted else [])
        monkeypatch.setattr("sys.argv", ["luthier", "rosette", *words])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        document = json.loads(printed.out) if json_wanted and printed.out else printed.out
        return int(left.value.code or 0), document, printed.err

    yield run
    open_store(load_settings()).dispose()


def bound(rosette: Run, tmp_path: Path, **changes: Any) -> tuple[int, Any]:
    """Bind a design with changes; return the exit code and the document."""
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(json.loads(SPEC.read_text()) | changes))
    code, document, _ = rosette("bind", "--spec", path, "--context", CONTEXT, "--name", "OM")
    return code, document


def test_a_design_from_file_to_programs(rosette: Run, tmp_path: Path) -> None:
    """Bind, approve, release, download, show, replay: every document agrees with the others."""
    code, binding = bound(rosette, tmp_path)
    assert (code, binding["decision"]) == (0, "ALLOW")
    design = binding["design"][:8]
    assert rosette("release", design)[0] == 1
    code, decision, _ = rosette("approve", design, "--actor", "bert", "--note", "good")
    assert (code, decision["state"], decision["actor"]) == (0, "approved", "bert")
    code, made, _ = rosette("release", design, "--dialect", "linuxcnc")
    assert (code, made["verification"]["passed"]) == (0, True)
    code, written, _ = rosette("download", design, "-o", tmp_path / "out")
    assert {Path(file["path"]).name: file["sha256"] for file in written["files"]} == {
        file["path"]: file["sha256"] for file in made["files"]
    }
    for file in written["files"]:
        content = Path(file["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    shown = rosette("show", design)[1]
    assert shown["release"]["artifact"] == made["artifact"]
    assert all(step["artifact"]["intact"] for step in shown["history"])
    assert rosette("designs", "--state", "toolpaths_ready")[1]["designs"][0]["name"] == "OM"
    code, replayed, _ = rosette("replay", design)
    assert (code, replayed["same"], replayed["compared"]) == (0, True, 6)
    assert rosette("revoke", design)[1]["state"] == "rejected"
    assert rosette("download", design, "-o", tmp_path / "again")[0] == 1
    assert not (tmp_path / "again").exists()


def test_a_later_release_replaces_the_earlier_one_in_a_folder(rosette: Run, tmp_path: Path) -> None:
    """No program for another control stays beside the new one; other files are not touched."""
    design = bound(rosette, tmp_path)[1]["design"]
    rosette("approve", design, "--actor", "bert")
    out = tmp_path / "out"
    assert rosette("release", design, "-o", out)[0] == 0
    (out / "notes.txt").write_text("mine")
    assert (out / "channels.nc").exists()
    assert rosette("release", design, "--dialect", "linuxcnc", "-o", out)[0] == 0
    names = {path.name for path in out.iterdir()}
    assert {"channels.ngc", "notes.txt", "verification.json"} <= names
    assert "channels.nc" not in names
    assert rosette("download", design, "-o", out)[0] == 0
    assert {path.name for path in out.iterdir()} == names


def test_a_place_that_cannot_be_written_is_named(rosette: Run, tmp_path: Path) -> None:
    """Downloads into a path below a file are wrong usage, of attachments and of releases."""
    design = bound(rosette, tmp_path)[1]
    rosette("approve", design["design"], "--actor", "bert")
    rosette("release", design["design"])
    below = tmp_path / "spec.json" / "below"
    for wanted, code in (
        (design["attachments"]["spec"], "unwritable-file"),
        (design["design"], "unwritable-folder"),
    ):
        exit_code, document, _ = rosette("download", wanted, "-o", below)
        assert (exit_code, document["error"]["code"]) == (2, code)


def test_a_blocked_design_needs_a_second_person(rosette: Run, tmp_path: Path) -> None:
    """BLOCK is exit 1 and on record; who submitted it cannot override it."""
    code, binding = bound(rosette, tmp_path, channel_depth_mm=2.7, inlay_thickness_mm=2.9)
    assert (code, binding["decision"], binding["state"]) == (1, "BLOCK", "rejected")
    design = binding["design"]
    for arguments, error in [
        (("approve", design), "illegal-transition"),
        (("override", design, "--reason", REASON), "needs-second-person"),
        (("override", design, "--reason", "short", "--actor", "bert"), "reason-too-short"),
    ]:
        code, document, _ = rosette(*arguments)
        assert (code, document["error"]["code"]) == (1, error)
    code, document, _ = rosette("override", design, "--reason", REASON, "--actor", "bert")
    assert (code, document["state"]) == (0, "approved")


def test_a_revision_and_a_difference(rosette: Run, tmp_path: Path) -> None:
    """A design that is sent back takes a revision; two verdicts are compared by constraint."""
    first = bound(rosette, tmp_path)[1]
    assert rosette("revise", first["design"], "--note", "thinner")[0] == 0
    path = tmp_path / "thin.json"
    path.write_text(json.dumps(json.loads(SPEC.read_text()) | {"channel_depth_mm": 1.2}))
    code, second, _ = rosette(
        "bind", "--spec", path, "--context", CONTEXT, "--design", first["design"]
    )
    assert (code, second["design"], second["revision"]) == (0, first["design"], 2)
    code, found, _ = rosette("diff", first["artifact"]["id"], second["artifact"]["id"])
    assert code == 1
    assert [each["pointer"] for each in found["spec"]] == ["/channel_depth_mm"]
    assert found["context"] == []
    margins = {each["code"]: each["delta"] for each in found["constraints"]}
    assert margins["FLOOR"] > 0
    assert found["score"]["delta"] == found["score"]["b"] - found["score"]["a"] != 0
    assert rosette("diff", first["artifact"]["id"], first["artifact"]["id"])[0] == 0


def test_files_are_attached_once_and_listed(rosette: Run, tmp_path: Path) -> None:
    """The same file twice is one attachment, found by the start of its SHA-256."""
    sha256 = hashlib.sha256(SPEC.read_bytes()).hexdigest()
    for _ in range(2):
        code, document, _ = rosette("attach", SPEC, CONTEXT)
        assert code == 0
    assert [each["kind"] for each in document["attachments"]] == ["spec", "context"]
    assert len(rosette("attachments")[1]["attachments"]) == 2
    assert rosette("show", sha256[:8])[1]["sha256"] == sha256
    code, written, _ = rosette("download", sha256[:8], "-o", tmp_path / "x.json")
    assert Path(written["files"][0]["path"]).read_bytes() == SPEC.read_bytes()


class Input:
    """Stands for standard input."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


REFUSED: dict[str, tuple[bytes, list[str], int, str]] = {
    "script": (SCRIPT, [], 1, "unsafe-svg"),
    "digest": (b"x", ["--sha256", "0" * 64], 1, "digest-mismatch"),
    "no-digest": (b"x", ["--sha256", "x"], 2, "bad-digest"),
    "declared-too-large": (b"x", ["--size", "5000000000"], 1, "too-large"),
    "size": (b"x", ["--size", "2"], 1, "size-mismatch"),
    "kind": (b"x", ["--kind", "svg"], 1, "kind-mismatch"),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_a_refused_file_leaves_nothing(
    rosette: Run, monkeypatch: pytest.MonkeyPatch, refused: tuple[bytes, list[str], int, str]
) -> None:
    """One error document, the right exit code, and no attachment."""
    content, arguments, exit_code, error = refused
    monkeypatch.setattr(sys, "stdin", Input(content))
    code, document, _ = rosette("attach", "-", "--name", "x", *arguments)
    assert (code, document["error"]["code"]) == (exit_code, error)
    assert rosette("attachments")[1]["attachments"] == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["attach", "nofile"], 2, "unreadable-file"),
        (["bind", "--spec", "nofile", "--context", str(CONTEXT)], 2, "unreadable-file"),
        (["bind", "--spec", str(SPEC)], 2, "incomplete-candidate"),
        (["bind", "--spec", str(CONTEXT), "--context", str(CONTEXT)], 1, "invalid-document"),
        (["bind", "--spec", "abcd", "--context", "abcd"], 1, "invalid-candidate"),
        (["bind", "--search", "abcd"], 2, "unknown-search"),
        (["approve", "abcdef"], 2, "unknown-design"),
        (["show", "abcdef"], 2, "unknown-id"),
        (["replay", "zz"], 2, "unknown-id"),
        (["diff", "abcdef", "abcdef:1"], 2, "unknown-id"),
        (["designs", "--state", "sold"], 2, "unknown-state"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else None,
)
def test_what_does_not_exist_is_named(
    rosette: Run, arguments: list[str], exit_code: int, error: str
) -> None:
    """Unknown files and ids are one error each, and nothing is on record."""
    code, document, _ = rosette(*arguments)
    assert (code, document["error"]["code"]) == (exit_code, error)
    assert rosette("attachments")[1]["attachments"] == []
    assert rosette("designs")[1]["designs"] == []


def test_figures_warn_of_many_blocks(rosette: Run, tmp_path: Path) -> None:
    """From five verdicts on, a blocked rate over the threshold is a warning."""
    for depth in (2.5, 2.6, 2.7, 2.72, 1.5):
        bound(rosette, tmp_path, channel_depth_mm=depth, inlay_thickness_mm=2.9)
    code, found, _ = rosette("stats")
    assert (code, found["judged"], found["blocked"], found["blocked_rate"]) == (0, 5, 4, 0.8)
    assert found["blocked_by"]["FLOOR"] == 4
    assert [alert["figure"] for alert in found["alerts"]] == ["blocked_rate"]
    assert rosette("stats", "--blocked-rate", "0.9")[1]["alerts"] == []
    text = rosette("stats", json_wanted=False)[2]
    assert "80% of 5 judged designs were blocked" in text


def test_people_see_tables(rosette: Run, tmp_path: Path) -> None:
    """Without --json the same facts come as text."""
    assert "Nothing is attached" in rosette("attachments", json_wanted=False)[2]
    design = bound(rosette, tmp_path)[1]["design"][:8]
    for arguments, wanted in [
        (["attachments"], "spec.json"),
        (["designs"], "feasibility_ready"),
        (["show", design], "request_feasibility"),
        (["replay", design], "3 of 3 digests are the same"),
        (["diff", design, design], "they are the same"),
    ]:
        code, out, err = rosette(*arguments, json_wanted=False)
        assert code == 0
        assert wanted in out + err
