"""The registered workflows."""

from __future__ import annotations

from prefect_luthier.ui.builder import workflow_list
from prefect_luthier.ui.builder.style import heading


def show() -> None:
    """Show the list, which brings itself up to date."""
    heading("Workflows", "Everything that is registered with Prefect, with its schedule and state.")
    workflow_list.show()
