"""Parameters that nothing reads."""

from __future__ import annotations

from prefect_luthier.deployments.definition.checks.context import Checked


def check_unused(checked: Checked) -> None:
    """Warn of parameters that no expression reads."""
    text = checked.findings.document.text
    for name in checked.definition.parameters:
        if name in checked.used_parameters or checked.is_pruned(("parameters", name)):
            continue
        if f"params.{name}" in text:
            continue  # read by an expression that has an error of its own
        checked.findings.warn(
            "unused-parameter",
            f"nothing reads the parameter {name!r}.",
            ("parameters", name),
            at_key=True,
        )
