"""``luthier draft`` and ``luthier eval`` as a person or a program calls them."""

from __future__ import annotations

import json
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from prefect_luthier.errors import UsageError
from prefect_luthier.ui.cli.main import app

CORPUS = Path(__file__).parents[2] / "ai_builder" / "corpus"
REQUEST = "fetch https://example.org/a.json every hour and save it to a.json"


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches out of the user's data."""
    monkeypatch.setenv("LUTHIER_DATA_DIR", str(tmp_path / "data"))


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Call the command line, in a thread: other tests may keep an event loop in this one."""
    with ThreadPoolExecutor(1) as threads:
        words = [*arguments, "--provider", "offline"]
        return threads.submit(lambda: CliRunner().invoke(app, words, input=stdin)).result()


def test_the_definition_goes_to_stdout() -> None:
    """Without options, stdout is the definition and nothing else."""
    result = run("draft", REQUEST)
    assert result.exit_code == 0
    assert tomllib.loads(result.stdout)["triggers"] == [{"cron": "0 * * * *", "timezone": "UTC"}]


def test_json_is_one_document() -> None:
    """With --json, stdout is the document of the contract."""
    result = run("draft", REQUEST, "--json")
    document = json.loads(result.stdout)
    assert document["ok"] is True
    assert document["provider"] == "offline"
    assert {"definition", "toml", "refusal", "questions", "rounds", "tokens"} <= set(document)


def test_a_refusal_ends_with_one() -> None:
    """The answer no is exit code 1, with its reason on stderr."""
    result = run("draft", "hello there")
    assert result.exit_code == 1
    assert "not-a-workflow-request" in result.stderr
    assert result.stdout == ""


def test_the_request_may_come_from_stdin() -> None:
    """`-` reads the request from standard input."""
    assert run("draft", "-", stdin=REQUEST).exit_code == 0


def test_a_base_is_refined_into_a_file(tmp_path: Path) -> None:
    """--base is changed, --output takes the result."""
    base, output = tmp_path / "base.toml", tmp_path / "out.toml"
    base.write_text('schema = 1\nid = "x"  # mine\n[steps.a]\nrun = "true"\n', "utf-8")
    result = run("draft", "run it every day at 6", "--base", str(base), "-o", str(output))
    assert result.exit_code == 0
    assert 'id = "x"  # mine' in output.read_text("utf-8")
    assert 'cron = "0 6 * * *"' in output.read_text("utf-8")


def test_only_the_given_catalog_is_used(tmp_path: Path) -> None:
    """With --catalog, installed actions are out of reach."""
    catalog = tmp_path / "catalog.json"
    catalog.write_text('[{"slug": "fly", "kind": "action", "description": "Fly a kite"}]', "utf-8")
    result = run("draft", REQUEST, "--catalog", str(catalog), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["refusal"]["code"] == "unknown-capability"


def test_unreadable_input_is_wrong_usage(tmp_path: Path) -> None:
    """A missing catalog or file of cases is a usage error, not a traceback."""
    for arguments in (
        ("draft", REQUEST, "--catalog", str(tmp_path / "none.json")),
        ("eval", str(tmp_path / "none.jsonl")),
    ):
        assert isinstance(run(*arguments).exception, UsageError)


def test_eval_writes_a_line_for_every_case(tmp_path: Path) -> None:
    """Lines go to stdout in the order of the cases, the scores to stderr."""
    cases = tmp_path / "cases.jsonl"
    cases.write_text(
        json.dumps({"id": "good", "request": REQUEST})
        + '\nbroken\n{"id": "no", "request": "hi"}\n',
        "utf-8",
    )
    result = run("eval", str(cases))
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["id"], line["ok"]) for line in lines] == [
        ("good", True),
        ("line-2", False),
        ("no", False),
    ]
    assert "step F1" in result.stderr
    assert "1 bad line" in result.stderr


def test_eval_scores_as_one_document(tmp_path: Path) -> None:
    """With --json the scores are the document; --output takes the lines."""
    cases, output = tmp_path / "cases.jsonl", tmp_path / "out.jsonl"
    cases.write_text(json.dumps({"id": "a", "request": REQUEST}), "utf-8")
    result = run("eval", str(cases), "--json", "-o", str(output))
    figures = json.loads(result.stdout)
    assert figures["funnel"]["complete"] == 1
    assert json.loads(output.read_text("utf-8"))["id"] == "a"
