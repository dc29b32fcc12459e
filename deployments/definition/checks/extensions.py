"""Validators that installed packages add."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.plugins import (
    VALIDATORS_GROUP,
    PluginFailed,
    is_group_used,
    load_entry_points,
)
from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.pointers import Path


def check_extensions(checked: Checked) -> None:
    """Run the plug-in validators; one that fails is reported, and the others still run.

    A validator is a function that takes a `Definition` and returns diagnostics; those without a
    place get the one of their pointer.
    """
    if not is_group_used(VALIDATORS_GROUP):
        return
    loaded, failures = load_entry_points(VALIDATORS_GROUP)
    for failure in failures:
        checked.findings.add(failure.code, str(failure))
    for name, validator in loaded.items():
        _run(checked, name, validator)


def _run(checked: Checked, name: str, validator: Any) -> None:
    try:
        for diagnostic in validator(checked.definition):
            if not isinstance(diagnostic, Diagnostic):
                raise TypeError(f"it returned a {type(diagnostic).__name__}, no Diagnostic")  # noqa: TRY301 - reported below like any failure of foreign code
            checked.findings.add_diagnostic(_placed(checked, diagnostic))
    except Exception as error:  # noqa: BLE001 - foreign code may raise anything; it is reported
        failure = PluginFailed(VALIDATORS_GROUP, name, error)
        checked.findings.add(failure.code, str(failure))


def _placed(checked: Checked, diagnostic: Diagnostic) -> Diagnostic:
    if diagnostic.span is not None or not diagnostic.pointer:
        return diagnostic
    span = checked.findings.document.value_span(_path(diagnostic.pointer))
    return replace(diagnostic, span=span)


def _path(pointer: str) -> Path:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return tuple(int(part) if part.isdigit() else part for part in parts)
