"""Written toolpaths on the terminal: the verification, the time, the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from prefect_luthier.rmos.feasibility.verdict import Verdict

_WIDTH = 100


def show_toolpaths(document: dict[str, Any], verdict: Verdict, output: Path) -> None:
    """Print what was written, for people."""
    console = Console(highlight=False)
    console.width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    head = Text(" VERIFIED ", style="bold reverse green")
    head.append(f"  {_duration(document['time_s'])}", style="bold green")
    head.append(f" for {document['length_mm'] / 1000:.2f} m of cutting  ", style="dim")
    head.append(str(output))
    warnings = [
        Text(f"! {violation.code}  {violation.message}", style="yellow")
        for violation in verdict.violations
    ]
    if warnings:
        warnings.append(Text())
    figures, files = _figures(document["verification"]), _files(document["files"])
    console.print(Group(head, Text(), figures, Text(), *warnings, files))


def _figures(report: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    climb = report["climb_share"]
    rows = (
        ("gouge", f"{report['gouge_mm2']:.3f} mm²", "uncut", f"{report['uncut_share']:.4%}"),
        ("depth", f"{report['max_depth_mm']:.3f} mm", "levels", f"{len(report['levels'])}"),
        (
            "engagement",
            f"{report['engagement_mean']:.0%}, 95 % below {report['engagement_p95']:.0%}",
            "climb",
            "-" if climb is None else f"{climb:.0%}",
        ),
        ("air", f"{report['air_mm']:.1f} mm", "retracts", f"{report['retracts']}"),
    )
    for first, value, second, other in rows:
        table.add_row(Text(first, style="dim"), value, Text(second, style="dim"), other)
    return table


def _files(files: list[dict[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("file", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("sha256", no_wrap=True)
    for file in files:
        table.add_row(Path(file["path"]).name, file["kind"], Text(file["sha256"][:16], style="dim"))
    return table


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
