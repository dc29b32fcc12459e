"""Writing what was released for a design into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from prefect_luthier.flows.rosette.records import Records
from prefect_luthier.rmos.store.tables import ProgramRow


def write_released(records: Records, files: Sequence[ProgramRow], folder: Path) -> list[Path]:
    """Write the files, each verified; what an earlier release left in the folder goes.

    Raises:
        LuthierError: One of them is missing or was changed; then nothing is written.
        UsageError: The folder cannot be written.
    """
    from prefect_luthier.flows.actions.toolpath_folder import (  # noqa: PLC0415 - the DXF writer
        write_folder,
    )
    from prefect_luthier.rmos.toolpaths.folder import (  # noqa: PLC0415 - as above
        FileKind,
        ReleasedFile,
    )

    return write_folder(
        folder,
        [
            ReleasedFile(file.path, cast("FileKind", file.kind), records.blobs.get(file.sha256))
            for file in files
        ],
    )
