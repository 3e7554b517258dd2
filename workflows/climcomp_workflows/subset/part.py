"""A subset and its variables: which positions are wanted, and their values when they are needed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive import Archive, ArraySpec
from climcomp.archive.attributes import Attributes
from climcomp_workflows.subset.positions import Indices

# More runs than this along a dimension are read as one piece, of which the wanted ones are taken.
_MOST_RUNS = 8


@dataclass(frozen=True)
class SubsetVariable:
    """One variable of a subset.

    Parameters
    ----------
    spec
        Of the whole variable in the archive.
    path
        Its name in the subset, groups before it.
    indices
        The positions wanted along each dimension.
    turned
        Degrees to add along the dimension of this position; None for all but longitudes that
        cross the seam of their grid.
    outside
        Axes of y and x, and the cells that are made missing.
    """

    archive: Archive
    spec: ArraySpec
    path: str
    indices: tuple[Indices, ...]
    turned: tuple[int, NDArray[np.float64]] | None = None
    outside: tuple[tuple[int, int], NDArray[np.bool_]] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the part that is wanted."""
        return tuple(int(wanted.size) for wanted in self.indices)

    @property
    def nbytes(self) -> int:
        """Size of the values in memory; a text counts as a pointer."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.spec.numpy_dtype.itemsize

    def read(self, region: blocks.Region | None = None) -> NDArray[Any]:
        """Values as the archive stores them, of all of the part or of a region of it.

        Raises
        ------
        ArchiveDamagedError
            If a chunk does not decode: variable and chunk are named.
        """
        wanted = region or blocks.whole_region(self.shape)
        runs = [list(_runs(i[s])) for i, s in zip(self.indices, wanted, strict=True)]
        values = np.empty(blocks.region_shape(wanted), self.spec.numpy_dtype)
        for pieces in itertools.product(*runs):
            part = self.archive.read(self.spec.path, tuple(piece.source for piece in pieces))
            for axis, piece in enumerate(pieces):
                if piece.take is not None:
                    part = part.take(piece.take, axis=axis)
            values[tuple(piece.target for piece in pieces)] = part
        if self.turned is not None:
            axis, degrees = self.turned
            shape = [1] * values.ndim
            shape[axis] = -1
            values = (values + degrees[wanted[axis]].reshape(shape)).astype(values.dtype)
        if self.outside is not None:
            (y, x), mask = self.outside
            part_of_mask = mask[wanted[y], wanted[x]]
            shape = [1] * values.ndim
            shape[y], shape[x] = part_of_mask.shape
            oriented = part_of_mask if y < x else part_of_mask.T
            values[np.broadcast_to(oriented.reshape(shape), values.shape)] = self._missing()
        return values

    def _missing(self) -> Any:  # Any: a value of the variable's own type
        for name in ("_FillValue", "missing_value"):
            if name in self.spec.attributes:
                fill = np.asarray(self.spec.attributes[name]).reshape(-1)[0]
                return fill.astype(self.spec.numpy_dtype)
        return np.nan

    @property
    def written(self) -> ArraySpec:
        """The array as a subset in Zarr stores it: cut chunks, codecs that every reader knows."""
        chunk = tuple(
            max(1, min(c, size)) for c, size in zip(self.spec.chunk, self.shape, strict=True)
        )
        shard = tuple(
            max(1, -(-min(w, size) // c)) * c
            for w, size, c in zip(self.spec.written, self.shape, chunk, strict=True)
        )
        return replace(
            self.spec,
            path=self.path,
            shape=self.shape,
            chunk=chunk,
            shard=None if shard == chunk else shard,
            codec="standard",
        )


@dataclass(frozen=True)
class Subset:
    """What is to be read of an archive and written elsewhere; coordinates alone are read yet."""

    archive: Archive
    variables: tuple[SubsetVariable, ...]
    groups: dict[str, Attributes]
    unlimited: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    asked: tuple[str, ...] = field(default=())

    @property
    def nbytes(self) -> int:
        """Size of all values in memory."""
        return sum(variable.nbytes for variable in self.variables)


@dataclass(frozen=True, slots=True)
class _Run:
    """Positions that are read together, and where they come to stand."""

    source: slice
    target: slice
    take: Indices | None = None


def _runs(indices: Indices) -> Iterator[_Run]:
    if not indices.size:
        return
    starts = np.concatenate([[0], np.flatnonzero(np.diff(indices) != 1) + 1, [indices.size]])
    if starts.size - 1 > _MOST_RUNS:
        low, high = int(indices.min()), int(indices.max())
        yield _Run(slice(low, high + 1), slice(0, indices.size), indices - low)
        return
    for start, stop in itertools.pairwise(starts.tolist()):
        first = int(indices[start])
        yield _Run(slice(first, first + stop - start), slice(start, stop))
