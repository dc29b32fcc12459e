"""The drafter on requests that it was not tuned on: floors, and no slug made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.ai_builder.evaluate import draft_cases, score
from prefect_luthier.ai_builder.offline.drafter import OfflineDrafter
from prefect_luthier.catalog import Catalog
from prefect_luthier.settings import Settings

CORPUS = Path(__file__).parent.parent / "corpus"

pytestmark = pytest.mark.timeout(1500)  # a hundred drafts, perhaps on a busy machine


@pytest.fixture(scope="module")
async def figures(foreign_catalog: Catalog, vector_cache: Path) -> dict[str, Any]:
    """Scores on the half of the corpus that nobody looks at while tuning."""
    drafter = OfflineDrafter(Settings(data_dir=vector_cache))
    lines = (CORPUS / "test.jsonl").read_text("utf-8").splitlines()
    results = [result async for result in draft_cases(lines, drafter, foreign_catalog)]
    return score(results, foreign_catalog)


def test_no_slug_is_made_up(figures: dict[str, Any]) -> None:
    """Every step uses an entry of the catalog."""
    assert figures["hallucinated_slugs"] == 0


def test_every_draft_is_valid(figures: dict[str, Any]) -> None:
    """What is not refused passes the validator."""
    funnel = figures["funnel"]
    assert funnel["drafts"] == funnel["complete"] > 0


def test_new_workflows_reach_their_floor(figures: dict[str, Any]) -> None:
    """Steps, order and whole definitions, in words near and far from the catalog's."""
    create = figures["create"]
    assert create["step_f1"] >= 0.82
    assert create["edge_f1"] >= 0.65
    assert create["exact"] >= 0.5


def test_refinements_reach_their_floor(figures: dict[str, Any]) -> None:
    """Changes are the ones asked for, and every step that is not named stays as it is."""
    refine = figures["refine"]
    assert refine["step_f1"] >= 0.95
    assert refine["edge_f1"] >= 0.9
    assert refine["exact"] >= 0.75
    assert refine["untouched_steps_kept"] == refine["untouched_steps"] > 0


def test_refusals_reach_their_floor(figures: dict[str, Any]) -> None:
    """What cannot be done is refused, and little else is."""
    refuse = figures["refuse"]
    assert refuse["recall"] >= 0.85
    assert refuse["precision"] >= 0.8


def test_the_halves_share_no_request() -> None:
    """Tuning on one half cannot see the other."""
    halves = [
        set((CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()) for name in ("dev", "test")
    ]
    assert min(map(len, halves)) >= 75
    assert not halves[0] & halves[1]
