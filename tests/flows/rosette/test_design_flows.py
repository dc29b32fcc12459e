"""From attachments to programs: the flows around a design, on a real server and database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from prefect_luthier.flows.rosette.advance_design import advance_design
from prefect_luthier.flows.rosette.bind_candidate import bind_candidate
from prefect_luthier.flows.rosette.make_toolpaths import make_toolpaths
from prefect_luthier.flows.rosette.records import Records, open_records
from prefect_luthier.rmos.store.attachments import Declaration
from prefect_luthier.rmos.store.designs import list_designs
from prefect_luthier.rmos.store.releases import newest_release
from prefect_luthier.settings import Settings

FAKES = Path(__file__).parents[2] / "fakes"
TOO_DEEP = {"channel_depth_mm": 2.7, "inlay_thickness_mm": 2.9}


@pytest.fixture
def records(luthier_settings: Settings, prefect_api: str) -> Iterator[Records]:
    """Give the records of the test, while Prefect's server runs."""
    assert prefect_api
    found = open_records(luthier_settings)
    yield found
    found.engine.dispose()


def attached(records: Records, **changes: Any) -> dict[str, str]:
    """Attach a design with changes, and its context; return the flow's parameters."""
    spec = json.loads((FAKES / "rosette_spec.json").read_text()) | changes
    context = (FAKES / "rosette_context.json").read_bytes()
    return {
        "spec": records.attach(json.dumps(spec).encode(), Declaration("spec.json"), "anna").sha256,
        "context": records.attach(context, Declaration("context.json"), "anna").sha256[:12],
    }


def artifacts_of(api: str, run_id: UUID) -> dict[str, str]:
    """Return the types of the artifacts that a run left in Prefect, by key."""
    found = httpx.post(
        f"{api}/artifacts/filter",
        json={"artifacts": {"flow_run_id": {"any_": [str(run_id)]}}},
    ).json()
    return {each["key"]: each["type"] for each in found}


async def test_a_design_goes_from_attachments_to_programs(
    records: Records, prefect_api: str, tmp_path: Path
) -> None:
    """Bind, approve, make: programs are stored with the report of their simulation."""
    bound = await bind_candidate(**attached(records), name="OM", actor="anna")
    design = bound["design"]
    early = await make_toolpaths(design, return_state=True)
    assert early.is_failed()
    assert "approved designs only" in early.message
    await advance_design(design[:8], "approve", actor="bert", note="good")
    state = await make_toolpaths(design, "linuxcnc", actor="bert", return_state=True)
    made = await state.aresult()
    assert made["verification"]["passed"]
    assert made["verification"]["gouge_mm2"] == 0
    kinds = {file["kind"]: file for file in made["files"]}
    assert {"gcode", "svg", "dxf", "cut-list", "bill-of-materials", "verification"} <= set(kinds)
    program = records.blobs.get(kinds["gcode"]["sha256"]).decode()
    assert "G21" in program
    assert kinds["gcode"]["media_type"] == "text/x-gcode"
    shown = artifacts_of(prefect_api, state.state_details.flow_run_id)
    assert shown[f"rosette-design-{design[:8]}"] == "image"
    assert shown[f"rosette-verification-{design[:8]}"] == "table"


async def test_a_blocked_candidate_is_recorded_and_cannot_go_on(records: Records) -> None:
    """BLOCK is an answer, not a failure; the design can only be overridden by somebody else."""
    bound = await bind_candidate(**attached(records, **TOO_DEEP), actor="anna")
    assert (bound["decision"], bound["state"]) == ("BLOCK", "rejected")
    refused = await advance_design(
        bound["design"], "override", "the customer accepts it", "anna", return_state=True
    )
    assert "somebody else" in refused.message
    done = await advance_design(bound["design"], "override", "the customer accepts it", "bert")
    assert done["state"] == "approved"


async def test_an_invalid_candidate_fails_with_its_findings(records: Records) -> None:
    """The run's message names what is wrong, and nothing is on record."""
    state = await bind_candidate(**attached(records, rings=[]), return_state=True)
    assert state.is_failed()
    assert "rings" in state.message
    assert "Nothing was stored" in state.message
    with records.session() as session:
        assert list_designs(session) == []


async def test_a_revoked_release_is_withdrawn(records: Records) -> None:
    """Programs of a design whose approval was taken back are not handed out."""
    bound = await bind_candidate(**attached(records), actor="anna")
    await advance_design(bound["design"], "approve", actor="bert")
    await make_toolpaths(bound["design"])
    with records.session() as session:
        assert newest_release(session, UUID(bound["design"])) is not None
    await advance_design(bound["design"], "revoke", actor="bert")
    with records.session() as session:
        assert newest_release(session, UUID(bound["design"])) is None


def execute(settings: Settings, api: str, run_id: str) -> str:
    """Execute a flow run in a process of its own, as a worker would; return what it wrote."""
    environment = os.environ | {
        "PREFECT_API_URL": api,
        "LUTHIER_DATA_DIR": str(settings.data_dir),
        "PREFECT_HOME": str(settings.data_dir / "prefect"),
        "PREFECT__FLOW_RUN_ID": run_id,
    }
    done = subprocess.run(
        [sys.executable, "-m", "prefect.engine"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stderr


def state_of(api: httpx.Client, run_id: str) -> tuple[str, str]:
    """Return the name and the message of a run's state."""
    state = api.get(f"/flow_runs/{run_id}").json()["state"]
    return state["name"], state["message"] or ""


def test_a_commission_waits_for_a_person(
    records: Records, luthier_settings: Settings, prefect_api: str
) -> None:
    """It suspends, refuses answers that are wrong or against the rules, and goes on after one."""
    entrypoint = "prefect_luthier.flows.rosette.commission_rosette.commission_rosette"
    with httpx.Client(base_url=prefect_api, timeout=30) as api:
        flow_id = api.post("/flows/", json={"name": "commission-rosette"}).json()["id"]
        deployment = api.post(
            "/deployments/", json={"name": "t", "flow_id": flow_id, "entrypoint": entrypoint}
        ).json()
        run_id = api.post(
            f"/deployments/{deployment['id']}/create_flow_run",
            json={"parameters": {**attached(records), "name": "OM", "actor": "anna"}},
        ).json()["id"]

        def resume(**answer: str) -> str:
            sent = api.post(f"/flow_runs/{run_id}/resume", json={"run_input": answer})
            return str(sent.json()["status"])

        log = execute(luthier_settings, prefect_api, run_id)
        assert state_of(api, run_id)[0] == "Suspended", log
        assert resume(decision="maybe", actor="bert") == "REJECT"
        assert resume(decision="approve") == "REJECT"
        assert state_of(api, run_id)[0] == "Suspended"
        assert resume(decision="override", actor="bert", note="short") == "ACCEPT"
        log = execute(luthier_settings, prefect_api, run_id)
        assert state_of(api, run_id)[0] == "Suspended", log
        assert resume(decision="approve", actor="bert", note="good") == "ACCEPT"
        log = execute(luthier_settings, prefect_api, run_id)
        assert state_of(api, run_id)[0] == "Completed", log
        wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}, "type": {"any_": ["markdown"]}}}
        assert len(api.post("/artifacts/filter", json=wanted).json()) == 1
    with records.session() as session:
        designs = list_designs(session)
        assert [(each.state, each.actor) for each in designs] == [("toolpaths_ready", "anna")]
        assert newest_release(session, designs[0].id) is not None
