"""When a workflow shall start by itself: phrases of recurrence become cron triggers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from prefect_luthier.ai_builder.offline.times import (
    CLOCK,
    MONTH,
    NUMBER,
    WEEKDAY,
    Clock,
    clock,
    local_timezone,
    month,
    number,
    timezone,
    weekday,
)

# A day's default times, where the request names only a part of the day.
_PARTS_OF_DAY = {
    "morning": Clock(8), "afternoon": Clock(14), "evening": Clock(18), "night": Clock(2), "noon": Clock(12), "midnight": Clock(0),  # noqa: E501 - a pattern reads best in one piece
}  # fmt: skip
_DAYTIME = Clock(9)
_QUARTERS = "1,4,7,10"

_LIST_SEPARATOR = r"(?:\s*(?:,|/|&|\+)\s*(?:and\s+)?|\s+(?:and|or)\s+)"
_DAYS = rf"{WEEKDAY}(?:{_LIST_SEPARATOR}(?:on\s+|every\s+|each\s+)?{WEEKDAY})*"
_DAY_RANGE = rf"{WEEKDAY}\s*(?:-|to|through|thru|until|till)\s*{WEEKDAY}"
_ORDINAL = r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|tenth|fifteenth|last)"
_EVERY = r"(?:every(?: single)?|each|per|once (?:a|an|per|every|each))"
_PERIOD_WORKFLOW = r"(?:job|run|workflow|work ?flow|flow|pipeline|process|task|automation|routine|schedule|cadence|basis)\b"  # noqa: E501 - a pattern reads best in one piece
_ADVERB_END = r"(?=\s*(?:$|[,.;:!?)]|\b(?:at|on|from|in|by|between|and|then|i|we|you|please|run|around|before|after|starting|without|to)\b))"  # noqa: E501 - a pattern reads best in one piece

_ANCHORS: tuple[tuple[str, str], ...] = (
    (
        "cron",
        r"(?:cron(?:tab)?(?: expression| schedule)?:?\s*[\"'`(]?|[\"'`(])(?P<cron>(?:[\d*][\d*/,-]*\s+){4}[\d*A-Za-z](?:[\w*/,#-]*[\w*])?)[\"'`)]?",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "range",
        rf"(?:{_EVERY}\s+|on\s+)?(?P<from_day>{WEEKDAY})\s*(?:-|to|through|thru|until|till)\s*(?P<to_day>{WEEKDAY})",
    ),
    (
        "nth_weekday",
        rf"(?:on\s+|{_EVERY}\s+)?(?:the\s+)?(?P<nth>first|second|third|fourth|last|1st|2nd|3rd|4th)\s+(?P<nth_day>{WEEKDAY})\s+(?:of|in)\s+(?:the|each|every|a)\s+(?:month|quarter)",
    ),
    (
        "monthday",
        rf"(?:on\s+)?(?:the\s+)?(?P<ordinals>{_ORDINAL}(?:{_LIST_SEPARATOR}(?:the\s+)?{_ORDINAL})*)(?:\s+(?:working\s+|business\s+)?day)?\s+(?:of\s+)?(?:the|each|every|a)\s+(?P<of>month|quarter|year)",
    ),
    (
        "monthstart",
        r"(?:at|on)\s+the\s+(?P<edge>start|beginning|end)\s+of\s+(?:the|each|every|a)\s+(?P<edge_of>day|week|month|quarter|year)",
    ),
    (
        "yearday",
        rf"(?:every year on|each year on|every|annually on|yearly on)\s+(?:(?P<year_month>{MONTH})\s+(?P<year_day>\d{{1,2}})(?:st|nd|rd|th)?|(?P<year_day2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<year_month2>{MONTH}))",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "workdays",
        rf"(?:(?:{_EVERY}|on|during)\s+)?(?:\b(?:every|each|all)\s+)?(?:weekdays?|work(?:ing)?[- ]?days?|business[- ]?days?)\b(?!\s+(?:after|before|count))",  # noqa: E501 - a pattern reads best in one piece
    ),
    ("weekends", rf"(?:(?:{_EVERY}|on|at)\s+)?(?:the\s+)?weekends?\b"),
    (
        "other",
        rf"{_EVERY}\s+(?:other|second)\s+(?P<other>minute|hour|day|night|week|month|{WEEKDAY})",
    ),
    (
        "interval",
        rf"(?:{_EVERY}|at intervals of)\s+(?:(?P<fraction>half(?:\s+an)?|quarter(?:\s+of\s+an)?)[ -]+hour|(?P<count>{NUMBER})[\s-]*(?P<unit>min(?:ute)?s?|mins?|h(?:ou)?rs?|hours?|h|m|days?|weeks?|months?)\b)",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "times_per",
        rf"(?P<times>once|twice|thrice|(?:{NUMBER})\s+times|(?:{NUMBER})\s*x)\s+(?:a|an|per|each|every)\s+(?P<per>hour|day|week|month|quarter|year)|(?P<times2>twice|thrice)[\s-]+(?P<per2>daily|hourly|weekly|monthly)",
    ),
    (
        "days",
        rf"(?:(?:{_EVERY}|on every|on each)\s+(?P<days>{_DAYS})|(?:\bon\s+)?(?P<plural_days>{WEEKDAY[:-4]}s\b(?:{_LIST_SEPARATOR}(?:on\s+)?{WEEKDAY})*)|(?P<part_days>{_DAYS})\s+(?=mornings|afternoons|evenings|nights))",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "period",
        rf"(?:\b(?:{_EVERY}|once (?:a|per))\s+(?P<period>minute|hour|day|morning|afternoon|evening|night|noon|midnight|week|month|quarter|year)\b|\ba\s+(?P<adjective>daily|nightly|hourly|weekly|monthly|quarterly|yearly|annual)\s+{_PERIOD_WORKFLOW}|(?:\bon\s+)?\ban?\s+(?P<basis>daily|nightly|hourly|weekly|monthly|quarterly|yearly|annual)\s+(?:basis|schedule|cadence)|\b(?P<adverb>daily|nightly|hourly|weekly|monthly|quarterly|yearly|annually|fortnightly|biweekly|bi-weekly|around the clock){_ADVERB_END})",  # noqa: E501 - a pattern reads best in one piece
    ),
)
_ANCHOR = re.compile(
    "|".join(f"(?P<k_{kind}>{pattern})" for kind, pattern in _ANCHORS), re.IGNORECASE
)

_ZONE_WORD = (
    r"[A-Za-z]+(?:/[A-Za-z_]+)+|[A-Z][A-Za-z]+(?: [A-Z][a-z]+)?|[A-Z]{2,4}|[a-z]+(?: [a-z]+)?"
)
_ZONE = re.compile(
    rf"\s*[,(]?\s*(?:in\s+|by\s+)?(?:the\s+)?(?P<zone>{_ZONE_WORD})\s+(?:local\s+)?(?:standard\s+)?(?:time(?:zone)?\b(?: zone)?)\)?"  # noqa: E501 - a pattern reads best in one piece
    rf"|\s*[,(]?\s*(?P<zone2>[A-Z][A-Za-z]+/[A-Za-z_]+|\b(?:UTC|GMT|CET|CEST|BST|EST|EDT|ET|CST|CDT|MST|MDT|PST|PDT|PT|IST|JST|utc|gmt|cet|est|pst)\b)\)?"
    rf"|\s+in\s+(?P<zone3>[A-Z][A-Za-z]+(?: [A-Z][a-z]+)?)(?=\s*(?:$|[,.;]))"
)
_MODIFIERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("between", re.compile(rf"\s*,?\s*(?:only\s+)?(?:between|from)\s+(?:the\s+hours\s+of\s+)?(?P<start>{CLOCK})\s*(?:and|to|until|till|through|-)\s*(?P<end>{CLOCK})(?:\s+hours)?", re.IGNORECASE)),  # noqa: E501 - a pattern reads best in one piece
    ("at", re.compile(rf"\s*,?\s*(?:(?:at|by|around|@|from|starting(?: at)?)\s+(?:exactly\s+|about\s+)?)(?P<clocks>{CLOCK}(?:{_LIST_SEPARATOR}(?:at\s+|again at\s+)?{CLOCK})*)(?:\s*(?:sharp|hours|hrs|h)\b)?(?P<part>\s+(?:in the|at)\s+(?:morning|afternoon|evening|night))?(?!\s+(?:and|or)\s+\d)", re.IGNORECASE)),  # noqa: E501 - a pattern reads best in one piece
    ("past", re.compile(rf"\s*,?\s*(?:at\s+)?(?P<minutes>{NUMBER}|quarter|half)(?:\s+min(?:ute)?s?)?\s+past(?:\s+(?:the|every|each))?\s+hour", re.IGNORECASE)),  # noqa: E501 - a pattern reads best in one piece
    ("top", re.compile(r"\s*,?\s*(?:at|on)\s+the\s+(?:hour|top of the hour)\b", re.IGNORECASE)),
    ("part", re.compile(r"\s*,?\s*(?:in the\s+|at\s+)?(?:\bfirst thing in the\s+)?(?P<partword>morning|afternoon|evening|night|noon|midnight)s?\b", re.IGNORECASE)),  # noqa: E501 - a pattern reads best in one piece
    ("days", re.compile(rf"\s*,?\s*(?:but\s+)?(?:only\s+)?(?:on|every|each)\s+(?:(?P<range>{_DAY_RANGE})|(?P<workdays>weekdays?|working days?|work ?days?|business days?)|(?P<weekends>weekends?)|(?P<days>{_DAYS}))", re.IGNORECASE)),  # noqa: E501 - a pattern reads best in one piece
    ("monthday", re.compile(rf"\s*,?\s*on\s+the\s+(?P<ordinals>{_ORDINAL}(?:{_LIST_SEPARATOR}(?:the\s+)?{_ORDINAL})*)(?:\s+day)?(?:\s+of\s+(?:the|each|every)\s+month)?", re.IGNORECASE)),  # noqa: E501 - a pattern reads best in one piece
    ("clock", re.compile(r"\s*,?\s*(?P<clocks>\d{1,2}[:.]\d{2}(?: ?[ap]\.?m\b)?|\d{1,2} ?[ap]m\b)", re.IGNORECASE)),  # noqa: E501 - a pattern reads best in one piece
    ("zone", _ZONE),
)  # fmt: skip
_BEFORE = re.compile(
    rf"(?:^|(?<=[\s,]))(?:(?:please\s+)?(?:run|runs|schedule[ds]?)(?:\s+(?:it|this|that))?\s+)?(?:(?:at|by)\s+(?P<clocks>{CLOCK}(?:{_LIST_SEPARATOR}{CLOCK})*)(?P<part>\s+in the (?:morning|afternoon|evening))?|(?P<partword>in the (?:morning|evening|afternoon)|at night))\s*,?\s*(?:on\s+)?$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_NOT_RECURRENT = re.compile(
    r"(?:\b(?:last|past|previous|next|for|of|in|within|the|this|that|our|my|their|latest|yesterday's)\s+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Recurrence:
    """What a phrase of recurrence said, before it becomes cron fields."""

    minute: str | None = None
    hour: str | None = None
    monthday: str = "*"
    month: str = "*"
    weekday: str = "*"
    clocks: tuple[Clock, ...] = ()
    part: str | None = None
    zone: str | None = None
    cron: str | None = None
    approximate: str | None = None

    def crons(self) -> list[str]:
        """Return the cron expressions, one for each minute at which it starts."""
        if self.cron:
            return [" ".join(self.cron.split())]
        tail = f"{self.monthday} {self.month} {self.weekday}"
        if self.minute is not None:
            return [f"{self.minute} {self.hour or '*'} {tail}"]
        clocks = self.clocks or (_PARTS_OF_DAY.get(self.part or "", _DAYTIME),)
        by_minute: dict[int, list[int]] = {}
        for each in sorted(set(clocks)):
            by_minute.setdefault(each.minute, []).append(each.hour)
        return [
            f"{minute} {','.join(map(str, hours))} {tail}" for minute, hours in by_minute.items()
        ]


@dataclass(frozen=True)
class Schedule:
    """The triggers that a request asks for, and the request without those words.

    Args:
        crons: Cron expressions; empty without a schedule.
        timezone: IANA name in which they are read.
        rest: The request without the phrases of recurrence.
        zone_given: Whether the request named the zone.
        notes: What cron cannot say exactly.
    """

    rest: str
    crons: tuple[str, ...] = ()
    timezone: str = "UTC"
    zone_given: bool = False
    notes: tuple[str, ...] = field(default=())


def find_schedule(text: str) -> Schedule:
    """Find when a workflow shall start.

    Args:
        text: A request whose literals are masked.
    """
    crons: list[str] = []
    notes: list[str] = []
    zone: str | None = None
    position = 0
    while match := _ANCHOR.search(text, position):
        kind = next(name for name in match.groupdict() if name.startswith("k_") and match[name])
        if _is_no_schedule(kind[2:], match, text):
            position = match.end()
            continue
        recurrence, start, end = _with_modifiers(_read_anchor(kind[2:], match), text, match)
        crons += [cron for cron in recurrence.crons() if cron not in crons]
        notes += [recurrence.approximate] if recurrence.approximate else []
        zone = zone or recurrence.zone
        text, position = _cut(text, start, end), start
    rest = " ".join(text.split()) if crons else text
    return Schedule(rest, tuple(crons), zone or local_timezone(), zone is not None, tuple(notes))


def _cut(text: str, start: int, end: int) -> str:
    """Return ``text`` without a phrase, keeping one comma or stop where the phrase stood."""
    left, right = text[:start].rstrip(), text[end:].lstrip()
    if not left or left.endswith((".", ";", ":", "\n")):
        right = right.lstrip(",;:- ")
    return f"{left} {right}"


_FUNCTIONAL = re.compile(r"\s+(?:of|item|row|record|file|entry|one)\b")


def _is_no_schedule(kind: str, match: re.Match[str], text: str) -> bool:
    before, after = text[: match.start()], text[match.end() :]
    if kind == "period" and match["period"] and _FUNCTIONAL.match(after):
        return True
    if kind in {"period", "interval"} and re.search(
        r"\b(?:retry|retries|retrying|again|wait|pause|poll|backoff|times|attempts?|delay)[\s\w,]*$",
        before[-40:],
        re.IGNORECASE,
    ):
        return True
    if (
        kind == "period"
        and match["period"]
        and re.search(r"\b(?:for|of|in)\s+$", before, re.IGNORECASE)
    ):
        return True
    return kind == "period" and bool(match["adverb"]) and bool(_NOT_RECURRENT.search(before))


def _with_modifiers(
    recurrence: Recurrence, text: str, match: re.Match[str]
) -> tuple[Recurrence, int, int]:
    start, end = match.span()
    changed = True
    while changed:
        changed = False
        for kind, pattern in _MODIFIERS:
            found = pattern.match(text, end)
            updated = _modify(recurrence, kind, found) if found and found.end() > end else None
            if found and updated:
                recurrence, end, changed = updated, found.end(), True
    before = _BEFORE.search(text[:start])
    if before and (before["partword"] or not recurrence.clocks):
        updated = _modify(recurrence, "part" if before["partword"] else "at", before)
        if updated:
            recurrence, start = updated, before.start()
    return recurrence, start, end


def _read_anchor(kind: str, match: re.Match[str]) -> Recurrence:
    reader: dict[str, Callable[[], Recurrence]] = {
        "cron": lambda: Recurrence(cron=match["cron"]),
        "range": lambda: Recurrence(weekday=_day_range(match["from_day"], match["to_day"])),
        "nth_weekday": lambda: _nth_weekday(match["nth"], match["nth_day"]),
        "monthday": lambda: _monthdays(match["ordinals"], match["of"].lower()),
        "monthstart": lambda: _edge(match["edge"].lower(), match["edge_of"].lower()),
        "yearday": lambda: Recurrence(
            monthday=match["year_day"] or match["year_day2"],
            month=str(month(match["year_month"] or match["year_month2"])),
        ),
        "workdays": lambda: Recurrence(weekday="1-5"),
        "weekends": lambda: Recurrence(weekday="0,6"),
        "other": lambda: _interval(2, match["other"].lower()),
        "interval": lambda: _read_interval(match),
        "times_per": lambda: _times_per(match),
        "days": lambda: Recurrence(
            weekday=_day_list(match["days"] or match["plural_days"] or match["part_days"])
        ),
        "period": lambda: _period(
            next(
                filter(None, (match["period"], match["adjective"], match["basis"], match["adverb"]))
            )
        ),
    }
    return reader[kind]()


def _read_interval(match: re.Match[str]) -> Recurrence:
    if match["fraction"]:
        step = 30 if match["fraction"].lower().startswith("half") else 15
        return Recurrence(minute=f"*/{step}")
    return _interval(number(match["count"]), match["unit"].lower())


def _interval(count: int, unit: str) -> Recurrence:
    if unit.startswith(("min", "m")) and not unit.startswith("mo"):
        if count >= 60:  # noqa: PLR2004 - minutes of an hour
            return _interval(max(1, round(count / 60)), "hour")
        exact = None if 60 % count == 0 else f"every {count} minutes restarts at each full hour"
        return Recurrence(minute="*" if count == 1 else f"*/{count}", approximate=exact)
    if unit.startswith("h"):
        exact = None if 24 % count == 0 else f"every {count} hours restarts at midnight"
        return Recurrence(
            minute="0", hour="*" if count == 1 else f"*/{min(count, 23)}", approximate=exact
        )
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
        approximate=f"every {count} weeks cannot be said in cron; it is set to every week",
    )


def _times_per(match: re.Match[str]) -> Recurrence:
    times = number(
        re.sub(r"\s*(?:times|x)$", "", match["times"] or match["times2"], flags=re.IGNORECASE)
    )
    per = (match["per"] or match["per2"]).lower()
    per = {"daily": "day", "hourly": "hour", "weekly": "week", "monthly": "month"}.get(per, per)
    if times == 1:
        return _period(per)
    if per == "hour":
        return _interval(max(1, 60 // times), "minute")
    if per == "day":
        if times == 2:  # noqa: PLR2004 - morning and evening
            return Recurrence(clocks=(Clock(8), Clock(20)))
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
        "week": Recurrence(weekday="1"),
        "weekly": Recurrence(weekday="1"),
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
        return _interval(2, "week")
    return known.get(lowered, Recurrence(part=lowered if lowered in _PARTS_OF_DAY else None))


def _nth_weekday(nth: str, day: str) -> Recurrence:
    """Return the nearest that cron can say: a day of the month near that weekday."""
    first_possible = {"first": 1, "1st": 1, "second": 8, "2nd": 8, "third": 15, "3rd": 15}
    start = first_possible.get(nth.lower(), 22)
    note = (
        f"cron cannot say the {nth.lower()} {day.lower()} of a month; it is set to every "
        f"{day.lower()}. Limit it to days {start} to {start + 6} in the first step, or choose a day"
    )
    return Recurrence(weekday=str(weekday(day)), approximate=note)


_ORDINAL_WORDS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "tenth": 10,
    "fifteenth": 15,
}


def _monthdays(ordinals: str, period: str) -> Recurrence:
    days: list[str] = []
    note = None
    for word in re.findall(_ORDINAL, ordinals, re.IGNORECASE):
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
        return Recurrence(clocks=(Clock(18) if edge == "end" else Clock(8),))
    if period == "week":
        return Recurrence(weekday="5" if edge == "end" else "1")
    return _monthdays("last" if edge == "end" else "first", period)


def _day_range(first: str, last: str) -> str:
    start, end = weekday(first), weekday(last)
    if start <= end:
        return f"{start}-{end}"
    return ",".join(map(str, sorted({*range(start, 7), *range(end + 1)})))


def _day_list(text: str) -> str:
    days = sorted({weekday(word) for word in re.findall(WEEKDAY, text, re.IGNORECASE)})
    return ",".join(map(str, days))


def _modify(recurrence: Recurrence, kind: str, match: re.Match[str]) -> Recurrence | None:
    """Return the recurrence with one more modifier, or None when it does not fit."""
    if kind == "between":
        return _between(recurrence, match)
    if kind in {"at", "clock"}:
        return _at(recurrence, match)
    if kind == "past":
        minutes = {"quarter": "15", "half": "30"}.get(match["minutes"].lower()) or str(
            number(match["minutes"])
        )
        return replace(recurrence, minute=minutes) if recurrence.minute == "0" else None
    if kind == "top":
        return recurrence if recurrence.minute == "0" else None
    if kind == "part":
        return _part(recurrence, match["partword"].lower())
    if kind == "days":
        return _on_days(recurrence, match)
    if kind == "monthday":
        if recurrence.monthday not in {"*", "1"}:
            return None
        return replace(recurrence, monthday=_monthdays(match["ordinals"], "month").monthday)
    name = match["zone"] or match["zone2"] or match["zone3"]
    zone = timezone(name)
    return replace(recurrence, zone=zone) if zone and recurrence.zone is None else None


def _part(recurrence: Recurrence, words: str) -> Recurrence | None:
    part = words.rsplit(" ", 1)[-1]
    if recurrence.minute is not None or recurrence.clocks or recurrence.part == part:
        return None
    return replace(recurrence, part=part)


def _between(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    start, end = clock(match["start"]), clock(match["end"])
    if recurrence.minute is None or start is None or end is None:
        return None
    last = end.hour
    if last <= start.hour and "m" not in match["end"].lower():
        last += 12
    elif "pm" in match["end"].lower() and "m" not in match["start"].lower() and start.hour > last:
        start = Clock(start.hour % 12)
    if recurrence.minute != "0" and end.minute == 0:
        last -= 1
    return replace(recurrence, hour=f"{start.hour}-{min(last, 23)}") if start.hour < last else None


def _at(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.minute is not None or recurrence.cron or recurrence.clocks:
        return None
    part = match.groupdict().get("part") or recurrence.part or ""
    evening = (
        part.strip().endswith(("evening", "afternoon", "night")) and recurrence.part != "night"
    )
    texts = re.findall(CLOCK, match["clocks"], re.IGNORECASE)
    clocks = [clock(each, evening=evening) for each in texts]
    found = tuple(each for each in clocks if each)
    return replace(recurrence, clocks=found) if found and len(found) == len(clocks) else None


def _on_days(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.weekday not in {"*", "1"} or recurrence.monthday != "*":
        return None
    if match["workdays"]:
        return replace(recurrence, weekday="1-5")
    if match["weekends"]:
        return replace(recurrence, weekday="0,6")
    if match["range"]:
        first, last = re.findall(WEEKDAY, match["range"], re.IGNORECASE)
        return replace(recurrence, weekday=_day_range(first, last))
    return replace(recurrence, weekday=_day_list(match["days"]))
