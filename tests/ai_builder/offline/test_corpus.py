"""The drafter on requests that it was not tuned on: floors, and no slug made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.ai_builder.cases import Case
from prefect_luthier.ai_builder.evaluate import Result, draft_cases, score
from prefect_luthier.ai_builder.offline.drafter import OfflineDrafter
from prefect_luthier.catalog import Catalog, read_catalog
from prefect_luthier.settings import Settings

CORPUS = Path(__file__).parent.parent / "corpus"

pytestmark = pytest.mark.timeout(1500)  # a hundred drafts, perhaps on a busy machine


@dataclass(frozen=True)
class Floors:
    """What the drafter reaches at least on a half that nobody looks at while tuning.

    Args:
        folder: Where the half and its catalog are, below the corpus; or several such folders.
        create: Step F1, edge F1 and share of exact drafts of new workflows.
        refine: The same of changed ones; None where the half has none.
        refuse: Recall and precision of refusals.
        above_words: How much better the steps are than those that words alone find.
    """

    folder: str
    create: tuple[float, float, float]
    refine: tuple[float, float, float] | None
    refuse: tuple[float, float]
    above_words: float


FLOORS = (
    Floors("", (0.86, 0.71, 0.6), (0.95, 0.93, 0.8), (0.95, 0.9), 0.2),
    Floors("second", (0.81, 0.53, 0.31), (0.92, 0.79, 0.59), (0.6, 0.8), 0.25),
    Floors("third", (0.87, 0.63, 0.45), (0.93, 0.86, 0.75), (0.7, 0.7), 0.2),
    Floors("fourth", (0.85, 0.67, 0.6), None, (0.88, 0.83), 0.15),
)


@dataclass(frozen=True)
class Judged:
    """The results of one half, with its floors."""

    floors: Floors
    parts: Sequence[tuple[Catalog, Sequence[Result]]]
    figures: dict[str, Any]


def _folders(name: str) -> list[Path]:
    """Return the folders with a catalog each."""
    folder = CORPUS / name
    if (folder / "catalog.json").exists():
        return [folder]
    return sorted(path.parent for path in folder.glob("*/catalog.json"))


@pytest.fixture(
    scope="module", params=FLOORS, ids=lambda floors: f"{floors.folder or 'first'}-corpus"
)
async def judged(request: pytest.FixtureRequest, vector_cache: Path) -> Judged:
    """Drafts and scores of one corpus."""
    drafter = OfflineDrafter(Settings(data_dir=vector_cache))
    parts: list[tuple[Catalog, list[Result]]] = []
    for folder in _folders(request.param.folder):
        catalog = read_catalog(folder / "catalog.json")
        lines = (folder / "test.jsonl").read_text("utf-8").splitlines()
        parts.append((catalog, [each async for each in draft_cases(lines, drafter, catalog)]))
    everything = Catalog(entry for catalog, _ in parts for entry in catalog)
    results = [result for _, some in parts for result in some]
    return Judged(request.param, parts, score(results, everything))


def test_no_slug_is_made_up(judged: Judged) -> None:
    """Every step uses an entry of the catalog that the drafter was given."""
    assert [score(some, catalog)["hallucinated_slugs"] for catalog, some in judged.parts] == [
        0
    ] * len(judged.parts)


def test_every_draft_is_valid(judged: Judged) -> None:
    """What is not refused passes the validator."""
    funnel = judged.figures["funnel"]
    assert funnel["drafts"] == funnel["complete"] > 0


def test_new_workflows_reach_their_floor(judged: Judged) -> None:
    """Steps, order and whole definitions, in words near and far from the catalog's."""
    create = judged.figures["create"]
    figures = [create["step_f1"], create["edge_f1"], create["exact"]]
    assert all(f >= floor for f, floor in zip(figures, judged.floors.create, strict=True)), figures


def test_new_workflows_beat_plain_words(
    judged: Judged, word_step_f1: Callable[[Sequence[Case], Catalog], float]
) -> None:
    """The steps are clearly better than those of the nearest words for each piece of a request."""
    by_words = 0.0
    for catalog, results in judged.parts:
        cases = [result.case for result in results if isinstance(result.case, Case)]
        by_words += word_step_f1(cases, catalog) / len(judged.parts)
    assert judged.figures["create"]["step_f1"] >= by_words + judged.floors.above_words


def test_refinements_reach_their_floor(judged: Judged) -> None:
    """Changes are the ones asked for, and steps that are not named stay as they are."""
    if judged.floors.refine is None:
        pytest.skip("no changes in this corpus")
    refine = judged.figures["refine"]
    figures = [refine["step_f1"], refine["edge_f1"], refine["exact"]]
    assert all(f >= floor for f, floor in zip(figures, judged.floors.refine, strict=True)), figures
    assert refine["untouched_steps_kept"] >= 0.9 * refine["untouched_steps"] > 0


def test_refusals_reach_their_floor(judged: Judged) -> None:
    """What cannot be done is refused, and little else is."""
    refuse = judged.figures["refuse"]
    figures = [refuse["recall"], refuse["precision"]]
    assert all(f >= floor for f, floor in zip(figures, judged.floors.refuse, strict=True)), figures


@pytest.mark.parametrize("folder", ["", "second", "third", "fourth"])
def test_the_halves_share_no_request(folder: str) -> None:
    """Tuning on one half cannot see the other."""
    halves = [
        {
            json.loads(line)["request"]
            for part in _folders(folder)
            for line in (part / f"{name}.jsonl").read_text("utf-8").splitlines()
        }
        for name in ("dev", "test")
    ]
    assert min(map(len, halves)) >= 70
    assert not halves[0] & halves[1]
