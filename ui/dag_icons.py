"""Icons of the workflow picture: strokes on a grid of 24 by 24."""

from __future__ import annotations

_ICONS = {
    "shell": "M4 6l6 6-6 6M12 18h8",
    "git": "M6 8v8M6 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4M6 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4"
    "M18 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4M18 8c0 5-12 3-12 8",
    "http": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
    "ai": "M12 3l2.2 6.8L21 12l-6.8 2.2L12 21l-2.2-6.8L3 12l6.8-2.2z",
    "file": "M6 3h8l5 5v13H6zM14 3v5h5M9 13h7M9 17h5",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
    "python": "M8 4l-5 8 5 8M16 4l5 8-5 8M14 5l-4 14",
    "mail": "M3 6h18v12H3zM3 7l9 7 9-7",
    "flow": "M4 4h6v6H4zM14 14h6v6h-6zM7 10v7h7",
    "service": "M4 5h16v6H4zM4 13h16v6H4zM8 8h.1M8 16h.1",
    "action": "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12L4 7.5M12 12v9",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3.5 2",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "cross": "M6 6l12 12M18 6L6 18",
    "skip": "M5 6l7 6-7 6M13 6l7 6-7 6",
    "stop": "M7 7h10v10H7z",
    "play": "M8 5l11 7-11 7z",
    "wait": "M7 12h.1M12 12h.1M17 12h.1",
}

# By the first word of an action's slug; what is not listed gets the icon of its kind.
_BY_FAMILY = {
    "git": "git",
    "http": "http",
    "ai-orchestrator": "ai",
    "ai": "ai",
    "llm": "ai",
    "file": "file",
    "notify": "bell",
    "slack": "bell",
    "teams": "bell",
    "python": "python",
    "gmail": "mail",
    "mail": "mail",
    "email": "mail",
    "outlook": "mail",
}

_BY_KIND = {"workflow": "flow", "service": "service"}


def icon_name(slug: str | None, kind: str | None = None) -> str:
    """Return the name of the icon for an action; without a slug that of a shell command."""
    if slug is None:
        return "shell"
    family = slug.split("@")[0]
    found = _BY_FAMILY.get(family) or _BY_FAMILY.get(family.split(".")[0])
    return found or _BY_KIND.get(kind or "", "action")


def icon_path(name: str) -> str:
    """Return the SVG path data of an icon."""
    return _ICONS.get(name, _ICONS["action"])
