"""Errors of Luthier reach another process as they are."""

from __future__ import annotations

import copy
import pickle

import pytest

from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.errors import InvalidDefinition, InvalidInput, LuthierError, UsageError

FINDING = Diagnostic("bad-value", "error", "width_mm is -1.", "/width_mm")


@pytest.mark.parametrize(
    "error",
    [
        LuthierError("unknown-run", "there is no run 7.", "List the runs."),
        UsageError("bad-digest", "'x' is no SHA-256."),
        InvalidInput("unsafe-svg", "a.svg is not only a drawing.", [FINDING], "Export it."),
        InvalidDefinition("it is not valid.", [FINDING]),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "sent", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy], ids=["pickled", "copied"]
)
def test_an_error_arrives_as_it_was_sent(sent, error: LuthierError) -> None:
    """Kind, code, message, advice and findings survive, whatever arguments a kind takes."""
    arrived = sent(error)
    assert type(arrived) is type(error)
    assert arrived.to_json() == error.to_json()
    assert (str(arrived), arrived.args) == (str(error), error.args)
