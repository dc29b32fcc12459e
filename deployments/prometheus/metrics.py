"""What is measured: each metric's name, meaning and the query that counts it.

Everything that counts is a row in the database before it is a number here. So the numbers are
those of all processes together, survive restarts, and need no shared files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True)
class Metric:
    """One metric.

    Args:
        name: Its name; counters end in ``_total``.
        kind: What it is to Prometheus.
        documentation: Its help text.
        query: SQL that gives a row for each set of labels: the labels, then the value. For a
            histogram, the labels and one row for each observation.
        labels: Names of the labels, in the order of the query.
        known: Sets of labels that are there from the start, at zero, so that the first event
            is an increase.
        buckets: Upper bounds of a histogram's buckets, in its unit.
    """

    name: str
    kind: Kind
    documentation: str
    query: str
    labels: tuple[str, ...] = ()
    known: Sequence[tuple[str, ...]] = ()
    buckets: tuple[float, ...] = SECONDS


# A label never takes a value that somebody else chooses: an action that no catalog has is `other`.
# What a person resolved later stays an error that happened: a counter never goes back.
METRICS: tuple[Metric, ...] = (
    Metric(
        "luthier_ai_plans_total",
        "counter",
        "Requests that planners answered, by how they ended.",
        "SELECT outcome, COUNT(*) FROM action_plan GROUP BY outcome",
        ("status",),
        known=[("planned",), ("question",), ("refused",), ("error",)],
    ),
    Metric(
        "luthier_ai_plan_duration_seconds",
        "histogram",
        "How long planners took, by planner.",
        "SELECT meta->>'provider', (meta->>'duration')::float FROM action_plan",
        ("planner",),
    ),
    Metric(
        "luthier_ai_tokens_total",
        "counter",
        "Tokens that models' servers counted.",
        """
        SELECT model, direction, SUM(tokens) FROM token_reservation,
            LATERAL (VALUES ('input', settled - settled_output), ('output', settled_output))
                AS counted (direction, tokens)
        WHERE settled IS NOT NULL GROUP BY model, direction
        """,
        ("model", "direction"),
    ),
    Metric(
        "luthier_ai_calls_total",
        "counter",
        "HTTP attempts to call a model, by what became of their reservation.",
        """
        SELECT CASE WHEN state = 'reserved' AND lease_until < now() THEN 'expired' ELSE state END,
               COUNT(*) FROM token_reservation GROUP BY 1
        """,
        ("state",),
        known=[("settled",), ("released",), ("expired",)],
    ),
    Metric(
        "luthier_ai_budget_used_tokens",
        "gauge",
        "Tokens that count against the budget of this minute: settled and reserved.",
        """
        SELECT COALESCE(SUM(COALESCE(settled, reserved)), 0) FROM token_reservation
        WHERE settled_at > now() - interval '60 seconds'
           OR (state = 'reserved' AND lease_until > now())
        """,
    ),
    Metric(
        "luthier_action_jobs",
        "gauge",
        "Accepted actions that are not over, by status.",
        "SELECT status, COUNT(*) FROM action_job WHERE ended_at IS NULL GROUP BY status",
        ("status",),
        known=[("pending",), ("running",)],
    ),
    Metric(
        "luthier_action_queue_oldest_seconds",
        "gauge",
        "Age of the oldest accepted action that has not been started.",
        """
        SELECT COALESCE(EXTRACT(EPOCH FROM now() - MIN(created_at)), 0)
        FROM action_job WHERE status = 'pending'
        """,
    ),
    Metric(
        "luthier_action_outcomes_total",
        "counter",
        "Accepted actions that are over, by how they ended.",
        """
        WITH known AS (
            SELECT DISTINCT slug FROM catalog_entry WHERE document->>'kind' = 'action'
        )
        SELECT COALESCE(slug, 'other'), status, SUM(jobs) FROM (
            SELECT action,
                   CASE WHEN result->>'resolved_by' IS NULL THEN status ELSE 'error' END AS status,
                   COUNT(*) AS jobs
            FROM action_job WHERE ended_at IS NOT NULL GROUP BY 1, 2
            UNION ALL
            SELECT slug, status, 0
            FROM known AS every,
                 (VALUES ('completed'), ('error'), ('cancelled')) AS ends (status)
        ) AS counted LEFT JOIN known ON slug = action GROUP BY 1, 2
        """,
        ("action", "status"),
    ),
    Metric(
        "luthier_action_duration_seconds",
        "histogram",
        "How long actions took from start to end.",
        """
        WITH known AS (
            SELECT DISTINCT slug FROM catalog_entry WHERE document->>'kind' = 'action'
        )
        SELECT COALESCE(slug, 'other'), EXTRACT(EPOCH FROM ended_at - started_at)
        FROM action_job LEFT JOIN known ON slug = action
        WHERE ended_at IS NOT NULL
        """,
        ("action",),
    ),
    Metric(
        "luthier_policy_decisions_total",
        "counter",
        "Answers of the permission gate, by stage and answer.",
        """
        WITH known AS (
            SELECT DISTINCT slug FROM catalog_entry WHERE document->>'kind' = 'action'
        )
        SELECT stage, COALESCE(slug, 'other'),
               CASE WHEN allowed THEN 'allowed' ELSE 'denied' END, SUM(decisions)
        FROM (
            SELECT stage, action, allowed, COUNT(*) AS decisions
            FROM policy_decision GROUP BY 1, 2, 3
            UNION ALL
            SELECT stage, slug, allowed, 0
            FROM known AS every, (VALUES ('plan'), ('enqueue'), ('effect')) AS stages (stage),
                 (VALUES (true), (false)) AS answers (allowed)
        ) AS counted LEFT JOIN known ON slug = action GROUP BY 1, 2, 3
        """,
        ("stage", "action", "answer"),
    ),
    Metric(
        "luthier_effects",
        "gauge",
        "Effects on the world, by state; `unknown` ones wait for a person.",
        "SELECT state, COUNT(*) FROM effect GROUP BY state",
        ("state",),
        known=[("claimed",), ("sending",), ("sent",), ("failed",), ("unknown",)],
    ),
    Metric(
        "luthier_effect_unknown_oldest_seconds",
        "gauge",
        "How long the oldest effect of unknown outcome has waited.",
        """
        SELECT COALESCE(EXTRACT(EPOCH FROM now() - MIN(updated_at)), 0)
        FROM effect WHERE state = 'unknown'
        """,
    ),
    Metric(
        "luthier_runs_total",
        "counter",
        "Workflow runs that are over, by how they ended.",
        "SELECT state, COUNT(*) FROM run WHERE state <> 'running' GROUP BY state",
        ("state",),
        known=[("completed",), ("failed",), ("cancelled",), ("crashed",)],
    ),
    Metric(
        "luthier_rosette_searches_total",
        "counter",
        "Rosette searches that are over, by how they ended.",
        "SELECT status, COUNT(*) FROM rosette_search WHERE status <> 'running' GROUP BY status",
        ("status",),
        known=[("success",), ("best_effort",), ("exhausted",), ("timeout",)],
    ),
    Metric(
        "luthier_rosette_attempts_total",
        "counter",
        "Designs that searches proposed.",
        "SELECT COALESCE(SUM(attempts_made), 0) FROM rosette_search",
    ),
    Metric(
        "luthier_rosette_search_duration_seconds",
        "histogram",
        "How long searches took.",
        "SELECT time_s FROM rosette_search WHERE status <> 'running'",
    ),
    Metric(
        "luthier_rosette_decisions_total",
        "counter",
        "Designs that the binding gate decided on.",
        """
        SELECT decision, COUNT(*) FROM rosette_run_artifact
        WHERE decision IS NOT NULL GROUP BY decision
        """,
        ("decision",),
        known=[("ALLOW",), ("BLOCK",)],
    ),
)
