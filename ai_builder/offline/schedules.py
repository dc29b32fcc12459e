"""When a workflow shall start by itself: phrases of recurrence become cron triggers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from prefect_luthier.ai_builder.offline.recurrences import (
    Recurrence,
    day_list,
    day_range,
    monthdays,
    read_anchor,
    read_interval,
)
from prefect_luthier.ai_builder.offline.schedule_phrases import (
    ANCHOR,
    BEFORE,
    LONE_CLOCK,
    MODIFIERS,
)
from prefect_luthier.ai_builder.offline.times import (
    CLOCK,
    MONTH,
    WEEKDAY,
    Clock,
    clock,
    local_timezone,
    month,
    number,
    timezone,
)
from prefect_luthier.deployments.definition.cron import cron_problem

_NOON = 12


@dataclass(frozen=True)
class Schedule:
    """The triggers that a request asks for, and the request without those words.

    Args:
        crons: Cron expressions; empty without a schedule.
        timezone: IANA name in which they are read.
        rest: The request without the phrases of recurrence.
        zone_given: Whether the request named the zone.
        notes: What cron cannot say exactly.
        unsayable: Why phrases of recurrence became no trigger.
    """

    rest: str
    crons: tuple[str, ...] = ()
    timezone: str = "UTC"
    zone_given: bool = False
    notes: tuple[str, ...] = field(default=())
    unsayable: tuple[str, ...] = ()


def schedule_questions(schedule: Schedule) -> tuple[str, ...]:
    """Return what to ask about the times that cron says only nearly, or not at all."""
    nearly = (f"Is this right? {note[:1].upper()}{note[1:]}." for note in schedule.notes)
    unsaid = (
        f"Which times or days shall it start on? {why[:1].upper()}{why[1:]}, so the draft has no "
        "trigger for it."
        for why in schedule.unsayable
    )
    return (*nearly, *unsaid)


def find_schedule(text: str) -> Schedule:
    """Find when a workflow shall start.

    Args:
        text: A request whose literals are masked.
    """
    crons: list[str] = []
    notes: list[str] = []
    unsayable: list[str] = []
    zone: str | None = None
    position = 0
    while match := ANCHOR.search(text, position):
        kind = next(name for name in match.groupdict() if name.startswith("k_") and match[name])
        if _is_no_schedule(kind[2:], match, text):
            position = match.end()
            continue
        recurrence, start, end = _with_modifiers(read_anchor(kind[2:], match), text, match)
        if any(cron_problem(cron) for cron in recurrence.crons()):
            # There is no such day: `on the 45th of the month`.
            position = match.end()
            continue
        crons += [cron for cron in recurrence.crons() if cron not in crons]
        notes += [recurrence.approximate] if recurrence.approximate else []
        unsayable += [recurrence.unsayable] if recurrence.unsayable else []
        zone = zone or recurrence.zone
        text, position = _cut(text, start, end), start
    if not crons and not unsayable:
        text, crons = _lone_clock(text)
    rest = " ".join(text.split()) if crons or unsayable else text
    return Schedule(
        rest,
        tuple(crons),
        zone or local_timezone(),
        zone is not None,
        tuple(notes),
        tuple(unsayable),
    )


def _lone_clock(text: str) -> tuple[str, list[str]]:
    """Read `At midnight look …` as each day, where nothing else says when."""
    match = LONE_CLOCK.search(text)
    if not match:
        return text, []
    if match["on_the_hour"]:
        return _cut(text, *match.span()), ["0 * * * *"]
    said = match["clocks"] or match["opening_clocks"]
    daily = _clocks(Recurrence(), said, (match["part"] or "").split())
    return (_cut(text, *match.span()), daily.crons()) if daily else (text, [])


def _cut(text: str, start: int, end: int) -> str:
    """Return ``text`` without a phrase, keeping one comma or stop where the phrase stood."""
    left, right = text[:start].rstrip(), text[end:].lstrip()
    if not left or left.endswith((".", ";", ":", "\n")):
        right = right.lstrip(",;:- ")
    return f"{left} {right}"


_FUNCTIONAL = re.compile(r"\s+(?:of|item|row|record|file|entry|one)\b", re.IGNORECASE)
_PATIENCE = re.compile(
    r"\b(?:retry|retries|retrying|again|wait|pause|poll|backoff|times|attempts?|delay)[\s\w,]*$",
    re.IGNORECASE,
)
# What somebody used to do, or shall stop doing, is no wish.
_HABIT = re.compile(
    r"\b(?:used to|would always|no longer|never|forget(?: about)? the)\b[^.;:!?]*$", re.IGNORECASE
)
_NOT_RECURRENT = re.compile(
    r"\b(?:last|past|previous|next|for|of|in|within|the|this|that|our|my|their|latest|yesterday's)\s+$",
    re.IGNORECASE,
)


def _is_no_schedule(kind: str, match: re.Match[str], text: str) -> bool:
    """Tell whether words of time belong to a thing, a rate or a pause, not to the start."""
    before, after = text[: match.start()], text[match.end() :]
    if kind == "opening_days":
        return False
    if _HABIT.search(before):
        return True
    if kind in {"period", "interval", "seconds"} and _PATIENCE.search(before[-40:]):
        return True
    if kind in {"interval", "seconds"}:
        return match[0].lower().startswith("per ")
    if kind != "period":
        return False
    if match["period"]:
        thing = _FUNCTIONAL.match(after) and " of the " not in match[0].lower()
        rate = match[0].lower().startswith("per ")
        part = re.search(r"\b(?:for|of|in)\s+$", before, re.IGNORECASE)
        return bool(thing or rate or part)
    return bool(match["adverb"]) and bool(_NOT_RECURRENT.search(before))


def _with_modifiers(
    recurrence: Recurrence, text: str, match: re.Match[str]
) -> tuple[Recurrence, int, int]:
    """Return the recurrence with what stands around its anchor, and where all that stands."""
    start, end = match.span()
    changed = True
    while changed:
        changed = False
        for kind, pattern in MODIFIERS:
            found = pattern.match(text, end)
            updated = _modify(recurrence, kind, found) if found and found.end() > end else None
            if found and updated:
                recurrence, end, changed = updated, found.end(), True
    for kind, pattern in BEFORE:
        before = pattern.search(text[:start])
        updated = _modify(recurrence, kind, before) if before else None
        if before and updated:
            recurrence, start = updated, before.start()
            break
    return recurrence, start, end


_Modify = Callable[[Recurrence, "re.Match[str]"], "Recurrence | None"]


def _modify(recurrence: Recurrence, kind: str, match: re.Match[str]) -> Recurrence | None:
    """Return the recurrence with one more modifier, or None when it does not fit."""
    return _MODIFY[kind](recurrence, match)


def _past(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.minute != "0":
        return None
    said = (match.groupdict().get("half_hour") or match["minutes"]).lower()
    minute = {"quarter": "15", "half": "30"}.get(said) or str(number(said))
    return replace(recurrence, minute=minute)


def _top(recurrence: Recurrence, _: re.Match[str]) -> Recurrence | None:
    return recurrence if recurrence.minute == "0" else None


def _office(recurrence: Recurrence, _: re.Match[str]) -> Recurrence | None:
    return _within(recurrence, 9, 17 if recurrence.minute == "0" else 16)


def _every(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    """Return `weekdays, every 10 minutes`: the interval on the days said before."""
    if recurrence.minute is not None or recurrence.clocks or recurrence.part or recurrence.cron:
        return None
    if match["single"]:
        return replace(recurrence, minute="0" if match["single"].lower() == "hour" else "*")
    often = read_interval(match)
    if often.minute is None:
        return None
    return replace(recurrence, minute=often.minute, hour=often.hour, approximate=often.approximate)


def _between_every(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    """Return `weekdays between 9 and 17 every 10 minutes`: the hours are those of the interval."""
    often = _every(recurrence, match)
    return _between(often, match) if often else None


def _months(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.month != "*" or recurrence.cron:
        return None
    if match["months"]:
        found = sorted({month(each) for each in re.findall(MONTH, match["months"], re.IGNORECASE)})
    else:
        first, last = month(match["first_month"]), month(match["last_month"])
        found = [each for each in range(1, 13) if (each - first) % 12 <= (last - first) % 12]
    return replace(recurrence, month=",".join(map(str, found)))


def _limit(recurrence: Recurrence, match: re.Match[str]) -> Recurrence:
    note = f"cron cannot say {match['limit']!r}; the trigger has no such limit"
    return replace(recurrence, approximate=recurrence.approximate or note)


def _except(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.weekday != "*" or recurrence.monthday != "*" or recurrence.cron:
        return None
    if match["not_weekends"]:
        return replace(recurrence, weekday="1-5")
    gone = {int(day) for day in day_list(match["not_days"]).split(",")}
    kept = [day for day in range(7) if day not in gone]
    if not kept:
        return None
    is_row = len(kept) > 1 and kept == list(range(kept[0], kept[-1] + 1))
    field_text = f"{kept[0]}-{kept[-1]}" if is_row else ",".join(map(str, kept))
    return replace(recurrence, weekday=field_text)


def _yearday(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.monthday != "1" or recurrence.month != "1":
        return None
    day = int(match["day"] or match["day2"])
    return replace(
        recurrence, monthday=str(day), month=str(month(match["month"] or match["month2"]))
    )


def _monthday(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.monthday not in {"*", "1"} or recurrence.weekday != "*":
        return None
    days = match["day_number"] or monthdays(match["ordinals"], "month").monthday
    return replace(recurrence, monthday=days)


def _zone(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    zone = timezone(match["zone"] or match["zone2"] or match["zone3"])
    return replace(recurrence, zone=zone) if zone and recurrence.zone is None else None


def _part(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    part = match["partword"].lower().rsplit(" ", 1)[-1]
    if recurrence.minute is not None or recurrence.clocks or recurrence.part == part:
        return None
    return replace(recurrence, part=part)


def _between(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    start, end = clock(match["start"]), clock(match["end"])
    if recurrence.minute is None or start is None or end is None:
        return None
    last = end.hour
    if last <= start.hour and "m" not in match["end"].lower():
        last += _NOON
    elif "pm" in match["end"].lower() and "m" not in match["start"].lower() and start.hour > last:
        start = Clock(start.hour % _NOON)
    if recurrence.minute != "0" and end.minute == 0:
        last -= 1
    return _within(recurrence, start.hour, last)


def _within(recurrence: Recurrence, first: int, last: int) -> Recurrence | None:
    """Return the recurrence in these hours only, both included."""
    hour = recurrence.hour or "*"
    if recurrence.minute is None or first >= last or not hour.startswith("*"):
        return None
    return replace(recurrence, hour=f"{first}-{min(last, 23)}{hour[1:]}")


def _at(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    if recurrence.minute is not None or recurrence.cron or recurrence.clocks:
        return None
    return _clocks(recurrence, match["clocks"], (match["part"] or "").split())


def _clocks(recurrence: Recurrence, said: str, around: Sequence[str]) -> Recurrence | None:
    """Return the recurrence at times of day; ``around`` ends with the part of the day, if any."""
    part = around[-1].lower() if around else recurrence.part
    # `0900` is a time only before the word that the match left out.
    texts = re.findall(CLOCK, f"{said} hours", re.IGNORECASE)
    clocks = [clock(each, part=part) for each in texts]
    found = tuple(each for each in clocks if each)
    return replace(recurrence, clocks=found) if found and len(found) == len(clocks) else None


def _on_days(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    is_free = recurrence.any_day or recurrence.weekday == "*"
    if not is_free or recurrence.monthday != "*":
        return None
    recurrence = replace(recurrence, any_day=False)
    said = match.groupdict()
    if said.get("workdays"):
        return replace(recurrence, weekday="1-5")
    if said.get("weekends"):
        return replace(recurrence, weekday="0,6")
    if said.get("range"):
        first, last = re.findall(WEEKDAY, match["range"], re.IGNORECASE)
        return replace(recurrence, weekday=day_range(first, last))
    return replace(recurrence, weekday=day_list(match["days"]))


def _on_loose_days(recurrence: Recurrence, match: re.Match[str]) -> Recurrence | None:
    """Return `weekly, Sundays`: the days of a week that has none yet."""
    return _on_days(recurrence, match) if recurrence.any_day else None


_MODIFY: dict[str, _Modify] = {
    "between": _between,
    "between_every": _between_every,
    "months": _months,
    "limit": _limit,
    "office": _office,
    "at": _at,
    "clock": _at,
    "past": _past,
    "top": _top,
    "interval": _every,
    "part": _part,
    "except": _except,
    "days": _on_days,
    "loose_days": _on_loose_days,
    "yearday": _yearday,
    "monthday": _monthday,
    "zone": _zone,
}
