"""The encoder that is fitted is the one that drafts, and its gradient is right."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from prefect_luthier.ai_builder.offline.sentence_vectors import read_arrays, sentence_encoder

TEXTS = ["how to write to late payers", "invoice remind: Sends a reminder"]


@pytest.fixture(scope="module")
def gradients() -> ModuleType:
    """The module, which is a script's and in no package."""
    path = Path(__file__).with_name("encoder_gradients.py")
    spec = importlib.util.spec_from_file_location("encoder_gradients", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def encoder(gradients: ModuleType) -> Any:
    """The encoder with the correction that ships."""
    shipped = read_arrays("sentence_adapter.npz")
    return gradients.TrainableEncoder({k: v.astype(np.float32) for k, v in shipped.items()})


def test_its_vectors_are_those_of_the_drafter(encoder: Any) -> None:
    """What is fitted here is what is used there."""
    vectors, _ = encoder.encode(TEXTS)
    np.testing.assert_allclose(vectors, sentence_encoder().encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("name", ["query_up", "value_down", "narrow_bias", "norm_attended"])
def test_its_gradient_tells_how_the_vectors_change(encoder: Any, name: str) -> None:
    """A small step changes the vectors by what the gradient says."""
    rng = np.random.default_rng(0)
    vectors, kept = encoder.encode(TEXTS)
    wanted = rng.standard_normal(vectors.shape).astype(np.float32)
    told = encoder.gradient(kept, wanted)[name]
    value = encoder.adapter[name]
    before, step = value.copy(), 3e-3 * np.sign(told)
    value[...] = before + step
    after = (encoder.encode(TEXTS)[0].astype(np.float64) * wanted).sum()
    value[...] = before - step
    after -= (encoder.encode(TEXTS)[0].astype(np.float64) * wanted).sum()
    value[...] = before
    assert after / 2 == pytest.approx(float((told * step).sum()), rel=0.1)
