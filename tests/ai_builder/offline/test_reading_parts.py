"""Literals, amounts, conditions and clauses, each read by itself."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offline.clauses import Clause, Link, split_clauses
from prefect_luthier.ai_builder.offline.conditions import read_condition
from prefect_luthier.ai_builder.offline.literals import mask
from prefect_luthier.ai_builder.offline.quantities import find_period, take_care
from prefect_luthier.ai_builder.offline.spelling import mended


def test_literals_are_taken_out_with_their_kind() -> None:
    """Addresses, paths, quoted words, commands and placeholders are values, not words."""
    masked = mask(
        "Run `make test` in ~/src/app, get https://a.example/x?y=1. Mail 'all good' to "
        "ops@example.org and save {report_id} of 2026-01-31 as out/report.csv in #ops"
    )
    assert [(each.kind, each.text) for each in masked.literals] == [
        ("command", "make test"),
        ("path", "~/src/app"),
        ("url", "https://a.example/x?y=1"),
        ("text", "all good"),
        ("email", "ops@example.org"),
        ("placeholder", "report_id"),
        ("date", "2026-01-31"),
        ("path", "out/report.csv"),
        ("identifier", "#ops"),
    ]
    assert masked.unmask(masked.text).count("ops@example.org") == 1


@pytest.mark.parametrize("text", ["it's the customer's file", "and/or", "24/7 with node.js"])
def test_apostrophes_and_slashes_are_no_literals(text: str) -> None:
    """Ordinary punctuation inside words stays where it is."""
    assert mask(text).literals == ()


CARE = {
    "retry three times": (3, None, None),
    "retry it up to 5 times every 10 seconds": (5, "10s", None),
    "with 2 retries": (2, None, None),
    "give up after 5 minutes": (None, None, "5m"),
    "with a 30 second timeout": (None, None, "30s"),
    "try again twice, with a minute between": (2, "1m", None),
}


@pytest.mark.parametrize(("text", "expected"), CARE.items(), ids=list(CARE))
def test_patience_is_read(text: str, expected: tuple[int | None, str | None, str | None]) -> None:
    """Retries, the pause between them and timeouts are read and leave the text."""
    care, rest = take_care(f"fetch the page, {text}")
    assert (care.retries, care.delay, care.timeout) == expected
    assert rest.strip(" ,") == "fetch the page"


def test_a_period_is_normalised() -> None:
    """`the last two weeks` is `2 weeks`."""
    assert find_period("commits of the last two weeks") == "2 weeks"
    assert find_period("in the past month") == "1 month"
    assert find_period("the last commit") is None


CONDITIONS = {
    "it fails": "failed",
    "the tests pass": "succeeded",
    "there were no commits": "empty",
    "anything is found": "present",
    "the amount is above 500": "compare",
    "the customer is a company": "other",
}


@pytest.mark.parametrize(("text", "kind"), CONDITIONS.items(), ids=list(CONDITIONS))
def test_a_condition_has_a_kind(text: str, kind: str) -> None:
    """What a condition speaks of decides how it is written in CEL."""
    assert read_condition(text).kind == kind


def test_unless_turns_a_condition_round() -> None:
    """`unless it fails` is `if it succeeds`."""
    assert read_condition("it fails", negated=True).kind == "succeeded"


def texts(clauses: list[Clause]) -> list[str]:
    """Return the words of clauses, without the mark of parallel parts."""
    return [clause.text.rstrip(" \u2016").lower() for clause in clauses]


ORDERS = {
    "Fetch the orders, then sort them and mail the list.": [
        "fetch the orders",
        "sort them",
        "mail the list",
    ],
    "Before deploying the app, back up the database.": [
        "back up the database",
        "deploying the app",
    ],
    "Send a survey after closing the ticket.": ["closing the ticket", "send a survey"],
    "1. fetch the file 2. unzip it 3. load it": ["fetch the file", "unzip it", "load it"],
    "- fetch the file\n- unzip it": ["fetch the file", "unzip it"],
    "Destroy the server. But first, take a snapshot.": ["take a snapshot", "destroy the server"],
    "The report should be rendered and the result must be mailed.": [
        "the report should be rendered",
        "the result must be mailed",
    ],
    "Fetch the customer name and address": ["fetch the customer name and address"],
}


@pytest.mark.parametrize(("text", "expected"), ORDERS.items(), ids=list(ORDERS))
def test_clauses_come_in_the_order_of_execution(text: str, expected: list[str]) -> None:
    """Order words, lists and subordinate clauses decide the order; nouns split nothing."""
    assert texts(split_clauses(text)) == expected


def test_parallel_clauses_stand_beside_each_other() -> None:
    """`at the same time` and `in parallel` make siblings, before or after the clause."""
    for text in (
        "Fetch the orders. At the same time, load the stock.",
        "Fetch the orders and load the stock in parallel.",
        "Fetch the orders, load the stock at the same time, then merge them.",
        "Fetch the orders and load the stock. Both at the same time.",
    ):
        assert split_clauses(text)[1].link is Link.BESIDE, text


def test_a_leading_condition_holds_for_the_whole_branch() -> None:
    """`If X, A and B, otherwise C`: A and B need X, C is the other branch."""
    first, second, other = split_clauses(
        "If the payment fails, cancel the order and notify the team, otherwise ship the parcel."
    )
    assert first.condition == second.condition == "the payment fails"
    assert (first.otherwise, second.otherwise, other.otherwise) == (False, False, True)


def test_remarks_are_told_from_orders() -> None:
    """Greetings, complaints and thanks ask for nothing."""
    clauses = split_clauses(
        "Hi there! Our reporting is a mess. Please compile the sales report. Thanks a lot!"
    )
    assert [clause.text for clause in clauses if clause.directive] == ["compile the sales report"]


def test_misspelt_words_are_mended_but_names_are_not() -> None:
    """Typing errors are corrected; words of the catalog and names stay."""
    assert mended("plese renw it afterwrds, evrey mondey", {"sftp"}) == (
        "please renew it afterwards, every monday"
    )
    assert mended("send it to Mueller via sftp with grafana", {"sftp", "grafana"}) == (
        "send it to Mueller via sftp with grafana"
    )
