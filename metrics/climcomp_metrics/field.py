"""What a variable is to the metrics: its axes, its settings, and the place of a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.bins import Bins
from climcomp_metrics.plugins.model import OwnMetric

Scalar = TypeVar("Scalar", bound=np.generic)
Shape = tuple[int, int, int, int]
"""Sizes in canonical order: time, level (all other dimensions folded), y, x."""


@dataclass(frozen=True, slots=True)
class Axes:
    """Where the dimensions of a variable stand; None where it has no such dimension.

    An unstructured grid has `cell` and neither `y` nor `x`.
    """

    time: int | None
    level: tuple[int, ...]
    y: int | None
    x: int | None
    cell: int | None = None

    def __post_init__(self) -> None:
        if self.cell is not None and (self.y is not None or self.x is not None):
            raise MetricError("a variable has either y and x or cells, not both")
        order = self.order
        if sorted(order) != list(range(len(order))):
            raise MetricError(f"axes must name every position once, not {order}")

    @property
    def order(self) -> tuple[int, ...]:
        """The positions in canonical order, absent ones left out."""
        ends = (self.y, self.x, self.cell)
        time = () if self.time is None else (self.time,)
        return (*time, *self.level, *(p for p in ends if p is not None))

    def shape(self, shape: tuple[int, ...]) -> Shape:
        """The canonical sizes of an array of these sizes."""
        if len(shape) != len(self.order):
            raise MetricError(f"the axes name {len(self.order)} dimensions, the array has {shape}")

        def size(position: int | None) -> int:
            return 1 if position is None else shape[position]

        x = self.cell if self.cell is not None else self.x
        return size(self.time), prod(shape[p] for p in self.level), size(self.y), size(x)

    def to_dict(self) -> dict[str, int | list[int] | None]:
        """The axes as JSON stores them."""
        return {
            "time": self.time,
            "level": list(self.level),
            "y": self.y,
            "x": self.x,
            "cell": self.cell,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Axes:  # Any: parsed JSON
        """The axes that `to_dict` gave."""
        return cls(stored["time"], tuple(stored["level"]), stored["y"], stored["x"], stored["cell"])


def canonical(values: NDArray[Scalar], axes: Axes) -> NDArray[Scalar]:
    """The values as (time, level, y, x), C-contiguous: a view where the order is that already."""
    shape = axes.shape(values.shape)
    return np.ascontiguousarray(values.transpose(axes.order)).reshape(shape)


def no_neighbours(axes: Axes, shape: tuple[int, ...]) -> str | None:
    """Why gradients and Laplacians cannot be had on this grid, or None if they can."""
    if axes.cell is not None:
        return "the grid is unstructured: cells have no row and column neighbours"
    if axes.y is None or axes.x is None:
        return "it has no two horizontal dimensions"
    if shape[axes.y] < 3 or shape[axes.x] < 3:
        return f"its fields have only {shape[axes.y]} x {shape[axes.x]} cells"
    return None


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """Everything about a variable that is decided before its values are measured.

    Parameters
    ----------
    kind
        `C` continuous, `P` positive and heavy-tailed, `B` bounded fraction.
    masked
        Whether missing values belong to the variable (an ocean).
    shape, chunk, shard
        Canonical sizes of the whole variable, of a codec block and of a shard.
    sigma, sigma_method, bins
        Per level; which standard deviation it is, in words.
    valid_range
        None: nobody said; then `P` is at least zero and `B` lies in [0, 1], or [0, 100] for "%".
    exact
        Values beside zero that are flags, not data: they must come back and are not measured.
    zeros_exact
        Whether zeros were promised to stay zeros.
    has_area, horizontal
        None, or the reason why there are no area weights, or no horizontal neighbours.
    every
        Of the statistics that METRICS samples, how many time steps each takes one of; "*" for all
        that are not named. Empty: as METRICS says.
    ensemble
        How many members the folded levels hold of each level, and how many folded levels apart
        these are; None where no dimension counts members.
    own
        The metrics that a scientist wrote for it. They run only where they have their code, which
        `to_dict` leaves out.
    """

    variable: str
    unit: str
    kind: Literal["C", "P", "B"]
    masked: bool
    axes: Axes
    shape: Shape
    sigma: tuple[float, ...]
    sigma_method: str
    bins: tuple[Bins, ...]
    valid_range: tuple[float, float] | None
    exact: tuple[float, ...]
    zeros_exact: bool
    periodic_x: bool
    has_area: str | None
    horizontal: str | None
    chunk: Shape
    shard: Shape
    every: Mapping[str, int] = field(default_factory=dict)
    ensemble: tuple[int, int] | None = None
    own: tuple[OwnMetric, ...] = ()

    def __post_init__(self) -> None:
        levels = self.shape[1]
        if len(self.sigma) != levels or len(self.bins) != levels:
            raise MetricError(
                f"{self.variable}: {levels} levels need as many sigmas and bins, "
                f"not {len(self.sigma)} and {len(self.bins)}"
            )

    @property
    def limits(self) -> tuple[float, float] | None:
        """The physical range: the declared one, else that of the kind, else None."""
        if self.valid_range is not None:
            return self.valid_range
        if self.kind == "P":
            return 0.0, float("inf")
        if self.kind == "B":
            return {"1": (0.0, 1.0), "": (0.0, 1.0), "%": (0.0, 100.0)}.get(self.unit)
        return None

    def to_dict(self) -> dict[str, object]:
        """The settings as JSON stores them."""
        stored: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        stored["axes"] = self.axes.to_dict()
        stored["every"] = dict(self.every)
        stored["bins"] = [bins.to_dict() for bins in self.bins]
        stored["own"] = [own.to_dict() for own in self.own]
        if self.valid_range is not None:
            # JSON has no infinity: an open end is null.
            stored["valid_range"] = [v if np.isfinite(v) else None for v in self.valid_range]
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> FieldSettings:  # Any: parsed JSON
        """The settings that `to_dict` gave, through JSON or not."""
        known = {name: stored[name] for name in cls.__slots__}
        known["axes"] = Axes.from_dict(known["axes"])
        known["bins"] = tuple(Bins.from_dict(bins) for bins in known["bins"])
        known["own"] = tuple(OwnMetric.from_dict(own) for own in known["own"])
        for name in ("shape", "chunk", "shard", "sigma", "exact"):
            known[name] = tuple(known[name])
        known["ensemble"] = known["ensemble"] and tuple(known["ensemble"])
        if known["valid_range"] is not None:
            low, high = known["valid_range"]
            known["valid_range"] = (
                -float("inf") if low is None else low,
                float("inf") if high is None else high,
            )
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a variable sits: the canonical position of its first value, and its sizes.

    `names` are what its four dimensions are called in words; one that is absent has no name.
    """

    variable: str
    start: Shape
    shape: Shape
    names: tuple[str, str, str, str] = ("time", "level", "y", "x")

    def label(self, index: Shape) -> str:
        """A position inside the part in words, counted from the start of the variable."""
        at = (first + step for first, step in zip(self.start, index, strict=True))
        named = zip(self.names, at, strict=True)
        return ", ".join(f"{name} {position}" for name, position in named if name)
