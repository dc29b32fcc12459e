"""The generators that there are."""

from __future__ import annotations

from collections.abc import Callable

from prefect_luthier.rmos.search.asking import Ask
from prefect_luthier.rmos.search.generator import Generator
from prefect_luthier.rmos.search.numeric import NumericGenerator


def _numeric(_ask: Ask | None) -> Generator:
    return NumericGenerator()


def _llm(ask: Ask | None) -> Generator:
    from prefect_luthier.rmos.search.llm import LlmGenerator  # noqa: PLC0415 - only when chosen

    if ask is None:
        raise ValueError("the llm generator needs somebody to ask")
    return LlmGenerator(ask)


GENERATORS: dict[str, Callable[[Ask | None], Generator]] = {"numeric": _numeric, "llm": _llm}
"""Makes a generator, from whoever asks a model."""
