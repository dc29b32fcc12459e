"""How a run is to be executed, where that is no parameter of the workflow."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from prefect_luthier.deployments.store.runs import Parent

MAX_DEPTH = 10


@dataclass(frozen=True)
class Options:
    """Options of one run.

    Args:
        parallel: Most steps at once, instead of the definition's own number.
        fresh: Whether to forget what an earlier execution of the run finished.
        parent: The step of another run that starts this one.
        depth: How many runs it is nested in.
    """

    parallel: int | None = None
    fresh: bool = False
    parent: Parent | None = None
    depth: int = 0


# Set by whoever calls the flow in this process: the command line, or a step of another run.
options: ContextVar[Options] = ContextVar("luthier_run_options", default=Options())  # noqa: B039 - it is frozen
