"""How a clause opens: with a command, a passive, or no request at all."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline import order_words
from prefect_luthier.ai_builder.offline.literals import is_mark
from prefect_luthier.ai_builder.offline.words import vocabulary

_FILLER = re.compile(
    r"^(?:(?:also|please|then|and|just|simply|automatically|immediately|quickly|finally|next|again|first|directly|otherwise|else|don't forget to|make sure to|be sure to|to|you|we|i|always|lastly|afterwards|subsequently|have it|get it|that)\s+)+",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_OBJECT = re.compile(
    r"^(?:the|an?|it|its|them|that|this|these|those|my|our|your|his|her|their|me|us|him|everyone|everybody|everything|each|every|all|any|some|both|to|back|out|up|off|down|over|into|onto|in|on|as|who(?:ever|m)?|what(?:ever)?|new|one|two|three|\d+|[A-Z#@]\w*)\b|^[\ue000-\uf8ff]",
)
_PLURAL = re.compile(
    r"^(?:[a-z-]+ ){0,2}[a-z]{3,}(?<!s)s\b(?:$| (?:to|with|for|of|in|from|on|at|by|into|that|which|and))"  # noqa: E501 - a pattern reads best in one piece
)


def opens_clause(text: str) -> bool:
    """Return whether a text starts with an imperative verb and something that follows it."""
    rest = order_words.POLITE.sub("", _FILLER.sub("", text.strip()))
    rest = order_words.POLITE.sub("", rest)
    match = re.match(r"([A-Za-z]+)((?:-[a-z]+)*)\s*(.*)", rest, re.DOTALL)
    if not match:
        return False
    word, hyphen, follows = match[1].lower(), match[2], match[3]
    known = vocabulary()
    if word not in known.verb_words or (hyphen and word not in {"re", "double"}):
        return False
    if not follows or follows[0] in ",.;":
        return word not in known.noun_verbs
    if re.match(r"(?:and|or|of|is|are|was|were|has|have|should|must|needs?)\b", follows):
        return False
    if word not in known.noun_verbs or is_mark(follows[0]):
        return True
    return bool(_OBJECT.match(follows) or _PLURAL.match(follows))


def orders_plainly(text: str) -> bool:
    """Return whether a text starts with a bare imperative, with nobody who does it."""
    return starts_with_verb(text) and opens_clause(text)


def starts_with_verb(text: str) -> bool:
    """Return whether the first word of a text can be an imperative."""
    first = re.match(r"[A-Za-z]+", text)
    return first is not None and first[0].lower() in vocabulary().verb_words


_PASSIVE = re.compile(
    r"^(?:(?:the|an?|its?|they|them|this|that|these|those|all|each|every|both|any|our|my|your|their|another|one)\b\s*)?(?:[\w'\ue000-\uf8ff-]+\s+){0,6}?(?:(?:should|must|has to|have to|needs? to|will|shall|can|ought to)\s+(?:then\s+|also\s+|finally\s+)?(?:be|get)|gets?|(?:is|are) to be|needs?)\s+(?:then\s+|also\s+|automatically\s+)?\w+(?:ed|en|nt|wn|ut|ade|old|id|ilt|eft|ead|ung|un|ept|et)\b"  # noqa: E501 - a pattern reads best in one piece
    r"|^(?:the|an?|its|this|that|all|our|my|their|it|they)\b\s*(?:[\w'\ue000-\uf8ff-]+\s+){0,5}?(?:is|are)\s+(?:then\s+|also\s+|finally\s+|subsequently\s+)?\w+(?:ed|wn|ent|ilt|ade)\s+(?:to|in|into|on|by|with|from|as|at|and|that|whether)\b",
    re.IGNORECASE,
)


def opens_passive(text: str) -> bool:
    """Return whether a text starts with something that shall be done: `the result is stored`."""
    return bool(_PASSIVE.match(text.strip()))


_CONTINUED = re.compile(
    r"^(?:the|its?|all|every|each|our|their|an?)\s+(?:[\w'-]+\s+){1,4}?\w+(?:ed|wn|ent|ilt|ade|ept|old|aid|ut)\b\s*(?:$|,|\b(?:and|in|into|to|on|at|by|with|from|as|for)\b)",
    re.IGNORECASE,
)


_BEING = re.compile(r"^be\s+\w+(?:ed|wn|ent|ilt|ade|ept|old|aid|ut)\b", re.IGNORECASE)


def is_passive(text: str) -> bool:
    """Return whether a text says what shall be done to something, or goes on: `be marked`."""
    return opens_passive(text) or bool(_BEING.match(text.strip()))


def continues_passive(text: str) -> bool:
    """Return whether a text goes on with a passive: `…, the parents informed and …`."""
    return bool(_CONTINUED.match(text.strip()))


_STATED = re.compile(
    r"^(?:the|an?|all|each|every|both|its|our|my|their|it|they)\b\s*(?:[\w'\ue000-\uf8ff-]+\s+){0,7}?(?:is|are|gets?)\s+(?:then\s+|also\s+|finally\s+)?\w+(?:ed|wn|ent|ilt|ade)\s*$",
    re.IGNORECASE,
)


def states_passive(text: str) -> bool:
    """Return whether a text says what is done to something: `the statistics are refreshed`."""
    return bool(_STATED.match(text.strip(" .,!"))) or opens_passive(text)


_ASKING = re.compile(
    r"\b(?:please|pls|plz|kindly|should|shall|must|needs?|want|wants|would like|'d like|let's|can you|could you|would you|will you|make sure|has to|have to|ought to|want you|i'd love|it'd be|would be (?:nice|great|good)|task is|job is|goal is|supposed to|then|finally|afterwards|first|if|unless|when|whenever|once|for each|for every|every time)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"^(?:hi|hello|hey|(?:kind |best |warm )?regards|yours|sincerely|thanks|thx|ty|thank you|cheers|regards|best|sorry|btw|by the way|fyi|note that|context|background|hope|currently|at the moment|right now|so far|until now|lately|recently|last (?:week|month|year)|as you (?:know|may know)|(?:i|we|they|he|she|my|our|it|this|that|there|nobody|someone|somebody|people|everyone)\b(?!.*\b(?:should|must|need(?:s)? (?:to|you|this|that|it|a|the|an|our|my)|want|would like|'d like|have to|has to|shall)\b))",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


_GREETING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|morning|evening)\b(?: \w+){0,2}\s*[,!.:-]\s*",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_WHEN_FIRST = re.compile(
    r"^(?:and\s+|but\s+)?(?:after|before|once|as soon as|while|if|unless|when|whenever)\b[^,]+,\s*\S|^while\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


# What is wanted to be known and can be measured: work for a step, however it is put.
_MEASURED = re.compile(
    r"^(?:and\s+|so\s+)?(?:how (?:much|many|long|often|full|busy|old|warm|cold|hot|far))\b(?!.*\byou\b)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def is_directive(sentence: str) -> bool:
    """Return whether a sentence asks for something, rather than telling about it."""
    if _MEASURED.match(sentence.strip()):
        return True
    if sentence.strip().endswith(":") or is_question(sentence):
        return False
    stripped = _GREETING.sub("", sentence.strip(" .,!?"))
    if _WHEN_FIRST.match(stripped):
        return True
    if _TELLING.match(stripped) and not opens_passive(stripped):
        inner = order_words.POLITE.sub("", stripped)
        return inner != stripped and (
            opens_clause(inner) or bool(order_words.CONTAINER.match(inner))
        )
    if _ASKING.search(stripped) or opens_passive(stripped):
        return True
    return not is_question(sentence) and not _tells(stripped)


_SUBJECT = re.compile(
    r"^(?:the|an?|our|my|their|his|her|these|those|some|many|most|all|no|[A-Z]?[a-z]+s|[A-Z][a-z]+)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|got|does|don't|doesn't|didn't|isn't|aren't|won't|can't|keeps?|costs?|takes|needs|wants|complained|leaked|\w{3,}ed)\b",
    re.IGNORECASE,
)


def _tells(sentence: str) -> bool:
    """Return whether a sentence has a subject and a finite verb: it tells how things are."""
    inner = order_words.POLITE.sub("", sentence)
    if (
        opens_clause(inner)
        or order_words.LEADING.match(inner)
        or order_words.CONTAINER.match(inner)
    ):
        return False
    return bool(_SUBJECT.match(inner)) and bool(_FINITE.search(inner))


_QUESTION = re.compile(
    r"^(?:so\s+|and\s+|but\s+)?(?:who|whom|whose|what(?:'s|s)?|which|where|why|how|is|are|was|were|do|does|did|am|has|have|should|will|would|may|can (?!you|we|u\b)|could (?!you|we|u\b))\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def is_question(sentence: str) -> bool:
    """Return whether a sentence wants to know something: it is no order."""
    stripped = sentence.strip()
    return (
        stripped.endswith("?")
        and bool(_QUESTION.match(stripped))
        and not order_words.POLITE.match(stripped)
    )
