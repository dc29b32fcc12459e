"""What a replay found: the same digests, or where they drift."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from prefect_luthier.rmos.replay.difference import Difference

Cause = Literal["record", "engine", "library", "policy", "input", "result", "rule", "program"]
"""`record`: the stored document no longer has its digest. `engine`, `library`, `policy`: what it
was judged by has changed since. `input`: the stored input no longer reads as it did. `result`,
`rule`, `program`: the answer is another one now."""


@dataclass(frozen=True)
class Drift:
    """One thing that is not as it was."""

    cause: Cause
    where: str
    stored: Any
    now: Any

    @classmethod
    def of(cls, cause: Cause, found: Difference, where: str = "") -> Drift:
        """Return a difference as a drift."""
        return cls(cause, f"{where}{found.pointer}", found.before, found.after)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "cause": self.cause,
            "where": self.where,
            "stored": self.stored,
            "now": self.now,
        }


@dataclass(frozen=True)
class Replayed:
    """One thing that was done again from its stored inputs.

    Args:
        what: What it was, e.g. ``attempt 7`` or ``feasibility_done``.
        stored_digest: Digest of what was stored.
        digest: Digest of what came out now; None when it could not be done again.
    """

    what: str
    stored_digest: str
    digest: str | None
    drifts: tuple[Drift, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the digests are the same."""
        return self.stored_digest == self.digest


@dataclass(frozen=True)
class ReplayReport:
    """The replay of a search or of a design's decisions."""

    kind: str
    id: str
    engine_stored: str
    engine_now: str
    replayed: tuple[Replayed, ...]
    drifts: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def same(self) -> bool:
        """Whether every digest is the same."""
        return all(each.same for each in self.replayed)

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``luthier rosette replay --json``."""
        return {
            "kind": self.kind,
            "id": self.id,
            "same": self.same,
            "engine": {"stored": self.engine_stored, "now": self.engine_now},
            "compared": len(self.replayed),
            "matching": sum(each.same for each in self.replayed),
            "drifts": [
                *(drift.to_json() for drift in self.drifts),
                *(
                    {"what": each.what, **drift.to_json()}
                    for each in self.replayed
                    for drift in each.drifts
                ),
            ],
            "replayed": [
                {
                    "what": each.what,
                    "same": each.same,
                    "stored_digest": each.stored_digest,
                    "digest": each.digest,
                }
                for each in self.replayed
            ],
            "notes": list(self.notes),
        }
