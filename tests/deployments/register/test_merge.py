"""An update writes what Luthier wants changed and leaves what a person changed in Prefect."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.register.merge import merge
from prefect_luthier.deployments.register.payload import Payload, deployment_payload

DEFINITION: dict[str, Any] = {
    "id": "report",
    "version": "1.0.0",
    "tags": ["git"],
    "concurrency": 2,
    "parameters": {"repo": {"type": "path", "default": "/src"}},
    "triggers": [{"cron": "0 7 * * 1-5", "timezone": "Europe/Berlin"}],
    "steps": {"show": {"run": "git -C ${{ params.repo }} log"}},
}


def payload(values: dict[str, Any] | None = None, **changes: Any) -> Payload:
    """Return the payload of the example with changes."""
    definition = Definition.model_validate({**DEFINITION, **changes})
    return deployment_payload(definition, values=values or {}, provenance={}, work_pool="luthier")


def in_prefect(sent: Payload) -> dict[str, Any]:
    """Return the deployment as Prefect would give it back after ``sent`` was written."""
    stored = deepcopy(sent)
    limit = stored.pop("concurrency_limit")
    stored["global_concurrency_limit"] = {"limit": limit} if limit else None
    stored["schedules"] = [
        {**schedule, "id": f"id-{number}"} for number, schedule in enumerate(stored["schedules"])
    ]
    return {**stored, "paused": False}


def test_the_same_definition_changes_nothing() -> None:
    """Registering twice writes nothing."""
    update = merge(payload(), payload(), in_prefect(payload()))
    assert not update
    assert update.changes == update.kept == []


def test_a_paused_schedule_stays_paused() -> None:
    """A schedule that a person paused is not switched on by an update."""
    existing = in_prefect(payload())
    existing["schedules"][0]["active"] = False
    update = merge(payload(), payload(version="1.1.0"), existing)
    assert update.fields["version"] == "1.1.0"
    assert not (update.create)
    assert not (update.change)
    assert not (update.remove)
    assert update.kept == ["schedule paused in Prefect: 0 7 * * 1-5 Europe/Berlin"]


def test_an_added_schedule_limit_and_tag_stay() -> None:
    """What a person added in Prefect is kept, and the update says so."""
    existing = in_prefect(payload())
    existing["schedules"].append(
        {"id": "own", "slug": None, "schedule": {"cron": "0 0 * * 0"}, "active": True}
    )
    existing["tags"].append("team-a")
    existing["global_concurrency_limit"] = {"limit": 9}
    update = merge(payload(), payload(tags=["git", "daily"]), existing)
    assert update.fields["tags"] == ["daily", "git", "luthier", "team-a"]
    assert "concurrency_limit" not in update.fields
    assert not update.remove
    assert update.kept == [
        "tags added in Prefect: team-a",
        "schedule added in Prefect: 0 0 * * 0 UTC",
        "concurrency limit set in Prefect: 9",
    ]


def test_changed_steps_are_told_by_the_digest_alone() -> None:
    """What the form asks for is the same then, so no change of the form is claimed."""
    wanted = payload(steps={"show": {"run": "git -C ${{ params.repo }} status"}})
    update = merge(payload(), wanted, in_prefect(payload()))
    assert {"description", "parameters", "parameter_openapi_schema"} == update.fields.keys()
    (change,) = update.changes
    assert change.startswith("definition: sha256:")
    assert wanted["parameters"]["digest"].startswith(change.rpartition(" ")[2])


def test_a_new_limit_of_the_definition_is_written() -> None:
    """Where the definition itself changes a field, its wish wins."""
    existing = in_prefect(payload())
    existing["global_concurrency_limit"] = {"limit": 9}
    update = merge(payload(), payload(concurrency=4), existing)
    assert update.fields["concurrency_limit"] == 4


def test_a_changed_trigger_replaces_its_schedule() -> None:
    """The old schedule goes, the new one comes, others stay."""
    wanted = payload(triggers=[{"cron": "0 8 * * *"}])
    update = merge(payload(), wanted, in_prefect(payload()))
    assert update.remove == ["id-0"]
    assert [s["schedule"]["cron"] for s in update.create] == ["0 8 * * *"]


def test_a_removed_schedule_stays_removed() -> None:
    """A schedule that a person deleted in Prefect does not come back by itself."""
    existing = in_prefect(payload())
    existing["schedules"] = []
    update = merge(payload(), payload(version="2.0.0"), existing)
    assert not update.create
    assert update.kept == ["schedule removed in Prefect stays removed: 0 7 * * 1-5 Europe/Berlin"]


def test_values_set_in_prefect_stay() -> None:
    """A value that a person gave the deployment survives an update of another one."""
    existing = in_prefect(payload())
    existing["parameters"]["inputs"]["repo"] = "/elsewhere"
    update = merge(payload(), payload(version="2.0.0"), existing)
    assert update.fields["parameters"]["inputs"] == {"repo": "/elsewhere"}
    assert update.fields["parameters"]["version"] == "2.0.0"


def test_a_schedule_without_its_required_value_is_inactive() -> None:
    """A trigger that could only start failing runs is registered paused, then resumed."""
    bare = {"repo": {"type": "path", "required": True}}
    without, given = payload(parameters=bare), payload({"repo": "/src"}, parameters=bare)
    assert [s["active"] for s in without["schedules"]] == [False]
    update = merge(without, given, in_prefect(without))
    assert update.change == {"id-0": {"parameters": {}, "active": True}}


def test_an_unknown_past_removes_nothing() -> None:
    """When what was sent is not known, a person's schedules and tags are still kept."""
    existing = in_prefect(payload())
    existing["schedules"].append(
        {"id": "own", "slug": "mine", "schedule": {"cron": "1 1 * * *"}, "active": True}
    )
    existing["tags"].append("team-a")
    update = merge({}, payload(), existing)
    assert update.remove == []
    assert update.create == []
    assert "tags" not in update.fields


@pytest.mark.parametrize("field", ["description", "parameter_openapi_schema"])
def test_generated_text_is_written_anew(field: str) -> None:
    """The description and the form always follow the definition."""
    changed = payload(parameters={"repo": {"type": "path", "default": "/src", "title": "Folder"}})
    update = merge({**payload(), "description": "old"}, changed, in_prefect(payload()))
    assert update.fields[field] == changed[field]
