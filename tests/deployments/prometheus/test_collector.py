"""The metrics of a real database, as Prometheus reads them."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine
from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.blocks.database import open_engine
from prefect_luthier.catalog import CatalogEntry
from prefect_luthier.deployments.prometheus.collector import registry_of
from prefect_luthier.deployments.prometheus.metrics import METRICS
from prefect_luthier.deployments.store.catalog import seed
from prefect_luthier.deployments.store.jobs import amend_job
from prefect_luthier.deployments.store.orchestrator_tables import (
    ActionJobRow,
    ActionPlanRow,
    EffectRow,
    PolicyDecisionRow,
)
from prefect_luthier.deployments.store.token_ledger import Call, TokenLimits, reserve, settle
from prefect_luthier.settings import Settings


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    opened = open_engine(postgres_url)
    yield opened
    opened.dispose()


def values(engine: Engine, **settings: object) -> dict[str, float]:
    """Return the samples by `name{label=value}`."""
    registry = registry_of(engine, Settings(_env_file=None, **settings))  # type: ignore[arg-type]
    return {
        _key(sample.name, sample.labels): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def _key(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name


def job(action: str, status: str, seconds: float) -> ActionJobRow:
    ended = None if status in {"pending", "running"} else now()
    return ActionJobRow(
        actor="ann",
        provider="x",
        action=action,
        params={},
        client_request_id=str(uuid4()),
        body_hash="h",
        status=status,
        created_at=now() - timedelta(seconds=seconds),
        started_at=now() - timedelta(seconds=seconds) if ended else None,
        ended_at=ended,
    )


def test_an_empty_database_has_every_counter_at_zero(engine: Engine) -> None:
    """The first event of a kind is then an increase, which a rate sees."""
    found = values(engine)
    assert found["luthier_store_up"] == 1
    assert found["luthier_ai_plans_total{status=error}"] == 0
    assert found["luthier_effects{state=unknown}"] == 0
    assert found["luthier_action_queue_oldest_seconds"] == 0


def test_what_happened_is_counted(engine: Engine) -> None:
    """Plans, tokens, jobs, decisions and effects show as numbers, by their labels."""
    settle(engine, reserve(engine, Call(50, "m", "c"), TokenLimits()), 30, 5)
    with Session(engine) as session:
        seed(session, [CatalogEntry(slug="gmail.send", kind="action", description="Send.")])
        for outcome, seconds in (("planned", 0.2), ("planned", 2.0), ("error", 7.0)):
            session.add(
                ActionPlanRow(
                    actor="ann",
                    prompt_digest="d",
                    prompt="p",
                    outcome=outcome,
                    document={},
                    meta={"provider": "openai", "duration": seconds},
                )
            )
        for action, status, seconds in (
            ("gmail.send", "completed", 3),
            ("gmail.send", "error", 1),
            ("whatever an attacker wrote", "error", 1),
            ("gmail.send", "pending", 90),
        ):
            session.add(job(action, status, seconds))
        for allowed in (True, False, False):
            session.add(
                PolicyDecisionRow(
                    workspace="w",
                    actor="ann",
                    action="gmail.send",
                    stage="plan",
                    allowed=allowed,
                    rule="r",
                    reason="because",
                    policy_digest="d",
                )
            )
        session.add(
            EffectRow(
                client_request_id="k",
                body_hash="h",
                action="gmail.send",
                state="unknown",
                marker="m",
                provider_reference={},
                claimed_by="c",
                lease_until=now(),
                updated_at=now() - timedelta(minutes=20),
            )
        )
        session.commit()
    found = values(engine, AI_MAX_TOKENS_PER_MIN=8000)
    expected = {
        "luthier_ai_plans_total{status=planned}": 2,
        "luthier_ai_plans_total{status=error}": 1,
        "luthier_ai_plan_duration_seconds_bucket{le=0.25,planner=openai}": 1,
        "luthier_ai_plan_duration_seconds_bucket{le=2.5,planner=openai}": 2,
        "luthier_ai_plan_duration_seconds_count{planner=openai}": 3,
        "luthier_ai_tokens_total{direction=input,model=m}": 30,
        "luthier_ai_tokens_total{direction=output,model=m}": 5,
        "luthier_ai_calls_total{state=settled}": 1,
        "luthier_ai_budget_used_tokens": 35,
        "luthier_ai_budget_tokens{scope=total}": 8000,
        "luthier_action_jobs{status=pending}": 1,
        "luthier_action_outcomes_total{action=gmail.send,status=completed}": 1,
        "luthier_action_outcomes_total{action=other,status=error}": 1,
        "luthier_policy_decisions_total{action=gmail.send,answer=denied,stage=plan}": 2,
        "luthier_effects{state=unknown}": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["luthier_ai_plan_duration_seconds_sum{planner=openai}"] == pytest.approx(9.2)
    assert found["luthier_action_queue_oldest_seconds"] == pytest.approx(90, abs=30)
    assert found["luthier_effect_unknown_oldest_seconds"] == pytest.approx(1200, abs=30)


def test_each_action_of_the_catalog_is_counted_from_zero(engine: Engine) -> None:
    """The first failure and the first denial of an action are increases, which a rate sees."""
    with Session(engine) as session:
        seed(session, [CatalogEntry(slug="gmail.send", kind="action", description="Send.")])
        session.commit()
    found = values(engine)
    for status in ("completed", "error", "cancelled"):
        assert found[f"luthier_action_outcomes_total{{action=gmail.send,status={status}}}"] == 0
    for stage in ("plan", "enqueue", "effect"):
        series = f"luthier_policy_decisions_total{{action=gmail.send,answer=denied,stage={stage}}}"
        assert found[series] == 0


def test_what_a_person_resolves_takes_no_counter_back(engine: Engine) -> None:
    """To a rate, a counter that goes back is a restart, and all it had counted happens again."""
    series = "luthier_action_outcomes_total{action=gmail.send,status=error}"
    with Session(engine) as session:
        seed(session, [CatalogEntry(slug="gmail.send", kind="action", description="Send.")])
        row = job("gmail.send", "error", 1)
        session.add(row)
        session.commit()
        assert values(engine)[series] == 1
        amend_job(session, row.id, "completed", result={"resolved_by": "ann"}, error=None)
        session.commit()
    assert values(engine)[series] == 1


def test_a_database_that_is_gone_is_told() -> None:
    """The scrape succeeds and says that the store is down, instead of failing."""
    engine = open_engine("postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert values(engine) == {"luthier_store_up": 0}
    engine.dispose()


def test_every_metric_is_in_a_live_scrape(engine: Engine, postgres_url: str) -> None:
    """`luthier metrics --serve` answers over HTTP with every metric's name, and ends on SIGTERM."""
    command = "from prefect_luthier.ui.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", command, "metrics", "--serve", "--port", "0"],
        env={"DATABASE_URL": postgres_url, "PATH": "/usr/bin:/bin"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if line.startswith("metrics: "))
        scraped = httpx.get(line.removeprefix("metrics: ").strip()).text
        process.terminate()
        assert process.wait(timeout=30) == 0
    families = {family.name for family in text_string_to_metric_families(scraped)}
    assert {metric.name.removesuffix("_total") for metric in METRICS} <= families
