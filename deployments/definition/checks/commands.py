"""Programs that the workflow needs and this machine does not have."""

from __future__ import annotations

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.command_heads import command_heads
from prefect_luthier.pointers import Path


def check_commands(checked: Checked) -> None:
    """Report programs that are not on the PATH of the machine."""
    _check_required_names(checked)
    environment = checked.environment
    if environment is None:
        return
    known: dict[str, bool] = {}

    def is_missing(command: str) -> bool:
        if command not in known:
            known[command] = environment.has_command(command)
        return not known[command]

    required = checked.definition.requirements.commands
    for index, command in enumerate(required):
        if command.strip() and command != UNKNOWN and is_missing(command):
            path: Path = ("requirements", "commands", index)
            checked.findings.add(
                "missing-command", f"the program {command!r} is not on the PATH.", path
            )
    for step_id in checked.definition.steps:
        step = checked.step(step_id)
        if step.run is None or step.run == UNKNOWN or "PATH" in step.env:
            continue
        path = checked.written_at(step_id, "run")
        for command, offset in command_heads(step.run):
            if command not in required and is_missing(command):
                checked.findings.add(
                    "missing-command",
                    f"the step runs {command!r}, which is not on the PATH.",
                    path,
                    span=checked.findings.inner_span(path, offset, offset + len(command)),
                )


def _check_required_names(checked: Checked) -> None:
    seen: dict[str, int] = {}
    for index, command in enumerate(checked.definition.requirements.commands):
        path: Path = ("requirements", "commands", index)
        if command == UNKNOWN:
            continue
        if not command.strip() or any(char.isspace() for char in command):
            checked.findings.add("bad-command", f"{command[:80]!r} is no name of a program.", path)
        first = seen.setdefault(command, index)
        if first != index:
            checked.findings.warn(
                "duplicate-command",
                f"{command!r} is listed twice.",
                path,
                related=checked.findings.document.value_span((*path[:-1], first)),
                fix=checked.findings.remove(path, "remove the second one"),
            )
