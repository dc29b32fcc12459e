"""The one validator: every finding about a definition, each with its place and repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.document import Document
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.shape import check_shape
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
    if document.syntax:
        return Report(source, None, tuple(document.syntax))
    definition, diagnostics = check_shape(document)
    found = tuple(sorted(diagnostics, key=_place))
    return Report(source, None if has_errors(found) else definition, found)


def _place(diagnostic: Diagnostic) -> tuple[int, int]:
    return (diagnostic.span.line, diagnostic.span.column) if diagnostic.span else (0, 0)
