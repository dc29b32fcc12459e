"""What came of a job, as the record of its effect says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prefect_luthier.deployments.store.effects import EffectState


@dataclass(frozen=True)
class JobEnd:
    """How a job ends."""

    status: str
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None


def end_by_effect(effect: EffectState | None) -> JobEnd | None:
    """Return how the job of an effect ends; None while the effect is open, or there is none."""
    if effect is None:
        return None
    outcome = effect.outcome or {}
    if effect.state == "sent":
        sent_at = effect.settled_at.isoformat() if effect.settled_at else ""
        return JobEnd("completed", {**outcome, "sent_at": sent_at, "expired": False})
    if effect.state == "failed":
        return JobEnd("error", None, outcome.get("error"))
    if effect.state == "unknown" and effect.lease_until <= effect.updated_at:  # nobody looks now
        return JobEnd("error", None, unknown_error(effect))
    return None


def unknown_error(effect: EffectState) -> dict[str, Any]:
    """Return the error of a job whose effect waits for a person."""
    return {
        "code": "outcome-unknown",
        "message": f"nobody knows whether {effect.key.action} happened; it is not sent again.",
        "advice": f"Look for the Message-ID {effect.key.marker}, then run `luthier ai resolve "
        f"{effect.key.client_request_id} --sent` or `--not-sent`.",
    }
