"""The text itself: its encoding, its syntax, keys given twice."""

from __future__ import annotations

from prefect_luthier.deployments.definition.findings import Findings
from prefect_luthier.deployments.definition.positions import Duplicate
from prefect_luthier.diagnostics import Edit, Fix, Span

_BOM = "\ufeff"


def check_text(findings: Findings) -> None:
    """Report what keeps the text from being read."""
    document = findings.document
    source = document.source
    if source.text.startswith(_BOM):
        span = Span(1, 1, 1, 2)
        findings.warn(
            "byte-order-mark",
            "the text begins with a byte order mark, which other readers refuse.",
            span=span,
            fix=Fix("remove it", (Edit(span, ""),)),
        )
    if source.bad_byte_at is not None:
        findings.add(
            "bad-encoding",
            "the text is not UTF-8 from here on.",
            span=document.index.span(source.bad_byte_at, source.bad_byte_at + 1),
        )
    for diagnostic in document.syntax:
        findings.add_diagnostic(diagnostic)
    if document.has_duplicates:
        for duplicate in document.duplicates:
            _duplicate(findings, duplicate)


def _duplicate(findings: Findings, duplicate: Duplicate) -> None:
    document = findings.document
    again, whole = duplicate.again, duplicate.again.whole
    first = document.places.get(duplicate.path)
    written = document.text[slice(*again.value)]
    is_table = document.text[whole[0] : whole[0] + 1] == "[" if whole else True
    same = first is not None and not is_table and document.text[slice(*first.value)] == written
    name = ".".join(str(part) for part in duplicate.path)
    findings.add(
        "duplicate-key",
        f"`{name}` is given twice; first on line {document.span(duplicate.first).line}.",
        duplicate.path,
        span=document.span(again.key or again.value),
        related=document.span(duplicate.first),
        fix=findings.edit("remove the second one", [(document.cut(whole, duplicate.path), "")])
        if same and whole
        else None,
    )
