"""`python.call`: a Python function of the user's, in a guarded process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import Field

from prefect_luthier.canonical import canonical_json
from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)
from prefect_luthier.subprocesses import Outcome, Streams, run_program

_CHILD = Path(__file__).with_name("python_child.py")
_MAX_RESULT_BYTES = 64 * 1024 * 1024


class PythonCallInputs(ActionInputs):
    """Which function, and its arguments."""

    function: str = Field(
        pattern=r"^[^:\s][^:]*:[A-Za-z_][A-Za-z0-9_.]*$",
        description="`package.module:function`, or `file.py:function` in the workspace.",
    )
    args: list[Any] = Field(default=[], description="Positional arguments.")
    kwargs: dict[str, Any] = Field(default={}, description="Named arguments.")


class PythonCallOutputs(ActionOutputs):
    """What the function gave back."""

    result: Any = Field(description="Its result as a JSON value.")
    stdout: str = Field(description="What it printed.")


async def _run(inputs: PythonCallInputs, context: ActionContext) -> PythonCallOutputs:
    with tempfile.TemporaryDirectory(prefix="luthier-call-") as folder:
        report = Path(folder) / "report.json"
        outcome = await run_program(
            [sys.executable, str(_CHILD), str(report)],
            cwd=context.workspace,
            env={**context.env, "PYTHONUNBUFFERED": "1"},
            stdin=canonical_json(inputs.model_dump(mode="json")),
            streams=Streams(on_stdout=context.log, on_stderr=context.log),
        )
        result = await asyncio.to_thread(_read_report, report, outcome, inputs.function)
    return PythonCallOutputs(result=result, stdout=outcome.stdout.text.rstrip("\n"))


def _read_report(report: Path, outcome: Outcome, function: str) -> Any:
    """Return the function's result.

    Raises:
        LuthierError: It failed, or the process ended before it could report.
    """
    if not report.exists():
        raise LuthierError(
            "call-died",
            f"{function}: the process ended with exit code {outcome.exit_code} "
            f"before the function returned. {' '.join(outcome.stderr.tail[-3:])}".strip(),
        )
    if report.stat().st_size > _MAX_RESULT_BYTES:
        raise LuthierError(
            "result-too-large",
            f"{function}: the result is larger than {_MAX_RESULT_BYTES} bytes.",
            "Write it to a file and return the path.",
        )
    document = json.loads(report.read_bytes())
    if "error" in document:
        raise LuthierError("call-failed", f"{function}: {document['error']}")
    return document["result"]


PYTHON_CALL = Action(
    slug="python.call",
    version="1.0.0",
    description="Call a Python function of a module or file with arguments, "
    "and pass its result on: transform, compute or check with your own code.",
    inputs=PythonCallInputs,
    outputs=PythonCallOutputs,
    run=_run,
    capabilities=Capabilities(network=("*",), files="write"),
)
