"""Running definitions as flows, on a real server and a real database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from prefect_luthier.settings import Settings, load_settings


@dataclass
class RunOutcome:
    """How a run ended, as Prefect and as the store see it."""

    run_id: UUID
    state: Any
    document: dict[str, Any]
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    def state_of(self, step: str) -> str:
        """Return the state of a step or item."""
        return str(self.steps[step]["state"])


RunFile = Callable[..., Awaitable[RunOutcome]]


@pytest.fixture
def luthier_settings(
    clean_environment: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Give settings with a data directory and a database of the test's own."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    return load_settings()


@pytest.fixture
def run_text(luthier_settings: Settings, prefect_api: str, tmp_path: Path) -> RunFile:
    """Give a function that runs the text of a definition and returns how it ended."""
    from prefect_luthier.flows.execution.document import stored_document
    from prefect_luthier.flows.run_workflow import run_workflow

    async def run(text: str, *, name: str = "workflow", **inputs: Any) -> RunOutcome:
        path = tmp_path / f"{name}.toml"
        path.write_text(f'schema = 1\nid = "{name}"\nversion = "1.0.0"\n{text}')
        state = await run_workflow(str(path), inputs=inputs, return_state=True)
        run_id = state.state_details.flow_run_id
        document = stored_document(load_settings(), run_id) or {"steps": [], "items": []}
        steps = {step["id"]: step for step in [*document["steps"], *document["items"]]}
        return RunOutcome(run_id, state, document, steps)

    return run
