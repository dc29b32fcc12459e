"""Reading the log lines of a run from Prefect."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import Log
from prefect.client.schemas.sorting import LogSort

from prefect_luthier.deployments.register.prefect_api import open_prefect
from prefect_luthier.settings import Settings
from prefect_luthier.ui.cli.run_remote import task_runs

_PAGE = 200


async def read_logs(settings: Settings, run_id: UUID) -> list[dict[str, Any]]:
    """Return the log lines of a run, oldest first, each with the step it comes from.

    Raises:
        ServiceUnreachable: Prefect does not answer.
    """
    found: list[Log] = []
    async with open_prefect(settings) as client:
        names = {task.id: task.name for task in await task_runs(client, run_id)}
        while True:
            page = await client.read_logs(
                LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])),
                limit=_PAGE,
                offset=len(found),
                sort=LogSort.TIMESTAMP_ASC,
            )
            found += page
            if len(page) < _PAGE:
                break
    return [
        {
            "time": log.timestamp.isoformat(),
            "level": _level(log.level),
            "step": names.get(log.task_run_id) if log.task_run_id else None,
            "message": log.message,
        }
        for log in found
    ]


def _level(number: int) -> str:
    levels = ((50, "critical"), (40, "error"), (30, "warning"), (20, "info"))
    return next((name for least, name in levels if number >= least), "debug")
