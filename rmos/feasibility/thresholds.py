"""The engine's limits, as data with their provenance."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

THRESHOLDS_FILE = Path(__file__).with_name("thresholds.toml")

_TEXTS = {"code", "measures", "unit", "relative_to", "sense"}
_LIMITS = {"red", "yellow", "comfort"}


@dataclass(frozen=True)
class Limit:
    """One figure and where it comes from."""

    value: float
    source: str
    is_estimate: bool = False


@dataclass(frozen=True)
class Threshold:
    """The limits of one rule.

    Args:
        key: The rule's name.
        code: The code of its violations.
        measures: What is measured, in words.
        unit: Unit of the measured value.
        at_most: Whether the value must not exceed the limits, or not fall below them.
        red: Beyond it a design is blocked; None for a rule that only warns.
        yellow: Beyond it there is a warning.
        comfort: From here on there is nothing left to wish for.
        weight: Share in the score.
        is_exact: Whether the rule holds or does not, with nothing between.
        relative_to: What the limits are multiples of, in words; empty for plain limits.
        constants: Further figures of the rule's formula, by group and name.
    """

    key: str
    code: str
    measures: str
    unit: str
    at_most: bool
    red: Limit | None
    yellow: Limit | None
    comfort: Limit | None
    weight: float
    is_exact: bool
    relative_to: str
    constants: Mapping[str, Mapping[str, Limit]]

    def constant(self, group: str, name: str) -> float:
        """Return a further figure of the rule's formula."""
        return self.constants[group][name].value


@dataclass(frozen=True)
class Thresholds:
    """All limits by rule, in the order of checking, and the sources that they name."""

    rules: Mapping[str, Threshold]
    sources: Mapping[str, str]

    def __getitem__(self, key: str) -> Threshold:
        return self.rules[key]


@cache
def load_thresholds() -> Thresholds:
    """Return the limits that ship with Luthier."""
    data = tomllib.loads(THRESHOLDS_FILE.read_text("utf-8"))
    sources = data.pop("sources")
    return Thresholds({key: _threshold(key, table) for key, table in data.items()}, sources)


def _threshold(key: str, table: Mapping[str, Any]) -> Threshold:
    known = _TEXTS | _LIMITS | {"weight", "exact"}
    return Threshold(
        key=key,
        code=table["code"],
        measures=table["measures"],
        unit=table["unit"],
        at_most=table["sense"] == "at most",
        red=_limit(table.get("red")),
        yellow=_limit(table.get("yellow")),
        comfort=_limit(table.get("comfort")),
        weight=float(table.get("weight", 0.0)),
        is_exact=table.get("exact", False),
        relative_to=table.get("relative_to", ""),
        constants={
            name: {part: read_limit(figure) for part, figure in group.items()}
            for name, group in table.items()
            if name not in known
        },
    )


def _limit(figure: Mapping[str, Any] | None) -> Limit | None:
    return None if figure is None else read_limit(figure)


def read_limit(figure: Mapping[str, Any]) -> Limit:
    """Return a figure as the data files write it."""
    return Limit(float(figure["value"]), figure["source"], figure.get("estimate", False))
