"""What a search may spend and what is customary: `policy.toml`, typed."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.rmos.design.context import Complexity
from prefect_luthier.rmos.design.spec import Pattern
from prefect_luthier.rmos.library.model import MaterialKind
from prefect_luthier.rmos.search.budget import Budget

Interval = tuple[float, float]
Counts = tuple[int, int]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Limits(_Part):
    """The most that any search may spend."""

    attempts: Count
    seconds: Positive
    rings: Count
    islands: Count


class Defaults(_Part):
    """What a search spends when nothing is said."""

    attempts: Count
    seconds: Positive
    wanted_score: float = Field(ge=0, le=100)


class Quick(_Part):
    """What a quick check spends."""

    attempts: Count
    seconds: Positive


class Customary(_Part):
    """Where designs usually lie, mm."""

    soundhole_mm: Interval
    soundhole_share: Interval
    radial_mm: Interval
    edge_land_mm: Interval
    land_mm: Interval
    depth_mm: Interval
    proud_mm: Interval
    glue_gap_mm: Interval
    pass_mm: Interval
    thinnest_mm: Positive


class Richness(_Part):
    """How many rings, and how many different patterns and materials."""

    rings: Counts
    patterns: Counts
    materials: Counts


class PatternCustom(_Part):
    """What is usual for one pattern."""

    width_mm: Interval
    tile_mm: Interval | None = None
    kinds: tuple[MaterialKind, ...]
    on_request: tuple[MaterialKind, ...]


class Policy(_Part):
    """Limits, defaults and customs of searches."""

    limits: Limits
    defaults: Defaults
    quick: Quick
    customary: Customary
    complexity: dict[Complexity | str, Richness]
    patterns: dict[Pattern, PatternCustom]

    def richness(self, complexity: Complexity | None) -> Richness:
        """Return what a complexity asks for."""
        return self.complexity[complexity or "open"]

    def budget(
        self,
        attempts: int | None = None,
        seconds: float | None = None,
        wanted_score: float | None = None,
        *,
        islands: int = 1,
        quick: bool = False,
    ) -> Budget:
        """Return a budget, with this policy's values for what is not given."""
        usual = self.quick if quick else self.defaults
        return Budget(
            attempts=usual.attempts if attempts is None else attempts,
            seconds=usual.seconds if seconds is None else seconds,
            wanted_score=self.defaults.wanted_score if wanted_score is None else wanted_score,
            islands=islands,
        )


@cache
def default_policy() -> Policy:
    """Return the policy that ships."""
    folder = resources.files("prefect_luthier.rmos.search")
    text = folder.joinpath("policy.toml").read_text(encoding="utf-8")
    return Policy.model_validate(tomllib.loads(text))


def check_budget(budget: Budget, policy: Policy) -> tuple[Diagnostic, ...]:
    """Return every way in which a budget breaks the policy; none means it may be spent."""
    limits = policy.limits
    rules: tuple[tuple[str, float, float, float], ...] = (
        ("attempts", budget.attempts, 1, limits.attempts),
        ("seconds", budget.seconds, 0, limits.seconds),
        ("wanted_score", budget.wanted_score, 0, 100),
        ("islands", budget.islands, 1, min(limits.islands, max(1, budget.attempts))),
    )
    findings = []
    for name, value, least, most in rules:
        # Written so that NaN is refused too.
        if not least <= value <= most or (name == "seconds" and value == 0):
            findings.append(
                Diagnostic(
                    "search-budget",
                    "error",
                    f"{name} is {value:g}; a search may have {_range(name, least, most)}.",
                    pointer=f"/budget/{name}",
                )
            )
    return tuple(findings)


def _range(name: str, least: float, most: float) -> str:
    return f"more than 0, up to {most:g}" if name == "seconds" else f"{least:g} to {most:g}"
