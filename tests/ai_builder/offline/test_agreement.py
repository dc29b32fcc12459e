"""What rules an entry out, however near its words."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offline.agreement import agreement, stance


def _agreement(asked: str, offered: str) -> float:
    return agreement(stance(asked.split(), asked), stance(offered.split()[:2], offered))


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("delete contact", "update contact"),
        ("unlock login", "lock login"),
        ("subscribe reader", "unsubscribe reader"),
        ("disarm alarm", "arm alarm"),
        ("close gate", "open gate"),
    ],
    ids=["delete-update", "un-asked", "un-offered", "disarm", "close-open"],
)
def test_the_opposite_is_ruled_out(asked: str, offered: str) -> None:
    """An entry that does the contrary keeps little of its score."""
    assert _agreement(asked, offered) < 0.5


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("upload clip vimeo", "upload video youtube"),
        ("send whatsapp", "send email"),
        ("export powerpoint", "export pdf"),
    ],
    ids=["network", "channel", "format"],
)
def test_another_product_is_ruled_out(asked: str, offered: str) -> None:
    """What is named is not done through something else of its kind."""
    assert _agreement(asked, offered) <= 0.5


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("remove contact", "delete contact"),
        ("upload clip yt", "upload video youtube"),
        ("send whatsapp", "send chat message"),
        ("unload truck", "weigh truck"),
    ],
    ids=["same-side", "other-name", "names-none", "nothing-opposed"],
)
def test_others_keep_their_score(asked: str, offered: str) -> None:
    """The same thing by another name, and what takes no side, is not ruled out."""
    assert _agreement(asked, offered) == 1.0
