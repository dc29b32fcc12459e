"""``luthier eval``: draft many requests and score the results."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from prefect_luthier.ai_builder.drafting import Drafter, choose_drafter
from prefect_luthier.ai_builder.evaluate import FUNNEL, Result, draft_cases, score
from prefect_luthier.catalog import Catalog
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.draft import catalog_of
from prefect_luthier.ui.cli.output import JsonOption, print_json, say


def evaluate(
    cases: Annotated[Path, typer.Argument(help="Requests, one JSON object a line; `-`: stdin.")],
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="Use only the entries of this file.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="offline or openai; default: what is set up.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the lines here, not to stdout.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draft every request of a file and score the drafts.

    Each case is ``{"id", "request", "base", "expected"}``. One JSON line per case goes to stdout
    (or to --output), the scores to stderr. With --json, the scores are the one document on stdout.
    """
    known = catalog_of(catalog)
    lines = _read_lines(cases)
    drafter = choose_drafter(load_settings(), provider)
    if output is not None:
        try:
            with output.open("w", encoding="utf-8") as file:
                results = asyncio.run(_draft_all(lines, drafter, known, file))
        except OSError as error:
            raise UsageError(
                "cannot-write", f"cannot write {str(output)!r}: {error.strerror or error}."
            ) from error
    else:
        results = asyncio.run(_draft_all(lines, drafter, known, None if as_json else sys.stdout))
    figures = score(results, known)
    if as_json:
        print_json(figures | ({} if output else {"results": [each.to_json() for each in results]}))
    else:
        for line in summary(figures):
            say(line)


async def _draft_all(
    lines: Iterable[str], drafter: Drafter, catalog: Catalog, stream: TextIO | None
) -> list[Result]:
    results: list[Result] = []
    async for result in draft_cases(lines, drafter, catalog):
        results.append(result)
        if stream is not None:
            stream.write(result.to_line())
            stream.flush()
    return results


def _read_lines(path: Path) -> list[str]:
    if str(path) == "-":
        return sys.stdin.read().splitlines()
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise UsageError(
            "unreadable-file", f"cannot read {str(path)!r}: {error.strerror or error}."
        ) from error


def summary(figures: dict[str, Any]) -> list[str]:
    """Return the scores as lines for people."""
    funnel = figures["funnel"]
    stages = " → ".join(f"{stage} {funnel[stage]}" for stage in FUNNEL)
    lines = [
        f"cases     {figures['cases']}" + _noted(figures["bad_cases"], "bad line"),
        f"funnel    drafts {funnel['drafts']} → {stages}",
        f"unknown slugs used: {figures['hallucinated_slugs']}",
        f"{'':10}{'cases':>6}{'drafted':>9}{'step F1':>9}{'edge F1':>9}{'exact':>8}",
    ]
    for kind in ("create", "refine"):
        row = figures[kind]
        shares = (_share(row[key]) for key in ("step_f1", "edge_f1", "exact"))
        step, edge, exact = shares
        lines.append(f"{kind:10}{row['cases']:>6}{row['answered']:>9}{step:>9}{edge:>9}{exact:>8}")
    refine, refuse = figures["refine"], figures["refuse"]
    lines.append(
        f"untouched steps kept: {refine['untouched_steps_kept']} of {refine['untouched_steps']}"
    )
    lines.append(
        f"refusals: precision {_share(refuse['precision'])}, recall {_share(refuse['recall'])}, "
        f"{refuse['false_accepts']} wrongly accepted, {refuse['false_refusals']} wrongly refused"
    )
    return lines


def _noted(count: int, what: str) -> str:
    return f" ({count} {what}{'' if count == 1 else 's'})" if count else ""


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
