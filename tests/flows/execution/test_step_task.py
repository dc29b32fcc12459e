"""When a failed step is tried again."""

from __future__ import annotations

import pytest

from prefect_luthier.deployments.definition.plan import PlannedRetries
from prefect_luthier.flows.execution.step_task import retry_wait_s


@pytest.mark.parametrize(
    ("number", "share", "expected"),
    [(2, 0.0, 2.0), (3, 0.0, 6.0), (4, 0.0, 18.0), (2, 1.0, 3.0), (3, 0.5, 7.5)],
)
def test_waits_grow_and_jitter_only_adds(number, share, expected):
    """The wait is delay times backoff for each further attempt, plus a share of the jitter."""
    retries = PlannedRetries(max=5, delay_s=2.0, backoff=3.0, jitter=0.5)
    assert retry_wait_s(retries, number, share) == pytest.approx(expected)


def test_waits_have_a_limit():
    """A hundred retries with a tenfold backoff do not wait for centuries."""
    retries = PlannedRetries(max=100, delay_s=3600, backoff=10)
    assert retry_wait_s(retries, 100, 1.0) == 24 * 3600
