"""The engine's answer for one design: allowed or blocked, how good, and why."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from prefect_luthier.rmos.design.spec import Frozen

Decision = Literal["ALLOW", "BLOCK"]
Risk = Literal["GREEN", "YELLOW", "RED"]
ViolationSeverity = Literal["RED", "YELLOW"]

_SHOWN = {"code", "severity", "ring", "measured", "limit", "unit", "message", "fix"}


class Change(Frozen):
    """One value to set, in the design or in its context."""

    document: Literal["spec", "context"] = Field(description="Which document to change.")
    pointer: str = Field(description="JSON pointer of the value.")
    value: Any = Field(description="What to set it to.")


class Violation(Frozen):
    """One limit that a design does not keep."""

    code: str = Field(description="Code of the constraint.")
    severity: ViolationSeverity = Field(description="RED blocks, YELLOW warns.")
    ring: int | None = Field(default=None, description="The ring concerned, from 0, if one is.")
    measured: float | None = Field(default=None, description="The measured value.")
    limit: float | None = Field(default=None, description="The limit that is not kept.")
    unit: str = Field(default="", description="Unit of both.")
    message: str = Field(description="What is wrong, with the values.")
    fix: str = Field(description="The smallest change that mends it, in words.")
    change: Change | None = Field(default=None, description="The same change, to be applied.")


class Verdict(Frozen):
    """Whether a design can be made, and how well."""

    decision: Decision = Field(description="ALLOW or BLOCK; RED blocks.")
    risk: Risk = Field(description="RED with a blocking violation, YELLOW with a warning.")
    score: float = Field(description="0 to 100; above 50 when allowed, below 40 when blocked.")
    violations: tuple[Violation, ...] = Field(default=(), description="Worst first.")
    margins: dict[str, float] = Field(
        default_factory=dict,
        description="Smallest margin by code: 0 at the limit that blocks, 1 at comfort.",
    )
    digest: str | None = Field(description="Digest of the design.")
    engine: str = Field(description="Version of the engine and of its data.")

    @property
    def is_allowed(self) -> bool:
        """Whether the design may go on."""
        return self.decision == "ALLOW"

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``luthier rosette score --json`` prints."""
        return {
            "decision": self.decision,
            "risk": self.risk,
            "score": self.score,
            "violations": [
                each.model_dump(mode="json", include=_SHOWN) for each in self.violations
            ],
            "digest": self.digest,
            "engine": self.engine,
        }
