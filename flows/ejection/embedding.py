"""Scripts that a program carries in its own text.

Ejected workflows carry this module, so that they run without Luthier.
"""

from __future__ import annotations

import tempfile
from pathlib import Path


def embedded(name: str, source: str) -> Path:
    """Return the path of a script that this file carries."""
    path = Path(tempfile.mkdtemp(prefix="embedded-")) / name
    path.write_text(source)
    return path
