"""Run the steps of a workflow in the order of their needs, each as a Prefect task.

Ejected workflows carry this module, so that they run without Luthier.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shlex
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import get_run_logger, runtime, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.states import Cancelled, Completed, Failed

from prefect_luthier.flows.ejection.programs import Streams, run_program, scrubbed_environment

PARALLEL_STEPS = 8
SHOWN_BYTES = 256 * 1024

Outputs = dict[str, Any]


class StepFailed(Exception):
    """A step's work failed; what it put out until then is kept."""

    def __init__(self, reason: str, outputs: Outputs | None = None) -> None:
        super().__init__(reason)
        self.outputs = outputs or {}


@dataclass(frozen=True)
class Step:
    """A step: its work, what it waits for, and how patiently it is tried.

    ``decides`` names the needs whose end ``when`` judges by itself; a step is skipped when any
    other need did not complete.
    """

    id: str
    work: Callable[[Scope], Awaitable[Outputs]]
    needs: tuple[str, ...] = ()
    when: Callable[[Scope], Any] | None = None
    foreach: Callable[[Scope], Any] | None = None
    decides: tuple[str, ...] = ()
    timeout_s: float | None = None
    retries: int = 0
    delays_s: tuple[float, ...] = ()
    jitter: float = 0.0
    fail_fast: bool = True
    condition: str = ""
    declared: tuple[str, ...] = ()


@dataclass
class Result:
    """How a step ended: completed, failed, skipped or cancelled."""

    state: str
    reason: str = ""
    outputs: Outputs = field(default_factory=dict)


@dataclass
class Scope:
    """What the work of a step can read."""

    params: dict[str, Any]
    results: dict[str, Result]
    run_id: str
    folder: Path
    started: datetime
    secrets: tuple[str, ...] = ()
    key: str = ""
    item: Any = None
    index: int = 0

    @property
    def run(self) -> dict[str, str]:
        """The run's id, date and time of start."""
        started = self.started.isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"id": self.run_id, "date": self.started.date().isoformat(), "started": started}

    def outputs(self, step: str) -> Outputs:
        """Return what a step put out."""
        return self.results[step].outputs

    def state(self, step: str) -> str:
        """Return how a step ended: completed, failed or skipped."""
        state = self.results[step].state
        return "failed" if state == "cancelled" else state

    def masked(self, value: Any) -> Any:
        """Return a value with the secrets in its texts blotted out."""
        if isinstance(value, str):
            for secret in self.secrets:
                value = value.replace(secret, "********") if secret else value
        elif isinstance(value, dict):
            return {name: self.masked(item) for name, item in value.items()}
        elif isinstance(value, list):
            return [self.masked(item) for item in value]
        return value


def text(value: Any) -> str:
    """Return a value as it stands in a text: nothing for None, JSON for lists and maps."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - beyond, repr says it shorter
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def word(value: Any, quotes: str = "") -> str:
    """Return a value as part of one shell word; ``quotes`` are those around its place."""
    return quotes + shlex.quote(text(value)) + quotes


async def secret(name: str | None) -> str | None:
    """Return the secret of that name: a Prefect Secret block, else an environment variable."""
    if name is None:
        return None
    try:
        block: Any = await Secret.aload(name)  # type: ignore[attr-defined, unused-ignore]
    except ValueError:
        variable = "LUTHIER_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        value = os.environ.get(variable)
        if value is None:
            raise ValueError(f"there is no Secret block {name!r} and no {variable}") from None
        return value
    value = block.get()
    return value if isinstance(value, str) else json.dumps(value)


async def shell(
    s: Scope,
    command: str,
    *,
    env: Mapping[str, Any] | None = None,
    outputs: Mapping[str, str] | None = None,
    workspace: str = "inherit",
) -> Outputs:
    """Run a shell command; its outputs are stdout, stderr, exit_code and those it declares."""
    log = get_run_logger()

    def show(line: str) -> None:
        log.info("%s", s.masked(line))

    with tempfile.TemporaryDirectory(prefix="step-") as scratch:
        output_file = Path(scratch) / "output"
        folder = step_folder(s, workspace, Path(scratch))
        outcome = await run_program(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env=environment(s, folder, env, output_file if outputs else None),
            streams=Streams(show, show),
        )
        found: Outputs = {
            "stdout": s.masked(outcome.stdout.text.rstrip("\n")),
            "stderr": s.masked(outcome.stderr.text.rstrip("\n")),
            "exit_code": outcome.exit_code,
        }
        if outcome.exit_code != 0:
            tail = "\n".join((outcome.stderr.tail or outcome.stdout.tail)[-5:])
            reason = f"exit code {outcome.exit_code}" + (f": {tail}" if tail else "")
            raise StepFailed(s.masked(reason), found)
        if outputs:
            try:
                found |= s.masked(_declared_outputs(output_file, outputs))
            except (ValueError, KeyError) as error:
                raise StepFailed(f"$LUTHIER_OUTPUT: {error}", found) from error
    return found


def environment(
    s: Scope, folder: Path, env: Mapping[str, Any] | None, output_file: Path | None = None
) -> dict[str, str]:
    """Return the environment of a step's programs."""
    own = {"LUTHIER_RUN_ID": s.run_id, "LUTHIER_STEP": s.key, "LUTHIER_WORKSPACE": str(folder)}
    own |= {"LUTHIER_OUTPUT": str(output_file)} if output_file else {}
    return scrubbed_environment(own | {name: text(value) for name, value in (env or {}).items()})


def step_folder(s: Scope, workspace: str, scratch: Path) -> Path:
    """Return the folder that a step works in: the run's, an empty one, or a named one."""
    if workspace == "inherit":
        return s.folder
    folder = scratch / "workspace" if workspace == "ephemeral" else s.folder / workspace
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _declared_outputs(path: Path, declared: Mapping[str, str]) -> Outputs:
    found: Outputs = {}
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    for line in (line.rstrip("\r") for line in lines if line.strip()):
        if line.lstrip().startswith("{"):
            found |= json.loads(line)
            continue
        name, _, value = line.partition("=")
        found[name.strip()] = _parsed(value, declared[name.strip()])
    missing = [name for name in declared if name not in found]
    if missing:
        raise ValueError(f"the command did not write {', '.join(missing)}")
    return found


def _parsed(value: str, kind: str) -> Any:
    if kind == "string":
        return value
    if kind == "boolean":
        return {"true": True, "false": False}[value.strip().lower()]
    return {"integer": int, "number": float}.get(kind, json.loads)(value)


async def run_steps(
    steps: Sequence[Step],
    params: dict[str, Any],
    *,
    secrets: Sequence[str] = (),
    parallel: int | None = None,
    timeout_s: float | None = None,
    artifacts: Callable[[Scope], Mapping[str, str]] = lambda _: {},
    workspaces: Path = Path("workspaces"),
) -> Any:
    """Run the steps of a workflow and return what they put out.

    Args:
        steps: The steps.
        params: Values of the parameters.
        secrets: Parameters that name secrets.
        parallel: Most steps that run at once.
        timeout_s: Longest time for all of it.
        artifacts: Files to keep, by name.
        workspaces: Where the folder of the run is made.
    """
    run_id = str(runtime.flow_run.id)
    folder = (workspaces / run_id).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    values = {**params, **{name: await secret(params[name]) for name in secrets}}
    hidden = tuple(str(values[name]) for name in secrets if values[name])
    scope = Scope(values, {}, run_id, folder, datetime.now(UTC), hidden)
    queue = _Queue(steps, scope, parallel or PARALLEL_STEPS)
    problem = ""
    try:
        async with asyncio.timeout(timeout_s):
            await queue.run()
    except TimeoutError:
        problem = f"timed out after {timeout_s:g} s"
    kept = await _keep(artifacts(scope), folder)
    failed = [name for name, result in scope.results.items() if result.state == "failed"]
    if failed and not problem:
        problem = "; ".join(
            f"step `{name}` failed: {scope.results[name].reason}" for name in failed
        )
    document = {
        "run_id": run_id,
        "state": "failed" if problem else "completed",
        "steps": [
            {"id": step.id, **vars(scope.results.get(step.id, Result("skipped", problem)))}
            for step in steps
        ],
        "artifacts": kept,
    }
    return Failed(message=problem, data=document) if problem else document


class _Queue:
    """Starts each step when its needs have ended."""

    def __init__(self, steps: Sequence[Step], scope: Scope, parallel: int) -> None:
        self.steps = {step.id: step for step in steps}
        self.scope = scope
        self.slots = asyncio.Semaphore(parallel)
        self.running: dict[asyncio.Task[Result], str] = {}
        self.bodies: dict[str, set[asyncio.Task[Outputs]]] = {}
        self.broken: dict[str, str] = {}
        self.stopped = ""

    async def run(self) -> None:
        waiting = dict(self.steps)
        try:
            while waiting or self.running:
                for step in list(waiting.values()):
                    if all(need in self.scope.results for need in step.needs):
                        del waiting[step.id]
                        self.running[asyncio.ensure_future(self._step(step))] = step.id
                done, _ = await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
                for finished in done:
                    self._take(self.running.pop(finished), finished.result())
        except asyncio.CancelledError:
            self.stopped = self.stopped or "the run was stopped"
            for name in list(self.bodies):
                self._cancel(name)
            for finished in self.running:
                name, result = self.running[finished], await finished
                self.scope.results[name] = result
            raise

    def _take(self, name: str, result: Result) -> None:
        result.outputs = {**dict.fromkeys(self.steps[name].declared), **result.outputs}
        self.scope.results[name] = result
        if result.state == "failed" and self.steps[name].fail_fast and not self.stopped:
            self.stopped = f"step `{name}` failed"
            for other in self.running.values():
                if not self._handles_failure(self.steps[other]):
                    self._cancel(other)

    def _cancel(self, name: str) -> None:
        for body in self.bodies.get(name, ()):
            body.cancel()

    def _handles_failure(self, step: Step) -> bool:
        ended = [self.scope.results[name] for name in step.decides if name in self.scope.results]
        return any(result.state in ("failed", "cancelled") for result in ended)

    def _reason_to_skip(self, step: Step) -> str:
        if step.id in self.broken:
            return self.broken[step.id]
        if self.stopped and not self._handles_failure(step):
            return f"not started: {self.stopped}"
        for need in step.needs:
            result = self.scope.results[need]
            if need not in step.decides and result.state != "completed":
                because = f": {result.reason}" if result.state == "skipped" else ""
                return f"needs `{need}`, which was {result.state}{because}"
        return ""

    async def _step(self, step: Step) -> Result:
        state, reason = self._decision(step)
        if state != "run":
            return await _end(step.id, state, reason)
        if step.foreach is None:
            return await self._task(step, step.id, self.scope)
        try:
            items = list(step.foreach(self.scope))
            problem = ""
        except Exception as error:  # noqa: BLE001 - an expression may fail in any way
            problem = f"{type(error).__name__}: {error}"
        if problem:
            return await _end(step.id, "failed", problem)
        return await self._items(step, items)

    def _decision(self, step: Step) -> tuple[str, str]:
        """Return whether to run, skip or fail a step, and why."""
        reason = self._reason_to_skip(step)
        if reason or step.when is None:
            return ("skipped" if reason else "run"), reason
        try:
            decision = step.when(self.scope)
        except Exception as error:  # noqa: BLE001 - an expression may fail in any way
            return "failed", f"{type(error).__name__}: {error}"
        if not isinstance(decision, bool):
            return "failed", f"`when` is neither true nor false: {decision!r}"
        return ("run", "") if decision else ("skipped", f"its condition is false: {step.condition}")

    async def _items(self, step: Step, items: list[Any]) -> Result:
        found = await asyncio.gather(*(self._item(step, i, item) for i, item in enumerate(items)))
        bad = [f"[{i}] {r.reason}" for i, r in enumerate(found) if r.state != "completed"]
        reason = f"{len(bad)} of {len(found)} items failed: {'; '.join(bad[:5])}" if bad else ""
        outputs = {"items": [result.outputs for result in found]}
        return Result("failed" if bad else "completed", reason, outputs)

    async def _item(self, step: Step, index: int, item: Any) -> Result:
        scope = Scope(**{**vars(self.scope), "item": item, "index": index})
        result = await self._task(step, f"{step.id}[{index}]", scope)
        if result.state == "failed" and step.fail_fast:
            self.broken.setdefault(step.id, f"not started: item {index} of `{step.id}` failed")
            self._cancel(step.id)
        return result

    async def _task(self, step: Step, key: str, scope: Scope) -> Result:
        """Run the work of a step as a Prefect task of its name."""
        own = Scope(**{**vars(scope), "key": key})
        ended = Result("failed", "it never started")

        async def work() -> Any:
            nonlocal ended
            ended = await self._attempt(step, own)
            if ended.state == "completed":
                return None
            state = Cancelled if ended.state == "cancelled" else Failed
            return state(message=ended.reason)

        options: dict[str, Any] = {}
        if step.retries:
            options = {"retries": step.retries, "retry_delay_seconds": list(step.delays_s)}
            options |= {"retry_jitter_factor": step.jitter} if step.jitter else {}
        async with self.slots:
            late = self._reason_to_skip(step)
            if late:
                return await _end(key, "skipped", late)
            await _as_task(key, work, options)
        return ended

    async def _attempt(self, step: Step, own: Scope) -> Result:
        """Do the work of a step once, in a task of its own that can be cancelled."""
        body: asyncio.Task[Outputs] = asyncio.ensure_future(_timed(step.work(own), step.timeout_s))
        bodies = self.bodies.setdefault(step.id, set())
        bodies.add(body)
        try:
            return Result("completed", "", await body)
        except StepFailed as error:
            return Result("failed", str(error), error.outputs)
        except TimeoutError:
            return Result("failed", f"timed out after {step.timeout_s or 0:g} s")
        except asyncio.CancelledError:
            if not (self.stopped or step.id in self.broken):
                raise
            return Result("cancelled", self.stopped or self.broken[step.id])
        except Exception as error:  # noqa: BLE001 - whatever the work raises ends the step
            return Result("failed", own.masked(f"{type(error).__name__}: {error}"))
        finally:
            bodies.discard(body)


async def _timed(work: Awaitable[Outputs], timeout_s: float | None) -> Outputs:
    async with asyncio.timeout(timeout_s):
        return await work


async def _as_task(name: str, work: Callable[[], Any], options: Mapping[str, Any]) -> None:
    run: Any = task(
        name=name.partition("[")[0],
        task_run_name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        **options,
    )(work)
    await run(return_state=True)


async def _end(name: str, state: str, reason: str) -> Result:
    """Show a step that does not run as a task run, named Skipped or failed with the reason."""

    async def work() -> Any:
        if state == "failed":
            return Failed(message=reason)
        return Completed(name="Skipped", message=reason)

    await _as_task(name, work, {})
    return Result(state, reason)


async def _keep(artifacts: Mapping[str, str], folder: Path) -> list[dict[str, Any]]:
    """Show small text files as Prefect artifacts, and return the checksums of all."""
    kept = []
    for name, path in _files(artifacts, folder):
        data = await asyncio.to_thread(path.read_bytes)
        shown = str(path.relative_to(folder))
        digest = hashlib.sha256(data).hexdigest()
        kept.append({"id": name, "path": shown, "sha256": digest, "bytes": len(data)})
        if len(data) <= SHOWN_BYTES and b"\0" not in data:
            await acreate_markdown_artifact(
                data.decode(errors="replace"),
                key=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"),
                description=shown,
            )
    return kept


def _files(artifacts: Mapping[str, str], folder: Path) -> list[tuple[str, Path]]:
    """Return the files that paths and globs name; a folder stands for the files in it."""
    found: list[tuple[str, Path]] = []
    for name, pattern in artifacts.items():
        is_glob = any(mark in pattern for mark in "*?[")
        for path in sorted(folder.glob(pattern)) if is_glob else [folder / pattern]:
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            found += [(name, file) for file in inside if file.is_file()]
    return found


def embedded(name: str, source: str) -> Path:
    """Return the path of a script that this file carries."""
    path = Path(tempfile.mkdtemp(prefix="embedded-")) / name
    path.write_text(source)
    return path
