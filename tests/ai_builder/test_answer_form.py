"""The form of answers: strict enough for any server, wide enough for any definition."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from prefect_luthier.ai_builder.answer_form import (
    AnswerForm,
    ArtifactForm,
    ParameterForm,
    RefinementForm,
    RetriesForm,
    StepForm,
    TriggerForm,
    narrowed_form,
)
from prefect_luthier.ai_builder.gate import open_gate
from prefect_luthier.ai_builder.model_call import ModelCaller
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.deployments.definition.model import (
    Artifact,
    Parameter,
    Retries,
    Step,
    Trigger,
)

Serve = Callable[..., Any]


@pytest.mark.parametrize(
    ("form", "model"),
    [
        (StepForm, Step),
        (ParameterForm, Parameter),
        (TriggerForm, Trigger),
        (ArtifactForm, Artifact),
        (RetriesForm, Retries),
    ],
    ids=["step", "parameter", "trigger", "artifact", "retries"],
)
def test_the_form_can_say_everything(form: type[BaseModel], model: type[BaseModel]) -> None:
    """A field that the form lacked would be lost when a model repeats a definition."""
    assert set(model.model_fields) - set(form.model_fields) == set()


@pytest.mark.parametrize("form", [AnswerForm, RefinementForm])
async def test_strict_servers_accept_the_form(model_server: Serve, form: type[AnswerForm]) -> None:
    """The server checks the schema as OpenAI does, and would answer 400."""
    server = model_server({"answer": {"questions": ["Which?"]}})
    caller = ModelCaller(
        LLMProvider(base_url=server.url, api_key=SecretStr("k"), model="m"), open_gate
    )
    reply = await caller.structured(
        [{"role": "user", "content": "x"}], narrowed_form(form, ["git.log@1"])
    )
    assert reply.style == "tools"
    assert reply.answer is not None


def test_only_what_is_offered_can_be_chosen() -> None:
    """The schema names the references; a server that enforces it cannot give another."""
    schema = narrowed_form(AnswerForm, ["a@1", "b@2"]).model_json_schema()
    uses = schema["$defs"]["StepForm"]["properties"]["uses"]
    assert uses == {"anyOf": [{"type": "string", "enum": ["a@1", "b@2"]}, {"type": "null"}]}


def test_an_empty_catalog_offers_only_commands() -> None:
    """Without entries, `uses` can only be null."""
    schema = narrowed_form(AnswerForm, []).model_json_schema()
    assert schema["$defs"]["StepForm"]["properties"]["uses"] == {"type": "null"}


def test_reading_is_more_lenient_than_asking() -> None:
    """Missing fields and unknown references are read: the validator explains them better."""
    form = narrowed_form(AnswerForm, ["a@1"])
    answer = form.model_validate_json(
        json.dumps({"workflow": {"id": "x", "steps": [{"id": "s", "uses": "other@1"}]}})
    )
    assert answer.workflow is not None
    assert answer.workflow.steps[0].uses == "other@1"


def test_the_schema_is_small() -> None:
    """It is sent with every round: it stays below what a page of text costs."""
    assert len(json.dumps(RefinementForm.model_json_schema())) < 16_000
