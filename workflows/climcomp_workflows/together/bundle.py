"""Groups that share members: what these decode to is read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from climcomp.source import Source, decoded_dtype
from climcomp_workflows.plan.layout import SHARD_BYTES
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.subject import axes_of
from climcomp_workflows.together.model import GroupPlan
from climcomp_workflows.together.windows import Extent, level_blocks, windows

# A worker that compresses a shard holds three: the source's values, the decoded ones, and what
# the codec works with. Of a window it holds originals and decoded values, as wide as they are
# stored, and a piece of them in double precision beside these.
WINDOW_BYTES = 2 * SHARD_BYTES


@dataclass(frozen=True, slots=True)
class Bundle:
    """Groups of the same time steps, all of whose members are those of the first one.

    Parameters
    ----------
    extents
        Of the members, in the order of `names`.
    stride
        Every how many time steps are measured.
    levels
        Those that this bundle is about; None: all.
    """

    groups: tuple[GroupPlan, ...]
    extents: tuple[Extent, ...]
    stride: int
    levels: range | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of all members."""
        return self.groups[0].names

    @property
    def dataset(self) -> str:
        """Key of the source that all members are from."""
        return self.groups[0].dataset

    @property
    def steps(self) -> int:
        """Time steps of the whole record."""
        return max(extent.steps for extent in self.extents)

    @property
    def label(self) -> str:
        """The groups in words."""
        of = "" if self.levels is None else f", levels {self.levels[0]} to {self.levels[-1]}"
        return "; ".join(group.group.label for group in self.groups) + of

    def windows(self) -> Iterator[range]:
        """The time steps to measure, in windows that fit a worker."""
        return windows(self.extents, self.stride, self.levels, WINDOW_BYTES)

    def in_blocks(self) -> list[Bundle]:
        """The same, for some levels at a time where that spares decoding chunks again."""
        blocks = level_blocks(self.extents, self.stride, WINDOW_BYTES)
        if blocks is None or not self.groups[0].relation.by_level:
            return [self]
        return [replace(self, levels=levels) for levels in blocks]


def bundles(groups: Iterable[GroupPlan], plan: Plan, sources: Mapping[str, Source]) -> list[Bundle]:
    """The groups in bundles, each group in one of them, or in one for each block of levels.

    A group whose members are all those of a larger one is measured beside it, so that nothing is
    decoded twice; one that adds a member stands alone, for a window would have to hold more.
    """
    found: list[Bundle] = []
    for group in sorted(groups, key=lambda group: -len(group.names)):
        mine = _alone(group, plan, sources[group.dataset])
        for number, bundle in enumerate(found):
            if _fits(mine, bundle):
                found[number] = replace(bundle, groups=(*bundle.groups, group))
                break
        else:
            found.append(mine)
    return [block for bundle in found for block in bundle.in_blocks()]


def _alone(group: GroupPlan, plan: Plan, source: Source) -> Bundle:
    extents = []
    for name in group.names:
        planned = plan.variable(name)
        variable = source.variables[planned.source_name]
        # What is stored without loss is as a rule not decoded here: it is the source's.
        chunk = planned.spec.chunk if planned.how == "lossy" else None
        size = decoded_dtype(variable).itemsize
        extents.append(Extent(axes_of(variable), variable.shape, size, chunk))
    bundle = Bundle((group,), tuple(extents), 1)
    if plan.checks["full"]:
        return bundle
    return replace(bundle, stride=group.relation.stride(bundle.steps))


def _fits(mine: Bundle, bundle: Bundle) -> bool:
    return (
        mine.dataset == bundle.dataset
        and mine.stride == bundle.stride
        and set(mine.names) <= set(bundle.names)
        and mine.groups[0].relation.by_level == bundle.groups[0].relation.by_level
    )
