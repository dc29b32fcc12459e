"""What steps use: does it exist, can it run here, do its inputs fit."""

from __future__ import annotations

from collections.abc import Mapping

from prefect_luthier.catalog import Catalog, CatalogEntry, split_reference
from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.checks.inputs import InputCheck
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.model import ActionTemplate
from prefect_luthier.diagnostics import MAX_CANDIDATES, Fix
from prefect_luthier.pointers import Path
from prefect_luthier.suggestions import closest, surely_meant

_SHELL_WORDS = frozenset({"shell", "sh", "bash", "command", "cmd", "run", "exec", "script"})


def check_actions(checked: Checked) -> None:
    """Report references to actions that lead nowhere, and inputs that do not fit."""
    definition = checked.definition
    inputs = InputCheck(checked)
    for name, template in definition.actions.items():
        path: Path = ("actions", name, "uses")
        if template.uses is not None and template.uses not in definition.actions:
            _check_use(checked, path, template.uses)
    for step_id, own in definition.steps.items():
        if checked.findings.full:
            return
        step = checked.step(step_id)
        if step.uses is None or step.run is not None or step.uses in definition.actions:
            continue
        path = checked.written_at(step_id, "uses")
        entry = checked.catalog.find(step.uses)
        if own.uses not in definition.actions:
            _check_use(checked, path, step.uses)
        if entry is not None and not checked.is_pruned(path):
            _check_recursion(checked, path, entry)
            inputs.check(step_id, step, entry)
    _check_unused_templates(checked, definition.actions)


def _check_unused_templates(checked: Checked, templates: Mapping[str, ActionTemplate]) -> None:
    used = {step.uses for step in checked.definition.steps.values()}
    for name in templates:
        if name not in used and not checked.is_pruned(("actions", name)):
            checked.findings.warn(
                "unused-template",
                f"no step uses the template {name!r}.",
                ("actions", name),
                at_key=True,
            )


def _check_use(checked: Checked, path: Path, reference: str) -> None:
    if reference == UNKNOWN or checked.is_pruned(path):
        return
    entry = checked.catalog.find(reference)
    if entry is None:
        _unknown(checked, path, reference)
        return
    if entry.kind == "service":
        checked.findings.add(
            "not-executable",
            f"{entry.slug!r} is a service, which no step can run by itself; use an action that "
            "calls it, such as http.request.",
            path,
            # Elsewhere something may run it; here a run of it could only fail.
            severity="error" if checked.environment else "warning",
            candidates=_callers(checked.catalog, entry.slug),
        )
    _check_machine(checked, path, entry)


def _callers(catalog: Catalog, slug: str) -> tuple[str, ...]:
    related = [e.reference for e in catalog if e.kind == "action" and e.slug.startswith(f"{slug}.")]
    generic = [e.reference for e in catalog if e.slug == "http.request"]
    return tuple([*related, *generic][:MAX_CANDIDATES])


def _check_machine(checked: Checked, path: Path, entry: CatalogEntry) -> None:
    environment = checked.environment
    if environment is None:
        return
    if entry.needs_model and not environment.offers_model:
        checked.findings.add(
            "no-model",
            f"{entry.slug!r} calls a language model, and none is configured. Set OPENAI_API_KEY, "
            "or LUTHIER_MODEL_BASE_URL for a local server.",
            path,
        )
    commands = getattr(entry.capabilities, "commands", ())
    for command in commands:
        if not environment.has_command(command):
            checked.findings.add(
                "missing-command",
                f"{entry.slug!r} needs the program {command!r}, which is not on the PATH.",
                path,
                candidates=(command,),
            )


def _check_recursion(checked: Checked, path: Path, entry: CatalogEntry) -> None:
    if entry.kind == "workflow" and entry.slug == checked.definition.id:
        checked.findings.add(
            "recursive-workflow", f"the workflow {entry.slug!r} would start itself.", path
        )


def _unknown(checked: Checked, path: Path, reference: str) -> None:
    catalog = checked.catalog
    slug, version = split_reference(reference)
    slug, _, written_version = slug.partition("@")
    versions = catalog.versions(slug)
    if versions:
        _unknown_version(checked, path, slug, version or written_version, versions)
        return
    templates = checked.definition.actions if path[0] == "steps" else {}
    known = [*templates, *catalog.slugs]
    candidates = tuple(_reference(catalog, name) for name in closest(slug, known))
    meant = surely_meant(slug, known)
    hint = f' Did you mean "{candidates[0]}"?' if candidates else ""
    if slug.lower() in _SHELL_WORDS:
        candidates, meant = ("run",), None
        hint = ' A shell command needs no action: write `run = "…"`.'
    checked.findings.add(
        "unknown-action",
        f"there is no action {reference[:80]!r} in the catalog.{hint}",
        path,
        candidates=candidates,
        fix=_replace_slug(checked, path, meant, version),
    )


def _reference(catalog: Catalog, name: str) -> str:
    entry = catalog.find(name)
    return entry.reference if entry else name


def _replace_slug(
    checked: Checked, path: Path, meant: str | None, version: str | None
) -> Fix | None:
    if meant is None:
        return None
    wanted = f"{meant}@{version}" if version else meant
    found = checked.catalog.find(wanted)
    text = wanted if found else _reference(checked.catalog, meant)
    return checked.findings.replace_value(path, text)


def _unknown_version(
    checked: Checked, path: Path, slug: str, version: str | None, versions: list[str]
) -> None:
    majors = tuple(dict.fromkeys(f"{slug}@{text.split('.')[0]}" for text in versions))
    checked.findings.add(
        "unknown-action",
        f"action {slug!r} has no version {version!r}; there is {', '.join(versions[:5])}.",
        path,
        candidates=majors[:MAX_CANDIDATES],
        fix=checked.findings.replace_value(path, majors[0]) if len(majors) == 1 else None,
    )
