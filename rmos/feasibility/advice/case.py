"""A limit that is not kept, and what to say about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.feasibility.verdict import Change

_DECIMALS = ((1000, 0), (100, 2), (1, 3), (0.1, 4), (0.01, 5))
_MOST_DECIMALS = 6
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Case:
    """One measured value beyond a limit.

    Args:
        spec: The design.
        context: What it is judged under.
        ring: The ring concerned, if one is.
        value: The measured value.
        limit: The limit that is not kept.
        clear: The value from which on there is neither a block nor a warning.
        base: What the limits are multiples of.
    """

    spec: RosetteSpec
    context: Context
    ring: int | None
    value: float
    limit: float
    clear: float
    base: float

    @property
    def the_ring(self) -> Ring:
        """The ring concerned; the first one where none is."""
        return self.spec.rings[self.ring or 0]

    @property
    def place(self) -> str:
        """``ring 2`` in the words of a message, counting from 1 as people do."""
        return f"ring {(self.ring or 0) + 1}"


@dataclass(frozen=True)
class Advice:
    """What is wrong, and the smallest change that mends it."""

    message: str
    fix: str
    change: Change | None = None


Advise = Callable[[Case], Advice]


def figure(value: float) -> str:
    """Return a number as people write it: short, and without an exponent."""
    if not math.isfinite(value):
        return str(value)
    digits = _decimals(value)
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def down(value: float) -> float:
    """Return the largest figure, as it will be written, that is no larger than ``value``."""
    steps = 10.0 ** _decimals(value)
    return math.floor(value * steps + _ROUNDING) / steps


def up(value: float) -> float:
    """Return the smallest figure, as it will be written, that is no smaller than ``value``."""
    steps = 10.0 ** _decimals(value)
    return math.ceil(value * steps - _ROUNDING) / steps


def _decimals(value: float) -> int:
    return next((digits for least, digits in _DECIMALS if abs(value) >= least), _MOST_DECIMALS)


def in_spec(pointer: str, value: Any) -> Change | None:
    """Return a change of the design; None for a length that would not be positive."""
    return _change("spec", pointer, value)


def in_ring(case: Case, field: str, value: Any) -> Change | None:
    """Return a change of the ring concerned."""
    return _change("spec", f"/rings/{case.ring or 0}/{field}", value)


def in_context(pointer: str, value: Any) -> Change | None:
    """Return a change of the context."""
    return _change("context", pointer, value)


def _change(document: Literal["spec", "context"], pointer: str, value: Any) -> Change | None:
    is_number = isinstance(value, float) and not isinstance(value, bool)
    may_be_zero = pointer.endswith(("land_mm", "land_after_mm", "gap_mm"))
    if is_number and not (value > 0 or (value == 0 and may_be_zero)):
        return None
    return Change(document=document, pointer=pointer, value=value)
