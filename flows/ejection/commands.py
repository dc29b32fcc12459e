"""Shell commands as the work of steps.

Ejected workflows carry this module, so that they run without Luthier.
"""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import get_run_logger

from prefect_luthier.flows.ejection.programs import Streams, run_program, scrubbed_environment
from prefect_luthier.flows.ejection.scope import Outputs, Scope, StepFailed


def text(value: Any) -> str:
    """Return a value as it stands in a text: nothing for None, JSON for lists and maps."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - beyond, repr says it shorter
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def word(value: Any, quotes: str = "") -> str:
    """Return a value as part of one shell word; ``quotes`` are those around its place."""
    return quotes + shlex.quote(text(value)) + quotes


async def shell(
    s: Scope,
    command: str,
    *,
    env: Mapping[str, Any] | None = None,
    outputs: Mapping[str, str] | None = None,
    workspace: str = "inherit",
) -> Outputs:
    """Run a shell command; its outputs are stdout, stderr, exit_code and those it declares."""
    log = get_run_logger()

    def show(line: str) -> None:
        log.info("%s", s.masked(line))

    with tempfile.TemporaryDirectory(prefix="step-") as scratch:
        output_file = Path(scratch) / "output"
        folder = step_folder(s, workspace, Path(scratch))
        outcome = await run_program(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env=environment(s, folder, env, output_file if outputs else None),
            streams=Streams(show, show),
        )
        found: Outputs = {
            "stdout": s.masked(outcome.stdout.text.rstrip("\n")),
            "stderr": s.masked(outcome.stderr.text.rstrip("\n")),
            "exit_code": outcome.exit_code,
        }
        if outcome.exit_code != 0:
            tail = "\n".join((outcome.stderr.tail or outcome.stdout.tail)[-5:])
            reason = f"exit code {outcome.exit_code}" + (f": {tail}" if tail else "")
            raise StepFailed(s.masked(reason), found)
        if outputs:
            try:
                found |= s.masked(_declared_outputs(output_file, outputs))
            except (ValueError, KeyError) as error:
                raise StepFailed(f"$LUTHIER_OUTPUT: {error}", found) from error
    return found


def environment(
    s: Scope, folder: Path, env: Mapping[str, Any] | None, output_file: Path | None = None
) -> dict[str, str]:
    """Return the environment of a step's programs."""
    own = {"LUTHIER_RUN_ID": s.run_id, "LUTHIER_STEP": s.key, "LUTHIER_WORKSPACE": str(folder)}
    own |= {"LUTHIER_OUTPUT": str(output_file)} if output_file else {}
    return scrubbed_environment(own | {name: text(value) for name, value in (env or {}).items()})


def step_folder(s: Scope, workspace: str, scratch: Path) -> Path:
    """Return the folder that a step works in: the run's, an empty one, or a named one."""
    if workspace == "inherit":
        return s.folder
    folder = scratch / "workspace" if workspace == "ephemeral" else s.folder / workspace
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _declared_outputs(path: Path, declared: Mapping[str, str]) -> Outputs:
    found: Outputs = {}
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    for line in (line.rstrip("\r") for line in lines if line.strip()):
        if line.lstrip().startswith("{"):
            found |= json.loads(line)
            continue
        name, _, value = line.partition("=")
        found[name.strip()] = _parsed(value, declared[name.strip()])
    missing = [name for name in declared if name not in found]
    if missing:
        raise ValueError(f"the command did not write {', '.join(missing)}")
    return found


def _parsed(value: str, kind: str) -> Any:
    if kind == "string":
        return value
    if kind == "boolean":
        return {"true": True, "false": False}[value.strip().lower()]
    return {"integer": int, "number": float}.get(kind, json.loads)(value)
