"""Reading the metrics from the database when Prometheus asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from prefect_luthier.deployments.prometheus.metrics import METRICS, Metric
from prefect_luthier.settings import Settings

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True)
class StoreCollector(Collector):
    """Collects every metric in one read-only transaction, so that they agree with each other.

    Args:
        engine: The store.
        settings: What the budget is.
    """

    engine: Engine
    settings: Settings

    def collect(self) -> Iterator[Family]:
        """Yield the metrics; when the database does not answer, only that it does not."""
        families: list[Family] = []
        try:
            with self.engine.connect() as connection:
                connection.execute(
                    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                )
                families = [_family(connection, metric) for metric in METRICS]
        except OperationalError:
            families = []
        yield GaugeMetricFamily(
            "luthier_store_up", "Whether the database answers.", value=1 if families else 0
        )
        yield from families
        yield from self._budget()

    def _budget(self) -> Iterator[Family]:
        limits = GaugeMetricFamily(
            "luthier_ai_budget_tokens", "Most tokens a minute, where limited.", labels=["scope"]
        )
        for scope, limit in (
            ("total", self.settings.max_tokens_per_minute),
            ("tenant", self.settings.tenant_tokens_per_minute),
        ):
            if limit is not None:
                limits.add_metric([scope], limit)
        yield limits


def registry_of(engine: Engine, settings: Settings) -> CollectorRegistry:
    """Return a registry that holds Luthier's metrics and nothing else."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StoreCollector(engine, settings))
    return registry


def _family(connection: Connection, metric: Metric) -> Family:
    if metric.kind == "histogram":
        return _histogram(connection, metric)
    make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = make(metric.name, metric.documentation, labels=metric.labels)
    values = dict.fromkeys(metric.known, 0.0)
    for row in connection.execute(text(metric.query)):
        values[_named(row[:-1])] = float(row[-1])
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _histogram(connection: Connection, metric: Metric) -> Family:
    """Count the observations in the database: only a row for each set of labels comes here."""
    places = [f"label_{number}" for number, _ in enumerate(metric.labels)]
    counts = [f"COUNT(*) FILTER (WHERE value <= {bound})" for bound in metric.buckets]
    columns = ", ".join([*places, *counts, "COUNT(*)", "COALESCE(SUM(value), 0)"])
    grouped = f" GROUP BY {', '.join(places)}" if places else ""
    names = ", ".join([*places, "value"])
    query = (
        f"SELECT {columns} FROM ({metric.query}) AS observed ({names}) "  # noqa: S608 - our own text
        f"WHERE value IS NOT NULL{grouped}"
    )
    family = HistogramMetricFamily(metric.name, metric.documentation, labels=metric.labels)
    for row in connection.execute(text(query)):
        numbers = row[len(places) :]
        bounds = [str(bound) for bound in metric.buckets] + ["+Inf"]
        buckets = list(zip(bounds, map(float, numbers[:-1]), strict=True))
        family.add_metric(_named(row[: len(places)]), buckets, float(numbers[-1]))
    return family


def _named(labels: Iterable[object]) -> tuple[str, ...]:
    return tuple("unknown" if label is None else str(label) for label in labels)
