"""Drafting as a flow: recorded in the store, shown in Prefect, with a real server of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pydantic import SecretStr
from sqlmodel import Session

from prefect_luthier.ai_builder.drafting import Draft, DraftRequest, Refusal
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.permissions import Permission
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.store.audit import events_of
from prefect_luthier.deployments.store.definitions import save_definition
from prefect_luthier.deployments.store.drafts import draft_rounds
from prefect_luthier.deployments.store.tables import DraftRow
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.flows.draft_workflow import draft_workflow, make_draft
from prefect_luthier.settings import Settings, load_settings

Serve = Callable[..., Any]

REQUEST = (
    "every weekday at 7 summarise the last 30 days of the git history of a repository into "
    "digest.md, and tell me if there were no commits"
)


def pairs(**values: Any) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


HISTORY = {
    "id": "history",
    "uses": "git.log@1",
    "inputs": pairs(repository="${{ params.repo }}", since="30 days"),
}
REPORT = {
    "id": "report",
    "uses": "file.write@1",
    "needs": ["history"],
    "when": "steps.history.outputs.count > 0",
    "inputs": pairs(path="digest.md", content="${{ steps.history.outputs.summary }}"),
}
TELL = {
    "id": "tell",
    "uses": "notify@1",
    "needs": ["history"],
    "when": "steps.history.outputs.count == 0",
    "inputs": pairs(message="No commits."),
}


def answer(*steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "workflow": {
            "id": "repo-digest",
            "name": "Repository digest",
            "parameters": [{"name": "repo", "type": "path", "required": True}],
            "triggers": [{"cron": "0 7 * * 1-5"}],
            "steps": list(steps),
        }
    }


GOOD = answer(HISTORY, REPORT, TELL)


@pytest.fixture
def settings(
    clean_environment: Any, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Give settings that name the test's database."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("LUTHIER_ACTOR", "alice")
    return load_settings()


def stored(session: Session, draft_id: str | UUID) -> DraftRow:
    row = session.get(DraftRow, UUID(str(draft_id)))
    assert row is not None
    return row


async def test_a_draft_is_recorded_with_every_round(
    settings: Settings, prefect_api: str, model_server: Serve, session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A scripted model that errs three times: four rounds in the store, one page in Prefect."""
    server = model_server(
        {"answer": answer(HISTORY | {"uses": "git.history@1"})},
        {"answer": answer(HISTORY | {"needs": ["report"]}, REPORT)},
        {"raw": "{"},
        {"answer": GOOD},
    )
    monkeypatch.setenv("LUTHIER_MODEL_BASE_URL", server.url)
    document = await draft_workflow(REQUEST)
    assert document["ok"], document["diagnostics"]
    row = stored(session, document["id"])
    assert (row.actor, row.provider, row.request, row.ok) == ("alice", "openai", REQUEST, True)
    assert row.snapshot == document["snapshot"]
    rounds = draft_rounds(session, row.id)
    assert [made["outcome"] for made in rounds] == ["answer", "answer", "unreadable", "answer"]
    assert rounds == document["rounds"]
    assert [each.action for each in events_of(session, str(row.id))] == ["draft"]
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["draft"]))
        )
    page = str(found[-1].data)
    assert "# Repository digest" in page
    assert "| 3 | gpt-4.1-mini | unreadable | 0 | 120 |" in page


async def test_without_a_model_the_offline_drafter_serves(
    settings: Settings, session: Session
) -> None:
    """No key, no model: the same record, by the offline drafter."""
    recorded = await make_draft(DraftRequest(REQUEST), settings=settings)
    row = stored(session, recorded.id)
    assert (row.provider, row.model, row.ok) == ("offline", None, True)
    assert row.document["toml"] == recorded.draft.toml


async def test_new_permissions_are_named(
    settings: Settings, model_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the base could do already is not named again."""
    shell = {"id": "push", "run": "git push", "needs": ["report"]}
    changes = [
        {"change": "set-step", "step": shell},
        {"change": "set-commands", "commands": ["git", "ssh"]},
    ]
    server = model_server({"answer": GOOD}, {"answer": {"changes": changes}})
    monkeypatch.setenv("LUTHIER_MODEL_BASE_URL", server.url)
    first = await make_draft(DraftRequest(REQUEST))
    assert Permission("command", "git") in first.new_permissions
    assert first.draft.toml is not None
    base = Source.from_text(first.draft.toml)
    second = await make_draft(DraftRequest("And push it", base))
    assert second.new_permissions == (Permission("command", "ssh"), Permission("shell"))


async def test_a_refusal_is_recorded_too(settings: Settings, session: Session) -> None:
    """Its reason code is a column, so that refusals can be counted."""
    recorded = await make_draft(DraftRequest("  "), settings=settings)
    assert stored(session, recorded.id).refusal == "empty-request"


async def test_text_that_postgresql_cannot_hold(settings: Settings, session: Session) -> None:
    """NUL and half characters in a request are recorded in a readable form."""
    recorded = await make_draft(DraftRequest("do \0 it \ud800 now"), settings=settings)
    assert "\0" not in stored(session, recorded.id).request


async def test_nothing_is_asked_that_cannot_be_recorded(
    settings: Settings, model_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that does not answer fails before the model is paid."""
    server = model_server({"answer": GOOD})
    monkeypatch.setenv("LUTHIER_MODEL_BASE_URL", server.url)
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:9/none")
    with pytest.raises(ServiceUnreachable):
        await make_draft(DraftRequest(REQUEST))
    assert server.requests == []


async def test_a_database_that_goes_away_while_the_model_thinks(
    settings: Settings, postgres: str
) -> None:
    """The caller reads that the draft was not recorded, not a traceback."""

    class Cutting:
        name = "cutting"

        async def draft(self, request: DraftRequest, catalog: Catalog) -> Draft:
            with psycopg.connect(postgres, autocommit=True) as connection:
                name = str(settings.database_url).split("?")[0].rsplit("/", 1)[1]
                connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )
            return Draft("cutting", catalog.digest, refusal=Refusal("vague-request", "?"))

    with pytest.raises(ServiceUnreachable, match="could not be recorded"):
        await make_draft(DraftRequest(REQUEST), drafter=Cutting(), settings=settings)


async def test_a_block_names_the_model(
    settings: Settings, prefect_api: str, model_server: Serve
) -> None:
    """A saved LLM Provider block is used with its own address, key and model."""
    server = model_server({"answer": GOOD}, key="sk-block")
    block = LLMProvider(base_url=server.url, api_key=SecretStr("sk-block"), model="from-a-block")
    await block.asave("drafting", overwrite=True)
    document = await draft_workflow(REQUEST, llm_provider="drafting")
    assert document["ok"]
    assert document["model"] == "from-a-block"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"provider": "nobody"}, "unknown-drafter"),
        ({"provider": "openai"}, "no-model"),
        ({"llm_provider": "no-such-block"}, "unknown-block"),
        ({"llm_provider": "drafting", "provider": "offline"}, "conflicting-drafter"),
        ({"conversation": [{"speaker": "me", "text": "hi"}]}, "bad-conversation"),
        ({"catalog_file": "/nowhere/catalog.json"}, "unreadable-catalog"),
    ],
    ids=["drafter", "no model", "block", "both", "conversation", "catalog"],
)
async def test_wrong_arguments_fail_the_run_with_a_reason(
    settings: Settings, prefect_api: str, arguments: dict[str, Any], code: str
) -> None:
    """The flow run ends Failed, with a message that says what to do."""
    state = await draft_workflow(REQUEST, **arguments, return_state=True)
    assert state.is_failed()
    with pytest.raises(LuthierError) as caught:
        await state.aresult()
    assert caught.value.code == code
    assert caught.value.message in (state.message or "")


async def test_the_same_request_again_does_not_run_the_workflow_that_it_made(
    settings: Settings, session: Session
) -> None:
    """A stored workflow is described by its request, and is used only when it is named."""
    first = (await make_draft(DraftRequest(REQUEST), settings=settings)).draft
    assert first.definition is not None
    assert first.toml is not None
    save_definition(session, first.definition, first.toml, actor="Ada", provenance={})
    session.commit()
    again = (await make_draft(DraftRequest(REQUEST), settings=settings)).draft
    assert again.definition is not None
    assert again.definition.steps == first.definition.steps
