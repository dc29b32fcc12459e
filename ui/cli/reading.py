"""Reading what a command names: a definition file, a catalog, parameter values."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect_luthier.catalog import Catalog, read_catalog
from prefect_luthier.deployments.definition.environment import Environment, ModelSettings
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.source import MAX_SOURCE_BYTES, Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.diagnostics import render
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.ui.cli.output import say

MODEL_VARIABLES = frozenset(
    {"LUTHIER_MODEL_BASE_URL", "OPENAI_BASE_URL", "LUTHIER_MODEL_API_KEY", "OPENAI_API_KEY"}
)


def whole_catalog(extra: Path | None = None) -> Catalog:
    """Return the installed catalog, with the entries of a catalog file added."""
    from prefect_luthier.flows.actions.installed import (  # noqa: PLC0415 - only with actions
        installed_catalog,
    )

    catalog = installed_catalog()
    return catalog.merged(read_catalog(extra)) if extra else catalog


def local_environment() -> Environment:
    """Return this machine; the settings are read only when a step needs a language model."""

    def settings() -> ModelSettings:
        from prefect_luthier.settings import load_settings  # noqa: PLC0415 - takes 150 ms

        return load_settings()

    machine = Environment.local(settings)
    # Without one of these variables the settings cannot name a model: no need to load them.
    if not MODEL_VARIABLES & {name.upper() for name in os.environ}:
        return replace(machine, has_model=False)
    return machine


def read_source(name: str | Path) -> Source:
    """Read a definition's text; ``-`` is standard input.

    Raises:
        UsageError: It cannot be read.
    """
    if str(name) != "-":
        return Source.read(name)
    return Source.from_bytes(sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1), "-")


def read_valid(
    file: Path,
    extra_catalog: Path | None = None,
    *,
    for_this_machine: bool = True,
) -> tuple[Definition, str]:
    """Return a definition that must be valid, and its text; warnings are shown.

    That a trigger lacks a value is no warning here: it may be given, now or at an earlier time.

    Args:
        file: The definition; ``-`` is standard input.
        extra_catalog: A catalog file to add.
        for_this_machine: Whether its programs and its language model must be here.

    Raises:
        UsageError: The file cannot be read.
        LuthierError: The definition has errors, which were shown (``invalid-definition``).
    """
    source = read_source(file)
    environment = local_environment() if for_this_machine else None
    report = validate(source, whole_catalog(extra_catalog), environment)
    for diagnostic in report.diagnostics:
        if diagnostic.code == "trigger-missing-parameter":
            continue
        say(render(diagnostic, source.lines, str(file)))
    if report.definition is None or not report.ok:
        raise LuthierError(
            "invalid-definition",
            f"{file} is not valid.",
            f"`luthier validate --fix {file}` repairs what has one sure fix.",
        )
    return report.definition, source.text


def parse_values(definition: Definition, assignments: Sequence[str]) -> dict[str, Any]:
    """Return the values of ``NAME=VALUE`` arguments, read by each parameter's type.

    Numbers, booleans and JSON are read as such, a path as a shell would read it; everything else
    stays text.

    Raises:
        UsageError: An argument has no ``=``, or JSON cannot be read.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator or not name:
            raise UsageError(
                "bad-parameter", f"{assignment!r} is not NAME=VALUE.", "Write -p name=value."
            )
        parameter = definition.parameters.get(name)
        values[name] = _read(name, text, parameter.type if parameter else "string")
    return values


def _read(name: str, text: str, kind: str) -> Any:
    if kind == "path":
        return _path_from_here(text)
    if kind not in {"integer", "number", "boolean", "json"}:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if kind != "json":
            return text  # the planner says what it expected
        raise UsageError("bad-parameter", f"the value of {name!r} is not JSON: {error}.") from error


def _path_from_here(text: str) -> str:
    """Return the absolute path when ``text`` means a place in the caller's current folder.

    It does if it begins with ``.`` or ``~``, or if it is there. Every other relative path names a
    file of the run's own folder, which does not exist yet.
    """
    if not text or "\0" in text:
        return text  # the planner says what it expected
    try:
        path = Path(text).expanduser()
        means_here = text.split("/", 1)[0] in {".", "..", "~"} or path.exists()
    except (OSError, RuntimeError):  # too long a name, or an unknown user's home
        return text
    if not means_here and not path.is_absolute():
        return text
    return os.path.abspath(path)  # noqa: PTH100 - `resolve` would give a link's target for its name
