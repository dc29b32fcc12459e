"""`luthier validate`, `plan`, `schema` and `eject` as processes: documents, exit codes, files."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = 'id = "w"\n[parameters.p]\nrequired = true\n[steps.a]\nrun = "echo ${{ params.p }}"\n'
BAD = '# keep me\nid = "W W"\nname = 3\n[steps.a]\nrun = "true"\nneeds = ["zz"]\n'


def luthier(
    *arguments: str, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess:
    """Run the command with a clean environment; no traceback may reach the user."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LUTHIER_", "OPENAI_", "AI_", "PREFECT_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", "from prefect_luthier.ui.cli.main import main; main()", *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment | {"NO_COLOR": "1"},
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.toml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.toml"
    path.write_text(BAD)
    return path


def test_validate_prints_one_document(good, bad):
    """All files stand in one document, with every finding; the exit code is 1 for a bad one."""
    done = luthier("validate", str(good), str(bad), "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["ok"] is False
    first, second = document["files"]
    assert first["ok"]
    assert first["digest"].startswith("sha256:")
    assert [d["code"] for d in second["diagnostics"]] == ["bad-id", "wrong-type", "unknown-step"]
    assert set(second["diagnostics"][0]) == {
        *("code", "severity", "message", "line", "column", "end_line", "end_column"),
        *("pointer", "candidates", "fix"),
    }


def test_validate_is_silent_about_nothing_else(good):
    """A valid file gives exit code 0."""
    done = luthier("validate", str(good))
    assert (done.returncode, done.stdout.decode()) == (0, f"{good}: valid\n")


def test_validate_points_at_the_source(bad):
    """Without --json the findings are text with the line and a caret."""
    text = luthier("validate", str(bad)).stdout.decode()
    assert f"{bad}:2:6: error[bad-id]" in text
    assert '2 | id = "W W"\n      |      ^^^^^' in text


def test_validate_reads_standard_input():
    """`-` is standard input, TOML or JSON."""
    for text in (GOOD, json.dumps({"id": "w", "steps": {"a": {"run": "true"}}})):
        done = luthier("validate", "-", "--json", stdin=text.encode())
        assert json.loads(done.stdout)["files"][0]["path"] == "-"
        assert done.returncode == 0


def test_fix_changes_only_what_is_wrong(bad, tmp_path):
    """`--fix` keeps comments, permissions and links, leaves no other file, and checks again."""
    bad.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(bad)
    done = luthier("validate", str(link), "--fix", "--json")
    assert done.returncode == 1
    assert bad.read_text() == BAD.replace('"W W"', '"w-w"').replace("name = 3", 'name = "3"')
    assert stat.S_IMODE(bad.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.toml", "link.toml"]
    assert [d["code"] for d in json.loads(done.stdout)["files"][0]["diagnostics"]] == [
        "unknown-step"
    ]


def test_fix_of_standard_input_prints_the_text():
    """What came in goes out, repaired, so that editors can use it as a filter."""
    done = luthier("validate", "-", "--fix", stdin=BAD.encode())
    assert done.stdout.decode().startswith('# keep me\nid = "w-w"\n')


def test_fix_leaves_a_valid_file_untouched(good):
    """Nothing to repair means nothing written."""
    before = good.stat().st_mtime_ns
    assert luthier("validate", "--fix", str(good)).returncode == 0
    assert good.stat().st_mtime_ns == before


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "/dev/zero", "catalog"])
def test_unreadable_input_is_wrong_usage(kind, tmp_path, good):
    """Exit code 2 and one message; with --json one document."""
    path = tmp_path / "x.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    name = kind if kind.startswith("/") else str(path)
    arguments = [str(good), "--catalog", name] if kind == "catalog" else [name]
    done = luthier("validate", *arguments, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["ok"] is False
    assert luthier("validate", *arguments).stdout == b""


def test_a_catalog_file_adds_actions(tmp_path):
    """Actions of a catalog file are known, with their schemas."""
    catalog = tmp_path / "catalog.json"
    catalog.write_text(
        json.dumps([{"slug": "mail.send", "kind": "action", "description": "x",
                     "input_schema": {"type": "object", "properties": {"to": {"type": "string"}}}}])
    )  # fmt: skip
    text = 'id = "w"\n[steps.a]\nuses = "mail.send"\ninputs = { too = "x" }\n'
    done = luthier("validate", "-", "--catalog", str(catalog), "--json", stdin=text.encode())
    codes = [d["code"] for d in json.loads(done.stdout)["files"][0]["diagnostics"]]
    assert codes == ["unknown-input"]


def test_plan_prints_the_resolved_steps(good):
    """Parameters are resolved and quoted."""
    document = json.loads(luthier("plan", str(good), "-p", "p=a b", "--json").stdout)
    assert document["digest"].startswith("sha256:")
    assert document["steps"][0]["command"] == "echo 'a b'"
    assert "$ echo 'a b'" in luthier("plan", str(good), "-p", "p=a b").stdout.decode()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (".", "{here}"),
        ("./later.txt", "{here}/later.txt"),
        ("../x", "{parent}/x"),
        ("sub", "{here}/sub"),
        ("later.txt", "later.txt"),
        ("~/x", "{home}/x"),
        (".hidden", ".hidden"),
        ("x" * 5000, "x" * 5000),
    ],
    ids=["here", "in-here", "above", "is-there", "of-the-run", "home", "dot-file", "too-long"],
)
def test_a_path_is_read_as_the_shell_means_it(tmp_path, given, meant):
    """A path that begins with a dot or is there lies in the current folder; others in the run's."""
    (tmp_path / "sub").mkdir()
    text = GOOD.replace("required", 'type = "path"\nrequired')
    (tmp_path / "w.toml").write_text(text)
    done = luthier("plan", "w.toml", "-p", f"p={given}", "--json", cwd=tmp_path)
    places = {"here": tmp_path, "parent": tmp_path.parent, "home": Path.home()}
    (step,) = json.loads(done.stdout)["steps"]
    assert step["command"] == f"echo {meant.format(**places)}"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 1), (["-p", "p=x", "-p", "q=y"], 1), (["-p", "p"], 2)],
    ids=["missing", "unknown", "no-value"],
)
def test_plan_refuses_wrong_parameters(good, arguments, code):
    """Each wrong parameter is a finding; an argument that is none is wrong usage."""
    done = luthier("plan", str(good), *arguments, "--json")
    assert done.returncode == code
    assert "error" in json.loads(done.stdout)


def test_schema_prints_json_schema():
    """Editors get one JSON document."""
    document = json.loads(luthier("schema").stdout)
    assert document["$schema"].endswith("2020-12/schema")
    assert document["properties"]["steps"]


def test_eject_writes_a_program(good, tmp_path):
    """The program compiles, and shows its parameters."""
    target = tmp_path / "w.py"
    assert luthier("eject", str(good), "-o", str(target)).returncode == 0
    compile(target.read_text(), str(target), "exec")
    assert luthier("eject", str(good)).stdout.decode() == target.read_text()
    assert "--p" in target.read_text()


def test_eject_refuses_an_invalid_definition(bad):
    """The findings are shown, and no program is made."""
    done = luthier("eject", str(bad), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "invalid-definition"


def test_validating_does_not_load_prefect(good):
    """Prefect, the database and the model libraries stay out of the way."""
    code = (
        "import sys; sys.argv = ['luthier', 'validate', sys.argv[1]]\n"
        "from prefect_luthier.ui.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "bad = {'prefect', 'sqlmodel', 'sqlalchemy', 'openai', 'streamlit', 'networkx'} & set(sys.modules)\n"
        "sys.exit(f'loaded {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(good)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_variables_of_a_model_are_those_of_the_settings():
    """The quick look for a model asks for just the variables that the settings read."""
    from prefect_luthier.settings import Settings
    from prefect_luthier.ui.cli.reading import MODEL_VARIABLES

    aliases = {
        str(choice)
        for field in ("model_base_url", "model_api_key")
        for choice in getattr(Settings.model_fields[field].validation_alias, "choices", [])
    }
    own = {"LUTHIER_MODEL_BASE_URL", "LUTHIER_MODEL_API_KEY"}
    assert aliases | own == MODEL_VARIABLES
