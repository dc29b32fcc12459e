"""What the studio remembers between two clicks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect

STEPS = ("Conditions", "Search", "Rings", "Decision", "Toolpaths")

_KEY = "luthier_studio"


@dataclass
class StudioSession:
    """The state of one browser tab.

    Args:
        step: The step that is open.
        conditions: The context as a JSON document, as the form holds it.
        context: The same, resolved; None while it has errors.
        problem: The first of those errors.
        spec: The design on the bench.
        origin: Where it came from, in words.
        untouched: The design as it came; a what-if is compared with it.
        base: The design that the widgets started from; what they hold are changes to it.
        revision: Counts the designs that the widgets were given to start from.
        conditions_revision: Counts the contexts that the page put into the form.
        ring: Index of the ring that is chosen.
        search_run: Flow run of the search that is shown.
        taken_attempt: Number of the attempt of that search that was put on the bench.
        found_by: Record of the search that found the design as it came; empty for another.
        design_id: Design in the records that the bench's design was handed in as.
        handed_in: Digests of the design and the context that were handed in.
        cutting: Dialect and options of the program that is shown.
        attachments: Files that were attached for the design on the bench: id and name.
        uploads: The uploads that were attached already.
    """

    step: str = STEPS[0]
    conditions: dict[str, Any] = field(default_factory=dict)
    context: Context | None = None
    problem: str = ""
    spec: RosetteSpec | None = None
    origin: str = ""
    untouched: RosetteSpec | None = None
    base: RosetteSpec | None = None
    revision: int = 0
    conditions_revision: int = 0
    ring: int | None = None
    search_run: str | None = None
    taken_attempt: int | None = None
    found_by: str = ""
    design_id: str | None = None
    handed_in: tuple[str, str] | None = None
    cutting: tuple[Dialect, CutOptions] | None = None
    attachments: dict[str, str] = field(default_factory=dict)
    uploads: set[str] = field(default_factory=set)

    def put_on_bench(self, spec: RosetteSpec, origin: str, *, found_by: str = "") -> None:
        """Take another design onto the bench."""
        self.untouched = spec
        self.found_by = found_by
        self.origin = origin
        self.ring = None
        self.start_from(spec)

    def start_from(self, spec: RosetteSpec) -> None:
        """Let the widgets start from this design."""
        self.spec = self.base = spec
        self.revision += 1

    def change(self, spec: RosetteSpec) -> None:
        """Change the design on the bench, as the widgets say."""
        self.spec = spec
        if self.ring is not None and self.ring >= len(spec.rings):
            self.ring = None

    def go_to(self, step: str) -> None:
        """Open another step; what its widgets held is in the design."""
        self.step = step
        if self.spec is not None:
            self.start_from(self.spec)

    def undo_changes(self) -> None:
        """Go back to the design as it came."""
        if self.untouched is not None:
            self.put_on_bench(self.untouched, self.origin, found_by=self.found_by)

    def set_conditions(self, document: Mapping[str, Any]) -> None:
        """Put another context into the form."""
        self.conditions = dict(document)
        self.conditions_revision += 1

    @property
    def changed(self) -> bool:
        """Whether the design differs from the one that came."""
        return self.spec != self.untouched

    @property
    def is_handed_in(self) -> bool:
        """Whether the records have exactly this design under exactly this context."""
        if self.spec is None or self.context is None:
            return False
        return self.handed_in == (self.spec.digest, self.context.digest)


def current() -> StudioSession:
    """Return this tab's session, new at the first call."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = StudioSession()
    return st.session_state[_KEY]  # type: ignore[no-any-return]
