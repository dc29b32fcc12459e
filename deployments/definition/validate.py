"""The one validator: every finding about a definition, each with its place and repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.checks.actions import check_actions
from prefect_luthier.deployments.definition.checks.artifacts import check_artifacts
from prefect_luthier.deployments.definition.checks.commands import check_commands
from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.checks.expressions import check_expressions
from prefect_luthier.deployments.definition.checks.extensions import check_extensions
from prefect_luthier.deployments.definition.checks.names import check_names
from prefect_luthier.deployments.definition.checks.needs import check_needs
from prefect_luthier.deployments.definition.checks.parameters import check_parameters
from prefect_luthier.deployments.definition.checks.shape import check_shape
from prefect_luthier.deployments.definition.checks.steps import check_steps
from prefect_luthier.deployments.definition.checks.text import check_text
from prefect_luthier.deployments.definition.checks.triggers import check_triggers
from prefect_luthier.deployments.definition.checks.unused import check_unused
from prefect_luthier.deployments.definition.document import Document
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.findings import Findings
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.diagnostics import Diagnostic, has_errors


@dataclass(frozen=True)
class Report:
    """What validation found.

    Args:
        source: The source that was checked.
        definition: The definition when it has no errors, else None.
        diagnostics: All findings, in the order of their places.
    """

    source: Source
    definition: Definition | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether the definition can be planned and run."""
        return self.definition is not None

    @property
    def digest(self) -> str | None:
        """Digest of the definition, None when it is not valid."""
        return self.definition.digest if self.definition else None

    def to_json(self) -> dict[str, Any]:
        """Return the element of ``files`` that ``luthier validate --json`` prints."""
        return {
            "path": self.source.name,
            "ok": self.ok,
            "digest": self.digest,
            "diagnostics": [diagnostic.to_json() for diagnostic in self.diagnostics],
        }


def validate(source: Source, catalog: Catalog, environment: Environment | None = None) -> Report:
    """Check a definition against its format, its own references, the catalog and the machine.

    Args:
        source: The definition as text.
        catalog: What its steps may use.
        environment: The machine that will run it; None leaves commands and models unchecked.
    """
    document = Document(source)
    findings = Findings(document)
    check_text(findings)
    definition = None
    if document.data is not None:
        definition, pruned = check_shape(findings)
        if definition is not None:
            checked = Checked(definition, findings, catalog, environment, pruned)
            for check in CHECKS:
                if not findings.full:
                    check(checked)
    found = tuple(sorted(findings, key=_place))
    return Report(source, None if has_errors(found) else definition, found)


CHECKS: tuple[Callable[[Checked], None], ...] = (
    check_names,
    check_parameters,
    check_triggers,
    check_steps,
    check_needs,
    check_actions,
    check_expressions,
    check_artifacts,
    check_commands,
    check_unused,
    check_extensions,
)


def _place(diagnostic: Diagnostic) -> tuple[int, int]:
    return (diagnostic.span.line, diagnostic.span.column) if diagnostic.span else (0, 0)
