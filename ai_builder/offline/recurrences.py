"""What a phrase of recurrence means, as cron fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from prefect_luthier.ai_builder.offline.schedule_phrases import ORDINAL
from prefect_luthier.ai_builder.offline.times import (
    MONTH,
    WEEKDAY,
    Clock,
    month,
    number,
    weekday,
)

# A day's default times, where the request names only a part of the day.
PARTS_OF_DAY = {
    "morning": Clock(8),
    "afternoon": Clock(14),
    "evening": Clock(18),
    "night": Clock(2),
    "noon": Clock(12),
    "midnight": Clock(0),
}
_DAYTIME = Clock(9)
_QUARTERS = "1,4,7,10"
_HOUR_MINUTES, _DAY_HOURS = 60, 24


@dataclass(frozen=True)
class Recurrence:
    """What a phrase of recurrence said, before it becomes cron fields.

    Args:
        minute: Cron's minute; None where clocks or a part of the day say when.
        hour: Cron's hours, for a recurrence within the day.
        monthday: Cron's days of the month.
        month: Cron's months.
        weekday: Cron's weekdays.
        clocks: The times of day that were said.
        part: The part of the day that was said.
        usual: The times where none were said.
        any_day: Whether the weekday is a guess, which a day that is named replaces.
        zone: The IANA zone that was said.
        cron: A whole expression that was said.
        approximate: What cron cannot say exactly.
        unsayable: Why no cron expression comes near enough, if none does.
    """

    minute: str | None = None
    hour: str | None = None
    monthday: str = "*"
    month: str = "*"
    weekday: str = "*"
    clocks: tuple[Clock, ...] = ()
    part: str | None = None
    usual: tuple[Clock, ...] = ()
    any_day: bool = False
    zone: str | None = None
    cron: str | None = None
    approximate: str | None = None
    unsayable: str | None = None

    def crons(self) -> list[str]:
        """Return the cron expressions, one for each minute at which it starts."""
        if self.unsayable:
            return []
        if self.cron:
            return [" ".join(self.cron.split())]
        tail = f"{self.monthday} {self.month} {self.weekday}"
        if self.minute is not None:
            return [f"{self.minute} {self.hour or '*'} {tail}"]
        clocks = self.clocks or self.usual or (PARTS_OF_DAY.get(self.part or "", _DAYTIME),)
        by_minute: dict[int, list[int]] = {}
        for each in sorted(set(clocks)):
            by_minute.setdefault(each.minute, []).append(each.hour)
        return [
            f"{minute} {','.join(map(str, hours))} {tail}" for minute, hours in by_minute.items()
        ]


def read_anchor(kind: str, match: re.Match[str]) -> Recurrence:
    """Return what the phrase of an anchor's kind says."""
    return _READERS[kind](match)


def _read_month_list(match: re.Match[str]) -> Recurrence:
    text = match["list_months"] or match["bare_months"] or match["in_months"]
    months = sorted({month(word) for word in re.findall(MONTH, text, re.IGNORECASE)})
    days = monthdays(match["list_ordinals"] or match["in_ordinals"] or "first", "month")
    return Recurrence(
        monthday=days.monthday,
        month=",".join(map(str, months)),
        approximate=days.approximate,
    )


def _read_yearday(match: re.Match[str]) -> Recurrence:
    return Recurrence(
        monthday=match["year_day"] or match["year_day2"],
        month=str(month(match["year_month"] or match["year_month2"])),
    )


def _read_other(match: re.Match[str]) -> Recurrence:
    nth = (match["nth_other"] or "second").lower()
    count = int(nth[:-2]) if nth[0].isdigit() else _COUNTS[nth]
    return interval(count, match["other"].lower())


_COUNTS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "tenth": 10}


def read_interval(match: re.Match[str]) -> Recurrence:
    """Return `quarter of an hour` and `20 minutes` as cron fields."""
    if match["fraction"]:
        step = 30 if match["fraction"].lower().startswith("half") else 15
        return Recurrence(minute=f"*/{step}")
    return interval(number(match["count"]), match["unit"].lower())


def _minutes(count: int) -> Recurrence:
    if count >= _HOUR_MINUTES:
        if count % _HOUR_MINUTES:
            return Recurrence(unsayable=f"cron cannot say every {count} minutes")
        return _hours(count // _HOUR_MINUTES)
    even = _HOUR_MINUTES % count == 0
    return Recurrence(
        minute="*" if count == 1 else f"*/{count}",
        approximate=None if even else f"every {count} minutes restarts at each full hour",
    )


def _hours(count: int) -> Recurrence:
    if count >= _DAY_HOURS:
        if count % _DAY_HOURS:
            return Recurrence(unsayable=f"cron cannot say every {count} hours")
        return interval(count // _DAY_HOURS, "day")
    even = _DAY_HOURS % count == 0
    return Recurrence(
        minute="0",
        hour="*" if count == 1 else f"*/{count}",
        approximate=None if even else f"every {count} hours restarts at midnight",
    )


def interval(count: int, unit: str) -> Recurrence:
    """Return what `every <count> <unit>` means, and what cron cannot say of it."""
    count = max(count, 1)
    if unit.startswith(("min", "m")) and not unit.startswith("mo"):
        return _minutes(count)
    if unit.startswith("h"):
        return _hours(count)
    if unit.startswith(("d", "night")):
        part = "night" if unit.startswith("n") else None
        if count == 1:
            return Recurrence(part=part)
        return Recurrence(
            monthday=f"*/{min(count, 31)}",
            part=part,
            approximate=f"every {count} days restarts on the first of each month",
        )
    if unit.startswith("mo") and unit[:3] != "mon":
        return Recurrence(monthday="1")
    if unit.startswith("month"):
        return Recurrence(monthday="1", month="*" if count == 1 else f"*/{min(count, 12)}")
    if count == 1:
        return Recurrence(weekday="1")
    day = 1 if unit.startswith("week") else weekday(unit)
    return Recurrence(
        weekday=str(day),
        any_day=unit.startswith("week"),
        approximate=f"every {count} weeks cannot be said in cron; it is set to every week",
    )


def _times_per(match: re.Match[str]) -> Recurrence:
    times = number(
        re.sub(r"\s*(?:times|x)$", "", match["times"] or match["times2"], flags=re.IGNORECASE)
    )
    times = max(times, 1)
    per = (match["per"] or match["per2"]).lower()
    per = {"daily": "day", "hourly": "hour", "weekly": "week", "monthly": "month"}.get(per, per)
    if times == 1:
        return _period(per)
    if per == "hour":
        return interval(max(1, 60 // times), "minute")
    if per == "day":
        if times == 2:  # noqa: PLR2004 - morning and evening
            return Recurrence(usual=(Clock(8), Clock(20)))
        return Recurrence(minute="0", hour=f"*/{max(1, 24 // times)}")
    if per == "week":
        days = {2: "1,4", 3: "1,3,5", 5: "1-5"}.get(
            times, ",".join(map(str, range(1, min(times, 7) + 1)))
        )
        return Recurrence(weekday=days.replace("7", "0"))
    if per == "month":
        step = max(1, 28 // times)
        return Recurrence(monthday=",".join(str(1 + step * i) for i in range(min(times, 28))))
    return Recurrence(
        monthday="1",
        month=",".join(str(1 + 12 // min(times, 12) * i) for i in range(min(times, 12))),
    )


def _period(word: str) -> Recurrence:
    lowered = word.lower()
    known = {
        "minute": Recurrence(minute="*"),
        "hour": Recurrence(minute="0", hour="*"),
        "hourly": Recurrence(minute="0", hour="*"),
        "around the clock": Recurrence(minute="0", hour="*"),
        "night": Recurrence(part="night"),
        "nightly": Recurrence(part="night"),
        "overnight": Recurrence(part="night"),
        "week": Recurrence(weekday="1", any_day=True),
        "weekly": Recurrence(weekday="1", any_day=True),
        "month": Recurrence(monthday="1"),
        "monthly": Recurrence(monthday="1"),
        "quarter": Recurrence(monthday="1", month=_QUARTERS),
        "quarterly": Recurrence(monthday="1", month=_QUARTERS),
        "year": Recurrence(monthday="1", month="1"),
        "yearly": Recurrence(monthday="1", month="1"),
        "annual": Recurrence(monthday="1", month="1"),
        "annually": Recurrence(monthday="1", month="1"),
    }
    if lowered in {"fortnightly", "biweekly", "bi-weekly"}:
        return interval(2, "week")
    return known.get(lowered, Recurrence(part=lowered if lowered in PARTS_OF_DAY else None))


def _read_nth_weekday(match: re.Match[str]) -> Recurrence:
    """Return why there is no trigger: each such weekday would be four times as often."""
    said = " ".join(match[0].split()).removeprefix("on ").removeprefix("the ")
    return Recurrence(unsayable=f"cron cannot say {said!r}")


def _read_seconds(match: re.Match[str]) -> Recurrence:
    return Recurrence(unsayable=f"cron starts nothing more often than each minute, not {match[0]}")


_ORDINAL_WORDS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "tenth": 10,
    "fifteenth": 15,
}


def monthdays(ordinals: str, period: str) -> Recurrence:
    """Return the days of each month, quarter or year that ordinals name."""
    days: list[str] = []
    note = None
    for word in re.findall(ORDINAL, ordinals, re.IGNORECASE):
        digits = re.match(r"\d+", word)
        if word.lower() == "last":
            note = "cron cannot say the last day of a month; it is set to the 28th"
            days.append("28")
        else:
            days.append(str(int(digits[0]) if digits else _ORDINAL_WORDS[word.lower()]))
    months = {"month": "*", "quarter": _QUARTERS, "year": "1"}[period]
    if note and len(days) == 1 and period != "month":
        months, days = ("3,6,9,12", ["30"]) if period == "quarter" else ("12", ["31"])
        note = (
            None
            if period == "year"
            else "cron cannot say the last day of a quarter; it is set to the 30th"
        )
    return Recurrence(monthday=",".join(days), month=months, approximate=note)


def _edge(edge: str, period: str) -> Recurrence:
    if period == "day":
        return Recurrence(usual=(Clock(18) if edge == "end" else Clock(8),))
    if period == "week":
        return Recurrence(weekday="5" if edge == "end" else "1")
    return monthdays("last" if edge == "end" else "first", period)


def day_range(first: str, last: str) -> str:
    """Return cron's weekdays from one to another."""
    start, end = weekday(first), weekday(last)
    if start <= end:
        return f"{start}-{end}"
    return ",".join(map(str, sorted({*range(start, 7), *range(end + 1)})))


def day_list(text: str) -> str:
    """Return cron's weekdays that a text names."""
    days = sorted({weekday(word) for word in re.findall(WEEKDAY, text, re.IGNORECASE)})
    return ",".join(map(str, days))


def _read_period(match: re.Match[str]) -> Recurrence:
    words = ("period", "adjective", "basis", "adverb", "late_adverb", "open_adverb")
    return _period(next(match[key] for key in words if match[key]))


def _read_edge(match: re.Match[str]) -> Recurrence:
    edge, of = match["edge"] or match["edge2"], match["edge_of"] or match["edge_of2"]
    return _edge(edge.lower(), of.lower())


def _read_days(match: re.Match[str]) -> Recurrence:
    return Recurrence(weekday=day_list(match["days"] or match["plural_days"] or match["part_days"]))


_READERS: dict[str, Callable[[re.Match[str]], Recurrence]] = {
    "cron": lambda match: Recurrence(cron=match["cron"]),
    "range": lambda match: Recurrence(weekday=day_range(match["from_day"], match["to_day"])),
    "opening_days": lambda match: Recurrence(weekday=day_list(match["opening_days"])),
    "nth_weekday": _read_nth_weekday,
    "seconds": _read_seconds,
    "month_list": _read_month_list,
    "monthday": lambda match: monthdays(match["ordinals"], match["of"].lower()),
    "monthdays": lambda match: monthdays(match["digit_ordinals"], "month"),
    "monthstart": _read_edge,
    "yearday": _read_yearday,
    "workdays": lambda _: Recurrence(weekday="1-5"),
    "weekends": lambda _: Recurrence(weekday="0,6"),
    "other": _read_other,
    "interval": read_interval,
    "times_per": _times_per,
    "days": _read_days,
    "period": _read_period,
}
