"""Requests are put into the forms that the splitter of clauses knows."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offline.phrasing import rephrased


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        pytest.param("Failed? Tell the team.", "if Failed, Tell the team.", id="state-question"),
        pytest.param("Over 30: page them", "if Over 30, page them", id="amount-first"),
        pytest.param("Less: publish it", "otherwise, publish it", id="other-side"),
        pytest.param("If it is open close it", "If it is open, close it", id="no-comma"),
        pytest.param("Send it because we must", "Send it", id="reason"),
        pytest.param(
            "Inspect it. Grade A: sell it. Anything worse: scrap it.",
            "Inspect it. if Grade A, sell it. otherwise, scrap it.",
            id="cases",
        ),
        pytest.param("Do A and than send B", "Do A and then send B", id="than"),
        pytest.param("Do A and after send B", "Do A and then send B", id="after-order"),
        pytest.param(
            "Unless it is English have it translated",
            "Unless it is English, have it translated",
            id="caused",
        ),
        pytest.param("Fetch it (it is small)", "Fetch it", id="aside"),
        pytest.param("Do A, then B (one after the other)", "Do A, then B", id="one-by-one"),
    ],
)
def test_far_forms_become_usual_ones(said: str, plain: str) -> None:
    """Conditions get their `if` and their comma; reasons and asides go."""
    assert " ".join(rephrased(said).split()) == plain


@pytest.mark.parametrize(
    "said",
    [
        "Fetch the page, then save it.",
        "Check if it is open.",
        "Post the build to #dev.",
        "New hire: order a laptop.",
        "Do A and after that send B.",
    ],
    ids=["order", "question", "object", "title", "after-that"],
)
def test_usual_forms_stay(said: str) -> None:
    """What the splitter knows already is left as it is."""
    assert rephrased(said) == said
