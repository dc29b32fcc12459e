"""Running definitions: order, rules, outputs, retries, limits, secrets, artifacts."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from typing import Any

import psutil
import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import TaskRun

from prefect_luthier.blocks.blob_store import open_blob_store
from prefect_luthier.flows.execution.report import await_summaries
from prefect_luthier.settings import load_settings


async def recorded_task_runs(run_id: Any, count: int) -> list[TaskRun]:
    """Wait until the server has the ends of so many task runs, and return them."""
    deadline = time.monotonic() + 20
    async with get_client() as client:
        while True:
            runs = await client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])), limit=200
            )
            ended = [run for run in runs if run.state and run.state.is_final()]
            if len(ended) >= count or time.monotonic() > deadline:
                return ended
            await asyncio.sleep(0.2)


def processes_with(text: str) -> list[psutil.Process]:
    """Return the processes whose command line holds ``text``."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(text in word for word in process.info["cmdline"] or ())
    ]


async def until_running(text: str) -> None:
    """Wait until a process with ``text`` in its command line runs."""
    deadline = time.monotonic() + 20
    while not processes_with(text):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_each_step_is_a_task_run_named_after_it(run_text):
    """Steps, items of a loop and skipped steps appear in Prefect under their own names."""
    outcome = await run_text(
        """
        [steps.first]
        run = "echo hello"
        [steps.loop]
        needs = ["first"]
        foreach = "['a', 'b']"
        run = "echo ${{ item }} ${{ index }}"
        [steps.never]
        needs = ["first"]
        when = "steps.first.outputs.stdout == 'bye'"
        run = "true"
        """
    )
    assert outcome.state.is_completed()
    runs = {run.name: run.state for run in await recorded_task_runs(outcome.run_id, 4)}
    assert sorted(runs) == ["first", "loop[0]", "loop[1]", "never"]
    assert runs["never"].name == "Skipped"
    assert "steps.first.outputs.stdout == 'bye'" in runs["never"].message
    assert outcome.steps["loop"]["outputs"]["items"][1]["stdout"] == "b 1"


async def test_result_is_a_document_of_steps_outputs_and_artifacts(run_text):
    """The flow's result holds every step's outputs with their types."""
    outcome = await run_text(
        """
        [steps.count]
        run = '''printf 'n=3\\nnames=["x"]\\n' >> "$LUTHIER_OUTPUT"'''
        outputs = { n = "integer", names = "list" }
        [steps.use]
        needs = ["count"]
        run = "echo $((${{ steps.count.outputs.n }} + 1))"
        """
    )
    document = await outcome.state.aresult()
    assert [step["id"] for step in document["steps"]] == ["count", "use"]
    assert document["steps"][0]["outputs"]["n"] == 3
    assert document["steps"][0]["outputs"]["names"] == ["x"]
    assert document["steps"][1]["outputs"]["stdout"] == "4"


async def test_output_of_a_wrong_type_fails_the_step(run_text):
    """A value that is not of its declared type is named, with the type."""
    outcome = await run_text(
        """
        [steps.count]
        run = 'echo "n=many" >> "$LUTHIER_OUTPUT"'
        outputs = { n = "integer" }
        """
    )
    assert outcome.state.is_failed()
    assert "`n` is 'many', which is no integer" in outcome.state.message


async def test_failure_shows_exit_code_and_last_error_lines(run_text):
    """The run's message says which step failed, how, and what it complained about."""
    outcome = await run_text("[steps.bad]\nrun = 'echo cannot open file >&2; exit 7'\n")
    assert outcome.state.is_failed()
    assert outcome.state.message == "step `bad` failed: exit code 7: cannot open file"
    assert outcome.steps["bad"]["exit_code"] == 7


async def test_fail_fast_ends_running_steps_and_starts_only_handlers(run_text):
    """After a failure a running step is cancelled, a waiting one skipped, a handler runs."""
    began = time.monotonic()
    outcome = await run_text(
        """
        [steps.slow]
        run = "sleep 41.5"
        [steps.bad]
        run = "sleep 0.3; exit 1"
        [steps.after_slow]
        needs = ["slow"]
        run = "true"
        [steps.handler]
        needs = ["bad"]
        when = "steps.bad.state == 'failed'"
        run = "echo handled"
        """
    )
    assert time.monotonic() - began < 15
    assert outcome.state.is_failed()
    assert outcome.state_of("slow") == "cancelled"
    assert outcome.state_of("after_slow") == "skipped"
    assert outcome.state_of("handler") == "completed"
    assert not processes_with("41.5")


async def test_continue_lets_other_steps_go_on(run_text):
    """A failure with `continue` skips only its dependents; the run still ends as failed."""
    outcome = await run_text(
        """
        on_failure = "continue"
        [steps.bad]
        run = "exit 1"
        [steps.dependent]
        needs = ["bad"]
        run = "true"
        [steps.next]
        needs = ["dependent"]
        run = "true"
        [steps.other]
        run = "sleep 0.5"
        """
    )
    assert outcome.state.is_failed()
    assert outcome.steps["dependent"]["reason"] == "needs `bad`, which failed"
    assert outcome.steps["next"]["reason"].startswith("needs `dependent`, which was skipped: ")
    assert outcome.state_of("other") == "completed"


async def test_retries_follow_each_other_until_one_works(run_text):
    """A step is tried again after its delay, and counts its attempts."""
    outcome = await run_text(
        """
        [steps.flaky]
        run = "echo x >> tries; test $(wc -l < tries) -ge 3"
        retries = { max = 4, delay = "100ms", backoff = 2.0 }
        """
    )
    assert outcome.state.is_completed()
    assert outcome.steps["flaky"]["attempts"] == 3
    assert outcome.steps["flaky"]["duration_s"] >= 0.3


async def test_timeout_ends_the_whole_process_group(run_text):
    """A step that takes too long fails as timed out; its children are gone, too."""
    outcome = await run_text(
        """
        [steps.slow]
        run = "sleep 42.25 & sleep 42.25"
        timeout = "500ms"
        """
    )
    assert outcome.state.is_failed()
    assert outcome.steps["slow"]["reason"] == "timed out after 0.5 s"
    runs = await recorded_task_runs(outcome.run_id, 1)
    assert runs[0].state is not None
    assert runs[0].state.name == "TimedOut"
    assert not processes_with("42.25")


async def test_time_limit_of_the_run_ends_it(run_text):
    """A run that takes longer than its own limit fails as timed out."""
    outcome = await run_text(
        'timeout = "700ms"\n[steps.slow]\nrun = "sleep 43.25"\n'
        '[steps.next]\nneeds = ["slow"]\nrun = "true"\n'
    )
    assert outcome.state.name == "TimedOut"
    assert "longer than 0.7 s" in outcome.state.message
    assert outcome.state_of("slow") == "cancelled"
    assert outcome.state_of("next") == "pending"


async def test_cancelling_in_prefect_ends_a_run_outside_a_worker(run_text):
    """A run in a process of its own notices the cancellation, and ends what it started."""

    async def cancel_when_running() -> None:
        from prefect.states import Cancelling

        await until_running("44.25")
        async with get_client() as client:
            runs = await client.read_flow_runs(limit=1, sort="START_TIME_DESC")
            await client.set_flow_run_state(runs[0].id, Cancelling())

    cancelling = asyncio.ensure_future(cancel_when_running())
    outcome = await run_text("[steps.slow]\nrun = 'sleep 44.25'\n")
    await cancelling
    assert outcome.state.is_cancelled()
    assert outcome.document["state"] == "cancelled"
    assert outcome.state.message == "cancelled in Prefect"
    assert not processes_with("44.25")


async def test_cancelled_task_of_the_caller_cancels_the_run(run_text):
    """Code that cancels the call of the flow gets a cancelled run and no process left."""
    call = asyncio.ensure_future(run_text("[steps.slow]\nrun = 'sleep 45.25'\n"))
    await until_running("45.25")
    call.cancel()
    outcome = await call
    assert outcome.state.is_cancelled()
    assert not processes_with("45.25")


async def test_at_most_parallel_steps_run_at_once(run_text):
    """`parallel` bounds the steps that run, and steps of a loop count."""
    outcome = await run_text(
        """
        parallel = 2
        [steps.loop]
        foreach = "[1, 2, 3, 4, 5, 6]"
        run = '''
        mkdir running.$$
        ls -d running.* | wc -l
        sleep 0.3
        rmdir running.$$
        '''
        """
    )
    counts = [int(item["stdout"]) for item in outcome.steps["loop"]["outputs"]["items"]]
    assert max(counts) == 2


async def test_secret_is_used_and_never_shown(run_text, monkeypatch, tmp_path):
    """A secret reaches the command, but no log, output, artifact, message or stored row."""
    secret = 's3cr3t-väl"ue/1'
    monkeypatch.setenv("LUTHIER_SECRET_API_TOKEN", secret)
    outcome = await run_text(
        """
        [parameters.token]
        type = "secret"
        required = true
        [steps.use]
        run = '''
        printf 'len %s\\n' "${#TOKEN}"
        printf 'raw %s\\n' "$TOKEN"
        printf '%s' "$TOKEN" > leak.txt
        echo "got=$TOKEN" >> "$LUTHIER_OUTPUT"
        printf 'to stderr %s\\n' "$TOKEN" >&2
        exit 3
        '''
        env = { TOKEN = "${{ params.token }}" }
        outputs = { got = "string" }
        [artifacts.leak]
        path = "leak.txt"
        """,
        token="api-token",
    )
    assert outcome.state.is_failed()
    assert outcome.steps["use"]["outputs"]["stdout"].startswith("len 1")
    assert outcome.steps["use"]["outputs"]["stdout"].endswith("raw ***")
    assert secret not in str(outcome.document)
    assert secret not in outcome.state.message
    kept = outcome.document["artifacts"][0]
    assert open_blob_store(load_settings()).get(kept["sha256"]) == b"***"
    async with get_client() as client:
        response = await client.request(
            "POST", "/logs/filter", json={"logs": {"flow_run_id": {"any_": [str(outcome.run_id)]}}}
        )
    assert secret not in response.text


async def test_secret_is_found_in_the_block_that_can_have_its_name(run_text):
    """Prefect allows no capitals and underscores in names: `GITHUB_TOKEN` is `github-token`."""
    await Secret(value="from-the-block").save("github-token", overwrite=True)  # type: ignore[misc]
    outcome = await run_text(
        """
        [parameters.token]
        type = "secret"
        default = "GITHUB_TOKEN"
        [steps.use]
        run = "printf %s ${#TOKEN}"
        env = { TOKEN = "${{ params.token }}" }
        """
    )
    assert outcome.steps["use"]["outputs"]["stdout"] == str(len("from-the-block"))


async def test_unknown_secret_fails_before_the_first_step(run_text):
    """A secret that does not exist is named with the ways to create it."""
    outcome = await run_text(
        """
        [parameters.token]
        type = "secret"
        required = true
        [steps.use]
        run = "true"
        env = { TOKEN = "${{ params.token }}" }
        """,
        token="Nowhere_1",
    )
    assert outcome.state.is_failed()
    assert "'nowhere-1'" in outcome.state.message
    assert "LUTHIER_SECRET_NOWHERE_1" in outcome.state.message
    assert outcome.state_of("use") == "pending"


async def test_artifacts_are_stored_with_checksums_and_shown(run_text):
    """Files that match are stored by checksum; a text file is a Markdown artifact in Prefect."""
    outcome = await run_text(
        """
        [steps.write]
        run = "echo '# Title' > report.md; mkdir out; echo 1 > out/a.csv; echo 2 > out/b.csv"
        [artifacts.report]
        path = "report.md"
        [artifacts.tables]
        path = "out/*.csv"
        """,
        name="keeper",
    )
    files = {file["path"]: file for file in outcome.document["artifacts"]}
    assert sorted(files) == ["out/a.csv", "out/b.csv", "report.md"]
    await_summaries()
    assert files["report.md"]["sha256"] == hashlib.sha256(b"# Title\n").hexdigest()
    async with get_client() as client:
        response = await client.request(
            "POST",
            "/artifacts/filter",
            json={"artifacts": {"flow_run_id": {"any_": [str(outcome.run_id)]}}},
        )
    shown = {artifact["key"]: artifact["data"] for artifact in response.json()}
    assert shown["keeper-report"] == "# Title\n"
    assert "keeper-files" in shown
    assert "`write`" in shown["keeper-run"]


async def test_link_out_of_the_workspace_is_not_kept(run_text, tmp_path):
    """An artifact that is a link to a file elsewhere is refused, not copied."""
    (tmp_path / "private").write_text("private")
    outcome = await run_text(
        f"""
        [steps.link]
        run = "ln -s {tmp_path}/private stolen"
        [artifacts.stolen]
        path = "stolen"
        """
    )
    assert outcome.state.is_completed()
    assert outcome.document["artifacts"] == []


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("inherit", "shared"), ("ephemeral", "gone"), ("sub/folder", "nested")],
    ids=["inherit", "ephemeral", "path"],
)
async def test_workspace_policy_decides_where_a_step_runs(run_text, policy, expected):
    """A step shares the run's folder, has an empty one of its own, or one it names."""
    outcome = await run_text(
        f"""
        [steps.write]
        run = "echo x > file; pwd"
        workspace = "{policy}"
        [steps.look]
        needs = ["write"]
        run = "test -f file && echo shared || (test -f sub/folder/file && echo nested || echo gone)"
        """
    )
    assert outcome.steps["look"]["outputs"]["stdout"] == expected
    folder = outcome.steps["write"]["outputs"]["stdout"]
    assert os.path.isdir(folder) == (policy != "ephemeral")  # noqa: PTH112, ASYNC240


async def test_large_output_is_cut_in_the_outputs_and_stored_whole(run_text):
    """A command that prints 30 MB in one line costs no such memory, and the cut is stated."""
    outcome = await run_text("[steps.big]\nrun = 'head -c 30000000 /dev/zero | tr \"\\\\0\" x'\n")
    assert outcome.state.is_completed()
    stdout = outcome.steps["big"]["outputs"]["stdout"]
    assert len(stdout) < 2_000_000
    assert stdout.endswith("of 30000000 bytes]")


async def test_invalid_definition_fails_with_its_findings(run_text):
    """A file that is no valid definition gives a failed run that says why, and no traceback."""
    outcome = await run_text("[steps.a]\nrun = 'true'\nneeds = ['nowhere']\n")
    assert outcome.state.is_failed()
    assert "nowhere" in outcome.state.message
    assert "Traceback" not in outcome.state.message


async def test_wrong_input_fails_with_the_parameter(run_text):
    """A parameter that does not exist is named."""
    outcome = await run_text("[steps.a]\nrun = 'true'\n", wrong=1)
    assert outcome.state.is_failed()
    assert "wrong" in outcome.state.message


async def test_registered_workflow_runs_as_a_step(run_text, luthier_settings, tmp_path):
    """A step that uses a registered workflow runs it as a sub-run and gets its outputs."""
    from sqlmodel import Session

    from prefect_luthier.deployments.definition.model import Definition
    from prefect_luthier.deployments.store.connection import open_store
    from prefect_luthier.deployments.store.definitions import save_definition

    definition = Definition.model_validate(
        {
            "id": "inner",
            "version": "1.2.0",
            "parameters": {"who": {"type": "string", "required": True}},
            "steps": {"greet": {"run": "echo hello ${{ params.who }}"}},
        }
    )
    text = (
        'schema = 1\nid = "inner"\nversion = "1.2.0"\n[parameters.who]\nrequired = true\n'
        '[steps.greet]\nrun = "echo hello ${{ params.who }}"\n'
    )
    with Session(open_store(luthier_settings)) as session:
        save_definition(session, definition, text, actor="test", provenance={})
        session.commit()
    outcome = await run_text(
        """
        [steps.inner]
        uses = "inner@1"
        inputs = { who = "world" }
        """
    )
    assert outcome.state.is_completed(), outcome.state.message
    steps = outcome.steps["inner"]["outputs"]["steps"]
    assert steps["greet"]["stdout"] == "hello world"


async def test_step_whose_result_cannot_be_stored_is_not_repeated(run_text, monkeypatch, tmp_path):
    """A command that did its work is not run again because the database refused its result."""
    from prefect_luthier.errors import LuthierError
    from prefect_luthier.flows.execution.run_store import RunStore

    async def refuse(*_: object) -> None:
        raise LuthierError("not-stored", "the database refused a result.")

    monkeypatch.setattr(RunStore, "record", refuse)
    outcome = await run_text(
        f"""
        [steps.once]
        run = "echo x >> {tmp_path}/trace"
        retries = {{ max = 3, delay = "10ms" }}
        """
    )
    assert outcome.state.is_failed()
    assert "refused a result" in outcome.state.message
    assert (tmp_path / "trace").read_text() == "x\n"
