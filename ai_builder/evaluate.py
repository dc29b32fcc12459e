"""Draft many requests and score the results: the numbers behind ``luthier eval``."""

from __future__ import annotations

import json
import tomllib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect_luthier.ai_builder.cases import BadCase, Case, read_cases
from prefect_luthier.ai_builder.drafting import Draft, Drafter
from prefect_luthier.ai_builder.graph_scores import Overlap, graph_of, preserved
from prefect_luthier.canonical import jsonable
from prefect_luthier.catalog import Catalog, split_reference

# The stages of the funnel, and the codes of diagnostics that stop a draft at each.
FUNNEL = ("parsed", "schema", "dag", "references", "complete")
_SYNTAX = frozenset({"toml-syntax", "json-syntax", "not-utf8", "invalid-utf8", "duplicate-key"})
_DAG = frozenset({"cycle", "self-need", "duplicate-need", "unknown-need", "unreachable-step"})


@dataclass(frozen=True)
class Result:
    """A case and the draft that it got; no draft when the line was no case."""

    case: Case | BadCase
    draft: Draft | None

    def to_json(self) -> dict[str, Any]:
        """Return the line that is written for the case."""
        if self.draft is None or isinstance(self.case, BadCase):
            bad = [self.case.diagnostic.to_json()] if isinstance(self.case, BadCase) else []
            return {"id": self.case.id, "definition": None, "ok": False, "diagnostics": bad, "refusal": None, "rounds": []}  # fmt: skip  # noqa: E501 - a pattern reads best in one piece
        document = self.draft.to_json()
        if self.draft.toml is not None:
            # As written: what a base says needlessly is still there, so that steps compare equal.
            document["definition"] = _parsed(self.draft.toml) or document["definition"]
        return {
            "id": self.case.id,
            **{
                key: document[key]
                for key in ("definition", "ok", "diagnostics", "refusal", "rounds")
            },
        }

    def to_line(self) -> str:
        """Return the JSON line with its end."""
        return json.dumps(jsonable(self.to_json()), ensure_ascii=False) + "\n"


async def draft_cases(
    lines: Iterable[str], drafter: Drafter, catalog: Catalog
) -> AsyncIterator[Result]:
    """Draft every case, in order.

    Args:
        lines: Cases as JSON lines; a bad line gives a result with a diagnostic.
        drafter: What drafts them.
        catalog: What the drafts may refer to.
    """
    for case in read_cases(lines):
        if isinstance(case, BadCase):
            yield Result(case, None)
        else:
            yield Result(case, await drafter.draft(case.to_request(), catalog))


def score(results: Sequence[Result], catalog: Catalog) -> dict[str, Any]:
    """Return the figures over all results, and apart for create, refine and refuse.

    Args:
        results: Everything that was drafted.
        catalog: What the drafts might refer to.
    """
    drafted = [(r.case, r.draft) for r in results if isinstance(r.case, Case) and r.draft]
    return {
        "cases": len(results),
        "bad_cases": sum(isinstance(result.case, BadCase) for result in results),
        "funnel": _funnel([draft for _, draft in drafted]),
        "hallucinated_slugs": sum(len(unknown_slugs(draft, catalog)) for _, draft in drafted),
        "create": _graph_figures([pair for pair in drafted if pair[0].kind == "create"]),
        "refine": _graph_figures([pair for pair in drafted if pair[0].kind == "refine"])
        | _preservation([pair for pair in drafted if pair[0].kind == "refine"]),
        "refuse": _refusals(drafted),
    }


def _graph_figures(pairs: Sequence[tuple[Case, Draft]]) -> dict[str, Any]:
    steps = edges = Overlap()
    exact = scored = 0
    for case, draft in pairs:
        if case.expected is None:
            continue
        scored += 1
        expected, got = graph_of(case.expected), graph_of(_definition(draft) or {})
        steps += Overlap.of(got.steps, expected.steps)
        edges += Overlap.of(got.edges, expected.edges)
        exact += got == expected and _crons_agree(case.expected, _definition(draft) or {})
    return {
        "cases": len(pairs),
        "scored": scored,
        "answered": sum(draft.ok for _, draft in pairs),
        "step_f1": _rounded(steps.f1),
        "edge_f1": _rounded(edges.f1),
        "exact": _rounded(exact / scored if scored else None),
    }


def _definition(draft: Draft) -> dict[str, Any] | None:
    return draft.definition.to_json() if draft.definition else None


def _crons_agree(expected: Mapping[str, Any], drafted: Mapping[str, Any]) -> bool:
    """Return whether the schedules are the same, as far as they are expected at all."""
    if "triggers" not in expected:
        return True
    return _crons(expected) == _crons(drafted)


def _crons(definition: Mapping[str, Any]) -> list[str]:
    triggers = definition.get("triggers") or []
    return sorted(
        " ".join(str(trigger.get("cron", "")).split())
        for trigger in triggers
        if isinstance(trigger, Mapping)
    )


def _preservation(pairs: Sequence[tuple[Case, Draft]]) -> dict[str, Any]:
    kept = of = 0
    for case, draft in pairs:
        if case.base_json is not None and case.expected is not None:
            same, total = preserved(case.base_json, case.expected, _definition(draft))
            kept, of = kept + same, of + total
    return {"untouched_steps_kept": kept, "untouched_steps": of}


def _refusals(pairs: Sequence[tuple[Case, Draft]]) -> dict[str, Any]:
    """Return precision and recall; questions without a definition count as refusals."""
    scored = [(case, not draft.ok) for case, draft in pairs if case.refusal is not None]
    right = sum(bool(case.refusal) and refused for case, refused in scored)
    refused = sum(refused for _, refused in scored)
    wanted = sum(bool(case.refusal) for case, _ in scored)
    return {
        "cases": wanted,
        "refused": refused,
        "precision": _rounded(right / refused if refused else None),
        "recall": _rounded(right / wanted if wanted else None),
        "false_accepts": wanted - right,
        "false_refusals": refused - right,
    }


def _funnel(drafts: Sequence[Draft]) -> dict[str, int]:
    reached = dict.fromkeys(FUNNEL, 0)
    for draft in drafts:
        if draft.toml is None and draft.definition is None:
            continue
        for stage in FUNNEL[: _stages_passed(draft)]:
            reached[stage] += 1
    return {"drafts": sum(draft.refusal is None for draft in drafts), **reached}


def _stages_passed(draft: Draft) -> int:
    if draft.ok:
        return len(FUNNEL)
    codes = {diagnostic.code for diagnostic in draft.diagnostics if diagnostic.is_error}
    if codes & _SYNTAX:
        return 0
    if codes & _DAG:
        return 2
    if any(code.startswith("unknown-") and code != "unknown-key" for code in codes):
        return 3
    return 4 if any(code.endswith("-input") for code in codes) else 1


def unknown_slugs(draft: Draft, catalog: Catalog) -> list[str]:
    """Return the references of a draft that name neither a template nor an entry."""
    form = _definition(draft)
    if form is None and draft.toml is not None:
        form = _parsed(draft.toml)
    templates = (form or {}).get("actions", {})
    steps = (form or {}).get("steps", {})
    users = [*steps.values(), *templates.values()] if isinstance(steps, dict) else []
    references = [user.get("uses") for user in users if isinstance(user, dict)]
    return [
        reference
        for reference in references
        if isinstance(reference, str)
        and reference not in templates
        and split_reference(reference)[0] not in catalog
    ]


def _parsed(toml: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(toml)
    except tomllib.TOMLDecodeError:
        return None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
