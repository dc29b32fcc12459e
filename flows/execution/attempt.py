"""One attempt of one step: a command, or an action. Without Prefect, so that it can be tested."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect_luthier.captured_output import CapturedOutput, readable
from prefect_luthier.deployments.definition.expressions import interpolate, interpolate_command
from prefect_luthier.deployments.definition.outputs import COMMAND_OUTPUTS
from prefect_luthier.deployments.definition.plan import PlannedStep
from prefect_luthier.deployments.definition.templates import to_text
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import ActionContext
from prefect_luthier.flows.actions.installed import find_action
from prefect_luthier.flows.execution.log_blobs import LogBlobs, LogFile
from prefect_luthier.flows.execution.outputs import read_outputs
from prefect_luthier.flows.execution.workspaces import step_workspace
from prefect_luthier.masking import Masker
from prefect_luthier.subprocesses import Outcome, Streams, run_program, scrubbed_environment

_REASON_LINES = 5
_REASON_CHARACTERS = 1000
SHELL = "/bin/sh"
# Output up to this length is kept with the step's outputs, more as a blob.
SHORT_BYTES = 16 * 1024


@dataclass(frozen=True)
class AttemptResult:
    """How one attempt ended.

    Args:
        outputs: The outputs, also of a failed command.
        failure: Why it failed, empty when it did not.
        timed_out: Whether it took too long.
    """

    outputs: dict[str, Any] = field(default_factory=dict)
    failure: str = ""
    exit_code: int | None = None
    stdout_sha256: str | None = None
    stderr_sha256: str | None = None
    timed_out: bool = False


@dataclass(frozen=True)
class AttemptContext:
    """What an attempt needs from its run.

    Args:
        run_id: The run.
        key: Name of the task run: ``step`` or ``step[index]``.
        folder: The run's workspace.
        bindings: What templates may read.
        secret_bindings: The same with secrets, for `env` and inputs.
        masker: Knows the secrets.
        log_blobs: Takes the output.
        log: Takes one line, already masked.
        call_workflow: Runs a registered workflow, ``slug@version`` with inputs.
    """

    run_id: str
    key: str
    folder: Path
    bindings: Mapping[str, Any]
    secret_bindings: Mapping[str, Any]
    masker: Masker
    log_blobs: LogBlobs
    log: Callable[[str], None]
    call_workflow: Callable[[str, Mapping[str, Any]], Any]


async def attempt(step: PlannedStep, context: AttemptContext) -> AttemptResult:
    """Run a step once; whatever goes wrong with the step is in the result."""
    try:
        async with asyncio.timeout(step.timeout_s):
            with step_workspace(context.folder, _workspace(step, context)) as workspace:
                if step.run is not None:
                    result = await _run_command(step, context, workspace)
                else:
                    result = await _run_action(step, context, workspace)
    except TimeoutError:
        return AttemptResult(failure=f"timed out after {step.timeout_s:g} s", timed_out=True)
    except LuthierError as error:
        return AttemptResult(failure=context.masker.text(str(error)))
    return result


def _workspace(step: PlannedStep, context: AttemptContext) -> str:
    return to_text(interpolate(step.workspace, context.bindings))


async def _run_command(
    step: PlannedStep, context: AttemptContext, workspace: Path
) -> AttemptResult:
    command = step.command or interpolate_command(step.run or "", context.bindings)
    with (
        context.log_blobs.open() as stdout,
        context.log_blobs.open() as stderr,
        _outputs_path(step) as outputs_path,
    ):
        streams = Streams(context.log, context.log, stdout.file, stderr.file, context.masker)
        outcome = await run_program(
            [SHELL, "-c", command],
            cwd=workspace,
            env=_environment(step, context, workspace, outputs_path),
            streams=streams,
        )
        outputs: dict[str, Any] = {
            "stdout": outcome.stdout.text.rstrip("\n"),
            "stderr": outcome.stderr.text.rstrip("\n"),
            "exit_code": outcome.exit_code,
        }
        failure = _failure(outcome)
        if outputs_path is not None and not failure:
            try:
                written = read_outputs(outputs_path, outputs_to_write(step))
                outputs |= context.masker.value(written)
            except LuthierError as error:
                failure = context.masker.text(str(error))
        return AttemptResult(
            outputs=outputs,
            failure=failure,
            exit_code=outcome.exit_code,
            stdout_sha256=_kept(stdout, outcome.stdout),
            stderr_sha256=_kept(stderr, outcome.stderr),
        )


def _kept(log_file: LogFile, output: CapturedOutput) -> str | None:
    """Store a stream that the outputs do not hold whole: a long one, or one that is no text."""
    is_whole = output.size_bytes <= SHORT_BYTES and readable(output.data).encode() == output.data
    return None if is_whole else log_file.keep()


async def _run_action(step: PlannedStep, context: AttemptContext, workspace: Path) -> AttemptResult:
    reference = step.uses or ""
    values = interpolate(step.inputs, context.secret_bindings)
    action = find_action(reference)
    if action is None:
        found = await context.call_workflow(reference, values)
        return AttemptResult(outputs=context.masker.value(found))
    with context.log_blobs.open() as written:

        def log(line: str) -> None:
            masked = context.masker.text(line)
            written.file.write(f"{masked}\n".encode(errors="replace"))
            context.log(masked)

        action_context = ActionContext(
            workspace=workspace,
            log=log,
            env=_environment(step, context, workspace, None),
            run_id=context.run_id,
            step=context.key,
        )
        failure = ""
        outputs: dict[str, Any] = {}
        try:
            outputs = context.masker.value(await action(values, action_context))
        except LuthierError as error:
            failure = context.masker.text(str(error))
            log(failure)
        return AttemptResult(outputs=outputs, failure=failure, stdout_sha256=written.keep())


@contextlib.contextmanager
def _outputs_path(step: PlannedStep) -> Iterator[Path | None]:
    """Give the path for ``$LUTHIER_OUTPUT``, if the step declares outputs."""
    if not outputs_to_write(step):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="luthier-output-") as folder:
        yield Path(folder) / "output"


def outputs_to_write(step: PlannedStep) -> dict[str, str]:
    """Return the outputs that a command itself must write, with their types."""
    return {name: kind for name, kind in step.item_outputs.items() if name not in COMMAND_OUTPUTS}


def _environment(
    step: PlannedStep, context: AttemptContext, workspace: Path, outputs_path: Path | None
) -> dict[str, str]:
    own = {
        "LUTHIER_RUN_ID": context.run_id,
        "LUTHIER_STEP": context.key,
        "LUTHIER_WORKSPACE": str(workspace),
    }
    if outputs_path is not None:
        own["LUTHIER_OUTPUT"] = str(outputs_path)
    given = interpolate(step.env, context.secret_bindings)
    return scrubbed_environment(own | {name: to_text(value) for name, value in given.items()})


def _failure(outcome: Outcome) -> str:
    """Return why a command failed: its exit code and the end of what it complained about."""
    code = outcome.exit_code
    if code == 0:
        return ""
    if code < 0:
        name = next((s.name for s in signal.Signals if s.value == -code), f"signal {-code}")
        reason = f"ended by {name}"
    else:
        reason = f"exit code {code}"
    lines = [line for line in (outcome.stderr.tail or outcome.stdout.tail) if line.strip()]
    tail = "\n".join(lines[-_REASON_LINES:])[-_REASON_CHARACTERS:]
    return f"{reason}: {tail}" if tail else reason
