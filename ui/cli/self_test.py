"""`luthier self-test`: check this installation from end to end, leaving nothing behind."""

from __future__ import annotations

import asyncio
import json
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import load_settings
from prefect_luthier.subprocesses import Outcome, run_program, scrubbed_environment
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style

_RUN_TIMEOUT_S = 300.0

_WORKFLOW = """\
id = "self-test"
[parameters.word]
default = "it's \\"quoted\\"; $(not run)"
[steps.say]
run = "printf '%s' ${{ params.word }} && echo length=7 >> \\"$LUTHIER_OUTPUT\\""
outputs = { length = "integer" }
[steps.keep]
uses = "file.write@1"
needs = ["say"]
when = "steps.say.outputs.length == 7"
inputs = { path = "said.txt", content = "${{ steps.say.outputs.stdout }}" }
[steps.never]
needs = ["keep"]
when = "steps.keep.state == 'failed'"
run = "false"
[artifacts.said]
path = "said.txt"
"""


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Args:
        name: What was checked.
        ok: Whether it is as it should be.
        detail: What was found.
        advice: What to do when it is not.
    """

    name: str
    ok: bool
    detail: str
    advice: str = ""


def self_test(*, as_json: JsonOption = False) -> None:
    """Check this installation from end to end: programs, database, server, a small run.

    It works in a folder of its own and leaves nothing behind. Exit code 1 when a check fails.
    """
    checks: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="luthier-self-test-") as folder:
        for make in (_python, _packages, _git, _model, *_end_to_end(Path(folder))):
            check = make()
            checks.append(check)
            _say(check)
    ok = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": ok, "checks": [asdict(check) for check in checks]})
    if not ok:
        raise typer.Exit(1)


def _say(check: Check) -> None:
    mark = style("✓", "green") if check.ok else style("✗", "red")
    say(f"{mark} {check.name:<12} {check.detail}")
    if not check.ok and check.advice:
        say(f"  {check.advice}")


def _python() -> Check:
    return Check("python", sys.version_info >= (3, 11), f"{platform.python_version()}")


def _packages() -> Check:
    names = ("prefect-luthier", "prefect", "fastapi", "openai", "instructor")
    return Check("packages", ok=True, detail=", ".join(f"{name} {version(name)}" for name in names))


def _git() -> Check:
    found = shutil.which("git")
    return Check("git", found is not None, found or "not found", "git.log steps need it.")


def _model() -> Check:
    settings = load_settings()
    if settings.model_configured:
        detail = f"{settings.model or 'the default model'} at {settings.model_base_url or 'OpenAI'}"
    else:
        detail = "none; requests are read by the offline drafter"
    return Check("model", ok=True, detail=detail)


def _end_to_end(folder: Path) -> tuple[Callable[[], Check], ...]:
    """Return the checks that call the command itself, in a data directory of their own."""
    file = folder / "self-test.toml"
    file.write_text(_WORKFLOW)

    def validates() -> Check:
        outcome, _ = _luthier(folder, "validate", str(file))
        return Check("validate", outcome.exit_code == 0, _first(outcome, "a definition is valid"))

    def runs() -> Check:
        outcome, took_s = _luthier(folder, "run", str(file), "--json")
        good = f"database, server and a run with {{}} steps in {took_s:.0f} s"
        with suppress(ValueError, KeyError, TypeError):
            return _judge(json.loads(outcome.stdout.text), good)
        return Check("run", ok=False, detail=_first(outcome, "no result"))

    return validates, runs


def _judge(document: dict[str, Any], good: str) -> Check:
    steps = {step["id"]: step for step in document["steps"]}
    states = {name: step["state"] for name, step in steps.items()}
    expected = {"say": "completed", "keep": "completed", "never": "skipped"}
    said = steps["say"]["outputs"].get("stdout")
    if states != expected or said != 'it\'s "quoted"; $(not run)' or not document["artifacts"]:
        return Check("run", ok=False, detail=f"unexpected: {states}, {said!r}")
    return Check("run", ok=True, detail=good.format(len(steps)))


def _luthier(folder: Path, *arguments: str) -> tuple[Outcome, float]:
    settings = load_settings()
    own = {"LUTHIER_DATA_DIR": str(folder / "data"), "NO_COLOR": "1"}
    given = {"DATABASE_URL": settings.database_url, "PREFECT_API_URL": settings.prefect_api_url}
    environment = scrubbed_environment(own | {k: v for k, v in given.items() if v})
    command = [sys.executable, "-m", "prefect_luthier.ui.cli.main", *arguments]
    started = time.monotonic()
    try:
        outcome = asyncio.run(
            run_program(command, cwd=folder, env=environment, timeout_s=_RUN_TIMEOUT_S)
        )
    except TimeoutError as error:
        raise LuthierError(
            "self-test-timeout",
            f"`luthier {arguments[0]}` did not end within {_RUN_TIMEOUT_S:.0f} s.",
            "Look at the load of this machine, then try again.",
        ) from error
    return outcome, time.monotonic() - started


def _first(outcome: Outcome, good: str) -> str:
    if outcome.exit_code == 0:
        return good
    lines = (outcome.stderr.text or outcome.stdout.text).strip().splitlines()
    return lines[-1] if lines else f"exit code {outcome.exit_code}"
