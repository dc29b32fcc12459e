"""Mail addresses: read strictly, so that a message reaches exactly whom the plan names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.mail.look_alikes import (
    encoded_word_in,
    imitation_in,
    invisible_in,
)

_MAX_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
_MAX_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_MAX_NAME = 200

# RFC 5322's atom without `!` and `%`: some servers take `x%other.example@example.com` and
# `other.example!x@example.com` for a route, and pass the mail on to other.example.
_ATOM = r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_NAMED = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<address>[^<>]*)>")
_QUOTED_NAME = re.compile(r'"(?P<name>[^"\\]*)"')


@dataclass(frozen=True)
class Mailbox:
    """One address, with the name that is shown for it."""

    address: str
    name: str = ""

    @property
    def key(self) -> str:
        """The address as policies compare it."""
        return self.address.lower()


def read_mailbox(text: str) -> Mailbox:
    """Return the mailbox that ``text`` names: ``ann@example.com`` or ``Ann <ann@example.com>``.

    Raises:
        LuthierError: It is no single address, or one that could pass for another.
    """
    hidden = invisible_in(text)
    if hidden:
        raise _refusal(text, f"has the invisible character {hidden}")
    match = _NAMED.fullmatch(text.strip())
    name = _name(match["name"].strip(), text) if match else ""
    address = match["address"] if match else text.strip()
    local, at, host = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local) > _MAX_LOCAL:
        raise _refusal(text, "is not one mail address in plain ASCII")
    if not host.isascii():
        raise _refusal(text, "has letters outside ASCII in its domain, which can imitate another")
    if encoded_word_in(text):
        raise _refusal(text, "has an encoded text, which would be shown as something else")
    labels = host.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004 - a.b
        raise _refusal(text, "has no domain of the form example.com")
    imitation = imitation_in(host)
    if imitation:
        raise _refusal(text, f"has a domain that can imitate another: {imitation}")
    if len(address) > _MAX_ADDRESS:
        raise _refusal(text, f"is longer than {_MAX_ADDRESS} characters")
    return Mailbox(f"{local}@{host.lower()}", name)


def _name(name: str, text: str) -> str:
    quoted = _QUOTED_NAME.fullmatch(name)
    name = quoted["name"].strip() if quoted else name
    if "@" in unicodedata.normalize("NFKC", name):
        raise _refusal(text, "shows another address as its name")
    if len(name) > _MAX_NAME or '"' in name or "\\" in name:
        raise _refusal(text, "has a name that cannot be shown as it is")
    return name


def _refusal(text: str, why: str) -> LuthierError:
    return LuthierError(
        "bad-address",
        f"{text[:_MAX_ADDRESS]!r} {why}.",
        "Give each recipient as name@example.com.",
    )
