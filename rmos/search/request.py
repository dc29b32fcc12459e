"""From what somebody asks for to a search that may run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.errors import InvalidInput
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.library.library import load_library
from prefect_luthier.rmos.search.asking import Ask
from prefect_luthier.rmos.search.budget import Budget
from prefect_luthier.rmos.search.generator import Generator
from prefect_luthier.rmos.search.generators import GENERATORS
from prefect_luthier.rmos.search.policy import Policy, check_budget, default_policy
from prefect_luthier.rmos.search.problem import SearchProblem, state_problem

GeneratorName = Literal["numeric", "llm"]

_LARGEST_SEED = 2**63 - 1  # of what the store holds


@dataclass(frozen=True)
class Prepared:
    """A search that may run."""

    problem: SearchProblem
    generator: Generator
    budget: Budget


def check_request(
    context: Context,
    budget: Budget,
    *,
    seed: int = 0,
    generator: str = "numeric",
    policy: Policy | None = None,
) -> None:
    """Check what is asked for against the policy; nothing has run by then.

    Raises:
        InvalidInput: With every finding (``search-refused``).
    """
    policy = policy or default_policy()
    findings = [
        *check_budget(budget, policy),
        *_check_wishes(context, policy),
        *_check_generator(generator),
    ]
    if not 0 <= seed <= _LARGEST_SEED:
        message = f"seed is {seed}; it must be from 0 to 2^63 - 1."
        findings.append(Diagnostic("search-seed", "error", message, pointer="/seed"))
    if findings:
        raise InvalidInput(
            "search-refused",
            f"the search cannot start: {len(findings)} finding{'s' * (len(findings) > 1)}.",
            findings,
            "Correct what is named; nothing was run.",
        )


def prepare(
    context: Context,
    budget: Budget,
    *,
    seed: int = 0,
    generator: str = "numeric",
    ask: Ask | None = None,
    policy: Policy | None = None,
) -> Prepared:
    """Return the search for a context, checked against the policy before anything runs.

    Args:
        context: What designs are judged under, and what the customer wants.
        budget: What may be spent.
        seed: Determines every proposal of the numeric generator.
        generator: ``numeric`` or ``llm``.
        ask: Asks a model; the ``llm`` generator needs it.
        policy: Limits and customs; default: what ships.

    Raises:
        InvalidInput: With every finding (``search-refused``).
    """
    policy = policy or default_policy()
    check_request(context, budget, seed=seed, generator=generator, policy=policy)
    problem = state_problem(context, policy, load_library(), seed)
    return Prepared(problem, GENERATORS[generator](ask), budget)


def _check_wishes(context: Context, policy: Policy) -> list[Diagnostic]:
    rings, most = context.intent.rings, policy.limits.rings
    if rings is None or rings[1] <= most:
        return []
    message = f"up to {rings[1]} rings are wanted; a search may use at most {most}."
    return [Diagnostic("search-rings", "error", message, pointer="/context/intent/rings/1")]


def _check_generator(name: str) -> list[Diagnostic]:
    names = get_args(GeneratorName)
    if name in names:
        return []
    message = f"there is no generator {name!r}; there are {' and '.join(names)}."
    return [Diagnostic("search-generator", "error", message, "/generator", candidates=names)]
