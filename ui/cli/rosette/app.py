"""`luthier rosette`: finds the sub-command and loads only its module."""

from __future__ import annotations

from prefect_luthier.ui.cli.lazy_group import lazy_app

COMMANDS: dict[str, tuple[str, str]] = {
    "search": ("search:search", "Search for a design that suits the wishes and can be made."),
    "score": ("score:score", "Say whether a design can be made, and how well."),
    "toolpaths": ("toolpaths:toolpaths", "Write the verified programs that cut a design."),
    "draw": ("draw:draw", "Draw a design to scale, with its dimensions."),
    "attach": ("attach:attach", "Attach files: a design, a context, drawings, pictures."),
    "attachments": ("attach:attachments", "List the attachments."),
    "download": ("attach:download", "Write an attachment, or what was released for a design."),
    "bind": ("bind:bind", "Submit a design: it is judged, and the verdict recorded."),
    "designs": ("show:designs", "List the designs on record."),
    "show": ("show:show", "Show a design with its history, a search, a decision, a file."),
    "approve": ("decide:approve", "Approve a design."),
    "reject": ("decide:reject", "Reject a design."),
    "revise": ("decide:revise", "Send a design back for a revision."),
    "override": ("decide:override", "Accept a design although the figures are against it."),
    "revoke": ("decide:revoke", "Take an approval back."),
    "archive": ("decide:archive", "Put a design away."),
    "release": ("release:release", "Make the verified programs of an approved design."),
    "replay": ("replay:replay", "Do a search or decisions again, and compare the digests."),
    "diff": ("replay:diff", "Compare two runs field by field."),
    "stats": ("stats:stats", "Show how rosette work goes: success, blocks, latency."),
    "library": ("library:library", "List the materials, tools and machines, with their sources."),
}

app = lazy_app(
    "prefect_luthier.ui.cli.rosette",
    COMMANDS,
    name="rosette",
    about="Design a guitar rosette: from what the customer wants to verified toolpaths.",
)
