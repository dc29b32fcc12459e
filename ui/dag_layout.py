"""Placing a graph in layers: which box stands where, and the points its edges pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

_ORDER_SWEEPS = 8
_PLACE_SWEEPS = 12

Point = tuple[float, float]


@dataclass(frozen=True)
class Sizes:
    """Measures of a picture, in pixels.

    Args:
        width: Width of a box.
        height: Height of a box.
        layer_gap: Space between two layers.
        box_gap: Space between two boxes of a layer.
        downwards: Whether layers follow each other from top to bottom, not left to right.
    """

    width: float = 208
    height: float = 64
    layer_gap: float = 60
    box_gap: float = 34
    downwards: bool = False

    @property
    def along(self) -> float:
        """Extent of a box in the direction of the edges."""
        return self.height if self.downwards else self.width

    @property
    def across(self) -> float:
        """Extent of a box at right angles to the edges."""
        return self.width if self.downwards else self.height


@dataclass(frozen=True)
class Layout:
    """Where everything stands. A box is named by its top left corner.

    Args:
        boxes: Corner of each box.
        routes: For each edge, the points from the end of one box to the start of the other.
        width: Width of the whole.
        height: Height of the whole.
    """

    boxes: dict[str, Point]
    routes: dict[tuple[str, str], list[Point]]
    width: float
    height: float


# A place in a layer: a box, or the spot where a long edge passes the layer.
_Place = tuple[str, str, int]


def lay_out(
    layers: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]], sizes: Sizes
) -> Layout:
    """Return a layout with few crossings and short, straight edges.

    Args:
        layers: The boxes by layer; every edge goes from an earlier layer to a later one.
        edges: Pairs of boxes, from and to.
        sizes: The measures.
    """
    chains = _chains(layers, edges)
    rows = _rows(layers, chains)
    before, after = _neighbours(chains)
    for sweep in range(_ORDER_SWEEPS):
        _reorder(rows, before if sweep % 2 == 0 else after, forward=sweep % 2 == 0)
    spots = _spots(rows, before, after, sizes)
    return _drawn(layers, chains, spots, sizes)


def _chains(
    layers: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[_Place]]:
    """Return each edge as the places it passes, one for every layer from its start to its end."""
    rank = {box: number for number, layer in enumerate(layers) for box in layer}
    return {
        (start, end): [
            (start, start, rank[start]),
            *((start, end, passed) for passed in range(rank[start] + 1, rank[end])),
            (end, end, rank[end]),
        ]
        for start, end in edges
    }


def _rows(
    layers: Sequence[Sequence[str]], chains: Mapping[tuple[str, str], list[_Place]]
) -> list[list[_Place]]:
    rows: list[list[_Place]] = [
        [(box, box, number) for box in layer] for number, layer in enumerate(layers)
    ]
    for chain in chains.values():
        for place in chain[1:-1]:
            rows[place[2]].append(place)
    return rows


def _neighbours(
    chains: Mapping[tuple[str, str], list[_Place]],
) -> tuple[dict[_Place, list[_Place]], dict[_Place, list[_Place]]]:
    before: dict[_Place, list[_Place]] = {}
    after: dict[_Place, list[_Place]] = {}
    for chain in chains.values():
        for start, end in pairwise(chain):
            before.setdefault(end, []).append(start)
            after.setdefault(start, []).append(end)
    return before, after


def _reorder(
    rows: list[list[_Place]], towards: Mapping[_Place, list[_Place]], *, forward: bool
) -> None:
    """Sort each layer by the mean position of its neighbours in the layer just passed."""
    position = {place: index for row in rows for index, place in enumerate(row)}
    for row in rows if forward else reversed(rows):
        wish = {
            place: fmean(position[other] for other in towards[place])
            if towards.get(place)
            else position[place]
            for place in row
        }
        row.sort(key=wish.__getitem__)
        position.update({place: index for index, place in enumerate(row)})


def _spots(
    rows: Sequence[Sequence[_Place]],
    before: Mapping[_Place, list[_Place]],
    after: Mapping[_Place, list[_Place]],
    sizes: Sizes,
) -> dict[_Place, float]:
    """Return the centre of every place, across the edges: near its neighbours, none overlapping."""
    spots: dict[_Place, float] = {}
    for row in rows:
        start = -(len(row) - 1) / 2
        step = sizes.across + sizes.box_gap
        spots.update({place: (start + index) * step for index, place in enumerate(row)})
    for sweep in range(_PLACE_SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wishes = [_wish(place, spots, before, after) for place in row]
            spots.update(zip(row, _separated(row, wishes, sizes), strict=True))
    return spots


def _wish(
    place: _Place,
    spots: Mapping[_Place, float],
    before: Mapping[_Place, list[_Place]],
    after: Mapping[_Place, list[_Place]],
) -> float:
    around = [*before.get(place, ()), *after.get(place, ())]
    return fmean(spots[other] for other in around) if around else spots[place]


def _separated(row: Sequence[_Place], wishes: Sequence[float], sizes: Sizes) -> list[float]:
    """Return the positions nearest to the wishes (least squares) that keep order and distance.

    Subtracting the distances turns this into an isotonic regression, which merging
    neighbours that violate the order solves exactly.
    """
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (_extent(left, sizes) + _extent(right, sizes)) / 2)
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        mean, count = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, size = blocks.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=True)]


def _extent(place: _Place, sizes: Sizes) -> float:
    is_box = place[0] == place[1]
    return (sizes.across if is_box else sizes.across / 3) + sizes.box_gap


def _drawn(
    layers: Sequence[Sequence[str]],
    chains: Mapping[tuple[str, str], list[_Place]],
    spots: Mapping[_Place, float],
    sizes: Sizes,
) -> Layout:
    boxes_only = [spot for place, spot in spots.items() if place[0] == place[1]]
    low = min(spots.values(), default=0.0)
    first = min(min(boxes_only, default=0.0) - sizes.across / 2, low)
    last = max(max(boxes_only, default=0.0) + sizes.across / 2, max(spots.values(), default=0.0))
    pitch = sizes.along + sizes.layer_gap

    def point(along: float, across: float) -> Point:
        return (across - first, along) if sizes.downwards else (along, across - first)

    boxes = {
        place[0]: point(place[2] * pitch, spot - sizes.across / 2)
        for place, spot in spots.items()
        if place[0] == place[1]
    }
    routes = {
        edge: [
            point(place[2] * pitch + side, spots[place])
            for place, side in _sides(chain, sizes.along)
        ]
        for edge, chain in chains.items()
    }
    long = len(layers) * pitch - sizes.layer_gap
    wide = last - first
    width, height = (wide, long) if sizes.downwards else (long, wide)
    return Layout(boxes, routes, width, height)


def _sides(chain: Sequence[_Place], along: float) -> list[tuple[_Place, float]]:
    """Return the places of a chain with the side of the layer at which the edge touches them."""
    passed = [(place, side) for place in chain[1:-1] for side in (0.0, along)]
    return [(chain[0], along), *passed, (chain[-1], 0.0)]
