"""Ids of steps, parameters, outputs, templates and artifacts."""

from __future__ import annotations

import re
from collections.abc import Collection

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.model import NAME_PATTERN
from prefect_luthier.deployments.definition.outputs import COMMAND_OUTPUTS, ITEMS_OUTPUT
from prefect_luthier.deployments.definition.positions import Range
from prefect_luthier.diagnostics import Fix
from prefect_luthier.pointers import Path

MAX_NAME_LENGTH = 64

_NAME = re.compile(NAME_PATTERN)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# CEL reads these words as literals or operators, even behind a dot.
_CEL_WORDS = frozenset({"true", "false", "null", "in"})


def check_names(checked: Checked) -> None:
    """Report ids that expressions cannot name, and names that Luthier itself uses."""
    definition = checked.definition
    for table, noun in (
        ("parameters", "parameter"),
        ("actions", "template"),
        ("steps", "step"),
        ("artifacts", "artifact"),
    ):
        names = getattr(definition, table)
        for name in names:
            _check_name(checked, (table, name), noun, names)
    for table in ("steps", "actions"):
        for owner, step in getattr(definition, table).items():
            for name in step.outputs:
                _check_name(checked, (table, owner, "outputs", name), "output", step.outputs)
                _check_reserved_output(checked, (table, owner, "outputs", name))
            for name in step.env:
                _check_env_name(checked, (table, owner, "env", name))


def bad_names(checked: Checked) -> list[str]:
    """Return the ids that are no names, so that expressions with them are not judged again."""
    definition = checked.definition
    found = [name for name in definition.parameters if not _NAME.fullmatch(name)]
    return found + [name for name in definition.steps if not _NAME.fullmatch(name)]


def _check_name(checked: Checked, path: Path, noun: str, siblings: Collection[str]) -> None:
    name = str(path[-1])
    if name == UNKNOWN:
        return
    if name in _CEL_WORDS:
        checked.findings.add(
            "reserved-name",
            f"{noun} {name!r} is a word of the expression language.",
            path,
            at_key=True,
        )
    elif len(name) > MAX_NAME_LENGTH:
        checked.findings.add(
            "bad-id", f"{noun} id is longer than {MAX_NAME_LENGTH} characters.", path, at_key=True
        )
    elif not _NAME.fullmatch(name):
        meant = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        usable = bool(_NAME.fullmatch(meant)) and meant not in siblings and meant not in _CEL_WORDS
        checked.findings.add(
            "bad-id",
            f"{noun} id {name[:80]!r} must be lower-case letters, digits and underscores and begin "
            f"with a letter, because expressions name it.",
            path,
            at_key=True,
            candidates=(meant,) if usable else (),
            fix=_rename_everywhere(checked, path, name, meant) if usable else None,
        )


_REFERENCE_FORMS = {
    "parameters": r"\bparams\s*\.\s*({name})(?![\w-])",
    "steps": r"\bsteps\s*\.\s*({name})(?![\w-])",
    "outputs": r"\bsteps\s*\.\s*{owner}\s*\.\s*outputs\s*\.\s*({name})(?![\w-])",
}


def _rename_everywhere(checked: Checked, path: Path, name: str, meant: str) -> Fix | None:
    """Return the repair that renames an id and every reference to it."""
    findings = checked.findings
    fix = findings.rename_key(path, meant)
    if fix is None:
        return None
    others = [*_list_items(checked, path, name), *_references(checked, path, name)]
    rest = findings.edit("", [(place, meant) for place in others])
    edits = fix.edits + (rest.edits if rest else ())
    return Fix(fix.title, tuple(dict.fromkeys(edits)))


def _list_items(checked: Checked, path: Path, name: str) -> list[Range]:
    """Return where the id stands as a whole text: in `needs`, `uses`, or a trigger's parameters."""
    findings, definition = checked.findings, checked.definition
    found: list[Path] = []
    if path[0] == "steps" and len(path) == 2:  # noqa: PLR2004 - /steps/<id>
        found = [
            ("steps", step_id, "needs", index)
            for step_id, step in definition.steps.items()
            for index, need in enumerate(step.needs)
            if need == name
        ]
    elif path[0] == "actions":
        found = [
            ("steps", key, "uses") for key, step in definition.steps.items() if step.uses == name
        ]
    ranges = [findings.inner_range(place, 0, len(name)) for place in found]
    if path[0] == "parameters":
        for index, trigger in enumerate(definition.triggers):
            if name in trigger.parameters:
                ranges += findings.document.key_ranges(("triggers", index, "parameters", name))
    return [place for place in ranges if place]


def _references(checked: Checked, path: Path, name: str) -> list[Range]:
    """Return where expressions refer to the id."""
    form = _REFERENCE_FORMS.get(str(path[-2]))
    if form is None:
        return []
    owner = re.escape(str(path[1])) if path[-2] == "outputs" else ""
    pattern = re.compile(form.format(name=re.escape(name), owner=owner))
    document = checked.findings.document
    texts = [
        place.value for place in document.places.values() if document.text[place.value[0]] in "\"'"
    ]
    return [
        match.span(1)
        for start, end in texts
        for match in pattern.finditer(document.text, start, end)
    ]


def _check_reserved_output(checked: Checked, path: Path) -> None:
    name = str(path[-1])
    if name in COMMAND_OUTPUTS or name == ITEMS_OUTPUT:
        checked.findings.add(
            "reserved-name",
            f"output {name!r} exists already: every command has {', '.join(COMMAND_OUTPUTS)}, "
            f"every `foreach` has {ITEMS_OUTPUT}.",
            path,
            at_key=True,
        )


def _check_env_name(checked: Checked, path: Path) -> None:
    name = str(path[-1])
    if not _ENV_NAME.fullmatch(name):
        meant = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
        usable = bool(_ENV_NAME.fullmatch(meant))
        checked.findings.add(
            "bad-env-name",
            f"{name[:80]!r} is no name of an environment variable.",
            path,
            at_key=True,
            candidates=(meant,) if usable else (),
        )
    elif name.startswith("LUTHIER_"):
        checked.findings.add(
            "reserved-name",
            f"environment variable {name!r} is set by Luthier itself.",
            path,
            at_key=True,
        )
