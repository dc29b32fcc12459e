"""The catalog at one moment."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session

from prefect_luthier.ai_builder.permission_delta import permission_delta
from prefect_luthier.ai_builder.snapshot import stored_workflows, take_snapshot, workflow_entry
from prefect_luthier.catalog import Capabilities, Catalog, CatalogEntry
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.permissions import Permission
from prefect_luthier.deployments.store.definitions import save_definition
from prefect_luthier.errors import UsageError


def entry(slug: str, description: str = "installed", **fields: object) -> CatalogEntry:
    return CatalogEntry.model_validate(
        {"slug": slug, "kind": "action", "description": description} | fields
    )


INSTALLED = Catalog([entry("mail.send", capabilities=Capabilities(network=("mail.example",)))])
REPORT = Definition.model_validate(
    {
        "id": "report",
        "version": "2.0.0",
        "description": "Weekly report",
        "parameters": {"to": {"required": True}, "key": {"type": "secret"}},
        "requirements": {"commands": ["git"]},
        "steps": {"send": {"uses": "mail.send@1"}, "show": {"run": "git log"}},
    }
)


def test_what_is_installed_wins(tmp_path: Path) -> None:
    """A file or a workflow cannot take the place of an action that runs."""
    path = tmp_path / "catalog.json"
    path.write_text(
        json.dumps(
            [
                {"slug": "mail.send", "kind": "action", "description": "other"},
                {"slug": "fax.send", "kind": "service", "description": "Send a fax"},
            ]
        )
    )
    imitation = REPORT.model_copy(update={"id": "mail.send", "version": "1.0.0"})
    made = take_snapshot(INSTALLED, registered=[REPORT, imitation], files=[path])
    assert sorted(made.catalog.slugs) == ["fax.send", "mail.send", "report"]
    found = made.catalog.find("mail.send")
    assert found is not None
    assert found.description == "installed"
    assert made.sources == {"stored": 0, "workflows": 2, str(path): 2, "installed": 1}


def test_the_digest_is_that_of_the_entries() -> None:
    """Order and origin do not matter; content does."""
    a, b = entry("a"), entry("b")
    one = take_snapshot(Catalog([a, b]))
    other = take_snapshot(Catalog([b]), stored=[a])
    assert one.digest == other.digest != take_snapshot(Catalog([a])).digest
    assert Catalog(map(CatalogEntry.model_validate, one.to_json()["entries"])).digest == one.digest


def test_a_workflow_is_offered_with_its_form_and_what_it_needs() -> None:
    """Its parameters are inputs; what its steps may do is what the sub-run may do."""
    made = workflow_entry(REPORT, INSTALLED)
    assert (made.kind, made.reference) == ("workflow", "report@2")
    assert made.input_schema is not None
    assert made.input_schema["required"] == ["to"]
    assert made.capabilities == Capabilities(
        network=("mail.example",), commands=("git",), secrets=("key",), files="write"
    )


def test_a_workflow_is_not_offered_to_itself() -> None:
    """While it is being changed it must not become a step of its own."""
    assert "report" not in take_snapshot(INSTALLED, registered=[REPORT], without="report").catalog


def test_stored_workflows_are_the_newest(session: Session) -> None:
    """Of each workflow one definition, the last that was saved."""
    for version in ("2.0.0", "2.1.0"):
        newer = REPORT.model_copy(update={"version": version})
        save_definition(session, newer, version, actor="alice", provenance={})
        session.commit()
    assert [(each.id, each.version) for each in stored_workflows(session)] == [("report", "2.1.0")]


def test_a_broken_catalog_file_is_named(tmp_path: Path) -> None:
    """The file's path is in the message."""
    path = tmp_path / "catalog.json"
    path.write_text("[{")
    with pytest.raises(UsageError, match=r"catalog\.json"):
        take_snapshot(INSTALLED, files=[path])


def test_only_new_permissions_are_the_delta() -> None:
    """What the base had is not asked about again; of a new definition everything is new."""
    steps = {**REPORT.steps, "more": REPORT.steps["show"]}
    same = REPORT.model_copy(update={"steps": steps})
    assert permission_delta(REPORT, same, INSTALLED) == ()
    assert permission_delta(None, REPORT, INSTALLED) == (
        Permission("command", "git"),
        Permission("network", "mail.example"),
        Permission("secret", "key"),
        Permission("shell", ""),
    )
