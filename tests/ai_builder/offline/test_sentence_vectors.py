"""The sentence encoder, against what the original model computes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from prefect_luthier.ai_builder.offline.sentence_vectors import (
    SIZE,
    SentenceEncoder,
    read_arrays,
    sentence_encoder,
)

ENCODER = read_arrays("sentence_encoder.npz")
NO_ADAPTER = {name: 0 * array for name, array in read_arrays("sentence_adapter.npz").items()}
TEXTS = (
    "The library opens at nine.",
    "When can I borrow books?",
    "A storm is coming from the sea.",
    "Crème brûlée, 3.50 please!",
    "bad wether over teh oceaan",
)
# By the unchanged all-MiniLM-L6-v2 in 32 bits, run with PyTorch.
ORIGINAL_COSINES = (
    (1.000, 0.328, -0.037, -0.010, -0.010),
    (0.328, 1.000, -0.027, -0.043, 0.017),
    (-0.037, -0.027, 1.000, 0.002, 0.282),
    (-0.010, -0.043, 0.002, 1.000, 0.051),
    (-0.010, 0.017, 0.282, 0.051, 1.000),
)
ORIGINAL_BEGINNINGS = (
    (0.028, -0.066, -0.040, -0.015, 0.026, 0.099),
    (-0.012, -0.033, -0.017, 0.030, -0.033, 0.039),
    (-0.027, 0.049, 0.085, 0.039, 0.004, 0.000),
    (0.012, -0.087, 0.003, 0.002, 0.016, -0.050),
    (-0.048, 0.080, 0.053, 0.029, 0.034, -0.077),
)


def test_vectors_are_those_of_the_original_model() -> None:
    """Without the correction, NumPy gives the vectors of the original but for rounding."""
    vectors = SentenceEncoder(ENCODER, NO_ADAPTER).encode(TEXTS)
    assert vectors[:, :6] == pytest.approx(np.array(ORIGINAL_BEGINNINGS), abs=0.012)
    assert vectors @ vectors.T == pytest.approx(np.array(ORIGINAL_COSINES), abs=0.03)


ORDERS = (
    ("nag the late payers", "Sends a reminder to who has not paid", "Writes an invoice"),
    ("keep the former employee out", "Locks an account at once", "Creates an account"),
    ("get rid of the hum", "Removes noise from a recording", "Records sound"),
)


def test_orders_lead_further_with_the_correction() -> None:
    """An order in far words is nearer to what it means than to a neighbour, by more than before."""
    plain, corrected = SentenceEncoder(ENCODER, NO_ADAPTER), sentence_encoder()
    leads = []
    for encoder in (plain, corrected):
        vectors = [encoder.encode([f"how to {order}", *texts]) for order, *texts in ORDERS]
        leads.append([float(each[0] @ each[1] - each[0] @ each[2]) for each in vectors])
    assert min(leads[1]) > 0
    assert sum(leads[1]) > sum(leads[0])


def test_a_vector_depends_on_its_text_alone() -> None:
    """Neither the order nor the length of the texts beside it changes a text's vector."""
    many = [f"{text} {'and so on ' * (number % 7)}" for number, text in enumerate(TEXTS * 14)]
    together = sentence_encoder().encode(many)
    for place in (0, 33, 69):
        assert sentence_encoder().encode([many[place]])[0] == pytest.approx(
            together[place], abs=1e-5
        )


@pytest.mark.parametrize(
    "text",
    ["", " \n", "東京", "\x00\ud800", "word " * 5000, "x" * 100_000],
    ids=["empty", "blank", "no known piece", "no text at all", "many words", "an endless word"],
)
def test_any_text_has_a_vector(text: str) -> None:
    """Also a text without meaning gets a vector of length 1."""
    vector = sentence_encoder().encode([text])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_no_texts() -> None:
    """No texts give no vectors, in the shape of some."""
    vectors = sentence_encoder().encode([])
    assert vectors.shape == (0, SIZE)
    assert vectors.dtype == np.float32


def test_importing_reads_no_weights() -> None:
    """The weights, a fifth of a second, are read by those who encode and by nobody else."""
    code = (
        "from prefect_luthier.ai_builder.offline import sentence_vectors as s; "
        "print(s.sentence_encoder.cache_info().currsize)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "0"
