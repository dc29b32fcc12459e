"""Tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from prefect_luthier.ui.cli.output import say

_FILE_WIDTH = 160  # columns where no terminal says how many it has


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = ""
) -> None:
    """Print rows under their headings, or a sentence when there are none."""
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.table import Table  # noqa: PLC0415

    listed = list(rows)
    if not listed:
        if empty:
            say(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in listed:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    width = None if sys.stdout.isatty() else _FILE_WIDTH
    Console(highlight=False, width=width, markup=False).print(table)
