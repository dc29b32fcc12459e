"""Scoring drafts: what counts as right is the same for every drafter."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from prefect_luthier.ai_builder.cases import BadCase, Case, read_cases
from prefect_luthier.ai_builder.drafting import Draft, DraftRequest, Refusal
from prefect_luthier.ai_builder.evaluate import draft_cases, score
from prefect_luthier.ai_builder.graph_scores import Overlap, graph_of, preserved
from prefect_luthier.ai_builder.toml_writer import write_json_form
from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate

CATALOG = Catalog(
    CatalogEntry(slug=slug, kind="action", description=slug)
    for slug in ("a.one", "b.two", "c.three")
)


def steps(**needs: list[str]) -> dict[str, Any]:
    """Return steps by id; an id's first letter says which entry it uses."""
    slugs = {"a": "a.one", "b": "b.two", "c": "c.three"}
    return {name: {"uses": slugs[name[0]], "needs": need} for name, need in needs.items()}


def test_an_edge_that_a_path_implies_is_left_out() -> None:
    """Edges are compared after the transitive reduction."""
    long = graph_of({"steps": steps(a=[], b=["a"], c=["a", "b"])})
    short = graph_of({"steps": steps(a=[], b=["a"], c=["b"])})
    assert long == short
    assert long.edges == Counter({("a.one", "b.two"): 1, ("b.two", "c.three"): 1})


def test_steps_may_be_a_list_and_versions_do_not_count() -> None:
    """Expected steps may be given as a list of objects; `slug@1` is `slug`."""
    as_list = [{"id": "x", "uses": "a.one@1"}, {"id": "y", "uses": "b.two", "needs": "x"}]
    assert graph_of({"steps": as_list}) == graph_of({"steps": steps(a=[], b=["a"])})


def test_a_template_counts_as_what_it_uses() -> None:
    """A step that uses a template counts as the template's entry."""
    definition = {"actions": {"t": {"uses": "a.one@1"}}, "steps": {"x": {"uses": "t"}}}
    assert graph_of(definition).steps == Counter({"a.one": 1})


def test_f1_is_the_harmonic_mean() -> None:
    """Two right of three drafted and four expected give 4/7."""
    overlap = Overlap.of(Counter("abx"), Counter("abcd"))
    assert overlap.f1 == pytest.approx(4 / 7)
    assert Overlap().f1 is None


def test_preservation_counts_what_the_expected_definition_keeps() -> None:
    """Only steps that the expectation leaves alone must be the same in the draft."""
    base = {"steps": steps(a=[], b=["a"])}
    expected = {"steps": steps(a=[], b=[])}
    assert preserved(base, expected, {"steps": steps(a=[], b=["a"])}) == (1, 1)
    assert preserved(base, expected, {"steps": steps(b=[])}) == (0, 1)
    assert preserved(base, expected, None) == (0, 1)


BAD_LINES = {
    "no JSON": "{",
    "no object": "[1]",
    "no request": '{"id": "x"}',
    "a request that is no text": '{"id": "x", "request": 3}',
    "a base that is a number": '{"id": "x", "request": "y", "base": 3}',
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=list(BAD_LINES))
async def test_a_bad_line_gives_a_diagnostic_line(line: str) -> None:
    """A line that is no case is reported in its place and stops nothing."""
    good = '{"id": "good", "request": "x"}'
    results = [result async for result in draft_cases([line, "", good], Scripted({}), CATALOG)]
    assert [result.case.id for result in results][1:] == ["good"]
    document = json.loads(results[0].to_line())
    assert document["ok"] is False
    assert document["diagnostics"][0]["code"] == "bad-case"
    assert set(document) == {"id", "definition", "ok", "diagnostics", "refusal", "rounds"}


BASES: dict[str, Any] = {
    "an object": {"schema": 1, "id": "x", "steps": {"a": {"run": "true"}}},
    "TOML": 'schema = 1\nid = "x"\n[steps.a]\nrun = "true"\n',
    "JSON text": '{"schema": 1, "id": "x", "steps": {"a": {"run": "true"}}}',
}


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_a_base_may_be_an_object_or_text(base: Any) -> None:
    """All ways to give a base read the same."""
    (case,) = read_cases([json.dumps({"id": 1, "request": "x", "base": base})])
    assert isinstance(case, Case)
    assert case.kind == "refine"
    assert case.base_json == BASES["an object"]


@pytest.mark.parametrize("base", [None, "", {}], ids=["null", "empty text", "empty object"])
def test_no_base_makes_a_new_workflow(base: Any) -> None:
    """An empty base is none."""
    (case,) = read_cases([json.dumps({"id": "x", "request": "x", "base": base})])
    assert not isinstance(case, BadCase)
    assert case.kind == "create"


class Scripted:
    """A drafter that answers each request with a definition given beforehand, or refuses."""

    name = "scripted"

    def __init__(self, answers: dict[str, dict[str, Any]]) -> None:
        self._answers = answers

    async def draft(self, request: DraftRequest, catalog: Catalog) -> Draft:
        """Answer as the script says."""
        form = self._answers.get(request.request)
        if form is None:
            return Draft(self.name, catalog.digest, refusal=Refusal("vague-request", "no"))
        toml = write_json_form({"schema": 1, "id": "x"} | form)
        report = validate(Source.from_text(toml), catalog)
        return Draft(self.name, catalog.digest, toml, report.definition, report.diagnostics)


async def test_every_kind_is_scored_apart() -> None:
    """A right draft, a wrong one, an unknown slug and refusals each move their own figure."""
    right = {"steps": steps(a=[], b=["a"])}
    cases = [
        {"id": "1", "request": "right", "expected": right},
        {"id": "2", "request": "wrong", "expected": right},
        {"id": "3", "request": "unknown", "expected": right},
        {"id": "4", "request": "accepted", "expected": {"refusal": "vague-request"}},
        {"id": "5", "request": "refused", "expected": {"refusal": "vague-request"}},
        {"id": "6", "request": "right", "base": right, "expected": right},
    ]
    answers = {
        "right": right,
        "wrong": {"steps": steps(a=[], c=["a"])},
        "unknown": {"steps": {"x": {"uses": "made.up"}}},
        "accepted": right,
    }
    lines = [json.dumps(case) for case in cases]
    results = [result async for result in draft_cases(lines, Scripted(answers), CATALOG)]
    figures = score(results, CATALOG)
    assert figures["hallucinated_slugs"] == 1
    assert figures["create"]["exact"] == pytest.approx(1 / 3, abs=1e-3)
    assert figures["create"]["step_f1"] == pytest.approx(6 / 10)
    assert figures["refine"]["exact"] == 1.0
    assert figures["refine"]["untouched_steps_kept"] == figures["refine"]["untouched_steps"] == 2
    assert figures["refuse"]["recall"] == 0.5
    assert figures["refuse"]["false_refusals"] == 1
    assert figures["funnel"]["drafts"] == 5
    assert figures["funnel"]["complete"] == 4
