"""Prompts: the operator can see exactly what is sent, and data stays data."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefect_luthier.ai_builder.drafting import DraftRequest, Turn
from prefect_luthier.ai_builder.fences import fenced
from prefect_luthier.ai_builder.gate import open_gate
from prefect_luthier.ai_builder.model_call import ModelCaller
from prefect_luthier.ai_builder.model_drafter import ModelDrafter
from prefect_luthier.ai_builder.prompts import (
    MAX_CONVERSATION_CHARACTERS,
    build_prompt,
    feedback,
    prompt_preview,
)
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.settings import Settings

pytestmark = pytest.mark.usefixtures("clean_environment")

CATALOG = Catalog([CatalogEntry(slug="notify", kind="action", description="Tell somebody")])
BASE = Source.from_text('id = "x"\n[steps.a]\nuses = "old.thing@1"\n')


async def test_the_preview_is_what_is_sent(model_server: Callable[..., Any]) -> None:
    """Messages and schema, word for word, and a count of tokens for them."""
    server = model_server({"answer": {"questions": ["?"]}})
    request = DraftRequest("Tell me at noon", BASE, (Turn("operator", "Hello"),))
    preview = prompt_preview(request, CATALOG)
    caller = ModelCaller(LLMProvider(base_url=server.url, model="m"), open_gate)
    await ModelDrafter(Settings(_env_file=None), caller=caller).draft(request, CATALOG)
    sent = server.requests[0]
    assert sent["messages"] == preview["messages"]
    schema = sent["tools"][0]["function"]["parameters"]
    assert schema["$defs"] == preview["schema"]["$defs"]
    characters = len(json.dumps([preview["messages"], preview["schema"]]))
    assert characters / 5 < preview["tokens"] < characters / 2


def test_the_same_request_gives_the_same_bytes() -> None:
    """Prompts hold no time, no order of sets, no randomness."""
    request = DraftRequest("Tell me at noon", BASE)
    digests = {build_prompt(request, CATALOG).digest for _ in range(5)}
    assert len(digests) == 1


def test_a_long_conversation_keeps_its_latest_turns() -> None:
    """Old turns go first, and the prompt says that they are missing."""
    turns = [Turn("operator", f"turn {number} " + "x" * 500) for number in range(100)]
    content = build_prompt(DraftRequest("Now", None, tuple(turns)), CATALOG).messages[1]["content"]
    assert "turn 99 " in content
    assert "turn 1 " not in content
    assert "(earlier turns are left out)" in content
    assert len(content) < MAX_CONVERSATION_CHARACTERS + 5000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_no_text_holds_its_own_fence(text: str) -> None:
    """The closing line of a fence appears once, at the end, whatever the text."""
    made = fenced("request", text)
    closing = made.rsplit("\n", 1)[1]
    assert made.count(closing) == 1


def test_feedback_shows_places_and_candidates() -> None:
    """The model sees its definition, the line at fault and what would be right."""
    source = Source.from_text('id = "x"\n[steps.a]\nuses = "notfy@1"\n', format="toml")
    text = feedback(source, validate(source, CATALOG).diagnostics)
    assert "definition:3:" in text
    assert 'uses = "notfy@1"' in text
    assert "candidates: notify@1" in text


def test_the_documentation_s_code_works(capsys: pytest.CaptureFixture[str]) -> None:
    """The page on prompts can be copied from."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "prompt-format.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, {})
    assert "<<<catalog" in capsys.readouterr().out
