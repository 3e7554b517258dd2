"""Ask the networks of a variable between its grid points and steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from climcomp.archive import Archive
from climcomp.archive.previews import is_preview
from climcomp.archive.view import view_archive
from climcomp.errors import PayloadError
from climcomp.query.answer import MISSING, NETWORK, PREVIEW, Answer, notes_of, statement_of, way_of
from climcomp.query.axes import find_axes
from climcomp.query.block import BlockGrid, Said, ask_block
from climcomp.query.corners import split_places
from climcomp.query.places import Wanted, find_places
from climcomp.query.variables import (
    NETWORK_CODECS,
    variable_name,
    variables_with_networks,
    without_networks,
)
from climcomp.source import SourceVariable


def evaluate_at(
    archive: Archive,
    name: str,
    places: Wanted,
    indices: Mapping[str, ArrayLike] | None = None,
) -> Answer:
    """What the coordinate networks of a variable say at some places, without a bound.

    Of the archive only those bytes are read that belong to the blocks around the places, and no
    block that has a network is decoded. Of a variable within a bound the network is what remains
    without the residual that brings every decoded value within it: as fine as pays beside it, and
    maybe many bounds away.

    Parameters
    ----------
    name
        Of the variable, or of its preview: "preview/z".
    places
        By dimension, a value for each place, or one for all: degrees for `latitude` and
        `longitude` (-10 and 350 are the same), dates for `time`, numbers in the coordinate's unit
        for `level` and others. Dimensions have these names by their role, beside their own and
        their standard names; those of length 1 may be left out. A value between those of the
        coordinate lies linearly between their positions. Of members, values that there are.
    indices
        By dimension, positions with fractions instead, from 0.

    Raises
    ------
    UsageError
        If there is no such variable, it has no networks, or a place is not in it.
    ArchiveDamagedError
        If an object is missing or is of another length than published.
    PayloadError
        If a block is damaged; its place is named.

    Examples
    --------
    >>> answer = evaluate_at(
    ...     open_archive("reanalysis.zarr"),
    ...     "z",
    ...     {"latitude": [52.5, -33.9], "longitude": [13.4, 151.2], "level": 500,
    ...      "time": "2000-07-01T06:00"},
    ... )  # doctest: +SKIP
    >>> answer.values, answer.unit, answer.statement  # doctest: +SKIP

    Notes
    -----
    A place between two blocks lies linearly between what both say at their edges. A value is NaN if
    one of the cells around it, of those that a linear interpolation would take, is missing.
    """
    full = variable_name(archive, name)
    view = view_archive(archive)
    variable, spec = view.variables[full], archive.specs[full]
    if spec.codec != "block":
        raise without_networks(archive, full)
    axes = find_axes(view, full)
    where = find_places(axes, places, indices or {})
    seam = next((n for n, axis in enumerate(axes.axes) if axis.is_periodic), None)
    length = 0 if seam is None else spec.shape[seam]
    grid = BlockGrid(spec.chunk, spec.numpy_dtype, variable.fill_values, seam, length)
    corners = split_places(where, spec.shape, spec.chunk, seam)

    values, ways = np.zeros(len(where)), np.zeros(len(where), dtype=np.int64)
    errors = np.full(len(where), np.nan)
    used: list[list[tuple[int, ...]]] = [[] for _ in where]
    codecs = set()
    blocks, block_of = np.unique(corners.chunk, axis=0, return_inverse=True)
    for number, index in enumerate(map(tuple, blocks.tolist())):
        here = np.flatnonzero(block_of.reshape(-1) == number)
        said = _ask(archive, full, index, corners.local[here], grid)
        codecs.add(said.codec)
        place = corners.place[here]
        np.add.at(values, place, corners.weight[here] * said.values)
        np.bitwise_or.at(ways, place, said.ways)
        by_network = (said.ways & (NETWORK | PREVIEW)) > 0
        np.fmax.at(errors, place[by_network], said.error)
        for one in np.unique(place).tolist():
            used[one].append(index)
    if not codecs & NETWORK_CODECS and full not in variables_with_networks(archive):
        raise without_networks(archive, full)
    if variable.packing is not None and variable.packing.scale_factor is not None:
        errors *= abs(float(variable.packing.scale_factor))
    unit = str(variable.attributes.get("units", ""))
    said_ways = tuple(way_of(int(bits)) for bits in ways)
    found = int(np.bitwise_or.reduce(ways[(ways & MISSING) == 0], initial=0))
    return Answer(
        name=full,
        unit=unit,
        dims=spec.dims,
        values=_unpacked(values, variable),
        errors=errors,
        indices=where,
        ways=said_ways,
        blocks=tuple(map(tuple, used)),
        statement=statement_of(full, found | PREVIEW * is_preview(archive, full)),
        notes=notes_of(said_ways, used, errors, unit),
    )


def _ask(
    archive: Archive,
    name: str,
    index: tuple[int, ...],
    where: NDArray[np.float64],
    grid: BlockGrid,
) -> Said:
    stored = archive.stored_chunk(name, index)
    try:
        return ask_block(stored.data, where, grid)
    except PayloadError as err:
        raise PayloadError(
            f"{stored.key}: inner chunk {index} of {name}: {err}. Restore the object from a copy, "
            "or make the archive again."
        ) from err


def _unpacked(values: NDArray[np.float64], variable: SourceVariable) -> NDArray[np.float64]:
    """The values of a float that is stored packed, as some files have it."""
    packing = variable.packing
    if packing is None:
        return values
    scale = 1.0 if packing.scale_factor is None else float(packing.scale_factor)
    offset = 0.0 if packing.add_offset is None else float(packing.add_offset)
    return values * scale + offset
