"""The way of a design from a draft to released programs: every state and every edge."""

from __future__ import annotations

from typing import Final

from prefect_luthier.lifecycle import Edge, Lifecycle

DRAFT: Final = "draft"
CONTEXT_READY: Final = "context_ready"
FEASIBILITY_REQUESTED: Final = "feasibility_requested"
FEASIBILITY_READY: Final = "feasibility_ready"
FEASIBILITY_FAILED: Final = "feasibility_failed"
APPROVED: Final = "approved"
REJECTED: Final = "rejected"
REVISION_REQUIRED: Final = "design_revision_required"
TOOLPATHS_REQUESTED: Final = "toolpaths_requested"
TOOLPATHS_READY: Final = "toolpaths_ready"
TOOLPATHS_FAILED: Final = "toolpaths_failed"
ARCHIVED: Final = "archived"

LIFECYCLE: Final = Lifecycle(
    subject="design",
    initial=DRAFT,
    edges=(
        Edge("provide_context", (DRAFT, REVISION_REQUIRED), CONTEXT_READY),
        Edge(
            "request_feasibility",
            # Asked again, a request takes the place of one whose run was lost.
            (CONTEXT_READY, FEASIBILITY_FAILED, FEASIBILITY_REQUESTED),
            FEASIBILITY_REQUESTED,
        ),
        Edge("feasibility_done", (FEASIBILITY_REQUESTED,), FEASIBILITY_READY),
        Edge("feasibility_failed", (FEASIBILITY_REQUESTED,), FEASIBILITY_FAILED),
        Edge("auto_reject", (FEASIBILITY_READY,), REJECTED),
        Edge("approve", (FEASIBILITY_READY,), APPROVED),
        Edge("override", (FEASIBILITY_READY, REJECTED), APPROVED),
        Edge(
            "reject",
            (FEASIBILITY_READY, FEASIBILITY_REQUESTED, FEASIBILITY_FAILED, REVISION_REQUIRED),
            REJECTED,
        ),
        Edge(
            "request_revision",
            (
                *(FEASIBILITY_READY, FEASIBILITY_REQUESTED, FEASIBILITY_FAILED, REJECTED),
                *(APPROVED, TOOLPATHS_FAILED, TOOLPATHS_READY),
            ),
            REVISION_REQUIRED,
        ),
        Edge(
            "revoke",
            (APPROVED, TOOLPATHS_REQUESTED, TOOLPATHS_READY, TOOLPATHS_FAILED),
            REJECTED,
        ),
        Edge(
            "request_toolpaths",
            (APPROVED, TOOLPATHS_FAILED, TOOLPATHS_READY, TOOLPATHS_REQUESTED),
            TOOLPATHS_REQUESTED,
        ),
        Edge("toolpaths_done", (TOOLPATHS_REQUESTED,), TOOLPATHS_READY),
        Edge("toolpaths_failed", (TOOLPATHS_REQUESTED,), TOOLPATHS_FAILED),
        Edge("archive", (TOOLPATHS_READY, REJECTED), ARCHIVED),
    ),
)

STATES: Final = LIFECYCLE.states
