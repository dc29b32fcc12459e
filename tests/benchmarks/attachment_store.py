"""Throughput of the attachment store, against `sha256sum` and a copy that is fsynced.

    python tests/benchmarks/attachment_store.py [--size-mb 200] [--rounds 5] [--folder DIR]

Both sides read the same file from the page cache and end with its bytes on the disk, so that
only the store's own work differs. The ratio of the medians is the figure that counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from prefect_luthier.blocks.blob_store import BlobStore


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size-mb", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luthier-bench-", dir=options.folder) as folder:
        measure(Path(folder), options.size_mb, options.rounds)


def measure(folder: Path, size_mb: int, rounds: int) -> None:
    """Alternate both sides, so that a busy machine slows both alike."""
    source = folder / "upload.svg"
    source.write_bytes(os.urandom(size_mb << 20))
    ours: list[float] = []
    theirs: list[float] = []
    stored_again: list[float] = []
    verified: list[float] = []
    for number in range(rounds):
        theirs.append(timed(lambda: sum_and_copy(source, folder / "copy")))
        store = BlobStore(str(folder / f"blobs-{number}"))
        ours.append(timed(lambda store=store: store.put(source)))
        stored_again.append(timed(lambda store=store: store.put(source)))
        name = store.put(source)
        verified.append(timed(lambda store=store, name=name: store.export(name, folder / "out")))
        shutil.rmtree(folder / f"blobs-{number}")
    print(f"{size_mb} MB, {rounds} rounds, medians")
    for label, times in (
        ("sha256sum + fsynced copy", theirs),
        ("store", ours),
        ("store what is there", stored_again),
        ("verified export", verified),
    ):
        print(f"  {label:<26} {size_mb / statistics.median(times):8.0f} MB/s")
    print(
        f"  ratio store / baseline     {statistics.median(theirs) / statistics.median(ours):8.2f}"
    )


def sum_and_copy(source: Path, target: Path) -> None:
    """Do what a careful shell script does: checksum, copy, fsync the copy and its folder."""
    subprocess.run(["sha256sum", str(source)], check=True, stdout=subprocess.DEVNULL)
    shutil.copyfile(source, target)
    for path in (target, target.parent):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    target.unlink()


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
