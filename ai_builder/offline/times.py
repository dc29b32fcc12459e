"""Times of day, weekdays, months and time zones as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

NUMBER_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
    "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90,
    "hundred": 100, "once": 1, "twice": 2, "thrice": 3, "couple": 2, "half a dozen": 6, "dozen": 12,
}  # fmt: skip
NUMBER = r"(?:\d+|" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True)) + ")"

WEEKDAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)s?\b"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)

_HOUR = (
    r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?: o'?clock)?(?: ?[ap]\.?m\b\.?)?"
)
# How far a time is from a full hour: `half past six`, `twenty to nine`.
_OFFSET = r"(?:a )?(?:half|quarter|five|ten|twenty(?:[- ]five)?|\d{1,2}(?: min(?:ute)?s?)?)"
CLOCK = (
    r"(?:noon|midday|midnight"
    rf"|{_OFFSET} (?:past|to|after|before) {_HOUR}|half {_HOUR}"
    r"|\d{1,2}[:.h]\d{2}(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{4}(?= ?(?:h\b|hours\b|hrs\b|utc))"  # noqa: E501 - a pattern reads best in one piece
    r"|\d{1,2}(?= ?(?:hours|hrs)\b(?! (?:after|before|later|ago|apart|between|each|per|from|of)))"
    r"|\d{1,2}(?: o'?clock)?(?![\d%:]| ?(?:min|hour|sec|day|week|month|time|percent|mb|gb|kb|item|row|file|record|year|retries|attempts))"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b(?: o'?clock| ?[ap]\.?m\b\.?)?)"  # noqa: E501 - a pattern reads best in one piece
)


@dataclass(frozen=True, order=True)
class Clock:
    """A time of day."""

    hour: int
    minute: int = 0


def number(text: str) -> int:
    """Return the number that digits or a number word name; 1 for anything else."""
    lowered = text.lower().strip()
    return int(lowered) if lowered.isdigit() else NUMBER_WORDS.get(lowered, 1)


def weekday(text: str) -> int:
    """Return cron's number of a weekday."""
    return WEEKDAYS[text.lower()[:3]]


def month(text: str) -> int:
    """Return the number of a month, from 1."""
    return MONTHS.index(text.lower()[:3]) + 1


_NOON = 12
# The first hour that a part of the day moves to the second half of the day.
_MOVED_FROM = {"afternoon": 1, "evening": 4, "night": 7}


def clock(text: str, *, part: str | None = None) -> Clock | None:
    """Return the time that ``text`` names, or None when there is no such time.

    Args:
        text: What the pattern ``CLOCK`` matched.
        part: The part of the day that the words around it name, such as ``evening``.
    """
    lowered = text.lower().replace(".m", "m").strip(". ")
    if lowered in {"noon", "midday"}:
        return Clock(12)
    if lowered == "midnight":
        return Clock(0)
    hour, minute = _hour_and_minute(lowered)
    if lowered.endswith("pm"):
        hour = hour % _NOON + _NOON
    elif lowered.endswith("am"):
        hour %= _NOON
    elif part == "night" and hour == _NOON:
        hour = 0
    elif _MOVED_FROM.get(part or "", _NOON) <= hour < _NOON:
        hour += _NOON
    return Clock(hour, minute) if hour < 24 and minute < 60 else None  # noqa: PLR2004 - a day


_FROM_HOUR = re.compile(r"^(?:a )?(?P<offset>.+?) (?P<side>past|to|after|before) (?P<hour>.+)$")


def _hour_and_minute(text: str) -> tuple[int, int]:
    from_hour = _FROM_HOUR.match(text)
    if from_hour:
        minutes = _minutes(from_hour["offset"])
        hour = _hour_and_minute(from_hour["hour"])[0]
        is_past = from_hour["side"] in {"past", "after"}
        return (hour, minutes) if is_past else ((hour - 1) % 24, 60 - minutes)
    if text.startswith("half "):
        return _hour_and_minute(text.removeprefix("half "))[0], 30
    numbers = re.findall(r"\d+", text)
    if len(numbers) > 1:
        return int(numbers[0]), int(numbers[1])
    if numbers and len(numbers[0]) == 4:  # noqa: PLR2004 - military time, 0730
        return int(numbers[0][:2]), int(numbers[0][2:])
    return (int(numbers[0]) if numbers else number(re.findall(r"[a-z]+", text)[0])), 0


def _minutes(offset: str) -> int:
    """Return the minutes of `half`, `twenty-five`, `10 minutes`."""
    words = re.findall(r"\d+|[a-z]+", offset)
    known = {"half": 30, "quarter": 15}
    return sum(known.get(word) or number(word) for word in words if not word.startswith("min"))


_ZONE_NAMES = {
    "utc": "UTC", "gmt": "UTC", "zulu": "UTC", "universal": "UTC",
    "cet": "Europe/Berlin", "cest": "Europe/Berlin", "central european": "Europe/Berlin", "german": "Europe/Berlin",  # noqa: E501 - a pattern reads best in one piece
    "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "frankfurt": "Europe/Berlin", "cologne": "Europe/Berlin",  # noqa: E501 - a pattern reads best in one piece
    "bst": "Europe/London", "uk": "Europe/London", "british": "Europe/London", "wet": "Europe/Lisbon",  # noqa: E501 - a pattern reads best in one piece
    "eet": "Europe/Helsinki", "msk": "Europe/Moscow", "geneva": "Europe/Zurich", "swiss": "Europe/Zurich",  # noqa: E501 - a pattern reads best in one piece
    "milan": "Europe/Rome", "barcelona": "Europe/Madrid", "french": "Europe/Paris",
    "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York", "eastern": "America/New_York",  # noqa: E501 - a pattern reads best in one piece
    "us eastern": "America/New_York", "nyc": "America/New_York", "boston": "America/New_York",
    "washington": "America/New_York", "miami": "America/New_York", "atlanta": "America/New_York",
    "cst": "America/Chicago", "cdt": "America/Chicago", "ct": "America/Chicago", "central": "America/Chicago",  # noqa: E501 - a pattern reads best in one piece
    "us central": "America/Chicago", "dallas": "America/Chicago", "houston": "America/Chicago", "austin": "America/Chicago",  # noqa: E501 - a pattern reads best in one piece
    "mst": "America/Denver", "mdt": "America/Denver", "mountain": "America/Denver",
    "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "pacific": "America/Los_Angeles", "us pacific": "America/Los_Angeles", "san francisco": "America/Los_Angeles",  # noqa: E501 - a pattern reads best in one piece
    "seattle": "America/Los_Angeles", "california": "America/Los_Angeles",
    "ist": "Asia/Kolkata", "india": "Asia/Kolkata", "indian": "Asia/Kolkata", "mumbai": "Asia/Kolkata",  # noqa: E501 - a pattern reads best in one piece
    "delhi": "Asia/Kolkata", "bangalore": "Asia/Kolkata", "jst": "Asia/Tokyo", "japan": "Asia/Tokyo",  # noqa: E501 - a pattern reads best in one piece
    "beijing": "Asia/Shanghai", "china": "Asia/Shanghai", "sgt": "Asia/Singapore", "hkt": "Asia/Hong_Kong",  # noqa: E501 - a pattern reads best in one piece
    "aest": "Australia/Sydney", "aedt": "Australia/Sydney",
}  # fmt: skip


@cache
def _zones() -> dict[str, str]:
    """Return IANA names by their lowered city and by themselves."""
    zones: dict[str, str] = {}
    for zone in sorted(available_timezones()):
        if "/" not in zone or zone.startswith(("Etc/", "posix/", "right/", "US/", "SystemV/")):
            continue
        zones[zone.lower()] = zone
        zones.setdefault(zone.rsplit("/", 1)[1].replace("_", " ").lower(), zone)
    return zones | _ZONE_NAMES


def timezone(name: str) -> str | None:
    """Return the IANA zone of a city, an abbreviation or an IANA name, or None."""
    return _zones().get(name.lower().strip())


def local_timezone(link: Path = Path("/etc/localtime")) -> str:
    """Return the IANA name of this machine's zone, or ``UTC`` when it has none."""
    try:
        name = str(link.readlink()).partition("zoneinfo/")[2]
    except OSError:
        return "UTC"
    return name if name in available_timezones() and "/" in name and "Etc/" not in name else "UTC"
