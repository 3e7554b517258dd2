"""Which variables of a dataset are judged together: found once, for the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from climcomp.source import Source, SourceVariable
from climcomp_metrics.together.model import Member
from climcomp_metrics.together.relations import find_groups, find_relation
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.plan.subject import Dataset, axes_of
from climcomp_workflows.together.model import GroupPlan

# What no relation is between: they say where values are, or are no numbers.
_NO_PARTNERS = frozenset({"coordinate", "bounds", "grid_mapping", "mesh", "text", "scalar"})

_Place = tuple[tuple[str | None, ...], tuple[int, ...]]


def groups_of(
    datasets: Iterable[Dataset], variables: Sequence[VariablePlan], off: Collection[str]
) -> tuple[GroupPlan, ...]:
    """The groups among the variables of each dataset, in the order of the table of relations.

    Only variables of the same time axis and the same horizontal grid are looked at together: their
    dimensions are the same ones of the file, not only of the same name, and so are their latitudes
    and longitudes. So a variable without time is no partner of those that have one. Members with
    several levels must stand on the same vertical axis.

    Parameters
    ----------
    variables
        Those of the plan; carried and lossless ones take part with the source's own values.
    off
        Criteria that the recipe has turned off; a group without any other is left out.
    """
    return tuple(
        group
        for dataset in datasets
        for family in _families(dataset, variables)
        for group in _groups(dataset, family, off)
    )


def _families(
    dataset: Dataset, variables: Iterable[VariablePlan]
) -> Iterable[dict[str, VariablePlan]]:
    """The variables of each time axis and horizontal grid of a dataset, by their paths.

    Previews are among themselves.
    """
    families: dict[tuple[bool, _Place], dict[str, VariablePlan]] = {}
    for plan in variables:
        if plan.dataset == dataset.key and _may_be_partner(dataset.source, plan):
            place = _place(dataset.source, dataset.source.variables[plan.source_name])
            families.setdefault((plan.is_preview, place), {})[plan.name] = plan
    return families.values()


def _groups(
    dataset: Dataset, family: Mapping[str, VariablePlan], off: Collection[str]
) -> Iterator[GroupPlan]:
    source = dataset.source
    for group in find_groups([_member(source, plan) for plan in family.values()]):
        levels = {_levels(source, family[name]) for name in group.members.values()}
        criteria = tuple(c for c in find_relation(group.relation).criteria if c not in off)
        if criteria and len(levels - {()}) <= 1:
            yield GroupPlan(dataset.key, group, criteria)


def unmet(require: Iterable[str], groups: Sequence[GroupPlan], known: Collection[str]) -> list[str]:
    """Of the criteria over several variables that a recipe requires, those that no group has.

    Parameters
    ----------
    known
        All criteria over several variables.
    """
    measured = {criterion for group in groups for criterion in group.criteria}
    return [
        f"checks.require names {criterion}, which is over several variables: this recipe's "
        f"variables are no such group, so it will not be measured"
        for criterion in require
        if criterion in known and criterion not in measured
    ]


def _may_be_partner(source: Source, plan: VariablePlan) -> bool:
    numbers = source.variables[plan.source_name].dtype.kind in "fiu"
    return numbers and plan.part not in _NO_PARTNERS and 0 not in plan.spec.shape


def _member(source: Source, plan: VariablePlan) -> Member:
    attributes = plan.spec.attributes
    return Member(
        name=plan.name,
        dims=plan.spec.dims,
        shape=plan.spec.shape,
        axes=axes_of(source.variables[plan.source_name]),
        attributes={key: value for key, value in attributes.items() if isinstance(value, str)},
        lossy=plan.how == "lossy" and not plan.ladder[plan.start].lossless,
    )


def _place(source: Source, variable: SourceVariable) -> _Place:
    """What tells time axis and grid of a variable from all others of its source."""
    roles = variable.roles
    dims = [dim for dim in (roles.time, roles.y, roles.x, roles.cell) if dim is not None]
    named = tuple(_full_name(source, variable, dim) for dim in dims)
    sizes = tuple(variable.shape[variable.dims.index(dim)] for dim in dims)
    kinds = tuple(
        None if dim is None else kind
        for kind, dim in zip("tyxc", (roles.time, roles.y, roles.x, roles.cell), strict=True)
    )
    return (*kinds, *named, roles.time_coordinate, roles.lat, roles.lon), sizes


def _levels(source: Source, plan: VariablePlan) -> tuple[str, ...]:
    """The vertical dimensions of a variable; () where it has a single level."""
    variable = source.variables[plan.source_name]
    return tuple(
        _full_name(source, variable, dim)
        for dim in variable.roles.level
        if variable.shape[variable.dims.index(dim)] > 1
    )


def _full_name(source: Source, variable: SourceVariable, dim: str) -> str:
    """A dimension with the group that defines it: groups may each have a `lat` of their own."""
    group = variable.group
    while group and dim not in source.dimensions.get(group, {}):
        group = group.rpartition("/")[0]
    return f"{group}/{dim}"
