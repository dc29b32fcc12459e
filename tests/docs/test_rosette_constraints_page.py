"""The page on the rosette's constraints says what the data say."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.rules import RULES
from prefect_luthier.rmos.feasibility.thresholds import Limit, Threshold, load_thresholds

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rosette-constraints.md"
THRESHOLDS = load_thresholds()


def shown(limit: Limit | None, rule: Threshold) -> str:
    """Return a limit as the table shows it: ``≥ 1.3 ~`` is an estimate."""
    if limit is None:
        return ""
    sign = "≤" if rule.at_most else "≥"
    times = " ×" if rule.relative_to else ""  # noqa: RUF001 - a times sign
    return f"{sign} {limit.value:g}{times}{' ~' if limit.is_estimate else ''}"


def limits_row(rule: Threshold) -> str:
    """Return the line of a rule in the table of limits."""
    base = f" (× {rule.relative_to})" if rule.relative_to else ""  # noqa: RUF001 - as above
    cells = [
        f"`{rule.code}`",
        rule.measures + base,
        rule.unit,
        *(shown(each, rule) for each in (rule.red, rule.yellow, rule.comfort)),
        f"{rule.weight:g}",
    ]
    return "| " + " | ".join(cells) + " |"


def formula_row(key: str) -> str:
    """Return the line of a rule in the table of formulas and sources."""
    rule = THRESHOLDS[key]
    first = (inspect.getdoc(RULES[key].measure) or "").split("\n\n")[0].replace("\n", " ")
    formula = re.sub(r"^Measure ", "", first.replace("|", "\\|"))
    figures = [each for each in (rule.red, rule.yellow, rule.comfort) if each is not None]
    sources = list(dict.fromkeys(THRESHOLDS.sources[each.source] for each in figures))
    return f"| `{rule.code}` | {formula} | {' '.join(sources)} |"


@pytest.mark.parametrize("make", [limits_row, formula_row], ids=["limits", "formulas"])
def test_the_page_has_a_line_for_every_rule(make) -> None:
    """Each rule's limits, formula and sources stand on the page as the data have them."""
    text = PAGE.read_text()
    rows = [make(THRESHOLDS[key]) if make is limits_row else make(key) for key in RULES]
    missing = [row for row in rows if row not in text]
    assert missing == [], "\n".join(rows)


def test_the_example_of_the_page_is_true() -> None:
    """The verdict that the page shows is the one that the engine gives."""
    text = PAGE.read_text()
    blocks = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    spec, context, document = blocks
    verdict = score(
        spec_from_json(json.dumps(spec)).value,  # type: ignore[arg-type]
        context_from_json(json.dumps(context)).value,  # type: ignore[arg-type]
    )
    found = verdict.to_json()
    assert round(found.pop("score"), 3) == document.pop("score")
    assert found.pop("engine").partition("+")[0] == document.pop("engine").partition("+")[0]
    assert found == document
