"""A scorer in plain Python, written apart from the engine, comes to the same scores."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from prefect_luthier.rmos.feasibility.batch import score_batch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    """Give the scoring benchmark as a module, and through it the plain scorer."""
    path = BENCHMARKS / "rosette_scoring.py"
    spec = importlib.util.spec_from_file_location("rosette_scoring_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.mark.parametrize("conditions", ["om28-context", "classical-context", "fine-cutter-context"])
def test_both_scorers_agree(conditions, benchmark, example_context):
    """Score and decision of random designs are the same, to the last digits."""
    context = example_context(conditions)
    batch = benchmark.random_batch(300, seed=7)
    found = score_batch(batch, context)
    for index in range(len(batch)):
        plain, is_red = benchmark.plain_score(batch.spec(index), context)
        assert is_red == found.red[index]
        assert plain == pytest.approx(found.score[index], rel=1e-9)
    assert 0 < np.count_nonzero(found.red) < len(batch) or conditions != "om28-context"


def test_the_benchmark_measures_what_it_says(benchmark, example_context):
    """A small run has every figure."""
    row = benchmark.measured(
        benchmark.random_batch(200, seed=1), example_context("om28-context"), runs=1
    )
    assert all(value > 0 for value in row.values())
