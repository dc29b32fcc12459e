"""Cron expressions with five fields, as Prefect's server understands them."""

from __future__ import annotations

import re

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_DAYS = {
    name: index for index, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
}
_MONTHS = {
    name: index
    for index, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_LONGEST_MONTH_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_PART = re.compile(
    r"(?P<first>\*|[a-z]{3}|[0-9]{1,4})(?:-(?P<last>[a-z]{3}|[0-9]{1,4}))?(?:/(?P<step>[0-9]{1,4}))?"
)


def cron_problem(text: str) -> str | None:
    """Return why ``text`` is no cron expression that can ever come due, or None."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"it has {len(fields)} field{'s' if len(fields) != 1 else ''} instead of five"
    values: list[set[int]] = []
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        try:
            values.append(_values(field, low, high, names))
        except ValueError as error:
            return f"its {name} {field[:40]!r} {error}"
    days, months = values[2], values[3]
    if fields[4] == "*" and all(min(days) > _LONGEST_MONTH_DAYS.get(m, 31) for m in months):
        return f"day {min(days)} does not exist in the months it names, so it never comes due"
    return None


def _values(field: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for part in field.lower().split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError("cannot be read")
        step = int(match["step"] or 1)
        if step == 0:
            raise ValueError("has a step of 0")
        if match["first"] == "*":
            first, last = low, high
        else:
            first = _number(match["first"], low, high, names)
            last = _number(match["last"], low, high, names) if match["last"] else first
            if match["step"] and not match["last"]:
                last = high
        if match["first"] == "*" and match["last"]:
            raise ValueError("cannot be read")
        if first > last:
            raise ValueError("has a range that runs backwards")
        found.update(range(first, last + 1, step))
    return found


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(text) if not text.isdigit() else int(text)
    if number is None:
        raise ValueError("cannot be read")
    if not low <= number <= high:
        raise ValueError(f"is outside {low} to {high}")
    return number
