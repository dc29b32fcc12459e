"""`luthier rosette stats`: how rosette work goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from prefect_luthier.flows.rosette.records import open_records
from prefect_luthier.rmos.store.statistics import Thresholds, figures
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style


def stats(
    *,
    days: Annotated[float, typer.Option(min=0.001, max=36_500, help="Look back so far.")] = 30.0,
    blocked_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Warn when more of the designs are blocked.")
    ] = 0.5,
    failure_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Warn when more of the searches find nothing.")
    ] = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Show success and blocked rates, attempts, latency and decisions, with warnings.

    A rate is only worth a warning from five cases on.
    """
    records = open_records()
    since = datetime.now(UTC) - timedelta(days=days)
    with records.session() as session:
        found = figures(session, since, Thresholds(blocked_rate, failure_rate))
    document = found.to_json()
    if as_json:
        print_json(document)
        return
    for line in _lines(document):
        say(line)
    for alert in document["alerts"]:
        say(f"{style('!', 'yellow')} {alert['message']}")


def _lines(found: dict[str, Any]) -> list[str]:
    statuses = ", ".join(f"{n} {name}" for name, n in found["searches_by_status"].items())
    latency = found["latency_s"]
    codes = ", ".join(f"{code} {n}" for code, n in found["blocked_by"].items())
    decisions = ", ".join(f"{name} {n}" for name, n in found["decisions"].items())
    return [
        f"since      {found['since'][:16]}",
        f"searches   {found['searches']} ({statuses or 'none'})",
        f"success    {_percent(found['success_rate'])}",
        f"attempts   {found['attempts']}, {_number(found['attempts_per_search'])} a search",
        f"latency    median {_number(latency['median'])} s, p95 {_number(latency['p95'])} s",
        f"judged     {found['judged']}, blocked {_percent(found['blocked_rate'])} ({codes or '—'})",
        f"decisions  {decisions or 'none'}; median wait {_number(found['decision_wait_s'])} s",
        f"releases   {found['releases']}, failed {found['release_failures']}",
    ]


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share:.0%}"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"
