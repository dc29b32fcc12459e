"""A verdict on the terminal: the answer, what is wrong, and how much room there is elsewhere."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from prefect_luthier.rmos.feasibility.advice.case import figure
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds
from prefect_luthier.rmos.feasibility.verdict import Verdict, Violation

_COLORS = {"GREEN": "green", "YELLOW": "yellow", "RED": "red"}
_MARKS = {"RED": "✗", "YELLOW": "!"}
_BAR = 20
_WIDTH = 100


def show_verdict(verdict: Verdict, name: str) -> None:
    """Print a verdict for people."""
    console = Console(highlight=False)
    console.width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    console.print(Group(*_parts(verdict, name)))


def _parts(verdict: Verdict, name: str) -> list[RenderableType]:
    color = _COLORS[verdict.risk]
    head = Text()
    head.append(f" {verdict.decision} ", style=f"bold reverse {color}")
    head.append(f"  {verdict.score:.1f}", style=f"bold {color}")
    head.append(" of 100  ", style="dim")
    head.append(verdict.risk, style=color)
    head.append(f"  {name}")
    parts: list[RenderableType] = [head, Text()]
    for violation in verdict.violations:
        parts += [_violation(violation), Text()]
    if verdict.margins:
        parts += [_margins(verdict.margins), Text()]
    parts.append(Text(f"design {verdict.digest}, engine {verdict.engine}", style="dim"))
    return parts


def _violation(violation: Violation) -> RenderableType:
    color = _COLORS[violation.severity]
    head = Text(f"{_MARKS[violation.severity]} {violation.code}", style=f"bold {color}")
    if violation.ring is not None:
        head.append(f"  ring {violation.ring + 1}", style=color)
    if violation.measured is not None and violation.limit is not None:
        measured, limit = figure(violation.measured), figure(violation.limit)
        head.append(f"  {measured} against {limit} {violation.unit}", style="dim")
    message = violation.message[:1].upper() + violation.message[1:]
    fix = Text("→ ", style="cyan").append(violation.fix, style="cyan")
    return Group(head, Padding(Text(message), (0, 0, 0, 2)), Padding(fix, (0, 0, 0, 2)))


def _margins(margins: dict[str, float]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("constraint", no_wrap=True, min_width=14)
    table.add_column("margin", justify="right", no_wrap=True, min_width=6)
    table.add_column("limit 0, comfort 1", no_wrap=True, min_width=_BAR)
    table.add_column("what it looks at", overflow="ellipsis", no_wrap=True)
    rules = [rule for rule in load_thresholds().rules.values() if not rule.is_exact]
    measures = {rule.code: rule.measures for rule in reversed(rules)}
    for code, margin in sorted(margins.items(), key=lambda each: each[1]):
        if code not in measures:
            continue  # it holds or does not: what does not stands above
        color = "red" if margin < 0 else "yellow" if margin < 0.5 else "green"  # noqa: PLR2004
        filled = round(_BAR * min(max(margin, 0.0), 2.0) / 2)
        bar = Text("━" * filled, style=color).append("─" * (_BAR - filled), style="bright_black")
        table.add_row(code, Text(f"{margin:.2f}", style=color), bar, measures[code])
    return table
