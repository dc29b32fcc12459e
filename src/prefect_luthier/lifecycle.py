"""Lifecycles as data: which event leads from which state to which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from prefect_luthier.errors import LuthierError


class IllegalTransition(LuthierError):
    """The state has no edge for this event."""


@dataclass(frozen=True)
class Edge:
    """One edge: ``event`` leads from each of ``sources`` to ``target``."""

    event: str
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Lifecycle:
    """The states of a thing and the edges between them; every event has one target.

    Args:
        subject: What moves, for messages: ``"design"``.
        initial: The state that everything starts in.
        edges: All edges.
    """

    subject: str
    initial: str
    edges: tuple[Edge, ...]
    _targets: dict[tuple[str, str], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        targets: dict[tuple[str, str], str] = {}
        for edge in self.edges:
            for source in edge.sources:
                if targets.setdefault((source, edge.event), edge.target) != edge.target:
                    raise ValueError(f"{edge.event!r} leads from {source!r} to two states")
        object.__setattr__(self, "_targets", targets)

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order in which the edges name them."""
        return _unique([self.initial, *(s for e in self.edges for s in (*e.sources, e.target))])

    @property
    def events(self) -> tuple[str, ...]:
        """Every event, in the order of the edges."""
        return _unique(edge.event for edge in self.edges)

    def events_from(self, state: str) -> tuple[str, ...]:
        """Return the events that ``state`` has an edge for."""
        return _unique(edge.event for edge in self.edges if state in edge.sources)

    def target(self, state: str, event: str) -> str:
        """Return where ``event`` leads from ``state``.

        Raises:
            IllegalTransition: There is no such edge (``illegal-transition``).
        """
        target = self._targets.get((state, event))
        if target is None:
            possible = ", ".join(self.events_from(state)) or "nothing more"
            raise IllegalTransition(
                "illegal-transition",
                f"a {self.subject} in state {state!r} cannot take the event {event!r}.",
                f"From here it can take: {possible}.",
            )
        return target


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
