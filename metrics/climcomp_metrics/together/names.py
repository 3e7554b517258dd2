"""Finding the variables that belong together: by CF standard_name, and by usual short names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from climcomp_metrics.together.model import Member
from climcomp_metrics.together.units import find_unit, is_listed

# A variance of a wind is no wind.
_OTHER_QUANTITY = re.compile(r"\b(variance|standard_deviation|range)\b")


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a role of a relation asks of a variable.

    Parameters
    ----------
    kinds
        The kinds of unit that it may have, as `units` lists them.
    standard_names
        CF names each of which is enough.
    names
        Usual short names, in lower case: of CMIP, ERA5, CESM, WRF, NEMO and ROMS. They count where
        the unit fits and the standard_name says nothing else.
    beside
        Standard names that come with these names and are too wide, or wrong, alone: tasmax is an
        air_temperature.
    """

    label: str
    kinds: tuple[str, ...]
    standard_names: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()

    def fits(self, member: Member) -> bool:
        """Whether the variable is this quantity.

        A variable whose unit is not known fits by its standard_name alone, so that its relation
        is shown as n/a with the reason.
        """
        if _OTHER_QUANTITY.search(member.attributes.get("cell_methods", "")):
            return False
        standard = member.attributes.get("standard_name", "").strip().lower()
        unit = member.attributes.get("units", "")
        unit_fits = any(find_unit(kind, unit) for kind in self.kinds)
        if standard in self.standard_names:
            return unit_fits or not is_listed(unit)
        named = short_name(member).lower() in self.names
        return named and unit_fits and (not standard or standard in self.beside)


def short_name(member: Member) -> str:
    """The name without the groups that it is in."""
    return member.name.rpartition("/")[2]


def folder(member: Member) -> str:
    """The group of the archive that the variable is in; "" for the root."""
    return member.name.rpartition("/")[0]


def are_together(first: Member, second: Member) -> bool:
    """Both stand on the same dimensions, in the same group of the archive."""
    return _stand(first) == _stand(second)


def lies_under(flat: Member, deep: Member) -> bool:
    """`flat` has the dimensions of `deep` without its levels: a surface below a column."""
    if folder(flat) != folder(deep) or flat.axes.level:
        return False
    mine = dict(zip(flat.dims, flat.shape, strict=True))
    theirs = {
        dim: size
        for position, (dim, size) in enumerate(zip(deep.dims, deep.shape, strict=True))
        if position not in deep.axes.level
    }
    return mine == theirs


def has_one_level_axis(member: Member) -> bool:
    """Exactly one dimension is neither time nor horizontal."""
    return len(member.axes.level) == 1


def by_stand(members: Sequence[Member]) -> Iterator[tuple[Member, ...]]:
    """Variables on the same dimensions of the same group, with horizontal fields, in order."""
    found: dict[object, list[Member]] = {}
    for member in members:
        axes = member.axes
        if axes.cell is not None or (axes.y is not None and axes.x is not None):
            found.setdefault(_stand(member), []).append(member)
    yield from map(tuple, found.values())


def first_of(members: Iterable[Member], *quantities: Quantity) -> Member | None:
    """The first variable that is one of these; those with a CF name come first."""
    fitting = [m for m in members if any(quantity.fits(m) for quantity in quantities)]
    named = [m for m in fitting if m.attributes.get("standard_name", "")]
    return next(iter([*named, *fitting]), None)


def _stand(member: Member) -> tuple[object, ...]:
    # Files hold t(time, lev, lat, lon) beside u(lev, lon, lat): the order is the reader's matter.
    pairs = frozenset(zip(member.dims, member.shape, strict=True))
    return folder(member), pairs, len(member.axes.level)
