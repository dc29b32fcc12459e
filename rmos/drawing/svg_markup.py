"""Words of the SVG language: numbers, colours, text, and circles that carry dashes."""

from __future__ import annotations

import colorsys
import math
import re
from collections.abc import Iterable, Sequence
from html import escape as escape_markup
from random import Random

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def number(value: float, digits: int = 3) -> str:
    """Return a number as short as it can be written."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return "0" if text == "-0" else text


def size(value_mm: float) -> str:
    """Return a length as a drawing states it: two digits at most."""
    return number(value_mm, 2)


def escape(text: str) -> str:
    """Return text as markup, without the characters that XML cannot hold."""
    return escape_markup(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def polar(radius_mm: float, angle: float, digits: int = 2) -> str:
    """Return a point at an angle (radians, clockwise from the right) as ``x y``."""
    x, y = radius_mm * math.cos(angle), radius_mm * math.sin(angle)
    return f"{number(x, digits)} {number(y, digits)}"


def circle(radius_mm: float, width_mm: float, color: str, extra: str = "") -> str:
    """Return a circle around the centre, drawn as a band of ``width_mm``."""
    return (
        f'<circle r="{number(radius_mm)}" fill="none" stroke="{color}" '
        f'stroke-width="{number(width_mm)}"{extra}/>'
    )


def dashed(
    radius_mm: float,
    width_mm: float,
    color: str,
    shares: Sequence[float],
    *,
    skip: float = 0.0,
    extra: str = "",
) -> str:
    """Return a band in dashes that meet exactly where they began.

    Args:
        radius_mm: Radius of the band's middle.
        width_mm: Width of the band.
        color: Its colour.
        shares: Dash, gap, dash, gap … as shares of the circumference. They are repeated, so
            their sum must be one share of a whole number.
        skip: Where the first dash begins, as a share of the circumference.
        extra: More attributes.
    """
    around = 2 * math.pi * radius_mm
    dashes = " ".join(number(share * around, 4) for share in shares)
    offset = f' stroke-dashoffset="{number(-skip * around, 4)}"' if skip else ""
    # Programs that know pathLength close the circle exactly; for the others it changes nothing.
    length = f' pathLength="{number(around, 4)}"'
    return circle(
        radius_mm, width_mm, color, f'{length} stroke-dasharray="{dashes}"{offset}{extra}'
    )


def path(subpaths: Iterable[str], color: str, extra: str = "") -> str:
    """Return one filled path of many closed parts."""
    return f'<path fill="{color}" d="{"".join(subpaths)}"{extra}/>'


def sector(inner_mm: float, outer_mm: float, start: float, end: float) -> str:
    """Return a closed piece of a ring between two angles less than a half turn apart."""
    inner, outer = number(inner_mm), number(outer_mm)
    return (
        f"M{polar(outer_mm, start)}A{outer} {outer} 0 0 1 {polar(outer_mm, end)}"
        f"L{polar(inner_mm, end)}A{inner} {inner} 0 0 0 {polar(inner_mm, start)}Z"
    )


def grain_of(seed: str) -> Random:
    """Return the numbers that grain is drawn from: the same seed gives the same grain."""
    return Random(seed)  # noqa: S311 - nothing here is secret


def mix(color: str, other: str, share: float) -> str:
    """Return a colour that lies ``share`` of the way to another."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def darker(color: str, share: float) -> str:
    """Return a colour nearer to the brown of old wood."""
    return mix(color, "#1c110a", share)


def lighter(color: str, share: float) -> str:
    """Return a colour nearer to the cream of holly."""
    return mix(color, "#fff8ea", share)


def luminance(color: str) -> float:
    """Return how light a colour is, 0 to 1."""
    red, green, blue = _channels(color)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def turned(color: str, hue: float, *, saturation: float, lightness: float) -> str:
    """Return a colour with its hue turned by a share of the circle, and at least so vivid."""
    red, green, blue = (channel / 255 for channel in _channels(color))
    own_hue, light, vivid = colorsys.rgb_to_hls(red, green, blue)
    rgb = colorsys.hls_to_rgb(
        (own_hue + hue) % 1, min(1.0, max(0.0, light + lightness)), max(vivid, saturation)
    )
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in rgb)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
