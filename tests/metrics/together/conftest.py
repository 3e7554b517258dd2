"""Groups of variables on small grids, and the shortest way from them to values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.source.grid import Geometry
from climcomp_metrics import Axes, Value
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.sphere import area_weights
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.relations import find_relation

Array = NDArray[np.float64]


@pytest.fixture
def metpy_registry() -> Iterator[None]:
    """Make pint use the registry of metpy's constants: other packages exchange it as they load."""
    import pint
    from metpy import constants

    before = pint.get_application_registry().get()
    pint.set_application_registry(constants.earth_gravity._REGISTRY)
    yield
    pint.set_application_registry(before)


def _domain(lat: Array, lon: Array, clock: Clock | None = None) -> Domain:
    weights = area_weights(Geometry("latlon", lat, lon))
    assert not isinstance(weights, str)
    return Domain(weights, "latlon", lat, lon, clock)


def _part(
    original: dict[str, Array],
    decoded: dict[str, Array],
    units: dict[str, str],
    domain: Domain,
    **changes: Any,
) -> GroupPart:
    steps = next(iter(original.values())).shape[0]
    whole: dict[str, Any] = {
        "level_values": None,
        "level_unit": "",
        "start": 0,
        "steps": steps,
        **changes,
    }
    return GroupPart(original, decoded, units, domain, **whole)


def _values(relation: str, *parts: GroupPart) -> dict[str, Value]:
    found = find_relation(relation)
    group = Group(relation, {role: f"the_{role}" for role in parts[0].original})
    state = found.of(group, parts[0])
    for part in parts[1:]:
        state = found.merge(state, found.of(group, part))
    return {value.metric: value for value in found.values(group, state)}


def _member(
    name: str, unit: str, standard: str = "", dims: str = "time lev lat lon", **changes: Any
) -> Member:
    sizes = {"time": 3, "lev": 4, "lat": 5, "lon": 6, "cell": 9, "y": 5, "x": 6}
    names = tuple(dims.split())
    at = {dim: place for place, dim in enumerate(names)}
    rest = [place for dim, place in at.items() if dim not in ("time", "lat", "lon", "cell")]
    axes = Axes(at.get("time"), tuple(rest), at.get("lat"), at.get("lon"), at.get("cell"))
    attributes = {"units": unit, "standard_name": standard} | changes.pop("attributes", {})
    shape = tuple(sizes[dim] for dim in names)
    return Member(name, names, shape, axes, attributes, changes.pop("lossy", True))


def _months(*months: tuple[int, int]) -> Clock:
    """A clock of one step in each year and month."""
    year, month = (np.array(numbers, np.int64) for numbers in zip(*months, strict=True))
    ones = np.ones(len(months), np.int64)
    return Clock(year, month, ones, ones, np.arange(len(months)) * 2.6e6, "standard")


@pytest.fixture(scope="session")
def make_domain() -> Callable[..., Domain]:
    """A latitude-longitude grid: make_domain(lat, lon, clock)."""
    return _domain


@pytest.fixture(scope="session")
def make_part() -> Callable[..., GroupPart]:
    """make_part(original, decoded, units, domain, level_values=..., level_unit=...)."""
    return _part


@pytest.fixture(scope="session")
def values_of() -> Callable[..., dict[str, Value]]:
    """The values by metric: values_of("wind", part, part, ...), parts merged in this order."""
    return _values


@pytest.fixture(scope="session")
def make_member() -> Callable[..., Member]:
    """A variable: make_member("tas", "K", "air_temperature", "time lat lon")."""
    return _member


@pytest.fixture(scope="session")
def make_months() -> Callable[..., Clock]:
    """A clock of one step in each year and month: make_months((2000, 1), (2000, 2))."""
    return _months


@pytest.fixture(scope="session")
def globe(make_domain: Callable[..., Domain]) -> Domain:
    """2 degrees, from north to south, without the poles."""
    return make_domain(np.arange(89.0, -90.0, -2.0), np.arange(0.0, 360.0, 2.0))


@pytest.fixture(scope="session")
def small(make_domain: Callable[..., Domain]) -> Domain:
    """20 degrees, from south to north."""
    return make_domain(np.arange(-80.0, 81.0, 20.0), np.arange(-180.0, 180.0, 20.0))
