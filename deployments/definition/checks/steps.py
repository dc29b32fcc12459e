"""Steps and templates by themselves: what they run, where, and how long."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.durations import parse_duration
from prefect_luthier.deployments.definition.model import ActionTemplate, Step
from prefect_luthier.deployments.definition.templates import is_template
from prefect_luthier.pointers import Path
from prefect_luthier.suggestions import surely_meant

WORKSPACES = ("inherit", "ephemeral")


def check_steps(checked: Checked) -> None:
    """Report steps and templates that cannot run as they are written."""
    definition = checked.definition
    for name, template in definition.actions.items():
        path: Path = ("actions", name)
        if not checked.is_pruned(path):
            _check_work(checked, path, template, template)
            _check_nested_template(checked, path, template)
            _check_durations(checked, path, template)
    for step_id, step in definition.steps.items():
        path = ("steps", step_id)
        if not checked.is_pruned(path):
            _check_template_use(checked, path, step)
            _check_work(checked, path, step, checked.step(step_id))
            _check_durations(checked, path, step)
            _check_workspace(checked, path, step)
    if definition.timeout is not None and parse_duration(definition.timeout) == 0:
        checked.findings.add("bad-duration", "`timeout` must be longer than 0.", ("timeout",))


def _check_template_use(checked: Checked, path: Path, step: Step) -> None:
    if step.uses in checked.definition.actions and step.run is not None:
        _both(checked, path)


def _both(checked: Checked, path: Path) -> None:
    checked.findings.add(
        "run-and-uses",
        f"`{'.'.join(map(str, path))}` has both `run` and `uses`; it can do only one of them.",
        (*path, "run"),
        at_key=True,
        related=checked.findings.document.key_span((*path, "uses")),
    )


def _check_work(
    checked: Checked, path: Path, own: Step | ActionTemplate, step: Step | ActionTemplate
) -> None:
    name = ".".join(map(str, path))
    missing = checked.is_pruned((*path, "run")) or checked.is_pruned((*path, "uses"))
    is_template_use = own is not step and own.uses in checked.definition.actions
    if is_template_use:
        missing = True  # what the template lacks is reported at the template
    if own.run is not None and own.uses is not None and not is_template_use:
        _both(checked, path)
    elif own.run is None and own.uses is None and not missing:
        checked.findings.add(
            "no-action",
            f"`{name}` has neither `run` nor `uses`, so that it would do nothing.",
            path,
            candidates=("run", "uses"),
        )
    elif own.run is not None and not own.run.strip():
        checked.findings.add("no-action", f"`{name}.run` is an empty command.", (*path, "run"))
    if step.run is not None and own.inputs:
        checked.findings.add(
            "inputs-without-action",
            f"`{name}` runs a command, which has no inputs; use `env` to give it values.",
            (*path, "inputs"),
            at_key=True,
            candidates=("env",),
        )
    if step.uses is not None and step.run is None and own.outputs:
        checked.findings.add(
            "outputs-of-action",
            f"the outputs of `{name}` are those of its action; only a command declares its own.",
            (*path, "outputs"),
            at_key=True,
            fix=checked.findings.remove((*path, "outputs"), "remove them"),
        )


def _check_nested_template(checked: Checked, path: Path, template: ActionTemplate) -> None:
    if template.uses in checked.definition.actions:
        checked.findings.add(
            "nested-template",
            f"template {path[-1]!r} uses the template {template.uses!r}; a template uses an "
            "action of the catalog.",
            (*path, "uses"),
        )


def _check_durations(checked: Checked, path: Path, step: Any) -> None:
    if step.timeout is not None and parse_duration(step.timeout) == 0:
        checked.findings.add("bad-duration", "`timeout` must be longer than 0.", (*path, "timeout"))


def _check_workspace(checked: Checked, path: Path, step: Step) -> None:
    text = step.workspace
    place = (*path, "workspace")
    if text in WORKSPACES or is_template(text) or checked.is_pruned(place):
        return
    if not text.strip():
        checked.findings.add(
            "bad-workspace",
            "`workspace` must be inherit, ephemeral or a path.",
            place,
            candidates=WORKSPACES,
        )
        return
    meant = surely_meant(text.lower(), WORKSPACES) if "/" not in text else None
    if meant:
        checked.findings.add(
            "bad-workspace",
            f'workspace {text!r} would be a folder of that name. Did you mean "{meant}"?',
            place,
            candidates=(meant,),
            fix=checked.findings.replace_value(place, meant),
            severity="warning",
        )
    elif escapes(text):
        checked.findings.add(
            "workspace-escapes",
            f"workspace {text[:80]!r} leads out of the run's folder; give a path inside it, "
            "without `..` or a leading `/`.",
            place,
            candidates=WORKSPACES,
        )


def escapes(text: str) -> bool:
    """Return whether a path is absolute or leads out of the folder it is relative to."""
    path = PurePosixPath(text.replace("\\", "/"))
    has_drive = len(text) > 1 and text[1] == ":" and text[0].isalpha()
    return path.is_absolute() or has_drive or text.startswith("~") or ".." in path.parts
