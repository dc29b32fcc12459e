"""What the machine offers that a definition may ask for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class ModelSettings(Protocol):
    """The one setting that the definition asks about."""

    @property
    def model_configured(self) -> bool:
        """Whether a language model can be called."""


@dataclass(frozen=True)
class Environment:
    """The machine that will run the workflow.

    Args:
        has_command: Whether a program is on its PATH.
        has_model: Whether a language model can be called, or a function that is asked only when
            a step needs one.
    """

    has_command: Callable[[str], bool]
    has_model: bool | Callable[[], bool]

    @property
    def offers_model(self) -> bool:
        """Whether a language model can be called."""
        return self.has_model() if callable(self.has_model) else self.has_model

    @classmethod
    def local(cls, settings: ModelSettings | Callable[[], ModelSettings]) -> Environment:
        """Return this machine; settings given as a function are read only when needed."""

        def has_model() -> bool:
            return (settings() if callable(settings) else settings).model_configured

        return cls(lambda name: shutil.which(name) is not None, has_model)
