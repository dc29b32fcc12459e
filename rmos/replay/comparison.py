"""Two runs side by side: field by field, and score by constraint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.rmos.replay.difference import differences


@dataclass(frozen=True)
class RunView:
    """What a comparison looks at, of a search, an attempt or a judged design.

    Args:
        kind: ``search``, ``attempt``, ``design`` or ``artifact``.
        id: Its id.
        inputs: What it started from, beside the context: generator, seed, budget, engine.
        context: The context.
        spec: The design: of a search, its best.
        verdict: The verdict on that design, with its margins.
        outcome: How it ended.
    """

    kind: str
    id: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] | None = None
    spec: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None
    outcome: Mapping[str, Any] = field(default_factory=dict)


def compare(one: RunView, other: RunView) -> dict[str, Any]:
    """Return the document of ``luthier rosette diff --json``."""
    fields = {
        name: [
            each.to_json()
            for each in differences(_plain(getattr(one, name)), _plain(getattr(other, name)))
        ]
        for name in ("inputs", "context", "spec", "outcome")
    }
    constraints = _constraints(one.verdict or {}, other.verdict or {})
    violations = _violations(one.verdict or {}, other.verdict or {})
    changed = any(each["delta"] != 0 for each in constraints)
    return {
        "a": {"kind": one.kind, "id": one.id},
        "b": {"kind": other.kind, "id": other.id},
        "same": not (any(fields.values()) or changed or any(violations.values())),
        **fields,
        "score": _pair("score", one.verdict, other.verdict),
        "risk": _pair("risk", one.verdict, other.verdict),
        "decision": _pair("decision", one.verdict, other.verdict),
        "constraints": constraints,
        "violations": violations,
    }


def _plain(value: Any) -> Any:
    return {} if value is None else dict(value)


def _pair(
    name: str, one: Mapping[str, Any] | None, other: Mapping[str, Any] | None
) -> dict[str, Any]:
    a, b = (one or {}).get(name), (other or {}).get(name)
    pair = {"a": a, "b": b}
    if isinstance(a, int | float) and isinstance(b, int | float):
        pair["delta"] = b - a
    return pair


def _constraints(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the margin of each constraint in both runs, the largest change first."""
    a, b = one.get("margins") or {}, other.get("margins") or {}
    rows = [
        {
            "code": code,
            "a": a.get(code),
            "b": b.get(code),
            "delta": b[code] - a[code] if code in a and code in b else None,
        }
        for code in sorted({*a, *b})
    ]
    return sorted(rows, key=lambda row: -abs(row["delta"]) if row["delta"] is not None else 1.0)


def _violations(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the violations that only one of the runs has, or has with another severity."""
    a, b = _by_place(one), _by_place(other)
    return {
        "only_a": [a[key] for key in a if key not in b],
        "only_b": [b[key] for key in b if key not in a],
    }


def _by_place(verdict: Mapping[str, Any]) -> dict[tuple[Any, ...], Any]:
    return {
        (each["code"], each.get("ring"), each["severity"]): each
        for each in verdict.get("violations") or ()
    }
