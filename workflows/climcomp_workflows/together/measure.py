"""The sums of groups over one window: originals beside what the archive gives back."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from climcomp.archive import ArraySpec
from climcomp.blocks import Region
from climcomp.errors import MetricError
from climcomp.source import Source, decoded_dtype
from climcomp_metrics.base import State
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.model import GroupPart
from climcomp_workflows.plan.layout import SHARD_BYTES
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.plan.subject import axes_of
from climcomp_workflows.shard import decoded_values
from climcomp_workflows.together.bundle import Bundle
from climcomp_workflows.together.model import GroupPlan
from climcomp_workflows.together.read import Read, Stored, read_steps
from climcomp_workflows.together.vertical import Vertical, read_vertical, text_of
from climcomp_workflows.together.windows import Extent

# Of all members, before and after, in double precision: what a relation is given at once. It makes
# fields of its own from these.
PART_BYTES = SHARD_BYTES // 2
# A state travels to the client with each window.
STATE_BYTES = 16 << 20

Fields = NDArray[np.floating]
_Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


class Opened(Protocol):
    """What a process that measures groups keeps open: that of a run, or of a verification."""

    plan: Plan

    def source(self, variable: VariablePlan) -> Source:
        """The opened source of a variable."""

    def domain(self, variable: VariablePlan) -> Domain:
        """The grid and the dates of a variable."""


@dataclass(frozen=True, slots=True)
class _Member:
    """The values of one member on the window's steps, as wide as they are stored."""

    original: Fields
    decoded: Fields

    @property
    def step_bytes(self) -> int:
        """Of one time step in double precision, before and after."""
        return 16 * int(np.prod(self.original.shape[1:]))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is the same in all parts of a group."""

    units: Mapping[str, str]
    vertical: Vertical
    bounds: Mapping[str, float]

    def part(
        self, group: GroupPlan, values: Mapping[str, _Pair], domain: Domain, steps: range, of: int
    ) -> GroupPart:
        """Some steps of a group, from both sides of its members by name."""
        roles = group.group.members
        return GroupPart(
            original={role: values[name][0] for role, name in roles.items()},
            decoded={role: values[name][1] for role, name in roles.items()},
            units=self.units,
            domain=domain,
            level_values=self.vertical.values,
            level_unit=self.vertical.unit,
            level_standard_name=self.vertical.standard_name,
            start=steps.start,
            steps=of,
            every=steps.step,
            bounds=self.bounds,
        )


def sums_of(
    bundle: Bundle,
    steps: range,
    opened: Opened,
    stored: Callable[[ArraySpec, Region], NDArray[Any]],
    exact: Collection[str],
) -> tuple[State, ...]:
    """What the relation of each group sums up over some time steps, in the order of the groups.

    Parameters
    ----------
    steps
        Counted from the start of the record.
    stored
        Gives values of the archive as they are stored.
    exact
        Members that come back bit for bit, so that nothing of them has to be decoded.

    Raises
    ------
    ArchiveDamagedError
        If stored bytes are gone or do not decode.
    MetricError
        If a relation is not known, or its sums are too large to be sent about.
    SourceError
        If the source cannot be read, or has changed.
    """
    plans = [opened.plan.variable(name) for name in bundle.names]
    # Every member has the same grid, but not every one names the areas of its cells.
    domain = opened.domain(min(plans, key=lambda p: "cell_measures" not in p.spec.attributes))
    members = {
        plan.name: _read_member(opened, plan, steps, bundle.levels, stored, plan.name in exact)
        for plan in plans
    }
    known = [_known(group, opened, bundle.levels) for group in bundle.groups]
    states: list[State] = []
    with np.errstate(over="ignore", invalid="ignore"):  # the metrics say so instead
        for piece, values in _pieces(members, steps):
            for number, group in enumerate(bundle.groups):
                part = known[number].part(group, values, domain, piece, bundle.steps)
                found = group.relation.of(group.group, part)
                if number < len(states):
                    states[number] = group.relation.merge(states[number], found)
                else:
                    states.append(found)
    for group, state in zip(bundle.groups, states, strict=True):
        _refuse_large(group, state)
    return tuple(states)


def _read_member(
    opened: Opened,
    plan: VariablePlan,
    steps: range,
    levels: range | None,
    stored: Callable[[ArraySpec, Region], NDArray[Any]],
    exact: bool,
) -> _Member:
    source = opened.source(plan)
    variable = source.variables[plan.source_name]
    whole = Extent(axes_of(variable), variable.shape, decoded_dtype(variable).itemsize)
    shape, shifted = list(variable.shape), _unshifted
    if levels is not None and whole.level_axis is not None:
        shape[whole.level_axis] = len(levels)
        shifted = functools.partial(_shifted, whole.level_axis, levels.start)

    def read_source(region: Region) -> NDArray[Any]:
        values = decoded_values(variable, source.read(variable.name, shifted(region)))
        source.check_region(variable.name, shifted(region))
        return values

    def read_archive(region: Region) -> NDArray[Any]:
        values = stored(plan.spec, shifted(region))
        return values if plan.decoded else decoded_values(variable, values)

    def read(chunk: tuple[int, ...] | None, one: Read) -> Fields:
        return read_steps(Stored(tuple(shape), whole.axes, whole.itemsize, chunk), steps, one)

    original = read(variable.chunks, read_source)
    decoded = original if exact else read(plan.spec.chunk, read_archive)
    special = () if plan.settings is None else [v for v in plan.settings.exact if v != 0]
    if special:  # flags are no data, as in the metrics of one variable
        flags = np.isin(original, np.array(special, original.dtype))
        original = np.where(flags, np.nan, original)
        decoded = original if exact else np.where(flags, np.nan, decoded)
    return _Member(original, decoded)


def _unshifted(region: Region) -> Region:
    return region


def _shifted(axis: int, start: int, region: Region) -> Region:
    """The same region of the whole variable: its levels count from the block's first one."""
    levels = slice(region[axis].start + start, region[axis].stop + start)
    return (*region[:axis], levels, *region[axis + 1 :])


def _pieces(
    members: Mapping[str, _Member], steps: range
) -> Iterator[tuple[range, dict[str, _Pair]]]:
    """The window in pieces, for in double precision it is several times as large."""
    length = max(1, PART_BYTES // max(1, sum(m.step_bytes for m in members.values())))
    for first in range(0, len(steps), length):
        piece = slice(first, first + length)
        values = {}
        for name, member in members.items():
            original = member.original[piece].astype(np.float64)
            exact = member.decoded is member.original
            values[name] = (
                original,
                original if exact else member.decoded[piece].astype(np.float64),
            )
        yield steps[piece], values


def _known(group: GroupPlan, opened: Opened, levels: range | None) -> _Known:
    plans = {role: opened.plan.variable(name) for role, name in group.group.members.items()}
    source = opened.source(next(iter(plans.values())))
    variables = {role: source.variables[plan.source_name] for role, plan in plans.items()}
    return _Known(
        units={role: text_of(variable, "units") for role, variable in variables.items()},
        vertical=read_vertical(source, variables.values()).of_levels(levels),
        bounds=_bounds(plans),
    )


def _bounds(plans: Mapping[str, VariablePlan]) -> dict[str, float]:
    """What the plan promises of each role: the largest absolute error of any value."""
    found = {}
    for role, plan in plans.items():
        bounds = plan.ladder[0].bounds
        if bounds is None:
            found[role] = 0.0
        elif all(bound.kind == "absolute" for bound in bounds):
            found[role] = max(bound.value for bound in bounds)
    return found


def _refuse_large(group: GroupPlan, state: State) -> None:
    size = sum(array.nbytes for array in state.values())
    if size > STATE_BYTES:
        raise MetricError(
            f"{group.group.label}: the relation {group.group.relation!r} sums a window up to "
            f"{size:,} bytes, {STATE_BYTES:,} are allowed: its sums go to the client with every "
            f"window. Let it keep sums over the grid instead of fields."
        )
