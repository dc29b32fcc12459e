"""What an ejected program puts out is what the run flow puts out, without Luthier in sight."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.flows.ejection.eject import ejected
from prefect_luthier.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

# Runs a program in a Python in which importing Luthier fails.
WITHOUT_LUTHIER = (
    "import sys, runpy; sys.modules['prefect_luthier'] = None; sys.argv = sys.argv[1:]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/good" else 500)
        self.end_headers()
        self.wfile.write(b"all ok here")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """Serve a page that is well at /good, and broken elsewhere."""
    server = HTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits of January 2020."""
    folder = tmp_path / "it's a repo"
    folder.mkdir()
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    for name in ("one", "two"):
        (folder / name).write_text(name)
        subprocess.run(["git", "add", "."], cwd=folder, check=True)
        subprocess.run(
            ["git", *who, "commit", "-qm", f"Add {name}"],
            cwd=folder,
            env={**os.environ, "GIT_COMMITTER_DATE": f"2020-01-0{len(name)}T00:00:00Z"},
            check=True,
        )
    return folder


Compare = Callable[..., Any]


@pytest.fixture
def compare(luthier_settings: Settings, prefect_api: str, tmp_path: Path) -> Compare:
    """Give a function that runs a definition both ways and returns both documents."""
    from prefect_luthier.flows.execution.document import stored_document
    from prefect_luthier.flows.run_workflow import run_workflow

    async def run(text: str, **inputs: Any) -> tuple[Any, Any]:
        path = tmp_path / "workflow.toml"
        path.write_text(text)
        state, program = await asyncio.gather(
            run_workflow(str(path), inputs=inputs, return_state=True),
            asyncio.to_thread(run_ejected, text, tmp_path, inputs),
        )
        document = stored_document(luthier_settings, state.state_details.flow_run_id)
        return document, program

    return run


def run_ejected(text: str, folder: Path, inputs: dict[str, Any]) -> Any:
    """Eject a definition, run the program and return what it prints."""
    report = validate(Source.from_text(text), installed_catalog())
    assert report.definition is not None, report.diagnostics
    program = folder / "ejected.py"
    program.write_text(ejected(report.definition, installed_catalog()))
    arguments: list[str] = []
    for name, value in inputs.items():
        if isinstance(value, bool):
            arguments.append(f"--{name}" if value else f"--no-{name}")
        else:
            arguments += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_LUTHIER, str(program), *arguments],
        cwd=folder,
        env={**os.environ, "PREFECT_LOGGING_TO_CONSOLE": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in finished.stderr, finished.stderr
    start = finished.stdout.find("{\n")
    assert start >= 0, (finished.stdout, finished.stderr)
    return json.loads(finished.stdout[start:])


def shown(document: Any) -> dict[str, Any]:
    """Return states and outputs of the steps, without what differs from run to run."""
    return {
        step["id"]: (step["state"], plain(step["outputs"], document["run_id"]))
        for step in document["steps"]
    }


def plain(value: Any, run_id: str) -> Any:
    if isinstance(value, dict):
        return {
            name: plain(item, run_id)
            for name, item in value.items()
            if name not in {"event_id", "headers", "duration_s"} and item is not None
        }
    if isinstance(value, list):
        return [plain(item, run_id) for item in value]
    if isinstance(value, str) and run_id in value:
        return value.split(run_id)[-1]
    return value


def kept(document: Any) -> set[tuple[str, str, str]]:
    """Return name, path and checksum of the artifacts."""
    return {(a["id"], a["path"], a["sha256"]) for a in document["artifacts"]}


CASES: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "repo-digest": (
        "repo-digest",
        {"repository": "{repository}", "since": "2000 weeks"},
        {"nothing_new": "skipped"},
    ),
    "no-commits": (
        "repo-digest",
        {"repository": "{repository}", "since": "1 days"},
        {"nothing_new": "completed"},
    ),
    "word-counts": ("word-counts", {}, {"total": "completed", "count": "completed"}),
    "backup": ("guarded-backup", {"content": "$(id) `id` 'x' \"y\" é"}, {"note": "completed"}),
    "backup-fails": (
        "guarded-backup",
        {"fail": True, "level": 9},
        {"check": "failed", "publish": "skipped", "note": "completed"},
    ),
    "backup-skips": ("guarded-backup", {"compress": False}, {"pack": "skipped"}),
    "statistics": ("python-statistics", {}, {"high": "completed", "low": "skipped"}),
    "site-good": ("site-check", {"url": "{site}/good"}, {"alarm": "skipped"}),
    "site-broken": (
        "site-check",
        {"url": "{site}/bad", "token": "site"},
        {"ask": "failed", "judge": "skipped", "alarm": "skipped"},
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_ejected_examples_match(
    case: str, compare: Compare, site: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each example gives the same states, outputs and artifacts both ways."""
    example, inputs, states = CASES[case]
    monkeypatch.setenv("LUTHIER_SECRET_SITE", "s3cret-token")
    filled = {
        name: value.format(site=site, repository=repository)
        if isinstance(value, str) and value.startswith("{")
        else value
        for name, value in inputs.items()
    }
    run, program = await compare((EXAMPLES / f"{example}.toml").read_text(), **filled)
    assert shown(program) == shown(run)
    assert kept(program) == kept(run)
    for step, state in states.items():
        assert shown(run)[step][0] == state


async def test_a_model_step_matches(
    compare: Compare,
    repository: Path,
    model_server: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The ejected program calls the model itself, with the same provider settings."""
    server = model_server({"text": "Quiet week."}, {"text": "Quiet week."})
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("AI_MODEL", "small")
    text = (EXAMPLES / "team-summary.toml").read_text()
    run, program = await compare(text, repository=str(repository), since="2000 weeks")
    assert shown(program) == shown(run)
    assert shown(run)["summary"][1]["text"] == "Quiet week."
    assert kept(program) == kept(run)


FAILING = {
    "fail-fast": (
        '[steps.slow]\nrun = "sleep 30"\n[steps.bad]\nrun = "sleep 0.5; echo no >&2; exit 4"\n'
        '[steps.after]\nneeds = ["bad"]\nrun = "echo after"\n'
        '[steps.mend]\nneeds = ["bad"]\nwhen = "steps.bad.state == \'failed\'"\n'
        'run = "echo mend ${{ steps.bad.outputs.exit_code }}"\n'
    ),
    "timeout": '[steps.slow]\ntimeout = "500ms"\nrun = "echo begun; sleep 30"\n',
    "retries": (
        '[steps.third]\nretries = { max = 3, delay = "50ms", backoff = 2.0 }\n'
        'run = "echo x >> tries; test $(wc -l < tries) -ge 3 && echo done"\n'
    ),
    "bad-output": '[steps.a]\noutputs = { n = "integer" }\nrun = "echo n=x >> $LUTHIER_OUTPUT"\n',
    "failing-item": (
        '[steps.each]\nforeach = "[1, 0, 2]"\non_failure = "continue"\nrun = "test ${{ item }} -gt 0 && echo ${{ index }}"\n'
        '[steps.next]\nneeds = ["each"]\nrun = "echo next"\n'
        '[steps.anyway]\nneeds = ["each"]\nwhen = "steps.each.state == \'failed\'"\nrun = "echo ${{ size(steps.each.outputs.items) }}"\n'
    ),
    "empty-list": '[steps.each]\nforeach = "[]"\nrun = "echo x"\n[steps.b]\nneeds = ["each"]\nrun = "echo ${{ steps.each.outputs.items }}"\n',
    "bad-condition": '[steps.a]\nrun = "echo x"\n[steps.b]\nneeds = ["a"]\nwhen = "int(steps.a.outputs.stdout) > 1"\nrun = "echo b"\n',
    "quotes": (
        "[steps.a]\nrun = '''echo \"in ${{ run.date != '' ? 'a b' : '' }} double\" 'in ${{ \"it''s\" }} single' "
        "pre${{ '$(id)' }}post \"$(echo \"${{ 'x  y' }}\")\"'''\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILING)
async def test_rules_of_a_run_match(case: str, compare: Compare) -> None:
    """Failing fast, handlers, timeouts, retries, loops and quoting follow the same rules."""
    run, program = await compare(f'id = "{case}"\n{FAILING[case]}')
    assert shown(program) == shown(run)


def test_every_example_ejects_to_valid_python() -> None:
    """Every example compiles, names no Luthier module, and has no name that is not defined."""
    for path in sorted(EXAMPLES.glob("*.toml")):
        report = validate(Source.read(path), installed_catalog())
        assert report.definition is not None, path
        source = ejected(report.definition, installed_catalog())
        compile(source, str(path), "exec")
        imports = [line for line in source.split("\n") if line.startswith(("import ", "from "))]
        assert not [line for line in imports if "prefect_luthier" in line]
        with contextlib.suppress(FileNotFoundError):
            checked = subprocess.run(
                ["ruff", "check", "--isolated", "--select", "F,E9", "-"],
                input=source,
                capture_output=True,
                text=True,
                check=False,
            )
            assert checked.returncode == 0, checked.stdout


def test_code_that_is_not_installed_cannot_be_carried() -> None:
    """An action that only a catalog file knows is named in the refusal."""
    from prefect_luthier.catalog import CatalogEntry

    catalog = Catalog([CatalogEntry(slug="mail.send", kind="action", description="x")])
    report = validate(Source.from_text('id = "w"\n[steps.a]\nuses = "mail.send"\n'), catalog)
    assert report.definition is not None
    with pytest.raises(LuthierError, match=r"mail\.send"):
        ejected(report.definition, catalog)
