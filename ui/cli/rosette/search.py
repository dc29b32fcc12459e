"""`luthier rosette search`: from a customer's wishes to a design that can be made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from prefect_luthier.errors import UsageError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.search.policy import default_policy
from prefect_luthier.rmos.search.request import check_request
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.prefect_connection import prefect_connection
from prefect_luthier.ui.cli.rosette.documents import ContextOption, read_context


def search(
    context: ContextOption,
    *,
    attempts: Annotated[
        int | None, typer.Option(metavar="N", help="Most designs to score.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Longest time of the search.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="K", help="The same seed, the same designs.")] = 0,
    generator: Annotated[
        Literal["numeric", "llm"], typer.Option(help="Who proposes designs.")
    ] = "numeric",
    score: Annotated[
        float | None, typer.Option(metavar="WANTED", help="Stop at a design with this score.")
    ] = None,
    islands: Annotated[
        int, typer.Option(metavar="N", help="Independent lines of search that share the attempts.")
    ] = 1,
    task_runner: Annotated[
        Literal["threads", "processes", "dask"], typer.Option(help="Where islands run.")
    ] = "threads",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the best design here.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Five attempts, five seconds: can it be met at all?")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Search for a rosette inside the customer's wishes that can be made, and record every try.

    It runs as a Prefect flow, on the running stack's server or on one of its own. The exit code is
    0 when there is a design, and 1 when there is none: then the constraints that stand against it
    are named.

    [bold]Example[/bold]

        luthier rosette search --context docs/examples/rosette/om28-context.json
        --attempts 200 --seed 7 --out best.json
    """
    conditions = read_context(context)
    policy = default_policy()
    budget = policy.budget(attempts, seconds, score, islands=islands, quick=quick)
    check_request(conditions, budget, seed=seed, generator=generator)
    settings = load_settings()
    parameters: dict[str, Any] = {
        "context": conditions.model_dump(mode="json", exclude_none=True),
        "attempts": budget.attempts,
        "seconds": budget.seconds,
        "wanted_score": budget.wanted_score,
        "seed": seed,
        "generator": generator,
        "islands": islands,
        "task_runner": task_runner,
    }
    with prefect_connection(settings):
        document = _run(parameters, conditions)
    if out is not None and document["best"] is not None:
        _write(out, document["best"])
    if as_json:
        print_json(document)
    if document["best"] is None:
        raise typer.Exit(1)


def _run(parameters: dict[str, Any], conditions: Context) -> dict[str, Any]:
    from prefect_luthier.ui.cli.rosette.search_here import search_here  # noqa: PLC0415 - Prefect

    return search_here(parameters, conditions)


def _write(path: Path, spec: dict[str, Any]) -> None:
    text = json.dumps(spec, indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "unwritable-file", f"cannot write {str(path)!r}: {error.strerror}."
        ) from error
    say(f"wrote {path}")
