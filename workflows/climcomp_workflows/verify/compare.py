"""Shards against the source: the only work that verification gives to workers beside re-hashing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.archive import shard_key, shard_region
from climcomp.errors import ClimcompError
from climcomp_metrics.base import State
from climcomp_metrics.field import canonical
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import ShardCheck, check_shard
from climcomp_metrics.shard_verdicts import merge_checks
from climcomp_metrics.state import merge
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.shard import (
    decoded_values,
    place_of,
    read_original,
    rung_bounds,
    same_bits,
)
from climcomp_workflows.states import Index
from climcomp_workflows.verify.context import VerifyContext, VerifyKey, context_of

PROBLEMS_A_TASK = 20  # a file of another model must not fill the receipt


@dataclass(frozen=True, slots=True)
class CompareTask:
    """Shards of the same levels of a variable, with the CRC of what the run read for each."""

    key: VerifyKey
    variable: str
    shards: tuple[tuple[Index, int | None], ...]


@dataclass(slots=True)
class Finding:
    """What comparing some shards with their source has found; findings add up."""

    levels: Index = ()
    size_bytes: int = 0  # of values compared
    exact: bool = True  # every bit is the source's
    problems: list[tuple[Index, str]] = field(default_factory=list)  # by shard
    check: ShardCheck | None = None
    state: State | None = None
    shards: int = 0
    compared: int = 0  # of these, how many could be read

    def add(self, other: Finding) -> None:
        """Take in what was found of other shards of the same levels."""
        self.size_bytes += other.size_bytes
        self.shards += other.shards
        self.compared += other.compared
        self.exact &= other.exact
        self.problems += other.problems
        if other.check is not None:
            self.check = (
                other.check if self.check is None else merge_checks(self.check, other.check)
            )
        if other.state is not None:
            self.state = other.state if self.state is None else merge(self.state, other.state)


def compare_shards(task: CompareTask) -> Finding:
    """Compare every value of some shards with the source's; what cannot be read is a problem."""
    context = context_of(task.key)
    variable = context.plan.variable(task.variable)
    total = Finding(levels=levels_of(variable, task.shards[0][0]))
    for index, crc in task.shards:
        try:
            total.add(_compare(context, variable, index, crc))
        except ClimcompError as error:
            total.exact = False
            total.shards += 1
            total.problems.append((index, f"{shard_key(variable.spec, index)}: {error}"))
    if len(total.problems) > PROBLEMS_A_TASK:
        more = len(total.problems) - PROBLEMS_A_TASK
        last = task.shards[-1][0]
        total.problems[PROBLEMS_A_TASK:] = [(last, f"and {more} more of the shards after these")]
    return total


def levels_of(variable: VariablePlan, index: Index) -> Index:
    """Where a shard sits along the levels; all shards of an exact variable sit together."""
    if variable.settings is None:
        return ()
    return tuple(index[axis] for axis in variable.settings.axes.level)


def _compare(
    context: VerifyContext, variable: VariablePlan, index: Index, crc: int | None
) -> Finding:
    region = shard_region(variable.spec, index)
    source = context.source(variable)
    wanted, original, found_crc = read_original(variable, source, region)
    stored = context.archive.read(variable.name, region)
    source.check_region(variable.source_name, region)
    exact = same_bits(wanted, stored)
    found = Finding(size_bytes=wanted.nbytes, exact=exact, shards=1, compared=1)
    key = shard_key(variable.spec, index)
    if crc is not None and crc != found_crc:
        found.problems.append(
            (index, f"{key}: the source's values are not those that the archive was made from")
        )
    if variable.settings is None:
        if not exact:
            found.problems.append((index, f"{key}: {_first_difference(wanted, stored, region)}"))
        return found
    described = source.variables[variable.source_name]
    decoded = stored if variable.decoded else decoded_values(described, stored)
    settings, place = variable.settings, place_of(variable, region)
    pair = canonical(original, settings.axes), canonical(decoded, settings.axes)
    bounds = rung_bounds(variable.ladder[0], settings.shape[1])
    found.check = check_shard(*pair, settings, place, bounds)
    found.state = measure(*pair, settings, context.domain(variable), place)
    return found


def _first_difference(wanted: NDArray[Any], stored: NDArray[Any], region: tuple[slice, ...]) -> str:
    """Where an exact variable differs, in a few words."""
    if wanted.dtype != stored.dtype or wanted.shape != stored.shape:
        return (
            f"it holds {stored.dtype} of shape {stored.shape}, the source {wanted.dtype} of shape "
            f"{wanted.shape}"
        )
    if wanted.dtype.hasobject or not wanted.ndim:
        differs = np.asarray(wanted != stored)
    else:
        size = wanted.dtype.itemsize
        bits = [
            np.ascontiguousarray(a).view(np.uint8).reshape(*a.shape, size) for a in (wanted, stored)
        ]
        differs = (bits[0] != bits[1]).any(axis=-1)
    count = int(differs.sum())
    if not count:
        return "it is not the source's, bit for bit"
    first = tuple(int(i) for i in np.argwhere(np.atleast_1d(differs))[0])
    at = tuple(i + part.start for i, part in zip(first, region, strict=False))
    return (
        f"{count:,} of {wanted.size:,} values are not the source's, bit for bit; the first is at "
        f"{at}: {stored.reshape(-1)[0] if not stored.ndim else stored[first]!r}, the source has "
        f"{wanted.reshape(-1)[0] if not wanted.ndim else wanted[first]!r}"
    )
