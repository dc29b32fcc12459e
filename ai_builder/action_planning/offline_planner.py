"""The planner that needs no model: it plans what a request says outright, and asks for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from prefect_luthier.ai_builder.action_planning.mail_request import MailRequest, read_mail_request
from prefect_luthier.ai_builder.action_planning.plan import PlannedAction, PlanResult
from prefect_luthier.ai_builder.action_planning.planning import (
    PlanMeta,
    Planning,
    PlanRequest,
    Problem,
    provider_of,
)

MAIL_ACTIONS = ("gmail.send", "outlook.send", "smtp.send")

_QUESTIONS: dict[str, tuple[Callable[[MailRequest], Any], str]] = {
    "to": (lambda mail: mail.to, "To which address shall it go?"),
    "subject": (lambda mail: mail.subject, 'What is the subject? Say: subject "…"'),
    "body": (lambda mail: mail.body, 'What shall it say? Say: body "…"'),
}


class OfflinePlanner:
    """Plans mails whose recipient, subject and body stand in the request."""

    name = "offline"

    async def plan(self, request: PlanRequest) -> Planning:
        """Plan a request; nothing in it is guessed."""
        started = time.perf_counter()
        mail = read_mail_request(request.words)
        offered = [entry.slug for entry in request.offered if entry.slug in MAIL_ACTIONS]
        answer = self._judged(mail, offered)
        meta = PlanMeta(self.name, duration_s=time.perf_counter() - started)
        if isinstance(answer, PlanResult):
            return Planning(meta, plan=answer)
        if isinstance(answer, Problem):
            return Planning(meta, problem=answer)
        return Planning(meta, questions=tuple(answer))

    def _judged(self, mail: MailRequest, offered: list[str]) -> PlanResult | Problem | list[str]:
        if not mail.asks_for_mail:
            return Problem(
                "needs-model",
                "without a language model, only mails can be planned; set OPENAI_API_KEY, or "
                "LUTHIER_MODEL_BASE_URL for a local server.",
            )
        if not offered:
            return Problem(
                "nothing-permitted",
                "you may run no action that sends mail. ALLOW_ACTIONS_DEFAULT or the policy file "
                "permits actions.",
            )
        unavailable = [service for service in mail.services if service not in offered]
        if unavailable:
            return Problem(
                "not-permitted", f"you may not run {unavailable[0]}; permitted: {_listed(offered)}."
            )
        questions = [question for given, question in _QUESTIONS.values() if not given(mail)]
        if len(mail.subject.splitlines()) > 1:
            questions.append("What is the subject, in one line?")
        if mail.left_over:
            questions.append(
                f"I did not understand “{' '.join(mail.left_over[:12])}”. Quote texts, name "
                "addresses in full, and leave out the rest."
            )
        actions = mail.services or offered
        if len(actions) > 1:
            questions.append(f"Which service shall send it: {_listed(actions)}?")
        return questions or _plan(mail, actions[0])


def _plan(mail: MailRequest, action: str) -> PlanResult:
    params: dict[str, Any] = {"to": mail.to, "subject": mail.subject, "text": mail.body}
    params |= {role: given for role in ("cc", "bcc") if (given := getattr(mail, role))}
    planned = PlannedAction(provider=provider_of(action), action=action, params=params)
    return PlanResult(intent="send_email", confidence=1.0, actions=(planned,))


def _listed(names: list[str]) -> str:
    return ", ".join(names)
