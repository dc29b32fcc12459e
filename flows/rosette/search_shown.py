"""What the Prefect UI shows of a search: its progress, then the best design and all attempts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import UUID

from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    aupdate_progress_artifact,
)

from prefect_luthier.flows.rosette.search_progress import Round
from prefect_luthier.flows.rosette.search_run import Outcome
from prefect_luthier.flows.rosette.shown import show_picture, show_table
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.search.attempts import Attempt
from prefect_luthier.rmos.search.request import Prepared

_BETWEEN_UPDATES_S = 1.0
_MOST_ROWS = 500


@dataclass
class SearchArtifacts:
    """The artifacts of one search."""

    prepared: Prepared
    progress: UUID
    _updated: float = field(default_factory=time.monotonic)

    @classmethod
    async def start(cls, prepared: Prepared) -> SearchArtifacts:
        """Show that the search has begun."""
        artifact = await acreate_progress_artifact(
            progress=0.0, key="rosette-search-progress", description="Search for a rosette"
        )
        assert isinstance(artifact, UUID)
        return cls(prepared, artifact)

    async def update(self, brought: Round) -> None:
        """Show how far it is, at most once a second."""
        now = time.monotonic()
        if now - self._updated < _BETWEEN_UPDATES_S:
            return
        self._updated = now
        best = brought.best
        said = f"{brought.made} attempts" + (f", best {best.score:.1f} {best.risk}" if best else "")
        await aupdate_progress_artifact(self.progress, 100 * brought.share, description=said)

    async def finish(self, outcome: Outcome) -> None:
        """Show how it ended: in words, the attempts, and the best design."""
        await aupdate_progress_artifact(self.progress, 100.0, description=outcome.result.status)
        await acreate_markdown_artifact(
            key="rosette-search", markdown=search_markdown(outcome), description="Search"
        )
        if outcome.attempts:
            shown = sorted(outcome.attempts, key=lambda each: each.rank, reverse=True)[:_MOST_ROWS]
            note = f"The best {len(shown)} of {len(outcome.attempts)} attempts"
            await show_table("rosette-search-attempts", [_row(each) for each in shown], note)
        best = outcome.result.best
        if best is not None and best.spec is not None:
            context = self.prepared.problem.context
            picture = design_svg(best.spec, context, dimensions=True, findings=best.violations)
            await show_picture("rosette-search-best", picture, "The best design, to scale")


def search_markdown(outcome: Outcome) -> str:
    """Return how a search ended, as Markdown."""
    result = outcome.result
    lines = [
        f"## {result.status.replace('_', ' ')}",
        "",
        f"{result.attempts_made} attempts in {result.time_s:.1f} s.",
        "",
    ]
    best = result.best
    if best is not None and best.spec is not None:
        spec = best.spec
        lines += [
            f"Attempt {best.number}: {best.score:.1f} of 100, {best.risk}, `{best.digest}`.",
            "",
            f"Soundhole {spec.soundhole_diameter_mm:g} mm, edge land {spec.edge_land_mm:g} mm.",
            "",
            "| ring | pattern | material | width mm | land after mm |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {number} | {ring.pattern} | {ring.material_id} | {ring.width_mm:g} "
            f"| {ring.land_after_mm:g} |"
            for number, ring in enumerate(spec.rings, 1)
        ]
    for binding in result.binding_constraints:
        kind = "proven" if binding.proven else "observed"
        lines.append(f"- **{binding.code}** ({kind}): {binding.message}")
    return "\n".join(lines)


def _row(attempt: Attempt) -> dict[str, object]:
    return {
        "attempt": attempt.number,
        "score": round(attempt.score, 2),
        "risk": attempt.risk,
        "rings": len(attempt.spec.rings) if attempt.spec else "",
        "violations": ", ".join(dict.fromkeys(each.code for each in attempt.violations)),
        "generator": attempt.generator,
        "digest": attempt.digest[7:19],
    }
