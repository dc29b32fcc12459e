"""Values as CSV, for a spreadsheet: always the same bytes for the same values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from prefect_luthier.rmos.design.spec import Frozen


def csv_table(rows: Sequence[Frozen], model: type[Frozen]) -> str:
    """Return one line for each value under a line of the model's field names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(model.model_fields)
    for row in rows:
        writer.writerow(_cell(value) for value in row.model_dump().values())
    return text.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(str(item) for item in value)
    return value
