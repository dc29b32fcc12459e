"""Put a request into the forms that the splitter of clauses knows, before it is split."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.openings import opens_clause

# Words for a state that something may be in: before an order they are a condition.
_STATE = r"(?:(?:if|when)\s+)?(?:(?:it(?:'s| is)?|they(?:'re| are)?)\s+)?(?:not\s+|un|in|very\s+|too\s+)?(?:yes|no|ok|good|bad|fine|positive|negative|neutral|lost|found|delivered|valid|likely|possible|true|false|high|low|hot|cold|full|empty|old|new|big|small|missing|known|available|healthy|broken|failed|failure|success(?:ful)?|passed|green|red|late|overdue|paid|approved|accepted|rejected|declined|expired|duplicate|spam|urgent|critical|safe|risky|suspicious|present|absent|open|closed|up|down|wet|dry|sold out|in stock|out of stock)(?:\s*\([^)]*\))?"  # noqa: E501 - a pattern reads best in one piece
_LINE = (
    r"(?P<start>^|[.;,!?\n]\s*(?:[-*•]\s+|\(?\d{1,2}[.)]\s+)?|^\s*(?:[-*•]\s+|\(?\d{1,2}[.)]\s+))"
)
_STATE_FIRST = re.compile(
    rf"{_LINE}(?P<state>{_STATE})\s*(?:\?\s*(?:->|=>|then\b|so\b)?|->|=>|then\b|:)\s*(?=\S)",
    re.IGNORECASE,
)
_WHEN_STATE = re.compile(rf"\bwhen(?=\s+{_STATE}\s*,)", re.IGNORECASE)
_AMOUNT_FIRST = re.compile(
    rf"{_LINE}(?P<state>(?:over|under|above|below|more than|less than|fewer than|at least|at most|hotter than|colder than|higher than|lower than|older than|longer than)\s+[^.,;:!?\n]{{1,40}}?)\s*(?:\?|->|=>|:| and (?=\w))\s*(?=\S)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_OTHER_SIDE = re.compile(
    rf"{_LINE}(?:(?:if )?(?:it is |it's )?(?:less|more|fewer|lower|higher|below|above|not|neither|anything (?:else|less|more|lower|higher)|everything else|all others?)(?: than that| that)?|in (?:any|the|every) other case|if neither)\s*(?:\?|:|->|=>)\s*(?=\S)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ASKED_FIRST = re.compile(
    rf"{_LINE}(?P<verb>is|are)\s+(?P<subject>there|it|they|this|that)(?P<rest>\b[^.,;:!?\n]{{0,40}}?)\s*[,?]\s*(?:so|then)\s+(?=\S)",
    re.IGNORECASE,
)
_FIRST_NEEDED = re.compile(
    r"(?:^|(?<=[.;!?\n-])\s*|,\s*(?:and|but)\s+)(?:the|this|that|it)\b[\w ]{0,30}?\b(?:needs|requires|depends on)\s+(?P<what>[^.;!?\n]{3,60}?)\s+(?:first|beforehand|before)(?=\s*(?:[.;!?\n]|$))",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_WHICH_FIRST = re.compile(
    r",?\s+(?:which|that|but)\s+(?:(?:you|we|it|they|i)\s+)?(?:(?:must|should|need to|have to|has to|needs to)\s+)?(?:first|beforehand)\s+",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_REASON = re.compile(
    r",?\s+(?:because|so that|in order that|given that|since (?=(?:we|it|they|i|the|that|this)\b)|as (?=(?:we|they|i) ))[^.;!?\n]*",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\s*\((?:i|we|you|it|this|that|there|the \w+(?: \w+)? is)\b[^()]*\)", re.IGNORECASE
)
_ONE_BY_ONE = re.compile(
    r"\(?\b(?:one after (?:the other|another)|(?:exactly )?in (?:this|that|the given) order|sequentially)\b(?:,? please)?\)?",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_NEXT_MISSPELT = re.compile(r"(?P<glue>\band|,)\s+than(?=\s)", re.IGNORECASE)
_AFTER_ORDER = re.compile(
    r"(?P<glue>\band|,)\s+after\s+(?!(?:that|this|which|it)\b)(?:to\s+)?(?=(?P<rest>[^.;!?\n]+))",
    re.IGNORECASE,
)
_HEADED = re.compile(
    r"(?P<start>^|[.;,!?\n]\s*(?:[-*•]\s+|\(?\d{1,2}[.)]\s+)?)(?P<head>[^.;,:!?\n]{1,32})(?::|->|=>|→)\s*(?=(?P<rest>[^.;!?\n]+))"
)
_HEAD_WORDS = 4
_REST_OF_CASES = re.compile(
    r"(?:(?:anything|everything|all) (?:else|other|worse|better|less|more|lower|higher|below|above)|otherwise|else|below|above|less|more|worse|better|lower|higher|(?:all |the )?(?:others?|rest))",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"(?<![\w-])(?P<head>if|unless|in case|when(?=\s+(?:valid|ok|done|ready|yes|no|not|true|it|they|the|this|that|there|something|anything|any|all|both|everything)\b)|after|once|as soon as|should(?=\s+(?:it|the|they|this|that|there|any|something|anything)\b))\s+",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:check|see|find out|determine|test|verify|know|tell|decide|detect|ask|look|figure out|say)\s*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_SHORTEST_CONDITION = {"after": 2}


def rephrased(text: str) -> str:
    """Return a masked request with its conditions and reasons in their usual forms.

    Args:
        text: The request without its schedule.
    """
    text = _ONE_BY_ONE.sub("", text)
    text = _ASIDE.sub("", text)
    text = _REASON.sub("", text)
    text = _FIRST_NEEDED.sub(lambda match: f" But first {match['what']}", text)
    text = _WHICH_FIRST.sub(", but first ", text)
    text = _NEXT_MISSPELT.sub(r"\g<glue> then", text)
    text = _AFTER_ORDER.sub(_as_next, text)
    text = _by_cases(text)
    text = _ASKED_FIRST.sub(r"\g<start>if \g<subject> \g<verb>\g<rest>, ", text)
    text = _OTHER_SIDE.sub(lambda match: f"{match['start']} otherwise, ", text)
    for pattern in (_STATE_FIRST, _AMOUNT_FIRST):
        text = pattern.sub(_as_condition, text)
    text = "".join(
        piece if piece.isspace() or not piece else _with_commas(piece)
        for piece in re.split(r"((?<=[.;!?\n])\s+|\n+)", text)
    )
    return _WHEN_STATE.sub("if", text)


def _as_next(match: re.Match[str]) -> str:
    """Return `and after write to them` as `and then write to them`."""
    return f"{match['glue']} then " if opens_clause(match["rest"]) else match[0]


def _by_cases(text: str) -> str:
    """Return `grade A: sell it. Anything worse: scrap it` with its cases as conditions."""
    cases = [match for match in _HEADED.finditer(text) if _is_case(match)]
    if not any(_REST_OF_CASES.fullmatch(match["head"].strip()) for match in cases):
        cases = [match for match in cases if not opens_clause(match["head"])]
    if len(cases) < 2:  # noqa: PLR2004 - one heading is a title
        return text
    found, position = "", 0
    for match in cases:
        start = re.sub(r"[,?]\s*$", "; ", match["start"])
        head = match["head"].strip()
        case = "otherwise" if found and _REST_OF_CASES.fullmatch(head) else f"if {head}"
        found += f"{text[position : match.start()]}{start}{case}, "
        position = match.end()
    return found + text[position:]


def _is_case(match: re.Match[str]) -> bool:
    head = match["head"].lower().split()
    few = 0 < len(head) <= _HEAD_WORDS and head[0] not in {"if", "when", "unless"}
    return few and opens_clause(match["rest"])


def _as_condition(match: re.Match[str]) -> str:
    state = re.sub(r"^(?:if|when)\s+", "", match["state"], flags=re.IGNORECASE)
    start = re.sub(r"[,?]\s*$", "; ", match["start"])
    return f"{start}if {state}, "


def _with_commas(sentence: str) -> str:
    """Return a sentence with a comma between a condition and the order that follows it."""
    position = 0
    while match := _SUBORDINATE.search(sentence, position):
        position = match.end()
        before = sentence[: match.start()]
        rest = re.split(r"[,:]", sentence[match.end() :])[0]
        end = _order_start(rest, _SHORTEST_CONDITION.get(match["head"].lower(), 1))
        if end is None or _ASKS.search(before):
            continue
        cut = match.end() + end
        opening = before.rstrip()
        if (
            opening
            and opening[-1] not in ",;:("
            and not re.search(r"\b(?:and|but|so|then|only)$", opening)
        ):
            before = f"{opening}; "
        sentence = f"{before}{sentence[match.start() : cut].rstrip()}, {sentence[cut:]}"
        position = len(before) + cut - match.start()
    return sentence


def _order_start(text: str, shortest: int) -> int | None:
    """Return where the order starts in `it is open close it`, if there is one."""
    found = [match.start() for match in re.finditer(r"\S+", text)]
    for start in found[shortest:]:
        before = text[:start].rsplit(maxsplit=1)[-1].lower()
        if before in _NO_ORDER_AFTER and text[:start].lower().strip() not in {"no", "not", "yes"}:
            continue
        if _TO_SOMEONE.match(text, start) or _CAUSED.match(text, start):
            return start
        if _TENSE.match(text, start):
            continue
        if opens_clause(text[start:]) and len(text[start:].split()) > 1:
            return start
    return None


_TO_SOMEONE = re.compile(r"[a-z]+ (?:me|us|him|them)\b", re.IGNORECASE)
_CAUSED = re.compile(
    r"(?:have|get) (?:it|them|this|that|these|those|(?:the|a|an|its|their) [\w-]+) \w+(?:ed|en|nt|wn|ade|ut)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_TENSE = re.compile(r"(?:have|has|had|got|did|does)\b", re.IGNORECASE)
# After these a verb is none, or is no order: `the build`, `to send it`, `you send it`.
_NO_ORDER_AFTER_TEXT = (
    "a an the this that these those my our your his her their its no any some each every all "
    "both to of in on at by for from with as and or not don't doesn't didn't cannot can could "
    "will would should must may might shall do does did you we i they he she who which it there "
    "be been is are was were have has had new old more less "
)
_NO_ORDER_AFTER = frozenset(_NO_ORDER_AFTER_TEXT.split())
