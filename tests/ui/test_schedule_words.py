"""What is said of schedules, Luthier's own and those that a person added in Prefect."""

from __future__ import annotations

import pytest

from prefect_luthier.ui.schedule_words import interval_words, why_off


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3600.0, "every hour"),
        (5400, "every 90 minutes"),
        (172_800, "every 2 days"),
        (604_800, "every week"),
        (61, "every 61 seconds"),
        (0.5, "every 0.5 seconds"),
    ],
    ids=str,
)
def test_intervals_have_the_largest_whole_unit(seconds: float, words: str) -> None:
    """Nobody reads 3600 seconds as an hour at once."""
    assert interval_words(seconds) == words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"active": True, "lacks": []}, ""),
        ({"active": False, "lacks": []}, "paused"),
        ({"active": False, "lacks": ["repo", "to"]}, "off until repo, to has a value"),
    ],
    ids=["on", "paused-by-a-person", "lacks-values"],
)
def test_a_schedule_that_is_off_says_why(schedule: dict[str, object], words: str) -> None:
    """One that a person paused is not said to wait for values."""
    assert why_off(schedule) == words
