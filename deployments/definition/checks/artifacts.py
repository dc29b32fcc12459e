"""Artifacts: files of the run's workspace."""

from __future__ import annotations

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.checks.steps import escapes
from prefect_luthier.deployments.definition.templates import is_template


def check_artifacts(checked: Checked) -> None:
    """Report artifacts that lie outside the workspace, or are listed twice."""
    first_of: dict[str, str] = {}
    for name, artifact in checked.definition.artifacts.items():
        path = ("artifacts", name, "path")
        if artifact.path == UNKNOWN:
            continue
        if not is_template(artifact.path) and (escapes(artifact.path) or not artifact.path.strip()):
            checked.findings.add(
                "bad-artifact-path",
                f"artifact path {artifact.path[:80]!r} must be inside the workspace: relative, "
                "without `..`.",
                path,
            )
        first = first_of.setdefault(artifact.path, name)
        if first != name:
            checked.findings.warn(
                "duplicate-artifact",
                f"artifacts {first!r} and {name!r} keep the same file.",
                path,
                related=checked.findings.document.value_span(("artifacts", first, "path")),
            )
