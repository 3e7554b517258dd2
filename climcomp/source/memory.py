"""A source of arrays in memory: grids and dates are recognised in it as they are in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import SourceError
from climcomp.source.model import Attributes, SourceSpec, SourceVariable, StoredVariable
from climcomp.source.packing import fill_values, packing_of
from climcomp.source.roles import find_roles
from climcomp.source.source import Source


@dataclass(frozen=True, slots=True)
class Described:
    """An array as a file would describe it; `values` is None for fields that nobody will read."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: Attributes
    values: NDArray[Any] | None = None


@dataclass(frozen=True)
class MemorySource(Source):
    """A source whose values are in memory already."""

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def read(self, name: str, region: tuple[slice, ...] | None = None) -> NDArray[Any]:
        """The values of a variable.

        Raises
        ------
        SourceError
            If there is no such variable, or it was described without its values.
        """
        if name not in self.arrays:
            known = ", ".join(sorted(self.arrays)) or "none"
            raise SourceError(f"there are no values of {name!r} in memory; there are {known}")
        values = self.arrays[name]
        return np.array(values[region] if region else values)


def memory_source(variables: Mapping[str, Described]) -> MemorySource:
    """The source of some arrays, with the roles that their names and attributes give them."""
    stored = {
        name: StoredVariable(name, v.dims, v.shape, v.dtype, v.attributes, None, 0)
        for name, v in variables.items()
    }
    roles = find_roles(stored, {})
    return MemorySource(
        spec=SourceSpec(()),
        attributes={},
        groups={},
        dimensions={
            "": {d: n for v in variables.values() for d, n in zip(v.dims, v.shape, strict=True)}
        },
        unlimited={},
        variables={
            name: SourceVariable(
                name=name,
                dims=v.dims,
                shape=v.shape,
                dtype=v.dtype,
                attributes=v.attributes,
                chunks=None,
                storage_bytes=0,
                packing=packing_of(v.attributes, v.dtype),
                fill_values=fill_values(v.attributes, v.dtype),
                roles=roles[name],
            )
            for name, v in variables.items()
        },
        unsupported={},
        parts=(),
        arrays={name: v.values for name, v in variables.items() if v.values is not None},
    )
