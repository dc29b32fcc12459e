"""The curve of a search says what it shows, and stays small."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from prefect_luthier.rmos.store.search_progress import ScorePoint
from prefect_luthier.ui.studio.search_curve import best_so_far, curve, words

SVG = "{http://www.w3.org/2000/svg}"


def point(number: int, score: float, risk: str = "GREEN") -> ScorePoint:
    return ScorePoint(number, score, risk)


def points(*scores: float, risk: str = "GREEN") -> list[ScorePoint]:
    return [point(number, score, risk) for number, score in enumerate(scores, 1)]


def drawn(shown: list[ScorePoint], attempts: int = 100, wanted: float | None = 90.0) -> ET.Element:
    picture = curve(shown, attempts=attempts, wanted=wanted)
    return ET.fromstring(picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


def test_the_best_rises_only_when_something_is_better() -> None:
    """A worse attempt, and one that is blocked, change nothing."""
    shown = [*points(60, 55, 72), point(4, 99, "RED"), point(5, 72), point(6, 80, "YELLOW")]
    assert best_so_far(shown) == [(1, 60), (3, 72), (6, 80)]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ([], "No attempt yet."),
        (points(30.0, risk="RED"), "1 attempt, none of which can be made yet."),
        (points(60, 71.26), "2 attempts; the best so far, number 2, scores 71.3."),
    ],
    ids=["none", "blocked", "found"],
)
def test_it_is_said_in_words(shown: list[ScorePoint], said: str) -> None:
    """Whoever does not see the curve hears the same."""
    assert words(shown) == said
    assert drawn(shown).get("aria-label") == said


def test_every_attempt_is_a_dot_in_its_colour() -> None:
    """Green, yellow and blocked ones can be told apart."""
    shown = [point(1, 80), point(2, 70, "YELLOW"), point(3, 20, "RED")]
    dots = [dot.get("class") for dot in drawn(shown).iter(f"{SVG}circle")]
    assert dots == ["green", "yellow", "red"]


def test_many_attempts_stay_a_small_picture() -> None:
    """Twenty thousand attempts are thinned out, the line of the best is not."""
    shown = points(*(50 + 40 * number / 20_000 for number in range(20_000)))
    picture = drawn(shown, attempts=20_000)
    assert 300 < len(list(picture.iter(f"{SVG}circle"))) <= 1200
    (best,) = [path for path in picture.iter(f"{SVG}path") if path.get("class") == "best"]
    ends = re.findall(r"V([\d.]+)", best.get("d", ""))
    assert len(ends) == 19_999


@pytest.mark.parametrize("score", [0.0, 50.0, 99.9, 100.0])
def test_no_score_leaves_the_frame(score: float) -> None:
    """The scale follows the scores, and holds them all."""
    picture = drawn(points(score, 75.0))
    _, _, _, height = map(float, picture.get("viewBox", "").split())
    assert all(0 < float(dot.get("cy", 0)) < height for dot in picture.iter(f"{SVG}circle"))
