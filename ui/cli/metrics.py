"""``luthier metrics``: what Prometheus scrapes."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer
from prometheus_client import generate_latest, start_http_server

from prefect_luthier.deployments.prometheus.collector import registry_of
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say


def metrics(
    serve: Annotated[
        bool, typer.Option("--serve", help="Answer Prometheus until Ctrl-C, instead of once.")
    ] = False,
    *,
    address: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on.")] = 9464,
    as_json: JsonOption = False,
) -> None:
    """Print Luthier's metrics, or serve them to Prometheus.

    The rules and alerts for them are in deployments/prometheus/rules.

    [bold]Example[/bold]

        luthier metrics --serve --port 9464
    """
    settings = load_settings()
    registry = registry_of(open_store(settings), settings)
    if not serve:
        if as_json:
            print_json(
                {
                    family.name: [
                        {"name": sample.name, "labels": sample.labels, "value": sample.value}
                        for sample in family.samples
                    ]
                    for family in registry.collect()
                }
            )
        else:
            typer.echo(generate_latest(registry).decode(), nl=False)
        return
    try:
        server, thread = start_http_server(port, addr=address, registry=registry)
    except OSError as error:
        raise UsageError(
            "cannot-listen",
            f"cannot serve on {address}:{port}: {error.strerror or error}.",
            "Choose another --port.",
        ) from error
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    say(f"metrics: http://{address}:{server.server_port}/metrics")
    ended.wait()
    server.shutdown()
    thread.join()
