"""Reserving, settling and releasing model tokens in the real database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from prefect_luthier.blocks.database import open_engine
from prefect_luthier.deployments.store.token_ledger import (
    LEASE,
    Call,
    OverBudget,
    TokenLimits,
    Usage,
    release,
    renew,
    reserve,
    settle,
    usage,
)

HUNDRED = TokenLimits(total=100)


def call(estimate: int, *, model: str = "m", tenant: str = "default") -> Call:
    return Call(estimate, model=model, caller="test:1", tenant=tenant)


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    opened = open_engine(postgres_url)
    yield opened
    opened.dispose()


def passed(engine: Engine, seconds: float) -> None:
    """Let time pass: move every booking back."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE token_reservation SET created_at = created_at - :gone, "
                "lease_until = lease_until - :gone, settled_at = settled_at - :gone"
            ),
            {"gone": timedelta(seconds=seconds)},
        )


def test_a_call_over_the_limit_is_told_when_it_fits(engine: Engine) -> None:
    """What was settled leaves the minute after a minute, and the error names that moment."""
    settle(engine, reserve(engine, call(60), HUNDRED), 30, 20)
    with pytest.raises(OverBudget) as caught:
        reserve(engine, call(60), HUNDRED)
    assert caught.value.code == "model-budget"
    assert caught.value.fits_at is not None
    wait_s = (caught.value.fits_at - datetime.now(UTC)).total_seconds()
    assert 50 < wait_s <= 61  # to the second that is shown, never before it
    assert caught.value.fits_at.microsecond == 0
    assert f"{caught.value.fits_at:%H:%M:%S}" in caught.value.message
    assert usage(engine) == Usage(settled=50, reserved=0)
    passed(engine, 61)
    reserve(engine, call(60), HUNDRED)


def test_the_moment_named_is_when_enough_has_left(engine: Engine) -> None:
    """Of three bookings, only as many are awaited as the call needs."""
    for age_s, tokens in ((30, 30), (20, 30), (0, 30)):
        settle(engine, reserve(engine, call(30), HUNDRED), tokens, 0)
        passed(engine, age_s)
    with pytest.raises(OverBudget) as caught:
        reserve(engine, call(35), HUNDRED)
    assert caught.value.fits_at is not None
    assert caught.value.fits_at <= datetime.now(UTC) + timedelta(seconds=11)
    with pytest.raises(OverBudget) as caught:
        reserve(engine, call(70), HUNDRED)
    assert caught.value.fits_at is not None
    assert caught.value.fits_at > datetime.now(UTC) + timedelta(seconds=30)


def test_a_call_that_never_fits_says_so(engine: Engine) -> None:
    """Waiting would not help; the advice says what would."""
    with pytest.raises(OverBudget) as caught:
        reserve(engine, call(101), HUNDRED)
    assert caught.value.fits_at is None
    assert "AI_MAX_TOKENS_PER_MIN" in (caught.value.advice or "")
    assert usage(engine) == Usage(0, 0)


def test_running_calls_count_with_their_estimates(engine: Engine) -> None:
    """A reservation holds its tokens until it is settled or released."""
    first = reserve(engine, call(70), HUNDRED)
    with pytest.raises(OverBudget):
        reserve(engine, call(40), HUNDRED)
    release(engine, first)
    reserve(engine, call(40), HUNDRED)
    assert usage(engine) == Usage(settled=0, reserved=40)


def test_each_tenant_and_model_has_its_own_limit_under_the_total(engine: Engine) -> None:
    """A limit counts only what it is about; the error names it."""
    limits = TokenLimits(total=100, tenant=60, model=80)
    reserve(engine, call(60, tenant="a"), limits)
    with pytest.raises(OverBudget) as caught:
        reserve(engine, call(1, tenant="a"), limits)
    assert caught.value.scope == "tenant"
    reserve(engine, call(20, tenant="b"), limits)
    with pytest.raises(OverBudget) as caught:
        reserve(engine, call(10, tenant="c"), limits)
    assert caught.value.scope == "model"
    with pytest.raises(OverBudget) as caught:
        reserve(engine, call(30, tenant="c", model="other"), limits)
    assert caught.value.scope == "total"


def test_a_silent_caller_loses_its_reservation_within_a_minute(engine: Engine) -> None:
    """A killed process renews no lease; one that lives keeps its tokens however long it waits."""
    assert timedelta(seconds=60) >= LEASE
    dead = reserve(engine, call(60), HUNDRED)
    passed(engine, LEASE.total_seconds() - 1)
    renew(engine, dead)
    passed(engine, LEASE.total_seconds() - 1)
    with pytest.raises(OverBudget):
        reserve(engine, call(60), HUNDRED)
    passed(engine, 2)
    reserve(engine, call(60), HUNDRED)


def test_without_limits_everything_is_booked(engine: Engine) -> None:
    """The ledger also knows what was spent where nobody set a limit."""
    settle(engine, reserve(engine, call(10_000_000), TokenLimits()), 9_999_990, 9)
    assert usage(engine).settled == 9_999_999
