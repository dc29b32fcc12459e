"""From a request to a definition: what operators ask for, and what must not happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefect_luthier.ai_builder.drafting import Draft, DraftRequest
from prefect_luthier.ai_builder.evaluate import unknown_slugs
from prefect_luthier.ai_builder.offline.drafter import OfflineDrafter, draft_offline
from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.flows.actions.installed import installed_catalog

FLAGSHIP = (
    "every weekday at 7 summarise the last 30 days of the git history of a repository into "
    "digest.md, and tell me if there were no commits"
)

DraftIt = Callable[..., Draft]


def steps_of(draft: Draft) -> dict[str, tuple[str | None, list[str]]]:
    """Return slug and needs of each step."""
    assert draft.definition is not None, (draft.refusal, draft.diagnostics)
    return {
        name: (step.uses.split("@")[0] if step.uses else None, list(step.needs))
        for name, step in draft.definition.steps.items()
    }


def test_the_flagship_request_is_complete(draft_builtin: DraftIt) -> None:
    """Schedule, parameters, both branches, message and artifact are all there."""
    draft = draft_builtin(FLAGSHIP)
    definition = draft.definition
    assert definition is not None
    assert [trigger.cron for trigger in definition.triggers] == ["0 7 * * 1-5"]
    assert definition.parameters["repo"].type == "path"
    assert definition.parameters["repo"].required
    assert definition.parameters["since"].default == "30 days"
    assert steps_of(draft) == {
        "git_log": ("git.log", []),
        "file_write": ("file.write", ["git_log"]),
        "notify": ("notify", ["git_log"]),
    }
    steps = definition.steps
    assert steps["file_write"].when == "steps.git_log.outputs.count > 0"
    assert steps["notify"].when == "steps.git_log.outputs.count == 0"
    assert steps["file_write"].inputs["path"] == "digest.md"
    assert [artifact.path for artifact in definition.artifacts.values()] == ["digest.md"]


def test_a_failure_is_told(draft_builtin: DraftIt) -> None:
    """`Notify me if it fails` reacts to every step on the way."""
    draft = draft_builtin(
        "fetch https://example.org/a.json every hour and save it to a.json, notify me if it fails"
    )
    assert draft.definition is not None
    steps = draft.definition.steps
    assert list(steps) == ["http_request", "file_write", "notify"]
    assert steps["notify"].when == (
        "steps.http_request.state == 'failed' || steps.file_write.state == 'failed'"
    )
    assert steps["file_write"].inputs["content"] == "${{ steps.http_request.outputs.text }}"


def test_a_literal_command_becomes_a_shell_step(draft_builtin: DraftIt) -> None:
    """A command in backticks runs as it stands, in the folder that is named."""
    draft = draft_builtin("run `make test` in my repo every night and tell me if it breaks")
    assert draft.definition is not None
    assert draft.definition.steps["make_test"].run == "cd ${{ params.repo }} && make test"
    assert draft.definition.steps["notify"].when == "steps.make_test.state == 'failed'"


def test_a_secret_is_a_parameter_and_never_a_value(draft_builtin: DraftIt) -> None:
    """A token becomes a parameter of type secret, bound where secrets may stand."""
    draft = draft_builtin("call the API https://api.example.com/items with token API_TOKEN")
    assert draft.definition is not None
    assert draft.definition.parameters["api_token"].type == "secret"
    inputs = draft.definition.steps["http_request"].inputs
    assert inputs["secret_headers"] == {"Authorization": "${{ params.api_token }}"}


def test_a_loop_fans_out_over_a_list(draft_builtin: DraftIt) -> None:
    """`For each url in urls` becomes a foreach over a parameter."""
    draft = draft_builtin("for each url in urls fetch it")
    assert draft.definition is not None
    step = draft.definition.steps["http_request"]
    assert step.foreach == "params.urls"
    assert step.inputs == {"url": "${{ item }}"}


def test_patience_reaches_the_step_it_speaks_of(draft_builtin: DraftIt) -> None:
    """Retries and timeouts belong to the clause before them."""
    draft = draft_builtin("Run `pg_dump shop` nightly at 3, give up after 10 minutes, retry twice")
    assert draft.definition is not None
    (step,) = draft.definition.steps.values()
    assert (step.timeout, step.retries.max if step.retries else None) == ("10m", 2)


def test_outputs_flow_into_inputs_of_the_same_name(draft_foreign: DraftIt) -> None:
    """An input that an earlier output is called like is bound to it, not asked for."""
    draft = draft_foreign("Create an invoice for the customer, then email it to them.")
    assert draft.definition is not None
    send = draft.definition.steps["billing_send_invoice"]
    assert send.inputs == {"invoice_id": "${{ steps.billing_create_invoice.outputs.invoice_id }}"}
    assert set(draft.definition.parameters) == {"customer_id", "amount"}


def test_a_comparison_is_written_on_an_output(draft_foreign: DraftIt) -> None:
    """A number in a condition is compared with the number that the earlier step gives."""
    draft = draft_foreign(
        "Check how many days the TLS certificate of a domain is valid, and renew the certificate "
        "if fewer than 14 are left."
    )
    assert draft.definition is not None
    assert draft.definition.steps["tls_renew_certificate"].when == (
        "steps.tls_check_expiry.outputs.days_left < 14"
    )


def test_what_no_output_can_decide_is_asked(draft_foreign: DraftIt) -> None:
    """A condition that cannot be written is a question, never silently dropped."""
    draft = draft_foreign(
        "Screen the supplier against sanction lists; if it is clean, add it to the CRM contacts."
    )
    assert draft.ok
    assert any("clean" in question for question in draft.questions)


REFUSALS = {
    "": "empty-request",
    "???": "empty-request",
    "hello, how are you?": "not-a-workflow-request",
    "What is the capital of France?": "not-a-workflow-request",
    "do something with my data": "vague-request",
    "Automate everything please": "vague-request",
    "Mow the lawn twice a week": "unknown-capability",
    "Back up the database and brew a fresh pot of coffee": "unknown-capability",
    "x" * 30_000: "request-too-long",
}


@pytest.mark.parametrize(
    ("request_text", "code"), REFUSALS.items(), ids=[key[:30] or "empty" for key in REFUSALS]
)
def test_refusals_say_why(request_text: str, code: str, draft_foreign: DraftIt) -> None:
    """What cannot be drafted is refused with a reason, and no definition is guessed."""
    draft = draft_foreign(request_text)
    assert draft.refusal is not None
    assert draft.refusal.code == code
    assert draft.definition is None


def test_an_unknown_part_is_named(draft_foreign: DraftIt) -> None:
    """The refusal quotes what nothing in the catalog can do."""
    draft = draft_foreign("Back up the database and brew a fresh pot of coffee")
    assert draft.refusal is not None
    assert "coffee" in draft.refusal.message


def test_opposites_are_not_confused() -> None:
    """The only entry that does the opposite is no match."""
    catalog = Catalog(
        [CatalogEntry(slug="vm.stop", kind="action", description="Stop a virtual machine")]
    )
    assert draft_offline(DraftRequest("start the virtual machine"), catalog).refusal is not None
    assert draft_offline(DraftRequest("stop the virtual machine"), catalog).ok


def test_an_empty_catalog_leaves_nothing_to_use() -> None:
    """Without entries every action is unknown; only literal commands run."""
    assert draft_offline(DraftRequest("send an email to ops@example.org"), Catalog()).refusal
    assert draft_offline(DraftRequest("run `make test`"), Catalog()).ok


async def test_the_drafter_says_who_it_is() -> None:
    """The draft names the offline drafter, its one round and the catalog it saw."""
    catalog = installed_catalog()
    draft = await OfflineDrafter().draft(DraftRequest(FLAGSHIP), catalog)
    assert (draft.provider, draft.model, draft.snapshot) == ("offline", None, catalog.digest)
    assert [each.provider for each in draft.rounds] == ["offline"]


FRAGMENTS = [
    *("then", "and", ",", ".", ";", "if", "unless", "otherwise", "for each", "every", "at 7"),
    *("retry", "3 times", "`make`", "'x'", "${{ }}", "a.md", "https://a.b", "before", "after it"),
    *("in parallel", "git history", "save", "notify", "rename", "to", "remove", "the schedule"),
    *("steps.x", "-1", "9" * 20, "0 * * * *", "\ue000", "\x00", "\ud7ff", "(", "{{"),
]

PIECES = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(FRAGMENTS),
    ),
    max_size=15,
).map(" ".join)

BASE = """schema = 1
id = "base"
[steps.a]
run = "true"
[steps.b]
uses = "notify@1"
needs = ["a"]
inputs = { message = "${{ steps.a.outputs.stdout }}" }
"""


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=PIECES, refines=st.booleans())
def test_no_text_breaks_it(text: str, refines: bool, draft_builtin: DraftIt) -> None:
    """Whatever is asked, the answer is a valid draft or a refusal; no slug is made up."""
    draft = draft_builtin(text, BASE if refines else None)
    assert not unknown_slugs(draft, installed_catalog())
    assert draft.ok or draft.refusal is not None, [d.message for d in draft.diagnostics]
