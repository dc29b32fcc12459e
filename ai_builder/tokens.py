"""Counting tokens: what a server reported, and an estimate for what is not sent yet."""

from __future__ import annotations

import math
from dataclasses import dataclass

# English prose and code take 3.5 to 4.5 bytes a token with the tokenizers in use; the low end
# errs on the side of too many. An exact count would need the model's own vocabulary.
BYTES_PER_TOKEN = 3.5


@dataclass(frozen=True)
class Tokens:
    """Tokens of one or more calls."""

    input: int = 0
    output: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.input + other.input, self.output + other.output)

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.input + self.output

    def to_json(self) -> dict[str, int]:
        """Return the JSON twin."""
        return {"input": self.input, "output": self.output}


NO_TOKENS = Tokens()


def estimate_tokens(text: str) -> int:
    """Return an estimate of the tokens in ``text``, rather too high than too low.

    Scripts other than Latin, and emoji, take up to a token for each byte, and never more.
    """
    size = len(text.encode(errors="replace"))
    plain = len(text.encode("ascii", "ignore"))
    return math.ceil(plain / BYTES_PER_TOKEN) + size - plain
