"""An effect happens once, whoever asks and whatever goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fault_server import Fault

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.request import ActionDenied, EffectFailed, OutcomeUnknown
from prefect_luthier.policy_rules import PolicyFile, policy_of

TIMED_OUT = "timeout-after"


async def test_a_message_is_sent_with_its_marks(bench: Any) -> None:
    """The provider has the message, to whom it was for, under the Message-ID that was told."""
    outcome = await bench.send()
    assert len(bench.server.messages) == 1
    assert outcome["status"] == "sent"
    assert outcome["message_id"] == bench.row().key.marker
    assert bench.row().state == "sent"
    assert bench.events() == ["claimed", "sending", "sent"]


async def test_a_duplicate_gets_the_first_outcome(bench: Any) -> None:
    """The same key and body is sent once and answered the same each time."""
    first = await bench.send()
    assert await bench.send() == first
    assert len(bench.server.messages) == 1


async def test_concurrent_duplicates_get_the_first_outcome(bench: Any) -> None:
    """Many callers at once lead to one message and one answer."""
    answers = await asyncio.gather(*(bench.send() for _ in range(30)))
    assert len(bench.server.messages) == 1
    assert all(answer == answers[0] for answer in answers)


async def test_after_the_time_to_live_it_is_still_one_message(bench: Any) -> None:
    """One second after the answer's time to live a duplicate is told of it, and nothing is sent."""
    first = await bench.send()
    bench.clock.ahead += bench.runtime.ttl + timedelta(seconds=1)
    late = await bench.send()
    assert len(bench.server.messages) == 1
    assert (late["status"], late["message_id"]) == ("sent", first["message_id"])
    assert (late["expired"], late["provider_reference"]) == (True, {})


async def test_another_body_under_the_same_key_is_a_conflict(bench: Any) -> None:
    """A key stands for one content; another is refused and not sent."""
    await bench.send()
    with pytest.raises(LuthierError, match="used for something else") as caught:
        await bench.send(body_hash="sha256:2")
    assert caught.value.code == "request-conflict"
    assert len(bench.server.messages) == 1


async def test_keys_of_tenants_are_apart(bench: Any) -> None:
    """The same key of two tenants stands for two messages with different marks."""
    first = await bench.send()
    second = await bench.send(tenant="acme")
    assert len(bench.server.messages) == 2
    assert first["message_id"] != second["message_id"]


async def test_what_is_not_permitted_is_not_sent(bench: Any) -> None:
    """A denial just before the effect leaves neither a message nor a claim."""
    runtime = replace(bench.runtime, policy=lambda: policy_of((), PolicyFile()))
    bench.runtime = runtime
    with pytest.raises(ActionDenied, match="no rule allows"):
        await bench.send()
    assert bench.server.messages == []


async def test_a_permission_that_is_taken_back_stops_a_waiting_retry(
    bench_for: Any, gmail_credentials: Any, gmail: Any
) -> None:
    """Between two attempts the gate is asked anew."""
    policies = iter([policy_of(("gmail.send",), PolicyFile()), policy_of((), PolicyFile())])
    bench = bench_for(gmail_credentials, policy=lambda: next(policies))
    gmail.faults.append(Fault("send", "status-before", status=429))
    with pytest.raises(EffectFailed, match="no rule allows"):
        await bench.send()
    assert gmail.messages == []
    assert bench.row().state == "failed"


LOOKING = pytest.mark.parametrize("bench", ["gmail.send", "outlook.send"], indirect=True)


@LOOKING
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("send", "timeout-before"), id="timeout-before"),
        pytest.param(Fault("send", "timeout-after"), id="timeout-after"),
        pytest.param(Fault("send", "reset-before"), id="reset-before"),
        pytest.param(Fault("send", "reset-after"), id="reset-after"),
        pytest.param(Fault("send", "status-before", status=500), id="500-before"),
        pytest.param(Fault("send", "status-after", status=500), id="500-after"),
        pytest.param(Fault("send", "status-after", status=503), id="503-after"),
        pytest.param(Fault("send", "status-before", status=429), id="429"),
        pytest.param(Fault("token", "status-before", status=503), id="no-token-for-a-moment"),
    ],
)
async def test_a_fault_neither_loses_nor_doubles(bench: Any, fault: Fault) -> None:
    """Whatever happens to the request, there is one message, and its outcome is known."""
    bench.server.faults.append(fault)
    outcome = await bench.send()
    assert outcome["status"] == "sent"
    assert len(bench.server.messages) == 1


@LOOKING
async def test_a_message_that_is_accepted_late_is_waited_for(bench: Any) -> None:
    """A request that the provider works off after its client has given up is not repeated."""
    bench.runtime = replace(bench.runtime, settle=timedelta(seconds=1), sleep=asyncio.sleep)
    bench.server.faults.append(Fault("send", "late", delay_s=0.4))
    assert (await bench.send())["status"] == "sent"
    assert len(bench.server.messages) == 1


@LOOKING
async def test_a_lost_answer_is_found_by_looking(bench: Any) -> None:
    """A message whose answer was lost is found at the provider, and said to be sent."""
    bench.server.faults.append(Fault("send", TIMED_OUT))
    outcome = await bench.send()
    assert outcome["provider_reference"]
    assert bench.events() == ["claimed", "sending", "doubtful", "found-sent"]
    assert bench.server.calls.count("send") == 1


@LOOKING
async def test_what_the_provider_does_not_have_is_sent_again(bench: Any) -> None:
    """Only after the settling time does a message's absence mean that it was not sent."""
    bench.server.faults.append(Fault("send", "timeout-before"))
    before = bench.clock.now()
    await bench.send()
    assert bench.clock.now() - before > bench.runtime.settle
    assert "found-unsent" in bench.events()
    assert len(bench.server.messages) == 1


@LOOKING
async def test_a_provider_that_cannot_be_asked_hands_over_to_a_person(bench: Any) -> None:
    """When looking fails too, nothing is sent again; a later caller looks again."""
    bench.server.faults.append(Fault("send", TIMED_OUT))
    bench.server.faults += [Fault("list", "status-before", status=503)] * 100
    with pytest.raises(OutcomeUnknown, match="ai resolve"):
        await bench.send()
    assert bench.row().state == "unknown"
    assert bench.server.calls.count("send") == 1
    bench.server.faults.clear()
    assert (await bench.send())["status"] == "sent"
    assert len(bench.server.messages) == 1


@pytest.mark.parametrize("fault", ["drop-before", "drop-after"])
async def test_smtp_in_doubt_is_for_a_person(
    bench_for: Any, smtp_credentials: Any, smtp: Any, fault: str
) -> None:
    """A mail server that hangs up after the text is never tried again."""
    bench = bench_for(smtp_credentials)
    smtp.faults.append(fault)
    with pytest.raises(OutcomeUnknown, match="cannot be asked"):
        await bench.send()
    with pytest.raises(OutcomeUnknown):
        await bench.send()
    assert len(smtp.messages) == (1 if fault == "drop-after" else 0)
    assert (bench.row().state, "escalated" in bench.events()) == ("unknown", True)


async def test_smtp_busy_is_tried_again(bench_for: Any, smtp_credentials: Any, smtp: Any) -> None:
    """A server that says `try later` is given the message later."""
    bench = bench_for(smtp_credentials)
    smtp.faults += ["busy", "busy"]
    assert (await bench.send())["status"] == "sent"
    assert len(smtp.messages) == 1


async def test_a_refused_recipient_stops_the_whole_message(
    bench_for: Any, smtp_credentials: Any, smtp: Any
) -> None:
    """If one recipient is refused, nobody gets it, and the server's words are told."""
    smtp.refused.add("bob@example.com")
    with pytest.raises(EffectFailed, match="no such user"):
        await bench_for(smtp_credentials).send()
    assert smtp.messages == []


@LOOKING
@pytest.mark.parametrize(
    ("status", "again"),
    [
        pytest.param(400, False, id="400-the-message-is-wrong"),
        pytest.param(401, True, id="401-the-account-is-wrong"),
        pytest.param(403, True, id="403-the-scopes-are-wrong"),
    ],
)
async def test_a_refusal_is_final_unless_the_account_is_at_fault(
    bench: Any, status: int, again: bool
) -> None:
    """A refused message stays refused; a mended account may send it under the same key."""
    bench.server.faults.append(Fault("send", "status-before", status=status))
    with pytest.raises(EffectFailed, match=f"status {status}"):
        await bench.send()
    assert bench.server.calls.count("send") == 1
    if again:
        assert (await bench.send())["status"] == "sent"
    else:
        with pytest.raises(EffectFailed, match="status 400"):
            await bench.send()
    assert len(bench.server.messages) == (1 if again else 0)


async def test_retry_after_is_kept(bench_for: Any, gmail_credentials: Any, gmail: Any) -> None:
    """The provider is left alone for as long as it asked."""
    bench = bench_for(gmail_credentials)
    gmail.faults.append(Fault("send", "status-before", status=429, headers={"Retry-After": "30"}))
    before = bench.clock.now()
    await bench.send()
    assert bench.clock.now() - before >= timedelta(seconds=29)


@pytest.mark.parametrize(
    "value",
    ["-5", "soon", "1e9", "\N{SUPERSCRIPT TWO}", "Wed, 21 Oct 2015 07:28:00 GMT", "0.5", ""],
    ids=["negative", "word", "exponent", "no digit", "past", "fraction", "empty"],
)
async def test_an_odd_retry_after_is_no_wait(
    bench_for: Any, gmail_credentials: Any, gmail: Any, value: str
) -> None:
    """What is no time to wait for is waited for as if nothing had been said."""
    bench = bench_for(gmail_credentials)
    gmail.faults.append(Fault("send", "status-before", status=429, headers={"Retry-After": value}))
    before = bench.clock.now()
    await bench.send()
    assert bench.clock.now() - before < timedelta(seconds=30)
    assert len(gmail.messages) == 1


@pytest.mark.parametrize(
    "value", ["86400", "999999999", "Fri, 01 Jan 2100 00:00:00 GMT"], ids=["day", "huge", "date"]
)
async def test_a_long_wait_is_left_to_a_later_call(
    bench_for: Any, gmail_credentials: Any, gmail: Any, value: str
) -> None:
    """The provider is not asked again before its time; the error says so, and a later call may."""
    bench = bench_for(gmail_credentials)
    gmail.faults.append(Fault("send", "status-before", status=429, headers={"Retry-After": value}))
    with pytest.raises(EffectFailed, match=r"left alone for [0-9,]+ minutes"):
        await bench.send()
    assert gmail.calls.count("send") == 1
    assert (await bench.send())["status"] == "sent"
    assert len(gmail.messages) == 1


async def test_a_provider_that_stays_busy_fails(
    bench_for: Any, gmail_credentials: Any, gmail: Any
) -> None:
    """After the last attempt the caller is told; a later call may try again."""
    bench = bench_for(gmail_credentials)
    gmail.faults += [Fault("send", "status-before", status=429)] * bench.runtime.most_attempts
    with pytest.raises(EffectFailed, match="status 429"):
        await bench.send()
    assert (await bench.send())["status"] == "sent"
    assert len(gmail.messages) == 1


async def test_concurrent_callers_share_a_failure(
    bench_for: Any, gmail_credentials: Any, gmail: Any
) -> None:
    """Who waited for an attempt that failed does not start one of its own."""
    patient = gmail_credentials.model_copy(update={"timeout_s": 30})
    # Waiting turns the test's clock, by far more than the attempt takes.
    bench = bench_for(patient, most_attempts=1, lease=timedelta(days=1))
    gmail.faults.append(Fault("send", "status-before", status=403, delay_s=2))
    answers = await asyncio.gather(*(bench.send() for _ in range(10)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {EffectFailed}
    assert gmail.calls.count("send") == 1


@LOOKING
async def test_a_cancelled_send_is_in_doubt_and_then_found(bench: Any) -> None:
    """Cancelling while the answer is awaited does not lose the message."""
    bench.server.faults.append(Fault("send", TIMED_OUT))
    accepted = asyncio.Event()
    loop = asyncio.get_running_loop()
    bench.server.on_accept = lambda: loop.call_soon_threadsafe(accepted.set)
    sending = asyncio.create_task(bench.send())
    await accepted.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert bench.row().state == "unknown"
    assert (await bench.send())["status"] == "sent"
    assert len(bench.server.messages) == 1


async def test_cancelled_before_sending_it_may_be_sent_later(
    bench_for: Any, gmail_credentials: Any, gmail: Any
) -> None:
    """Cancelling while the rate limit is awaited leaves nothing in doubt."""
    waiting = asyncio.Event()

    async def admit(_provider: str) -> None:
        waiting.set()
        await asyncio.sleep(60)

    bench = bench_for(gmail_credentials, admit=admit)
    sending = asyncio.create_task(bench.send())
    await waiting.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert bench.row().state == "failed"
    bench.runtime = bench_for(gmail_credentials).runtime
    assert (await bench.send())["status"] == "sent"


async def test_gmail_that_changes_the_message_id_is_found_by_our_header(
    bench_for: Any, gmail_credentials: Any, gmail: Any
) -> None:
    """If Gmail gave the message another Message-ID, the look goes by the custom header."""
    gmail.keeps_message_id = False
    bench = bench_for(gmail_credentials)
    gmail.faults.append(Fault("send", TIMED_OUT))
    assert (await bench.send())["status"] == "sent"
    assert len(gmail.messages) == 1


async def test_a_message_that_shows_late_is_waited_for(
    bench_for: Any, gmail_credentials: Any, gmail: Any
) -> None:
    """A search that lags behind does not lead to a second message."""
    bench = bench_for(gmail_credentials, settle=timedelta(seconds=1), sleep=asyncio.sleep)
    gmail.hidden_for_s = 0.6
    gmail.faults.append(Fault("send", TIMED_OUT))
    assert (await bench.send())["status"] == "sent"
    assert len(gmail.messages) == 1


@LOOKING
async def test_a_delivery_that_is_doubled_on_the_way_is_no_reason_for_a_third(bench: Any) -> None:
    """We ask once; copies that others make carry one Message-ID, and drafts are sent once."""
    bench.server.faults.append(Fault("send", "twice"))
    await bench.send()
    await bench.send()
    assert bench.server.calls.count("send") == 1
    if bench.action == "gmail.send":
        assert {m.mail["Message-ID"] for m in bench.server.messages} == {bench.row().key.marker}
    else:
        assert len(bench.server.messages) == 1


async def test_a_left_draft_is_used(bench_for: Any, outlook_credentials: Any, graph: Any) -> None:
    """After a doubtful send that did not happen, the same draft is sent, not a second one."""
    bench = bench_for(outlook_credentials)
    graph.faults.append(Fault("send", "reset-before"))
    await bench.send()
    assert len(graph.items) == 1
