"""Where the text of a workflow comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.definitions import save_definition
from prefect_luthier.flows.execution.load import find_source
from prefect_luthier.settings import load_settings

STORED = 'id = "report"\nversion = "1.0.0"\n[steps.a]\nrun = "echo stored"\n'


def test_a_file_does_not_take_the_place_of_what_was_approved(
    clean_environment: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A deployment names a digest; a file of that name counts on the command line only."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    definition = Definition.model_validate(
        {"id": "report", "version": "1.0.0", "steps": {"a": {"run": "echo stored"}}}
    )
    with Session(open_store(settings)) as session:
        save_definition(session, definition, STORED, actor="ada", provenance={})
        session.commit()
    (tmp_path / "report").write_text(STORED.replace("stored", "of the file"))
    assert "stored" in find_source(settings, "report", digest=definition.digest).text
    assert "of the file" in find_source(settings, "report").text
