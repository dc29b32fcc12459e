"""Score one design and say why: a batch of one, with a sentence for each violation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.advice.case import Advice, Case
from prefect_luthier.rmos.feasibility.batch import ENGINE_CODE, BatchVerdict, Judged, judge
from prefect_luthier.rmos.feasibility.effort import EFFORT_FILE
from prefect_luthier.rmos.feasibility.measured import Outcome
from prefect_luthier.rmos.feasibility.rules import RULES, Rule
from prefect_luthier.rmos.feasibility.spec_batch import SpecBatch
from prefect_luthier.rmos.feasibility.thresholds import THRESHOLDS_FILE, Threshold, load_thresholds
from prefect_luthier.rmos.feasibility.verdict import Verdict, Violation, ViolationSeverity
from prefect_luthier.rmos.library.library import data_file

_FORMULAS = "1.0.0"
_DIGITS = 9
_DATA = (THRESHOLDS_FILE, EFFORT_FILE, data_file("materials.toml"), data_file("chiploads.toml"))
_REPORT = "This is a defect of the engine; please report it with the design."


def _engine_version() -> str:
    """Return the formulas' version and a digest of the data, so that a replay shows a drift."""
    data = hashlib.sha256()
    for file in _DATA:
        data.update(file.read_bytes())
    return f"{_FORMULAS}+{data.hexdigest()[:12]}"


ENGINE_VERSION = _engine_version()


def score(
    spec: RosetteSpec, context: Context, *, rules: Mapping[str, Rule] | None = None
) -> Verdict:
    """Return whether a design can be made, how well, and every limit that it does not keep.

    Whatever goes wrong in here blocks the design: nothing is allowed by a failure.

    Args:
        spec: The design.
        context: What it is judged under.
        rules: The constraints; all of them when none are given.
    """
    rules = RULES if rules is None else rules
    try:
        judged = judge(SpecBatch.of([spec]), context, rules)
        violations = tuple(_violations(judged, spec, context, rules))
        return _verdict(spec, judged.verdict, violations)
    except Exception as error:  # noqa: BLE001 - a failing engine blocks
        return blocked(
            [_defect(f"the engine failed: {type(error).__name__}: {error}.")],
            digest=_digest(spec),
        )


def blocked(violations: list[Violation], digest: str | None = None) -> Verdict:
    """Return the verdict on what could not be judged: blocked, with a score of 0."""
    return Verdict(
        decision="BLOCK",
        risk="RED",
        score=0.0,
        violations=tuple(violations),
        digest=digest,
        engine=ENGINE_VERSION,
    )


def _verdict(spec: RosetteSpec, found: BatchVerdict, violations: tuple[Violation, ...]) -> Verdict:
    is_red = bool(found.red[0]) or any(each.severity == "RED" for each in violations)
    margins = zip(found.codes, found.margins[0].tolist(), strict=True)
    return Verdict(
        decision="BLOCK" if is_red else "ALLOW",
        risk="RED" if is_red else "YELLOW" if found.yellow[0] else "GREEN",
        score=float(found.score[0]),
        violations=violations,
        margins={code: margin for code, margin in margins if np.isfinite(margin)},
        digest=_digest(spec),
        engine=ENGINE_VERSION,
    )


def _violations(
    judged: Judged, spec: RosetteSpec, context: Context, rules: Mapping[str, Rule]
) -> list[Violation]:
    """Return every limit that is not kept, the blocking ones first; one for each fix."""
    found: list[Violation] = [
        _defect(f"the constraint {key} could not be worked out: {reason}.")
        for key, reason in judged.failures.items()
    ]
    for key, outcome in judged.outcomes.items():
        if outcome.is_red.any() or outcome.is_yellow.any():
            threshold = load_thresholds()[key]
            found += _of_rule(threshold, outcome, spec, context, rules[key])
    found.sort(key=lambda each: each.severity != "RED")
    kept: dict[tuple[str, int | None, str], Violation] = {}
    is_broken = any(each.code == "FINITE" for each in found)
    for each in found:
        if is_broken and each.measured is None and each.code not in {"FINITE", ENGINE_CODE}:
            continue  # what follows from a quantity that is no number says nothing new
        kept.setdefault((each.code, each.ring, each.fix), each)
    return list(kept.values())


def _of_rule(
    threshold: Threshold, outcome: Outcome, spec: RosetteSpec, context: Context, rule: Rule
) -> Iterator[Violation]:
    shape = np.broadcast_shapes(outcome.margin.shape, np.shape(outcome.measured.base))
    red = np.broadcast_to(outcome.is_red, shape).reshape(-1)
    yellow = np.broadcast_to(outcome.is_yellow, shape).reshape(-1)
    values = np.broadcast_to(outcome.measured.value, shape).reshape(-1)
    bases = np.broadcast_to(outcome.measured.base, shape).reshape(-1)
    has_rings = len(shape) > 1
    for index in np.flatnonzero(red | yellow):
        severity: ViolationSeverity = "RED" if red[index] else "YELLOW"
        limit = threshold.red if red[index] else threshold.yellow
        clear = threshold.yellow or threshold.red
        assert clear is not None
        base = float(bases[index])
        case = Case(
            spec=spec,
            context=context,
            ring=int(index) if has_rings else None,
            value=float(values[index]),
            limit=(limit or clear).value * base,
            clear=clear.value * base,
            base=base,
        )
        yield _violation(threshold, severity, case, rule)


def _violation(
    threshold: Threshold, severity: ViolationSeverity, case: Case, rule: Rule
) -> Violation:
    advice = _advice(threshold, case, rule)
    return Violation(
        code=threshold.code,
        severity=severity,
        ring=case.ring,
        measured=_plain(case.value),
        limit=_plain(case.limit),
        unit=threshold.unit,
        message=advice.message,
        fix=advice.fix,
        change=advice.change,
    )


def _advice(threshold: Threshold, case: Case, rule: Rule) -> Advice:
    """Return what a rule says; where it cannot say it, that the value is missing.

    A sentence that cannot be written must not lose the violation.
    """
    try:
        return rule.advise(case)
    except (ValueError, ArithmeticError):
        return Advice(
            f"{threshold.measures}: the value is {case.value}, so it cannot be judged.",
            "Give every quantity that it depends on as a positive number.",
        )


def _plain(value: float) -> float | None:
    """Return a figure without the noise of its last bits; None for one that is not finite."""
    return round(value, _DIGITS) if np.isfinite(value) else None


def _defect(message: str) -> Violation:
    return Violation(code=ENGINE_CODE, severity="RED", message=message, fix=_REPORT)


def _digest(spec: RosetteSpec) -> str | None:
    """Return the design's digest; None for a value around the model's checks, which has none."""
    try:
        return spec.digest
    except Exception:  # noqa: BLE001 - a verdict without a digest is still a verdict
        return None
