"""The ledger of model tokens: reserve before a call, settle after it, in one database.

The promise is that settled and reserved tokens together never exceed a limit in any minute. A
reservation counts from the moment it is made until a minute after it was settled, because the
server may have booked it at any time in between. Decisions are made one at a time, under an
advisory lock, by the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Engine, func, text, update
from sqlmodel import Session, col, select

from prefect_luthier.blocks.columns import DEFAULT_TENANT
from prefect_luthier.deployments.store.orchestrator_tables import TokenReservationRow
from prefect_luthier.errors import LuthierError

WINDOW = timedelta(seconds=60)
LEASE = timedelta(seconds=45)
"""How long a reservation outlives the last sign of life of the process that made it."""

_ALMOST_A_SECOND = timedelta(microseconds=999_999)
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('luthier.token_ledger'))"


Scope = Literal["total", "tenant", "model"]


@dataclass(frozen=True)
class Call:
    """One HTTP attempt that is to be made.

    Args:
        estimate: Tokens that it may take at most.
        model: Which model is called.
        caller: Which process calls, for people who look at the table.
        tenant: On whose account.
    """

    estimate: int
    model: str
    caller: str
    tenant: str = DEFAULT_TENANT

    def is_in(self, scope: Scope, row: TokenReservationRow) -> bool:
        """Return whether another call takes from the same limit as this one."""
        return (
            scope == "total"
            or (scope == "tenant" and row.tenant == self.tenant)
            or (scope == "model" and row.model == self.model)
        )


@dataclass(frozen=True)
class TokenLimits:
    """Most tokens a minute; None is no limit.

    Args:
        total: For every call of this installation together.
        tenant: For the calls of one tenant.
        model: For the calls to one model.
    """

    total: int | None = None
    tenant: int | None = None
    model: int | None = None

    @property
    def named(self) -> Sequence[tuple[Scope, int]]:
        """The limits that are set, by name."""
        every: tuple[tuple[Scope, int | None], ...] = (
            ("total", self.total),
            ("tenant", self.tenant),
            ("model", self.model),
        )
        return [(name, limit) for name, limit in every if limit is not None]


@dataclass(frozen=True)
class Usage:
    """Tokens that count at a moment: settled in the last minute, and reserved."""

    settled: int
    reserved: int


class OverBudget(LuthierError):
    """A call does not fit into the budget now.

    Args:
        estimate: Tokens that the call may take.
        limit: The limit that it would break.
        scope: Whose limit it is: ``total``, ``tenant`` or ``model``.
        fits_at: When it will fit, UTC; None when it never does.
    """

    def __init__(self, estimate: int, limit: int, scope: Scope, fits_at: datetime | None) -> None:
        self.estimate = estimate
        self.limit = limit
        self.scope = scope
        # Up to the second that is shown: a moment earlier it would not fit yet.
        fits_at = fits_at and (fits_at + _ALMOST_A_SECOND).replace(microsecond=0)
        self.fits_at = fits_at
        when = f"it fits at {fits_at:%H:%M:%S} UTC" if fits_at else "it never fits"
        super().__init__(
            "model-budget",
            f"the call may take {estimate} tokens, and the {scope} budget is {limit} a minute: "
            f"{when}.",
            "Wait until then and try again."
            if fits_at
            else "Raise AI_MAX_TOKENS_PER_MIN, or lower AI_MAX_OUTPUT_TOKENS.",
        )


def reserve(engine: Engine, call: Call, limits: TokenLimits) -> UUID:
    """Set aside the tokens of one HTTP attempt; return the reservation's id.

    Raises:
        OverBudget: They do not fit; nothing was reserved.
    """
    with Session(engine) as session:
        session.connection().execute(text(_LOCK))
        now = _now(session)
        counting = _counting(session, now)
        for scope, limit in limits.named:
            _check(call, scope, limit, [row for row in counting if call.is_in(scope, row)], now)
        row = TokenReservationRow(
            tenant=call.tenant,
            model=call.model,
            caller=call.caller,
            reserved=call.estimate,
            lease_until=now + LEASE,
            created_at=_now(session),  # after what was counted: nothing settled in between
        )
        session.add(row)
        session.commit()
        return row.id


def settle(engine: Engine, reservation: UUID, input_tokens: int, output_tokens: int) -> None:
    """Replace a reservation by what the server reported."""
    _end(engine, reservation, "settled", input_tokens, output_tokens)


def release(engine: Engine, reservation: UUID) -> None:
    """Give a reservation back: the attempt failed, and cost nothing that is known."""
    _end(engine, reservation, "released", 0, 0)


def renew(engine: Engine, reservation: UUID) -> None:
    """Say that the process which made a reservation still waits for its answer."""
    with Session(engine) as session:
        session.connection().execute(
            update(TokenReservationRow)
            .where(col(TokenReservationRow.id) == reservation)
            .values(lease_until=func.clock_timestamp() + LEASE)
        )
        session.commit()


def usage(engine: Engine, tenant: str | None = None) -> Usage:
    """Return what counts now, of everybody or of one tenant."""
    with Session(engine) as session:
        rows = [
            row
            for row in _counting(session, _now(session))
            if tenant is None or row.tenant == tenant
        ]
    return Usage(
        settled=sum(_amount(row) for row in rows if row.state != "reserved"),
        reserved=sum(_amount(row) for row in rows if row.state == "reserved"),
    )


def _end(
    engine: Engine, reservation: UUID, state: str, input_tokens: int, output_tokens: int
) -> None:
    with Session(engine) as session:
        session.connection().execute(
            update(TokenReservationRow)
            .where(col(TokenReservationRow.id) == reservation)
            .values(
                state=state,
                settled=input_tokens + output_tokens,
                settled_output=output_tokens,
                settled_at=func.clock_timestamp(),
            )
        )
        session.commit()


def _check(
    call: Call, scope: Scope, limit: int, counting: Sequence[TokenReservationRow], now: datetime
) -> None:
    if call.estimate > limit:
        raise OverBudget(call.estimate, limit, scope, None)
    too_much = call.estimate + sum(_amount(row) for row in counting) - limit
    if too_much <= 0:
        return
    for leaves_at, amount in sorted((_leaves_at(row, now), _amount(row)) for row in counting):
        too_much -= amount
        if too_much <= 0:
            raise OverBudget(call.estimate, limit, scope, leaves_at)


def _counting(session: Session, now: datetime) -> Sequence[TokenReservationRow]:
    settled = col(TokenReservationRow.settled_at) > now - WINDOW
    alive = col(TokenReservationRow.lease_until) > now
    running = (col(TokenReservationRow.state) == "reserved") & alive
    return session.exec(select(TokenReservationRow).where(settled | running)).all()


def _now(session: Session) -> datetime:
    """Return the database's time, which is the same for every process."""
    now: datetime = session.connection().execute(select(func.clock_timestamp())).scalar_one()
    return now


def _amount(row: TokenReservationRow) -> int:
    return row.reserved if row.settled is None else row.settled


def _leaves_at(row: TokenReservationRow, now: datetime) -> datetime:
    """Return when a row stops to count; a running call may yet settle, and count a minute more."""
    return (row.settled_at or now) + WINDOW
