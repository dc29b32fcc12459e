"""Field by field: where two JSON documents differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any


class _Absent:
    """Stands for a field that one document does not have."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """One value that is not the same in both documents.

    Args:
        pointer: JSON pointer of the value.
        before: It in the first document; None where it is absent.
        after: It in the second document; None where it is absent.
        change: ``changed``, ``added`` or ``removed``.
    """

    pointer: str
    before: Any
    after: Any
    change: str = "changed"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def differences(before: Any, after: Any, pointer: str = "") -> Iterator[Difference]:
    """Yield every difference between two JSON documents, outer fields in sorted order.

    Numbers are compared by value: PostgreSQL gives back a large float as an integer.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            escaped = key.replace("~", "~0").replace("/", "~1")
            inner = (before.get(key, ABSENT), after.get(key, ABSENT))
            yield from differences(*inner, f"{pointer}/{escaped}")
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            inner = (_item(before, index), _item(after, index))
            yield from differences(*inner, f"{pointer}/{index}")
    elif before is ABSENT:
        yield Difference(pointer, None, after, "added")
    elif after is ABSENT:
        yield Difference(pointer, before, None, "removed")
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield Difference(pointer, before, after)


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else ABSENT
