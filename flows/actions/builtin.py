"""The actions that ship with Luthier; shell commands are `run` steps and need no entry."""

from __future__ import annotations

from prefect_luthier.flows.actions.ai_orchestrator import AI_ORCHESTRATOR
from prefect_luthier.flows.actions.contract import Action
from prefect_luthier.flows.actions.file_write import FILE_WRITE
from prefect_luthier.flows.actions.git_log import GIT_LOG
from prefect_luthier.flows.actions.http_request import HTTP_REQUEST
from prefect_luthier.flows.actions.mail_send import GMAIL_SEND, OUTLOOK_SEND, SMTP_SEND
from prefect_luthier.flows.actions.notify import NOTIFY
from prefect_luthier.flows.actions.python_call import PYTHON_CALL
from prefect_luthier.flows.actions.rosette_score import ROSETTE_SCORE
from prefect_luthier.flows.actions.rosette_search import ROSETTE_SEARCH
from prefect_luthier.flows.actions.rosette_toolpaths import ROSETTE_TOOLPATHS

BUILTIN_ACTIONS: dict[str, Action] = {
    "python.call": PYTHON_CALL,
    "http.request": HTTP_REQUEST,
    "git.log": GIT_LOG,
    "file.write": FILE_WRITE,
    "notify": NOTIFY,
    "ai-orchestrator": AI_ORCHESTRATOR,
    "gmail.send": GMAIL_SEND,
    "outlook.send": OUTLOOK_SEND,
    "smtp.send": SMTP_SEND,
    "rosette.score": ROSETTE_SCORE,
    "rosette.search": ROSETTE_SEARCH,
    "rosette.toolpaths": ROSETTE_TOOLPATHS,
}
