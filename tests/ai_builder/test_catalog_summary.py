"""The catalog in a prompt: short, complete where it fits, relevant where it does not."""

import pytest

from prefect_luthier.ai_builder.catalog_summary import MAX_ENTRIES, entry_line, summarise
from prefect_luthier.ai_builder.tokens import estimate_tokens
from prefect_luthier.catalog import Capabilities, Catalog, CatalogEntry


def entry(slug: str, description: str = "Does it", version: str = "1.0.0") -> CatalogEntry:
    return CatalogEntry(slug=slug, kind="action", description=description, version=version)


BIG = Catalog(
    [
        *(entry(f"part{n}.make", f"Makes part number {n} of a machine") for n in range(200)),
        entry("invoice.send", "Send an invoice to a customer by mail"),
    ]
)


def test_an_entry_in_three_lines() -> None:
    """Purpose, inputs with types, defaults and which are required, outputs, needs."""
    schema = {
        "type": "object",
        "properties": {
            "since": {"type": "string", "default": "30 days"},
            "mode": {"enum": ["short", "long"]},
            "token": {"type": "string", "format": "password"},
            "repo": {"type": "string"},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["repo"],
    }
    made = CatalogEntry(
        slug="git.log",
        kind="action",
        version="2.1.0",
        description="Read\n  the history",
        input_schema=schema,
        output_schema={"type": "object", "properties": {"count": {"type": "integer"}}},
        capabilities=Capabilities(commands=("git",), network=("github.com",), files="read"),
    )
    assert entry_line(made) == (
        "- git.log@2 (action): Read the history\n"
        "  inputs: repo: string (required), since: string = 30 days, mode: short | long, "
        "token: secret, limit: integer | null\n"
        "  outputs: count: integer\n"
        "  needs: network github.com, command git, files read"
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": [1]},
        {"properties": {"a": 3}, "required": 5},
        {"properties": {"a": {"type": ["string", "null"], "enum": 3, "anyOf": {}}}},
        {"type": "array"},
    ],
    ids=["a list", "no schema", "odd words", "no object"],
)
def test_a_foreign_schema_does_no_harm(schema: dict[str, object]) -> None:
    """Whatever a catalog file holds, its entry has a line."""
    made = CatalogEntry(slug="x", kind="service", description="d", input_schema=schema)
    assert entry_line(made).startswith("- x@1 (service): d")


def test_a_small_catalog_is_given_whole_and_in_order() -> None:
    """The request does not matter then; of several versions the newest of each major counts."""
    catalog = Catalog([entry("b"), entry("a", version="1.2.0"), entry("a", version="1.10.0")])
    found = summarise(catalog, "anything")
    assert found.references == ("b@1", "a@1")
    assert found.left_out == 0
    assert summarise(Catalog(), "anything").text == ""


def test_a_big_catalog_is_cut_to_what_the_request_means() -> None:
    """The relevant entry is first, the budget holds, and the prompt can say what is missing."""
    found = summarise(BIG, "mail the invoice to the customer", budget_tokens=500)
    assert found.references[0] == "invoice.send@1"
    assert estimate_tokens(found.text) <= 500
    assert len(found.references) + found.left_out == len(BIG)


def test_never_more_entries_than_a_schema_may_name() -> None:
    """However large the budget, the list of references stays short enough for servers."""
    assert len(summarise(BIG, "parts", budget_tokens=10**6).references) == MAX_ENTRIES


def test_what_the_base_uses_is_always_there() -> None:
    """An entry of the base is offered though the request does not speak of it."""
    found = summarise(
        BIG, "mail the invoice", always=["part199.make@1", "gone@1"], budget_tokens=60
    )
    assert found.references[0] == "part199.make@1"
