"""`luthier rosette score` and `luthier rosette library`, from files to exit codes."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from prefect_luthier.ui.cli.main import main

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "rosette"
KEYS = ["decision", "risk", "score", "violations", "digest", "engine"]
VIOLATION_KEYS = {"code", "severity", "ring", "measured", "limit", "unit", "message", "fix"}


@pytest.fixture
def luthier(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Give a function that runs a command and returns its exit code and output."""

    def run(*arguments: str, stdin: bytes = b"") -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["luthier", "rosette", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, out=out, err=err)

    return run


@pytest.fixture
def score(luthier, tmp_path: Path):
    """Give a function that scores a design, as a dictionary, as text or by an example's name."""

    def run(spec: Any, *more: str, context: Any = "om28-context") -> SimpleNamespace:
        paths = {}
        for option, document in (("spec", spec), ("context", context)):
            path = tmp_path / f"{option}.json"
            if isinstance(document, str):
                path = EXAMPLES / f"{document}.json"
            elif isinstance(document, bytes):
                path.write_bytes(document)
            else:
                path.write_text(json.dumps(document))
            paths[option] = str(path)
        return luthier("score", "--spec", paths["spec"], "--context", paths["context"], *more)

    return run


@pytest.fixture
def om28() -> dict[str, Any]:
    """Give the example design as a dictionary."""
    document: dict[str, Any] = json.loads((EXAMPLES / "om28-herringbone.json").read_text())
    return document


def test_an_allowed_design_prints_the_documented_document(score):
    """Exactly the documented keys, exit code 0, and nothing on standard error."""
    done = score("om28-herringbone", "--json")
    document = json.loads(done.out)
    assert done.code == 0
    assert list(document) == KEYS
    assert (document["decision"], document["risk"], document["violations"]) == (
        "ALLOW",
        "GREEN",
        [],
    )
    assert document["digest"].startswith("sha256:")
    assert done.err == ""


def test_a_blocked_design_names_every_violation(score):
    """Exit code 1; each violation has exactly the documented keys."""
    done = score("blocked-land", "--json")
    document = json.loads(done.out)
    assert done.code == 1
    assert document["decision"] == "BLOCK"
    assert [each["ring"] for each in document["violations"] if each["code"] == "LAND"] == [0, 1]
    assert all(set(each) == VIOLATION_KEYS for each in document["violations"])


def test_people_see_the_answer_the_reasons_and_the_margins(score):
    """The page holds score, measured value, limit, fix and the tightest margins first."""
    done = score("blocked-floor", context="classical-context")
    assert done.code == 1
    assert "BLOCK" in done.out
    assert "0.3 against 1 mm" in done.out
    assert "→ Set channel_depth_mm to 1.2." in done.out
    rows = [line.split()[0] for line in done.out.splitlines() if "━" in line or "──" in line]
    assert rows[0] == "FLOOR"


@pytest.mark.parametrize("stdin", ["spec", "context"])
def test_one_document_may_come_from_standard_input(luthier, stdin):
    """`-` reads the design or the context from standard input."""
    files = {"spec": "om28-herringbone", "context": "om28-context"}
    arguments = []
    for option, name in files.items():
        arguments += [f"--{option}", "-" if option == stdin else str(EXAMPLES / f"{name}.json")]
    data = (EXAMPLES / f"{files[stdin]}.json").read_bytes()
    done = luthier("score", *arguments, "--json", stdin=data)
    assert done.code == 0
    assert json.loads(done.out)["decision"] == "ALLOW"


def test_both_from_standard_input_is_wrong_usage(luthier):
    """One stream cannot hold two documents."""
    done = luthier("score", "--spec", "-", "--context", "-", "--json")
    assert done.code == 2
    assert json.loads(done.out)["error"]["code"] == "same-input"


def test_a_file_that_is_not_there_is_wrong_usage(luthier):
    """Exit code 2, one line, no traceback."""
    done = luthier("score", "--spec", "none.json", "--context", str(EXAMPLES / "om28-context.json"))
    assert done.code == 2
    assert "cannot read 'none.json'" in done.err


BAD = {
    "nan": (lambda d: json.dumps(d | {"glue_gap_mm": float("nan")}).encode(), "FINITE"),
    "infinity": (lambda d: json.dumps(d | {"edge_land_mm": float("inf")}).encode(), "FINITE"),
    "negative": (lambda d: json.dumps(d | {"channel_depth_mm": -1.5}).encode(), "INPUT"),
    "no-rings": (lambda d: json.dumps(d | {"rings": []}).encode(), "INPUT"),
    "many-rings": (lambda d: json.dumps(d | {"rings": d["rings"] * 2000}).encode(), "INPUT"),
    "inches": (lambda d: json.dumps(d | {"soundhole_diameter_mm": 4}).encode(), "INPUT"),
    "truncated": (lambda d: json.dumps(d).encode()[:-9], "INPUT"),
    "not-utf-8": (lambda d: json.dumps(d).encode() + b"\xff", "INPUT"),
    "twice": (lambda d: b'{"edge_land_mm": 5,' + json.dumps(d).encode()[1:], "INPUT"),
    "unknown-key": (lambda d: json.dumps(d | {"depth": 1}).encode(), "INPUT"),
    "empty": (lambda d: b"", "INPUT"),
    "list": (lambda d: b"[]", "INPUT"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_blocked_with_one_violation(name, score, om28):
    """An invalid design is never allowed: one violation that says why, exit code 1."""
    make, code = BAD[name]
    done = score(make(om28), "--json")
    document = json.loads(done.out)
    assert done.code == 1
    assert (document["decision"], document["risk"], document["score"]) == ("BLOCK", "RED", 0.0)
    (violation,) = document["violations"]
    assert violation["code"] == code
    assert list(document) == KEYS


@pytest.mark.parametrize("name", BAD)
def test_bad_input_shows_people_where(name, score, om28):
    """The finding names file, line and column, and there is no traceback."""
    done = score(BAD[name][0](om28))
    assert done.code == 1
    assert re.search(r"spec\.json:(1:\d+:)? error\[[a-z-]+\] ", done.err.splitlines()[0])
    assert "blocked" in done.err.splitlines()[-1]
    assert "Traceback" not in done.out + done.err


@pytest.mark.parametrize(
    ("pointer", "code"),
    [("material", "MATERIAL_KNOWN"), ("tool", "TOOL_KNOWN"), ("machine", "MACHINE_KNOWN")],
)
def test_an_unknown_id_in_the_context_blocks_with_a_suggestion(pointer, code, score):
    """An id that the library lacks is never replaced or passed over."""
    context = json.loads((EXAMPLES / "classical-context.json").read_text())
    name = context[pointer][:-1]
    done = score("torres-84", "--json", context=context | {pointer: name})
    (violation,) = json.loads(done.out)["violations"]
    assert done.code == 1
    assert violation["code"] == code
    assert context[pointer] in violation["fix"]


def test_an_unknown_material_of_a_ring_blocks(score):
    """The example design with a material that does not exist names the ring."""
    done = score("blocked-material", "--json")
    (violation,) = json.loads(done.out)["violations"]
    assert (done.code, violation["code"], violation["ring"]) == (1, "MATERIAL_KNOWN", 0)


def test_findings_point_into_the_file(score, om28, tmp_path):
    """A finding shows the source line with a caret under the value."""
    text = json.dumps(om28, indent=1).replace('"ebony"', '"ebnoy"', 1)
    done = score(text.encode())
    line = next(n for n, text in enumerate(text.splitlines(), 1) if "ebnoy" in text)
    assert f"spec.json:{line}:" in done.err
    assert 'Did you mean "ebony"?' in done.err
    assert "^^^^^^^" in done.err


def test_every_example_design_is_used_as_its_name_says(score):
    """The shipped examples are allowed, except those whose name says that they are blocked."""
    for path in sorted(EXAMPLES.glob("*.json")):
        if "rings" not in json.loads(path.read_text()):
            continue  # a context
        conditions = "classical-context" if path.stem == "torres-84" else "om28-context"
        code = score(path.stem, "--json", context=conditions).code
        assert code == int(path.stem.startswith("blocked-")), path.stem


def test_help_teaches_with_an_example(luthier):
    """The help page holds a command that works."""
    done = luthier("score", "--help")
    assert done.code == 0
    assert "om28-herringbone.json" in done.out


def test_the_library_lists_every_shelf_with_sources(luthier):
    """The JSON holds each figure with value, unit, source and whether it is an estimate."""
    document = json.loads(luthier("library", "--json").out)
    assert list(document) == ["materials", "tools", "machines", "chiploads"]
    assert list(document["chiploads"]) == ["hobby", "industrial", "hardness"]
    ebony = next(each for each in document["materials"] if each["id"] == "ebony")
    assert ebony["figures"]["janka_n"]["value"] == 13700
    assert "Wood Database" in ebony["figures"]["janka_n"]["source"]
    assert ebony["figures"]["cutting_energy_j_mm3"]["estimate"] is True


def test_the_library_shows_one_entry(luthier):
    """An entry is found by another name too, and shown with its sources."""
    done = luthier("library", "materials", "walnut")
    assert done.code == 0
    assert "black-walnut" in done.out
    assert "The Wood Database" in done.out


def test_the_library_suggests_what_is_near(luthier):
    """A name that does not exist is an error with a suggestion."""
    done = luthier("library", "materials", "ebnoy")
    assert done.code == 1
    assert 'Did you mean "ebony"?' in done.err


def test_the_library_marks_estimates_for_people(luthier):
    """The tables have a line for each entry, estimates with a tilde."""
    done = luthier("library")
    assert done.code == 0
    assert "shapeoko-3" in done.out
    assert "~0.26" in done.out
    assert "IDC Woodcraft" in done.out
