"""Prompts: the rules, and everything else as fenced data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prefect_luthier.ai_builder.answer_form import AnswerForm, RefinementForm, narrowed_form
from prefect_luthier.ai_builder.catalog_summary import CatalogSummary, summarise
from prefect_luthier.ai_builder.drafting import DraftRequest, Turn
from prefect_luthier.ai_builder.fences import fenced
from prefect_luthier.ai_builder.tokens import estimate_tokens
from prefect_luthier.canonical import canonical_json, digest
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.document import Document
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.diagnostics import Diagnostic, render

MAX_CONVERSATION_CHARACTERS = 12_000
MAX_FEEDBACK_DIAGNOSTICS = 20

Message = dict[str, str]


@dataclass(frozen=True)
class Prompt:
    """What one round sends.

    Args:
        messages: The messages, as they go over the wire.
        form: The form that the answer must have.
        catalog: What of the catalog they offer.
    """

    messages: tuple[Message, ...]
    form: type[AnswerForm]
    catalog: CatalogSummary

    @property
    def digest(self) -> str:
        """Digest of the messages and of the form."""
        return digest([list(self.messages), self.form.model_json_schema()])

    @property
    def tokens(self) -> int:
        """Estimated tokens of messages and form."""
        sent = [list(self.messages), self.form.model_json_schema()]
        return estimate_tokens(canonical_json(sent).decode())


def build_prompt(
    request: DraftRequest,
    catalog: Catalog,
    also: Iterable[str] = (),
    cache_dir: Path | None = None,
) -> Prompt:
    """Return the first prompt for a request.

    Args:
        request: What the operator asks for.
        catalog: All that a definition may refer to.
        also: References to offer whatever the request says.
        cache_dir: Where what was learnt about a large catalog is kept, if anywhere.
    """
    words = [*(turn.text for turn in request.conversation), request.request]
    used = _used(request.base) if request.base else []
    offered = summarise(catalog, "\n".join(words), always=[*also, *used], cache_dir=cache_dir)
    form = narrowed_form(RefinementForm if request.base else AnswerForm, offered.references)
    messages = (
        {"role": "system", "content": system_prompt()},
        {"role": "user", "content": _situation(request, offered)},
    )
    return Prompt(messages, form, offered)


def prompt_preview(request: DraftRequest, catalog: Catalog) -> dict[str, Any]:
    """Return exactly what a first round would send, for the operator to see.

    Returns:
        ``messages``, the ``schema`` of the answer, and an estimate of their ``tokens``.
    """
    prompt = build_prompt(request, catalog)
    return {
        "messages": list(prompt.messages),
        "schema": prompt.form.model_json_schema(),
        "tokens": prompt.tokens,
    }


@cache
def system_prompt() -> str:
    """Return the rules that every prompt begins with."""
    return Path(__file__).with_name("system_prompt.md").read_text(encoding="utf-8").strip()


def feedback(source: Source, diagnostics: Sequence[Diagnostic]) -> str:
    """Return the message that asks for a repair of a draft that was read."""
    lines = source.lines
    errors = [each for each in diagnostics if each.is_error]
    shown = [_finding(each, lines) for each in errors[:MAX_FEEDBACK_DIAGNOSTICS]]
    if len(errors) > len(shown):
        shown.append(f"and {len(errors) - len(shown)} more errors.")
    return (
        "Your answer gives this definition, which is not valid. Answer again, whole, with every "
        "error repaired.\n\n"
        f"{fenced('definition', source.text)}\n\n{fenced('errors', chr(10).join(shown))}"
    )


def rejection(problem: str) -> str:
    """Return the message that asks for another answer when one could not be used."""
    return (
        "Your answer could not be used. Answer again, whole, in the demanded form.\n\n"
        f"{fenced('problem', problem)}"
    )


def _finding(diagnostic: Diagnostic, lines: Sequence[str]) -> str:
    text = render(diagnostic, lines, "definition")
    if diagnostic.candidates:
        text += f"\n     = candidates: {', '.join(diagnostic.candidates)}"
    return text


def _situation(request: DraftRequest, offered: CatalogSummary) -> str:
    parts = [f"The catalog:\n{fenced('catalog', offered.text or '(empty)')}"]
    if offered.left_out:
        parts[0] += f"\n({offered.left_out} entries that fit the request less are not shown.)"
    if request.base is not None:
        parts.append(f"The base, to be changed:\n{fenced('base', request.base.text)}")
    if request.conversation:
        talk = _talk(request.conversation)
        parts.append(f"Earlier in this conversation:\n{fenced('conversation', talk)}")
    asked = "What shall change" if request.base is not None else "The request"
    parts.append(f"{asked}:\n{fenced('request', request.request)}")
    return "\n\n".join(parts)


def _talk(conversation: Sequence[Turn]) -> str:
    """Return the latest turns that fit, oldest first."""
    kept: list[str] = []
    length = 0
    for turn in reversed(conversation):
        line = f"{turn.speaker}: {turn.text}"
        length += len(line)
        if length > MAX_CONVERSATION_CHARACTERS:
            kept.append("(earlier turns are left out)")
            break
        kept.append(line)
    return "\n".join(reversed(kept))


def _used(base: Source) -> list[str]:
    """Return the references that a definition uses, whether it is valid or not."""
    data = Document(base).data
    found: list[str] = []
    for section in ("steps", "actions"):
        tables = data.get(section) if isinstance(data, dict) else None
        for table in tables.values() if isinstance(tables, dict) else ():
            uses = table.get("uses") if isinstance(table, dict) else None
            found += [uses] if isinstance(uses, str) else []
    return found
