"""What an effect needs from a provider: prepare, commit once, look whether it happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from prefect_luthier.errors import LuthierError

Reach = Callable[[str], None]
"""Is told the name of each point around the effect; a test may end the process there."""


class NotSent(LuthierError):
    """The provider did not take it, for certain.

    Args:
        retryable: Whether the same request may well be taken later.
        wait_s: How long the provider wants to be left alone.
    """

    def __init__(
        self,
        code: str,
        message: str,
        advice: str = "",
        *,
        retryable: bool = False,
        wait_s: float = 0.0,
    ) -> None:
        super().__init__(code, message, advice)
        self.retryable = retryable
        self.wait_s = wait_s


class Doubtful(LuthierError):
    """The request may have arrived: nobody answered, or the answer does not say."""


@dataclass(frozen=True)
class Sighting:
    """What a look at the provider found.

    Args:
        verdict: ``sent``; ``unsent``: a draft still waits; ``absent``: no trace; ``undecided``:
            this look could not tell.
        reference: The provider's own names of what was found.
        reason: Why it could not tell.
    """

    verdict: Literal["sent", "unsent", "absent", "undecided"]
    reference: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Sending:
    """A prepared effect.

    Args:
        reference: What the provider calls the prepared thing, such as a draft.
        commit: Makes it happen, once; returns the provider's references.
    """

    reference: Mapping[str, Any]
    commit: Callable[[Reach], Awaitable[dict[str, Any]]]


class Adapter(Protocol):
    """One account at a provider, and one message for it."""

    @property
    def provider(self) -> str:
        """Name of the provider, which its rate limit goes by."""
        ...

    @property
    def can_look(self) -> bool:
        """Whether the provider can be asked what happened."""
        ...

    def prepared(self, *, again: bool) -> AbstractAsyncContextManager[Sending]:
        """Do everything that has no effect yet: sign in, connect, write a draft.

        Args:
            again: Whether an earlier attempt may have left a draft.

        Raises:
            NotSent: It cannot be prepared.
        """
        ...

    async def look(self, reference: Mapping[str, Any]) -> Sighting:
        """Return whether the provider has the message.

        Raises:
            LuthierError: The provider cannot be asked now.
        """
        ...
