"""What is known of a variable before its values are looked at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from climcomp.archive.previews import PREVIEW_GROUP
from climcomp.source import Geometry, Source, SourceVariable, decoded_dtype
from climcomp_metrics.base import Limits
from climcomp_metrics.field import Axes
from climcomp_workflows.plan.lessons import Lesson
from climcomp_workflows.recipe import Recipe, VariableSettings


@dataclass(frozen=True, slots=True)
class Dataset:
    """One opened source, and the group of the archive that it becomes, or that its previews do."""

    key: str
    source: Source
    are_previews: bool = False

    @property
    def group(self) -> str:
        """The path of the group, "" for the root."""
        groups = (PREVIEW_GROUP * self.are_previews, self.key)
        return "/".join(group for group in groups if group)

    def path(self, name: str) -> str:
        """Where a variable of the source stands in the archive."""
        return f"{self.group}/{name}" if self.group else name

    def named(self, name: str) -> str:
        """What a recipe calls a variable of the source."""
        return f"{self.key}/{name}" if self.key else name


@dataclass(frozen=True, slots=True)
class Subject:
    """One variable to be planned, and all that is known of it before its values are sampled."""

    recipe: Recipe
    dataset: Dataset
    variable: SourceVariable
    settings: VariableSettings
    geometry: Geometry
    weights: NDArray[np.float64] | str
    months: NDArray[np.integer] | None
    limits: Limits
    lesson: Lesson | None = None  # of an archive that the recipe names

    @property
    def unit(self) -> str:
        """The variable's unit as its file says it."""
        return str(self.variable.attributes.get("units", ""))

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the values as they will be stored."""
        return stored_dtype(self.variable)

    @property
    def raw_bytes(self) -> int:
        """The size of the values as they will be stored, before compression."""
        return int(np.prod(self.variable.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(slots=True)
class Findings:
    """What is learned of one variable while it is planned; lives as long as that."""

    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0  # one encode and decode of the sample blocks
    sampled_bytes: int = 0
    rates: dict[str, float] = field(default_factory=dict)  # seconds to a byte, of all that raced


def axes_of(variable: SourceVariable) -> Axes:
    """Positions of the variable's dimensions, from its roles."""
    roles = variable.roles

    def position(name: str | None) -> int | None:
        return None if name is None else variable.dims.index(name)

    return Axes(
        time=position(roles.time),
        level=tuple(variable.dims.index(name) for name in roles.level),
        y=position(roles.y),
        x=position(roles.x),
        cell=position(roles.cell),
    )


def is_packed(variable: SourceVariable) -> bool:
    """Whether the stored numbers are not yet the values; floats under a scale of 1 are."""
    packing = variable.packing
    return packing is not None and not (variable.dtype.kind == "f" and packing.is_identity)


def stored_dtype(variable: SourceVariable) -> np.dtype[np.floating]:
    """The type of the values of a lossy variable in the archive: packed ones are unpacked."""
    return decoded_dtype(variable) if is_packed(variable) else variable.dtype
