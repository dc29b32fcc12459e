"""Fit how the signs of fit are weighed, `evidence.toml`.

    python tests/ai_builder/training/fit_evidence.py [OUTPUT.toml]

A logistic regression over clauses of a corpus that the encoder was not fitted to: each clause once
with its entry in the catalog, which shall be taken, and once without it, which shall be refused,
and the orders that nothing in their catalog carries out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from order_pairs import CORPUS, Lesson, case_lessons
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from prefect_luthier.ai_builder.offline.retrieval import EVIDENCE_PATH, Index, Match
from prefect_luthier.catalog import Catalog

# An order that nobody can carry out tells more than a clause whose entry was taken away: what
# remains then may still do nearly the same.
_UNKNOWN_WEIGHT, _WITHOUT_WEIGHT = 3.0, 0.5
_SIGNS = ("meaning", "asked", "verb", "lead")


def main() -> None:
    """Fit, tell how well it divides, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, nargs="?", default=EVIDENCE_PATH)
    options = parser.parse_args()
    lessons = [
        lesson
        for cases in sorted((CORPUS / "fourth").glob("*/dev.jsonl"))
        for lesson in case_lessons(cases)
    ]
    rows = [row for lesson in lessons for row in _rows(lesson)]
    signs = np.array([[getattr(match, sign) for sign in _SIGNS] for match, _, _ in rows])
    taken = np.array([is_meant for _, is_meant, _ in rows])
    weights = np.array([weight for _, _, weight in rows])
    model = LogisticRegression(C=10.0, max_iter=1000).fit(signs, taken, sample_weight=weights)
    sure = model.predict_proba(signs)[:, 1]
    area = roc_auc_score(taken, sure, sample_weight=weights)
    sys.stdout.write(f"{len(rows)} clauses, area under the curve {area:.3f}\n")
    lines = ["# Written by fit_evidence.py: what speaks for an entry, and what must be outweighed."]
    lines += [f"{name} = {value:.3f}" for name, value in zip(_SIGNS, model.coef_[0], strict=True)]
    lines.append(f"doubt = {-model.intercept_[0]:.3f}")
    options.output.write_text("\n".join(lines) + "\n", "utf-8")


def _rows(lesson: Lesson) -> Iterator[tuple[Match, bool, float]]:
    """Yield the best match of each clause, whether it shall be taken, and what that counts."""
    index = Index(Catalog(lesson.entries))
    for order in lesson.orders:
        matches = index.about(order.request).rank(order.text, limit=12)
        slug = None if order.entry is None else lesson.entries[order.entry].slug
        if slug is None:
            yield from ((match, False, _UNKNOWN_WEIGHT) for match in matches[:1])
            continue
        yield from ((match, True, 1.0) for match in matches[:1])
        without = [match for match in matches if match.entry.slug != slug]
        if len(without) > 1:
            lead = without[0].score - without[1].score
            yield replace(without[0], lead=lead), False, _WITHOUT_WEIGHT


if __name__ == "__main__":
    main()
