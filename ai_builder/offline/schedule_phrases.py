"""The English phrases that say when something recurs, as patterns."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.times import CLOCK, MONTH, NUMBER, WEEKDAY

LIST_SEPARATOR = r"(?:\s*(?:,|/|&|\+)\s*(?:and\s+)?|\s+(?:and|or)\s+)"
ORDINAL = r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|tenth|fifteenth|last)"
_DAYS = rf"{WEEKDAY}(?:{LIST_SEPARATOR}(?:on\s+|every\s+|each\s+)?{WEEKDAY})*"
_DAY_RANGE = rf"{WEEKDAY}\s*(?:-|\u2013|to|through|thru|until|till)\s*{WEEKDAY}"
_ORDINALS = rf"{ORDINAL}(?:{LIST_SEPARATOR}(?:the\s+)?{ORDINAL})*"
_CLOCKS = rf"{CLOCK}(?:{LIST_SEPARATOR}(?:at\s+|again at\s+)?{CLOCK})*"
_EVERY = r"(?:every(?: single)?|each|per|once (?:a|an|per|every|each))"
_WORKDAYS = r"(?:weekdays?|work(?:ing)?[- ]?days?|business[- ]?days?)\b"
_PART = r"(?:(?:early |late )?(?:in the|at)(?: early| late)?|\bthis|\bin|\bon the)"
_PERIOD_WORKFLOW = r"(?:job|run|workflow|work ?flow|flow|pipeline|process|task|automation|routine|schedule|cadence|basis)\b"  # noqa: E501 - a pattern reads best in one piece
_ADVERB_END = rf"(?=\s*(?:$|[,.;:!?)&\u2013-]|\d{{1,2}}(?:[:.]\d\d|\s?[ap]m)|{WEEKDAY}|\b(?:at|on|from|in|by|between|and|then|instead|now|rather|i|we|you|please|run|around|before|after|starting|without|to|during)\b))"  # noqa: E501 - a pattern reads best in one piece
_ADVERB = r"daily|nightly|hourly|weekly|monthly|quarterly|yearly|annually|fortnightly|biweekly|bi-weekly|overnight|around the clock"  # noqa: E501 - a pattern reads best in one piece
_NTH_MONTHS = rf"{MONTH}(?:{LIST_SEPARATOR}{MONTH})"
_INTERVAL = rf"(?:(?P<fraction>half(?:\s+an)?|quarter(?:\s+of\s+an)?)[ -]+hour|(?P<count>{NUMBER})[\s-]*(?P<unit>min(?:ute)?s?|mins?|h(?:ou)?rs?|hours?|h|m|days?|weeks?|months?)\b)"  # noqa: E501 - a pattern reads best in one piece

_NTH = r"(?:(?:second|next|third)[ -](?:to[ -])?last|penultimate|first|second|third|fourth|fifth|last|1st|2nd|3rd|4th|5th)"  # noqa: E501 - a pattern reads best in one piece
_NTHS = rf"{_NTH}(?:{LIST_SEPARATOR}(?:the\s+)?{_NTH})*"

_ANCHORS: tuple[tuple[str, str], ...] = (
    (
        "cron",
        r"(?:cron(?:tab)?(?: expression| schedule)?:?\s*[\"'`(]?|[\"'`(])(?P<cron>(?:[\d*][\d*/,-]*\s+){4}[\d*A-Za-z](?:[\w*/,#-]*[\w*])?)[\"'`)]?",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "range",
        rf"(?:\b(?:{_EVERY}|on|from)\s+)?(?P<from_day>{WEEKDAY})\s*(?:-|\u2013|to|through|thru|until|till)\s*(?P<to_day>{WEEKDAY})",
    ),
    (
        "opening_days",
        rf"^\s*(?:on\s+)?(?P<opening_days>{_DAYS})(?=,?\s+(?:(?:morning|afternoon|evening|night|noon)\b|at\s+(?:{CLOCK})|\d{{1,2}}(?:[:.]\d\d|\s?[ap]m)|half past|quarter (?:past|to)))",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "nth_weekday",
        (
            rf"(?:\bon\s+|{_EVERY}\s+)?(?:\bthe\s+)?(?P<nth>{_NTHS})\s+(?P<nth_day>{WEEKDAY})\s+(?:of|in)\s+(?:the|each|every|a)\s+(?:month|quarter|year)"
            rf"|(?:(?:every|each)\s+(?:month|quarter)|monthly|quarterly),?\s+on\s+(?:the\s+)?(?P<nth2>{_NTHS})\s+(?P<nth_day2>{WEEKDAY})"
            rf"|(?:every|each)\s+(?P<nth3>first|1st|last)\s+(?P<nth_day3>{WEEKDAY})"
            rf"|(?:(?:every|each|on)\s+)(?P<nth_day4>{WEEKDAY})\s+the\s+(?P<nth4>\d{{1,2}}(?:st|nd|rd|th))"
        ),
    ),
    (
        "month_list",
        rf"(?:\bon\s+)?(?:\bthe\s+)?(?P<list_ordinals>{_ORDINALS})(?:\s+day)?\s+(?:of|in)\s+(?P<list_months>{_NTH_MONTHS}(?:{LIST_SEPARATOR}{MONTH})*)|(?:every|each)\s+(?P<bare_months>{_NTH_MONTHS}(?:{LIST_SEPARATOR}{MONTH})*)|\bin\s+(?P<in_months>{_NTH_MONTHS}(?:{LIST_SEPARATOR}{MONTH})*)\s+on\s+the\s+(?P<in_ordinals>{_ORDINALS})",
    ),
    (
        "monthday",
        rf"(?:\bon\s+|every\s+|each\s+)?(?:\bthe\s+)?\b(?P<ordinals>{_ORDINALS})(?:\s+(?:calendar\s+|working\s+|business\s+)?day)?\s+(?:of\s+)?(?:(?:the|each|every|a)\s+|(?<=of )(?=month\b))(?P<of>month|quarter|year)",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "monthdays",
        rf"\bon\s+(?:the\s+)?(?P<digit_ordinals>\d{{1,2}}(?:st|nd|rd|th)(?:{LIST_SEPARATOR}(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th))+)(?!\s+(?:of\s+)?{MONTH})",
    ),
    (
        "monthstart",
        r"(?:at|on|by)\s+(?:the\s+)?(?:very\s+)?(?P<edge>start|beginning|end)\s+of\s+(?:the|each|every|a)\s+(?P<edge_of>day|week|month|quarter|year)|(?:every|each)\s+(?P<edge_of2>month|quarter)[ -](?P<edge2>end|start)",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "yearday",
        rf"(?:every year on|each year on|every|annually on|yearly on)\s+(?:the\s+)?(?:(?P<year_month>{MONTH})\s+(?P<year_day>\d{{1,2}})(?:st|nd|rd|th)?|(?P<year_day2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<year_month2>{MONTH}))",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "workdays",
        rf"(?:\b(?:{_EVERY}|on|during)\s+)?(?:\b(?:every|each|all|the)\s+)?{_WORKDAYS}(?!\s+(?:after|before|count))",
    ),
    ("weekends", rf"(?:\b(?:{_EVERY}|on|at)\s+)?(?:the\s+|all\s+)?weekends?\b"),
    (
        "other",
        rf"{_EVERY}\s+(?:other|second|2nd|(?P<nth_other>third|3rd|fourth|4th|fifth|5th|sixth|6th|tenth|10th))\s+(?P<other>minute|hour|day|night|week|month|{WEEKDAY})",
    ),
    ("seconds", rf"(?:{_EVERY}|at intervals of)\s+(?:(?:{NUMBER})[\s-]*)?sec(?:ond)?s?\b"),
    ("interval", rf"(?:{_EVERY}|at intervals of)\s+{_INTERVAL}"),
    (
        "times_per",
        rf"(?P<times>once|twice|thrice|(?:{NUMBER})\s+times|(?:{NUMBER})\s*x)\s+(?:a|an|per|each|every)\s+(?P<per>hour|day|week|month|quarter|year)|(?P<times2>twice|thrice|(?:{NUMBER})\s+times)[\s-]+(?P<per2>daily|hourly|weekly|monthly)",
    ),
    (
        "days",
        rf"(?:(?:{_EVERY}|on every|on each)\s+(?P<days>{_DAYS})|(?:\b(?:on|all)\s+)?(?P<plural_days>{WEEKDAY[:-4]}s\b(?:{LIST_SEPARATOR}(?:on\s+)?{WEEKDAY})*)|(?:\bon\s+)?(?P<part_days>{_DAYS})\s+(?=mornings|afternoons|evenings|nights))",  # noqa: E501 - a pattern reads best in one piece
    ),
    (
        "period",
        rf"(?:\b(?:{_EVERY}|once (?:a|per)|all(?=\s+(?:days|nights|hours)\s+(?:at|around)\b))\s+(?:(?:full|whole|calendar)\s+)?(?P<period>minute|hour|day|morning|afternoon|evening|night|noon|midnight|week|month|quarter|year)(?:(?<=day)s|(?<=night)s|(?<=hour)s)?\b(?:\s+of\s+the\s+(?:week|month|year)\b)?|\ba\s+(?P<adjective>daily|nightly|hourly|weekly|monthly|quarterly|yearly|annual)\s+{_PERIOD_WORKFLOW}|(?:\bon\s+)?\ban?\s+(?P<basis>daily|nightly|hourly|weekly|monthly|quarterly|yearly|annual)\s+(?:basis|schedule|cadence)|\b(?P<adverb>{_ADVERB}){_ADVERB_END}|(?<=[ap]m )(?P<late_adverb>daily|nightly|weekly|monthly)|^\s*(?P<open_adverb>{_ADVERB})(?=\s+\w+\s+(?:up\s+|out\s+)?(?:the|all|our|my|a|an|each|every)\b))",  # noqa: E501 - a pattern reads best in one piece
    ),
)
ANCHOR = re.compile(
    "|".join(f"(?P<k_{kind}>{pattern})" for kind, pattern in _ANCHORS), re.IGNORECASE
)
# Times that say a recurrence only where no other phrase does.
LONE_CLOCK = re.compile(
    rf"(?:^|(?<=[.!?:]\s))\s*(?:at\s+(?P<clocks>noon\b|midnight\b|\d{{1,2}}:\d\d(?: ?[ap]\.?m\b)?|\d{{1,2}} ?[ap]\.?m\b|{CLOCK}(?=(?: o'?clock)?\s+{_PART}\s+(?:morning|afternoon|evening|night)|\s+at night))(?:(?P<part>\s+{_PART}\s+(?:morning|afternoon|evening|night)|\s+at night))?,?\s+(?=[a-z])(?!on\b)"  # noqa: E501 - a pattern reads best in one piece
    rf"|(?P<opening_clocks>noon|midnight|\d{{1,2}}:\d\d(?: ?[ap]\.?m\b)?|\d{{1,2}} ?[ap]\.?m\b)\s*(?:[:,]|-+>?)\s+(?=\w))"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<on_the_hour>\b(?:on|at) the (?:full )?hour\b)",
    re.IGNORECASE,
)

_ZONE_WORD = (
    r"[A-Za-z]+(?:/[A-Za-z_]+)+|[A-Z][A-Za-z]+(?: [A-Z][a-z]+)?|[A-Z]{2,4}|[a-z]+(?: [a-z]+)?"
)
_ZONE = re.compile(
    rf"\s*[,(]?\s*(?:in\s+|by\s+)?(?:the\s+)?(?P<zone>{_ZONE_WORD})\s+(?:local\s+)?(?:standard\s+)?(?:time(?:zone)?\b(?: zone)?)\)?"  # noqa: E501 - a pattern reads best in one piece
    rf"|\s*[,(]?\s*(?P<zone2>[A-Z][A-Za-z]+/[A-Za-z_]+|\b(?:UTC|GMT|CET|CEST|BST|EST|EDT|ET|CST|CDT|MST|MDT|PST|PDT|PT|IST|JST|utc|gmt|cet|cest|est|pst)\b)\)?"
    rf"|\s+in\s+(?P<zone3>[A-Z][A-Za-z]+(?: [A-Z][a-z]+)?)(?=\s*(?:$|[,.;]))"
)
_AFTER_CLOCK = rf"(?:\s*(?:sharp|hours|hrs|h)\b)?(?P<part>,?\s+{_PART}\s+(?:morning|afternoon|evening|night)|\s+(?:at\s+)?night)?"  # noqa: E501 - a pattern reads best in one piece
_WINDOW = rf"(?:only\s+)?(?:between|from)\s+(?:the\s+hours\s+of\s+)?(?P<start>{CLOCK})\s*(?:and|to|until|till|through|-|\u2013)\s*(?P<end>{CLOCK})(?:\s+hours)?"  # noqa: E501 - a pattern reads best in one piece
_OFTEN = rf"(?:every|each)\s+(?:{_INTERVAL}|(?:full\s+)?(?P<single>hour|minute)\b)"
_AFTER: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"\s*,?\s*(?:{pattern})", re.IGNORECASE))
    for kind, pattern in (
        ("between_every", rf"{_WINDOW}\s*,?\s*{_OFTEN}"),
        ("between", _WINDOW),
        ("office", r"(?:only\s+)?(?:during|in|within)\s+(?:the\s+)?(?:working|business|office|opening)[ -]hours"),  # noqa: E501 - a pattern reads best in one piece
        ("at", rf"(?:-\s*)?(?:(?:at|by|around|@|from(?!\s+\d{{1,2}}\s+to\s)|starting(?: at)?|(?:shortly|right|just|soon) after)\s+(?:exactly\s+|about\s+|around\s+)?)(?P<clocks>{_CLOCKS}){_AFTER_CLOCK}(?!\s+(?:and|or)\s+\d)"),  # noqa: E501 - a pattern reads best in one piece
        ("past", rf"(?:at\s+)?(?P<minutes>{NUMBER}|quarter|half)(?:\s+min(?:ute)?s?)?\s+past(?:\s+(?:the|every|each))?\s+hour|on the (?P<half_hour>half)(?:[ -]hour)?\b"),  # noqa: E501 - a pattern reads best in one piece
        ("top", r"(?:at|on)\s+the\s+(?:hour|top of the hour)\b"),
        ("interval", _OFTEN),
        ("part", r"(?:(?:early |late )?(?:in the|at)\s+(?:early |late )?|early |late )?(?:\bfirst thing in the\s+)?(?P<partword>morning|afternoon|evening|night|noon|midnight)s?\b"),  # noqa: E501 - a pattern reads best in one piece
        ("except", rf"(?:except(?: for| on)?|excluding|but not|other than|but)\s+(?:on\s+)?(?:the\s+)?(?:(?P<not_weekends>weekends?)|(?P<not_days>{_DAYS}))"),  # noqa: E501 - a pattern reads best in one piece
        ("days", rf"(?:but\s+)?(?:only\s+)?(?:(?:on|every|each|during|from)\s+)?(?P<range>{_DAY_RANGE})"),  # noqa: E501 - a pattern reads best in one piece
        ("days", rf"(?:but\s+)?(?:only\s+)?(?:on|every|each|during)\s+(?:the\s+|all\s+)?(?:(?P<workdays>{_WORKDAYS})|(?P<weekends>weekends?)|(?P<days>{_DAYS}))"),  # noqa: E501 - a pattern reads best in one piece
        ("loose_days", rf"(?:(?:instead|now|rather)\b)?,?\s*(?:namely\s+)?(?P<days>{_DAYS})"),
        ("yearday", rf"on\s+(?:the\s+)?(?:(?P<month>{MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month2>{MONTH}))"),  # noqa: E501 - a pattern reads best in one piece
        ("monthday", rf"on\s+(?:the\s+)?(?:(?P<ordinals>{_ORDINALS})(?:\s+day)?(?:\s+of\s+(?:the|each|every)\s+month)?|day\s+(?P<day_number>\d{{1,2}})\b)(?!\s+{WEEKDAY})"),  # noqa: E501 - a pattern reads best in one piece
        ("months", rf"(?:but\s+)?(?:only\s+)?(?:(?:in|during)\s+(?P<months>{MONTH}(?:{LIST_SEPARATOR}{MONTH})*)|(?:from|between)\s+(?P<first_month>{MONTH})\s+(?:to|until|till|through|and)\s+(?P<last_month>{MONTH}))"),  # noqa: E501 - a pattern reads best in one piece
        ("limit", rf"(?P<limit>(?:except(?: for| on)?|excluding|but not on|until|till|starting(?: from| in| on)?|from|as of)\s+(?:the\s+)?(?:(?:public |bank |school )?holidays|christmas|easter|new year|end of (?:the|this) \w+|next \w+|tomorrow|{MONTH}(?:\s+\d{{1,4}}\b)?|\d{{4}}\b))"),  # noqa: E501 - a pattern reads best in one piece
        ("clock", rf"(?P<clocks>\d{{1,2}}[:.]\d{{2}}(?: ?[ap]\.?m\b)?|\d{{1,2}} ?[ap]m\b|\d{{1,2}}h(?:\d\d)?\b|(?:a\s+)?(?:half|quarter|ten|twenty|five)[ -](?:past|to)\s+\w+){_AFTER_CLOCK}"),  # noqa: E501 - a pattern reads best in one piece
    )
)  # fmt: skip
MODIFIERS = (*_AFTER, ("zone", _ZONE))

_RUN_IT = r"(?:(?:please\s+)?(?:run|runs|schedule[ds]?)(?:\s+(?:it|this|that))?\s+)?"
BEFORE: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?:^|(?<=[\s,(])){_RUN_IT}(?:{pattern})\s*,?\s*(?:on\s+|of\s+)?$", re.IGNORECASE))  # noqa: E501 - a pattern reads best in one piece
    for kind, pattern in (
        ("at", rf"(?:at|by|around|(?:shortly|right|just|soon) after)\s+(?P<clocks>{_CLOCKS}){_AFTER_CLOCK}"),  # noqa: E501 - a pattern reads best in one piece
        ("at", rf"(?:(?<=^)|(?<=[.:\n] ))(?P<clocks>\d{{1,2}}[:.]\d{{2}}(?: ?[ap]\.?m\b)?|\d{{1,2}} ?[ap]m\b|(?:noon|midnight)){_AFTER_CLOCK}"),  # noqa: E501 - a pattern reads best in one piece
        ("at", r"(?P<clocks>\d{1,2}(?:(?:\s*,\s*|\s+and\s+)\d{1,2})* o'?clock)(?P<part>)"),
        ("past", rf"at\s+(?P<minutes>{NUMBER}|quarter|half)(?:\s+min(?:ute)?s?)?\s+past"),
        ("between", rf"between\s+(?P<start>{CLOCK})\s+and\s+(?P<end>{CLOCK})"),
        ("part", r"(?P<partword>in the (?:morning|evening|afternoon)|at night)"),
    )
)  # fmt: skip
