"""Words and their stems, and the vocabulary that says which words mean the same."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import snowballstemmer

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_stemmer = snowballstemmer.stemmer("english")


@cache
def stem(word: str) -> str:
    """Return the stem of a word, with its irregular forms brought to one."""
    lowered = word.lower().removesuffix("'s")
    return str(_stemmer.stemWord(vocabulary().irregular.get(lowered, lowered)))


def words(text: str) -> list[str]:
    """Return the lowered words and numbers of a text; ``camelCase`` and ``snake_case`` split."""
    return _WORD.findall(_HUMP.sub(" ", text).lower().replace("_", " "))


@dataclass(frozen=True)
class Vocabulary:
    """What the data file says about words, by stem.

    Args:
        verbs: Groups that a verb belongs to.
        nouns: Groups that a noun belongs to.
        verb_words: All forms that can open an imperative clause.
        noun_verbs: Those of them that are as often nouns, such as `report`.
        opposites: Pairs of sides that exclude each other.
        polarity: The sides that a word is on, by stem.
        named: Kind and usual name of products, channels and formats, by any of their names.
        weak: Words that say little about which action is meant.
        stop: Words that say nothing.
        light: Verbs that say little about what is done, such as `get`.
        vague: Words that name nothing an action could be found by.
        irregular: Irregular form to base form.
        phrases: Idioms and the words they stand for.
        restatements: Ways to say something, and the plain way.
    """

    verbs: dict[str, frozenset[str]]
    nouns: dict[str, frozenset[str]]
    verb_words: frozenset[str]
    noun_verbs: frozenset[str]
    opposites: frozenset[tuple[str, str]]
    polarity: dict[str, frozenset[str]]
    named: dict[str, tuple[str, str]]
    weak: frozenset[str]
    stop: frozenset[str]
    light: frozenset[str]
    vague: frozenset[str]
    irregular: dict[str, str]
    phrases: tuple[tuple[re.Pattern[str], str], ...]
    restatements: tuple[tuple[re.Pattern[str], str], ...]


@cache
def vocabulary() -> Vocabulary:
    """Read the vocabulary that ships with the drafter."""
    data = tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text("utf-8"))
    verbs = tomllib.loads(files(__package__).joinpath("verbs.toml").read_text("utf-8"))
    irregular = {form: base for base, forms in data["irregular"].items() for form in forms.split()}
    opposites = {tuple(pair.split()) for pair in data["opposites"]["pairs"]}
    return Vocabulary(
        verbs=_groups(data["verbs"]),
        nouns=_groups(data["nouns"]),
        verb_words=frozenset(
            word
            for group, members in data["verbs"].items()
            for word in (group, *members.split())
            if "_" not in word
        )
        | frozenset(data["imperatives"]["words"].split())
        | frozenset(verbs["pure"].split())
        | frozenset(verbs["ambiguous"].split()),
        noun_verbs=frozenset(data["imperatives"]["noun_verbs"].split())
        | (frozenset(verbs["ambiguous"].split()) - frozenset(data["imperatives"]["words"].split())),
        opposites=frozenset(
            (first, second) for a, b in opposites for first, second in ((a, b), (b, a))
        ),
        polarity=_sides(data["polarity"]),
        named=_named(data["named"]),
        weak=frozenset(map(_raw_stem, data["weak"]["words"].split())),
        vague=frozenset(map(_raw_stem, data["vague"]["words"].split())),
        light=frozenset(map(_raw_stem, data["light"]["words"].split())),
        stop=frozenset(data["stop"]["words"].split()),
        irregular=irregular,
        phrases=tuple(
            (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), replacement)
            for pattern, replacement in data["phrases"].items()
        ),
        restatements=tuple(
            (re.compile(pattern, re.IGNORECASE), replacement)
            for pattern, replacement in data["restatements"].items()
        ),
    )


def restated(text: str) -> str:
    """Return a clause in plain words: `let her know by mail` becomes `send a mail message`."""
    for pattern, replacement in vocabulary().restatements:
        text = pattern.sub(replacement, text)
    return text


def _raw_stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


def _groups(table: dict[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group, members in table.items():
        for word in (group, *members.split()):
            found.setdefault(_raw_stem(word), set()).add(group)
    return {word: frozenset(groups) for word, groups in found.items()}


def _sides(table: dict[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for side, members in table.items():
        for word in members.split():
            found.setdefault(_raw_stem(word), set()).add(side)
    return {word: frozenset(sides) for word, sides in found.items()}


def _named(table: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return kind and first name of each name; names of one thing stand with slashes between."""
    return {
        name: (kind, aliases.partition("/")[0])
        for kind, members in table.items()
        for aliases in members.split()
        for name in aliases.split("/")
    }
