"""Designs and contexts that the engine's tests start from: the documented examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.design.spec import RosetteSpec

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "rosette"


@pytest.fixture(scope="session")
def example_spec() -> Callable[[str], RosetteSpec]:
    """Give a function that reads an example design."""

    def read(name: str) -> RosetteSpec:
        reading = spec_from_json((EXAMPLES / f"{name}.json").read_bytes(), name)
        assert reading.value is not None, reading.diagnostics
        return reading.value

    return read


@pytest.fixture(scope="session")
def example_context() -> Callable[[str], Context]:
    """Give a function that reads an example context."""

    def read(name: str) -> Context:
        reading = context_from_json((EXAMPLES / f"{name}.json").read_bytes(), name)
        assert reading.value is not None, reading.diagnostics
        return reading.value

    return read


@pytest.fixture(scope="session")
def om28(example_spec: Callable[[str], RosetteSpec]) -> RosetteSpec:
    """Give the herringbone rosette of an OM-28."""
    return example_spec("om28-herringbone")


@pytest.fixture(scope="session")
def bench(example_context: Callable[[str], Context]) -> Context:
    """Give a Sitka top, a 1.59 mm cutter and a Shapeoko 3, with no wanted diameter."""
    return example_context("om28-context").model_copy(update={"target_diameter_mm": None})


@pytest.fixture(scope="session")
def with_values() -> Callable[..., Any]:
    """Give a function that returns a value with fields changed and validated again."""

    def change(value: Any, **fields: Any) -> Any:
        return type(value).model_validate({**value.model_dump(), **fields})

    return change
