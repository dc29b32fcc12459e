"""Where a new step of a base goes: the words that say it, and the steps they mean."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.base_dataflow import upstream_of
from prefect_luthier.ai_builder.offline.base_steps import BaseSteps
from prefect_luthier.ai_builder.offline.clauses import Clause
from prefect_luthier.ai_builder.offline.conditions import Meaning, read_condition
from prefect_luthier.ai_builder.offline.dataflow import result_expression
from prefect_luthier.ai_builder.offline.edits import MEANT
from prefect_luthier.ai_builder.offline.literals import Masked

_ANCHORED = re.compile(
    r"^(?P<rest>.+?)[\s,]+(?P<where>right before|just before|before|right after|just after|after|once|as soon as|in parallel (?:with|to)|parallel to|alongside(?: with)?|at the same time as|simultaneously with|while)\s+(?P<anchor>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ANCHOR_FIRST = re.compile(
    r"^(?P<where>before|after|once|as soon as|in parallel (?:with|to)|alongside|while)\s+(?P<anchor>[^,]+?)\s*,\s*(?P<rest>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\bbetween\s+(?P<first>.+?)\s+and\s+(?P<second>.+)$", re.IGNORECASE)
_AT_START = re.compile(
    r"\b(?:at the (?:very )?(?:start|beginning|top)|as (?:a|the) first step|first of all|to begin with|at first|up front|beforehand)\b|^(?:first|initially)\b|\bfirst$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_AT_END = re.compile(
    r"\b(?:at the (?:very )?end|in the end|finally|lastly|as (?:a|the) last step|afterwards|when (?:everything|all)[\w ' ]* (?:done|finished|over)|last)\b|^then\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def find_anchor(text: str, steps: BaseSteps, masked: Masked) -> tuple[str, str | None, list[str]]:
    """Return a text without the words that say where, where that is, and the steps named."""
    between = _BETWEEN.search(text)
    if between:
        first, second = (steps.find(masked.unmask(between[key])) for key in ("first", "second"))
        if first and second and first.id != second.id and min(first.score, second.score) >= MEANT:
            return text[: between.start()].strip(" ,"), "before", [second.id]
    match = _ANCHOR_FIRST.match(text) or _ANCHORED.match(text)
    if match and read_condition(match["anchor"]).kind != "failed":
        words = masked.unmask(match["anchor"])
        middle = re.split(r"\s+(?:and|but)\s+(?:right |just )?before\s+", words, maxsplit=1)
        meant = steps.find(middle[-1] if len(middle) > 1 else words)
        if meant is not None and meant.score >= MEANT:
            where = match["where"].lower().removeprefix("right ").removeprefix("just ")
            if len(middle) > 1:
                return match["rest"], "before", [meant.id]
            kind = (
                "before"
                if where == "before"
                else "after"
                if where.startswith(("after", "once", "as soon"))
                else "beside"
            )
            return match["rest"], kind, [meant.id]
        if re.match(r"(?:that|this|it|everything|all)\b", words, re.IGNORECASE):
            last = steps.last()
            if match["where"].lower().endswith("before") and last:
                return match["rest"], "before", [last]
            return match["rest"], "end", []
    if _AT_START.search(text):
        return _AT_START.sub("", text).strip(" ,"), "start", []
    if re.match(r"^before (?:that|this)\b", text, re.IGNORECASE):
        return (
            re.sub(r"^before (?:that|this)\s*,?\s*", "", text, flags=re.IGNORECASE),
            "before",
            steps.sinks()[-1:],
        )
    return text, None, []


def default_place(
    text: str, clause: Clause, steps: BaseSteps, masked: Masked
) -> tuple[str, list[str]]:
    """Return where a step goes when nothing says it: at the end, or after what it works on."""
    if clause.condition is not None:
        meaning = read_condition(clause.condition, negated=clause.negated)
        general = re.search(
            r"\b(?:anything|something|any (?:step|of|part)|it|that|this|the (?:workflow|flow|run|job|pipeline))\b",  # noqa: E501 - a pattern reads best in one piece
            clause.condition,
            re.IGNORECASE,
        )
        told = _telling_step(meaning, steps) if meaning.kind == "failed" else None
        if told:
            return "branch", [told]
        meant = None if general else steps.find(masked.unmask(clause.condition))
        if meant is not None and meant.score >= MEANT:
            return "branch", [meant.id]
        if meaning.kind == "failed" and general:
            return "any-failure", list(steps.tables)
    last = steps.last()
    if _AT_END.search(text) or last is None:
        return "end", []
    working_on = steps.find(_things(masked.unmask(clause.text)))
    if (
        working_on
        and working_on.score >= _ON_SURE
        and working_on.id != last
        and re.search(r"\balso\b|\btoo\b|\bas well\b", text, re.IGNORECASE)
    ):
        return "branch", [working_on.id]
    return "end", []


_STATE_WORDS = re.compile(
    r"\b(?:down|offline|unreachable|unavailable|red|not (?:ok|up|reachable|available|responding)|does(?:n't| not) answer)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _telling_step(meaning: Meaning, steps: BaseSteps) -> str | None:
    """Return the step whose output says that something is down, as a condition has it."""
    if not _STATE_WORDS.search(meaning.subject):
        return None
    found = (name for name in steps.tables if result_expression(upstream_of(name, steps), meaning))
    return next(found, None)


_ON_SURE = 0.45


def _things(text: str) -> str:
    """Return the object of a clause: what stands between its verb and its first preposition."""
    match = re.match(r"\s*\w+\s+(.*?)(?:\s+(?:to|into|in|on|via|at|with|by|for|as)\b.*)?$", text)
    return match[1] if match and match[1] else text
