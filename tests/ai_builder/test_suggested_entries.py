"""Candidates by meaning for references that do not exist."""

from prefect_luthier.ai_builder.suggested_entries import suggested_references, with_suggestions
from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate

CATALOG = Catalog(
    [
        CatalogEntry(slug="crm.contact.add", kind="action", description="Create a customer"),
        CatalogEntry(slug="git.log", kind="action", description="Read the history of commits"),
        CatalogEntry(slug="notify", kind="action", description="Tell somebody"),
    ]
)


def candidates(text: str) -> tuple[str, ...]:
    source = Source.from_text(text, format="toml")
    found = with_suggestions(source, validate(source, CATALOG).diagnostics, CATALOG)
    return next(each.candidates for each in found if each.code == "unknown-action")


def test_a_name_that_looks_like_nothing_has_candidates_by_meaning() -> None:
    """Words of the reference and of the step decide where spelling does not."""
    assert candidates('id = "x"\n[steps.a]\nuses = "commit-history@1"\n')[0] == "git.log@1"
    text = 'id = "x"\n[steps.a]\nname = "Create the customer"\nuses = "zzz@1"\n'
    assert candidates(text)[0] == "crm.contact.add@1"


def test_candidates_by_name_come_first() -> None:
    """A slip of the pen is more likely than another word for it."""
    assert candidates('id = "x"\n[steps.a]\nuses = "notifi@1"\n')[0] == "notify@1"


def test_other_findings_stay_as_they_are() -> None:
    """Without an unknown reference nothing is looked up."""
    source = Source.from_text('id = "x"\n[steps.a]\nneeds = ["b"]\nrun = "ls"\n', format="toml")
    found = validate(source, CATALOG).diagnostics
    assert with_suggestions(source, found, CATALOG) is found
    assert list(suggested_references(found, CATALOG)) == []
