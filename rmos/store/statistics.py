"""How rosette work goes: success, blocks, attempts, latency."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

_SEARCHES = """
SELECT status, count(*), sum(attempts_made), sum(evaluations)
FROM rosette_search WHERE created_at >= :since GROUP BY status ORDER BY status
"""
_LATENCY = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY time_s),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY time_s), max(time_s)
FROM rosette_search WHERE ended_at IS NOT NULL AND created_at >= :since
"""
_EVENTS = """
SELECT event, count(*) FROM rosette_transition WHERE created_at >= :since GROUP BY event
"""
_VERDICTS = """
SELECT decision, count(*) FROM rosette_run_artifact
WHERE decision IS NOT NULL AND created_at >= :since GROUP BY decision
"""
_CODES = """
SELECT violation->>'code' AS code, count(DISTINCT artifact.id) AS designs
FROM rosette_run_artifact AS artifact,
     jsonb_array_elements(artifact.document->'verdict'->'violations') AS violation
WHERE artifact.decision = 'BLOCK' AND violation->>'severity' = 'RED'
      AND artifact.created_at >= :since
GROUP BY code ORDER BY designs DESC, code LIMIT 10
"""
_WAITING = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_s) FROM (
    SELECT extract(epoch FROM decided.created_at - judged.created_at) AS waited_s
    FROM rosette_transition AS decided
    JOIN rosette_transition AS judged
      ON judged.design_id = decided.design_id AND judged.number = decided.number - 1
    WHERE decided.source = 'feasibility_ready' AND decided.event <> 'auto_reject'
          AND decided.created_at >= :since
) AS waits
"""
_GOOD = ("success", "best_effort")
_ENDED_BADLY = ("failed", "cancelled", "running")


@dataclass(frozen=True)
class Alert:
    """A figure that is over its threshold."""

    figure: str
    value: float
    threshold: float
    message: str


@dataclass(frozen=True)
class Thresholds:
    """When a figure is worth a warning.

    Args:
        blocked_rate: Share of judged designs that are blocked.
        failure_rate: Share of ended searches without an allowed design.
        least: Fewest cases that make a rate worth a word.
    """

    blocked_rate: float = 0.5
    failure_rate: float = 0.5
    least: int = 5


@dataclass(frozen=True)
class Figures:
    """How rosette work went since a moment; a rate of nothing is None."""

    since: datetime
    searches: int
    searches_by_status: dict[str, int]
    success_rate: float | None
    attempts: int
    attempts_per_search: float | None
    evaluations: int
    latency_s: dict[str, float | None]
    judged: int
    blocked: int
    blocked_rate: float | None
    blocked_by: dict[str, int]
    decisions: dict[str, int]
    decision_wait_s: float | None
    releases: int
    release_failures: int
    alerts: tuple[Alert, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``luthier rosette stats --json``."""
        return asdict(self) | {"since": self.since.isoformat()}


def figures(session: Session, since: datetime, thresholds: Thresholds | None = None) -> Figures:
    """Return the figures of what began at ``since`` or later."""
    limits = thresholds or Thresholds()
    connection = session.connection()

    def rows(query: str) -> list[Any]:
        return list(connection.execute(text(query), {"since": since}))

    searches = rows(_SEARCHES)
    by_status = {row[0]: int(row[1]) for row in searches}
    ended = sum(count for status, count in by_status.items() if status not in _ENDED_BADLY)
    good = sum(by_status.get(status, 0) for status in _GOOD)
    verdicts = {row[0]: int(row[1]) for row in rows(_VERDICTS)}
    events = {row[0]: int(row[1]) for row in rows(_EVENTS)}
    judged, blocked = sum(verdicts.values()), verdicts.get("BLOCK", 0)
    attempts = sum(int(row[2]) for row in searches)
    median, p95, longest = rows(_LATENCY)[0]
    waited = rows(_WAITING)[0][0]
    success_rate, blocked_rate = _share(good, ended), _share(blocked, judged)
    return Figures(
        since=since,
        searches=sum(by_status.values()),
        searches_by_status=by_status,
        success_rate=success_rate,
        attempts=attempts,
        attempts_per_search=_share(attempts, sum(by_status.values())),
        evaluations=sum(int(row[3]) for row in searches),
        latency_s={"median": median, "p95": p95, "max": longest},
        judged=judged,
        blocked=blocked,
        blocked_rate=blocked_rate,
        blocked_by={row[0]: int(row[1]) for row in rows(_CODES)},
        decisions={
            name: count
            for name, count in sorted(events.items())
            if name
            in {"approve", "reject", "auto_reject", "override", "request_revision", "revoke"}
        },
        decision_wait_s=None if waited is None else float(waited),
        releases=events.get("toolpaths_done", 0),
        release_failures=events.get("toolpaths_failed", 0),
        alerts=_alerts(limits, (blocked_rate, judged), (success_rate, ended)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _alerts(
    limits: Thresholds, blocked: tuple[float | None, int], success: tuple[float | None, int]
) -> tuple[Alert, ...]:
    found: list[Alert] = []
    rate, cases = blocked
    if rate is not None and cases >= limits.least and rate > limits.blocked_rate:
        message = f"{rate:.0%} of {cases} judged designs were blocked."
        found.append(Alert("blocked_rate", rate, limits.blocked_rate, message))
    rate, cases = success
    if rate is not None and cases >= limits.least and 1 - rate > limits.failure_rate:
        message = f"{1 - rate:.0%} of {cases} searches found no design that can be made."
        found.append(Alert("failure_rate", 1 - rate, limits.failure_rate, message))
    return tuple(found)
