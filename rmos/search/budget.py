"""What one search may spend."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Budget:
    """What one search may spend, and when it may stop.

    Args:
        attempts: Most designs that are scored.
        seconds: Longest time; a batch that is being scored ends a moment after it.
        wanted_score: A design with this score ends the search.
        islands: Independent lines of search that run side by side, each with its share of the
            attempts. Part of what determines the attempts, unlike where they run.
    """

    attempts: int
    seconds: float
    wanted_score: float
    islands: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)
