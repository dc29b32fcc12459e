"""Judge a design and a context as they come from outside: as JSON text."""

from __future__ import annotations

from typing import NamedTuple

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.refusal import refusal
from prefect_luthier.rmos.feasibility.verdict import Verdict


class Judgement(NamedTuple):
    """A verdict and what it is about; a document that is not valid has no value."""

    verdict: Verdict
    spec: RosetteSpec | None
    context: Context | None


def judge_documents(spec: str | bytes, context: str | bytes) -> Judgement:
    """Return the verdict on two documents; findings in them block like violations do."""
    read_spec = spec_from_json(spec, "the design")
    read_context = context_from_json(context, "the context")
    if read_spec.value is None or read_context.value is None:
        verdict = refusal([*read_spec.diagnostics, *read_context.diagnostics])
    else:
        verdict = score(read_spec.value, read_context.value)
    return Judgement(verdict, read_spec.value, read_context.value)
