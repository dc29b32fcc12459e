"""The generator that asks a language model: it explores, it does not decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefect_luthier.rmos.search.asking import Ask
from prefect_luthier.rmos.search.attempts import Memory, Proposal
from prefect_luthier.rmos.search.box import Ranges
from prefect_luthier.rmos.search.fitting import fit
from prefect_luthier.rmos.search.llm_answer import RosetteAnswer, coerce
from prefect_luthier.rmos.search.llm_prompt import messages, temperature
from prefect_luthier.rmos.search.problem import SearchProblem

MOST_SILENCES = 3
"""After so many calls in a row without any answer nobody is asked again."""

_KEPT_CHARACTERS = 4000


@dataclass(frozen=True)
class LlmGenerator:
    """Asks a model for one design at a time, showing it the best one and what stands against it.

    Args:
        ask: Asks the model.
    """

    ask: Ask
    name: str = "llm"

    def batch_size(self, made: int) -> int:  # noqa: ARG002 - the protocol's signature
        """Return one: every answer is shown what came of the one before."""
        return 1

    def leg_size(self, made: int) -> int:  # noqa: ARG002 - the protocol's signature
        """Return one: a call takes long enough for a task of its own."""
        return 1

    def propose(
        self, problem: SearchProblem, memory: Memory, count: int, remaining_s: float
    ) -> Sequence[Proposal]:
        """Return what the model proposes; nothing once it does not answer any more."""
        if memory.silences >= MOST_SILENCES or count < 1:
            return []
        ranges = Ranges.makeable(problem)
        asked = self.ask(
            messages(problem, ranges, memory),
            RosetteAnswer,
            temperature=temperature(memory.made),
            timeout_s=remaining_s,
        )
        raw = asked.raw[:_KEPT_CHARACTERS]
        if not isinstance(asked.answer, RosetteAnswer):
            return [Proposal(None, raw, asked.problem, "ANSWER" if asked.answered else "MODEL")]
        try:
            return [Proposal(fit(problem, coerce(asked.answer, problem, ranges)))]
        except ValueError as error:
            return [Proposal(None, raw, f"The answer is no rosette: {error}.")]
