"""Columns that the tables of every floor have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

DEFAULT_TENANT = "default"


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def json_column(*, nullable: bool = False) -> Any:
    """Return a field that holds a JSON document."""
    return Field(sa_column=Column(JSONB, nullable=nullable))


def time_column(*, nullable: bool = False, index: bool = False) -> Any:
    """Return a field that holds a time in UTC: of the row's making, unless it may be empty."""
    column = Column(DateTime(timezone=True), nullable=nullable, index=index)
    return (
        Field(default=None, sa_column=column)
        if nullable
        else Field(default_factory=now, sa_column=column)
    )
