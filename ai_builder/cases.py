"""Cases of an evaluation: what was asked, of what base, and what is expected."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prefect_luthier.ai_builder.drafting import DraftRequest
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.diagnostics import Diagnostic

Kind = Literal["create", "refine", "refuse"]


@dataclass(frozen=True)
class Case:
    """One request of an evaluation.

    Args:
        id: Its name.
        request: The operator's words.
        base: The definition to refine, or None.
        base_json: The base's JSON form, None without a base or when it cannot be read.
        expected: The definition expected, as far as it is given; None when it is not.
        refusal: Whether a refusal is expected, None when nothing is.
    """

    id: str
    request: str
    base: Source | None = None
    base_json: dict[str, Any] | None = None
    expected: dict[str, Any] | None = None
    refusal: bool | None = None

    @property
    def kind(self) -> Kind:
        """Under which heading its scores are reported."""
        if self.refusal:
            return "refuse"
        return "create" if self.base is None else "refine"

    def to_request(self) -> DraftRequest:
        """Return what a drafter is asked."""
        return DraftRequest(self.request, self.base)


@dataclass(frozen=True)
class BadCase:
    """A line that is no case; it becomes a result with this diagnostic."""

    id: str
    diagnostic: Diagnostic


def read_cases(lines: Iterable[str]) -> Iterator[Case | BadCase]:
    """Yield the case of every line that is not blank.

    Args:
        lines: JSON objects, one a line.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip().lstrip("\ufeff"):
            yield _read_case(line.lstrip("\ufeff"), number)


def _read_case(line: str, number: int) -> Case | BadCase:
    name = f"line-{number}"
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _bad(name, f"line {number} is not JSON: {error}")
    if not isinstance(data, dict):
        return _bad(name, f"line {number} is no JSON object")
    name = str(data.get("id", name))
    request = data.get("request")
    if not isinstance(request, str):
        return _bad(name, f"line {number} has no `request`, which must be text")
    try:
        base, base_json = _read_base(data.get("base"))
    except ValueError as error:
        return _bad(name, f"line {number}: {error}")
    expected, refusal = _read_expected(data.get("expected"))
    return Case(name, request, base, base_json, expected, refusal)


def _bad(name: str, message: str) -> BadCase:
    return BadCase(name, Diagnostic("bad-case", "error", f"{message}."))


def _read_base(base: Any) -> tuple[Source | None, dict[str, Any] | None]:
    if base is None or base in ("", {}):
        return None, None
    if isinstance(base, Mapping):
        inner = base.get("toml") if isinstance(base.get("toml"), str) else None
        if inner is None:
            form = dict(base)
            return Source.from_text(json.dumps(form, ensure_ascii=False), "base", "json"), form
        base = inner
    if not isinstance(base, str):
        raise ValueError("`base` must be an object, text or null")  # noqa: TRY004 - the reader of lines handles one kind
    source = Source.from_text(base, "base")
    try:
        form = json.loads(base) if source.format == "json" else tomllib.loads(base)
    except (ValueError, RecursionError):
        return source, None
    return source, form if isinstance(form, dict) else None


_REFUSING = ("refusal", "refuse", "refused")


def _read_expected(expected: Any) -> tuple[dict[str, Any] | None, bool | None]:
    if isinstance(expected, str):
        try:
            expected = tomllib.loads(expected)
        except tomllib.TOMLDecodeError:
            return None, expected.lower().startswith("refus") or None
    if not isinstance(expected, Mapping):
        return None, None
    if any(expected.get(key) for key in _REFUSING):
        return None, True
    inner = expected.get("definition")
    found = dict(inner) if isinstance(inner, Mapping) else dict(expected)
    return found, False
