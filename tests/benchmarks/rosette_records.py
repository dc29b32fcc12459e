"""Throughput of the rosette records: attaching large drawings, and the binding gate.

    python tests/benchmarks/rosette_records.py [--bindings 100] [--drawing-mb 100]

Everything runs on a private PostgreSQL of its own. A binding is everything that the gate does:
both files verified and read, the design judged, five rows and three records written in two
transactions. It is held against the engine alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlmodel import Session

from prefect_luthier.blocks import private_postgres
from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.blocks.database import open_engine
from prefect_luthier.deployments.migrations.upgrade import upgrade
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.store.attachments import Declaration, attach
from prefect_luthier.rmos.store.binding import Submission, bind
from prefect_luthier.rmos.store.candidate import CandidateIds, read_candidate
from prefect_luthier.rmos.store.designs import Author

FAKES = Path(__file__).parents[1] / "fakes"
LIMIT_BYTES = 1 << 30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bindings", type=int, default=100)
    parser.add_argument("--drawing-mb", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luthier-bench-") as folder, database(folder) as engine:
        blobs = BlobStore(f"{folder}/blobs")
        drawings(engine, blobs, Path(folder), options.drawing_mb)
        bindings(engine, blobs, options.bindings)


@contextmanager
def database(folder: str) -> Iterator[Any]:
    """Give an engine on a fresh private PostgreSQL."""
    url = private_postgres.ensure_running(Path(folder))
    upgrade(url)
    engine = open_engine(url)
    yield engine
    engine.dispose()
    private_postgres.stop(Path(folder))


def drawings(engine: Any, blobs: BlobStore, folder: Path, size_mb: int) -> None:
    """Attach two drawings: a few long paths, and very many small shapes."""
    path = b'<path d="M0 0 ' + b"L10.25 20.5 " * 40_000 + b'"/>\n'
    shape = b'<rect x="1.5" y="2.5" width="3" height="4" style="fill:red"/>\n'
    for label, piece in (("long paths", path), ("small shapes", shape)):
        source = folder / "drawing.svg"
        with source.open("wb") as file:
            file.write(b'<svg xmlns="http://www.w3.org/2000/svg">')
            for _ in range((size_mb << 20) // len(piece)):
                file.write(piece)
            file.write(b"</svg>")
        seconds = timed(lambda source=source: attached(engine, blobs, source))
        print(f"attach {size_mb} MB SVG, {label:<12} {size_mb / seconds:8.0f} MB/s")


def bindings(engine: Any, blobs: BlobStore, count: int) -> None:
    """Bind designs that differ, one after another and four at a time."""
    spec = json.loads((FAKES / "rosette_spec.json").read_text())
    context = attached(engine, blobs, FAKES / "rosette_context.json")
    ids = [
        attached(engine, blobs, json.dumps(spec | {"edge_land_mm": 4 + n / 1000}).encode())
        for n in range(count)
    ]
    with Session(engine) as session:
        candidates = [read_candidate(session, blobs, CandidateIds(each, context)) for each in ids]
    alone = timed(lambda: [score(each.spec, each.context) for each in candidates])

    def gate(spec_id: str) -> str:
        with Session(engine) as session:
            candidate = read_candidate(session, blobs, CandidateIds(spec_id, context))
        return bind(engine, Submission(candidate), Author("bench")).design.state

    serial = timed(lambda: [gate(each) for each in ids])
    with ThreadPoolExecutor(4) as pool:
        together = timed(lambda: list(pool.map(gate, ids)))
    print(f"engine alone      {count / alone:8.1f} designs/s")
    print(f"binding gate      {count / serial:8.1f} designs/s")
    print(f"4 at a time       {count / together:8.1f} designs/s")
    print(f"gate / engine     {serial / alone:8.2f} times the engine's time")


def attached(engine: Any, blobs: BlobStore, content: bytes | Path) -> str:
    """Attach something; return its id."""
    with Session(engine) as session:
        declared = Declaration("bench")
        row = attach(session, blobs, content, declared, limit_bytes=LIMIT_BYTES, actor="bench")
        session.commit()
        return row.sha256


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
