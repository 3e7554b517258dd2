"""Arrays in memory are recognised as files are."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.errors import SourceError
from climcomp.source import read_decoded, read_geometry, read_time_axis
from climcomp.source.memory import Described, memory_source

LAT, LON = np.linspace(-80, 80, 5), np.arange(4) * 90.0


def described(values: np.ndarray, *dims: str, **attributes: object) -> Described:
    return Described(dims, values.shape, values.dtype, dict(attributes), values)


@pytest.fixture
def variables() -> dict[str, Described]:
    return {
        "ta": Described(("time", "lat", "lon"), (3, 5, 4), np.dtype("f4"), {}),
        "time": described(np.array([0.5, 1.5, 2.5]), "time", units="days since 2001-01-01"),
        "lat": described(LAT, "lat", units="degrees_north"),
        "lon": described(LON.astype("f4"), "lon"),
        "packed": described(np.array([1, 2], "i2"), "n", scale_factor=0.5),
    }


def test_grid_and_dates_are_found(variables: dict[str, Described]) -> None:
    source = memory_source(variables)
    geometry = read_geometry(source, "ta")
    assert (geometry.kind, geometry.periodic_x) == ("latlon", True)
    np.testing.assert_array_equal(geometry.lat, LAT)
    axis = read_time_axis(source, "ta")
    assert axis.dates is not None
    assert axis.dates[2].isoformat() == "2001-01-03T12:00:00"
    roles = source.variables["ta"].roles
    assert (roles.time, roles.y, roles.x, roles.part) == ("time", "lat", "lon", "data")


def test_regions_and_packing_are_read(variables: dict[str, Described]) -> None:
    source = memory_source(variables)
    assert source.read("lat", (slice(1, 3),)).tolist() == LAT[1:3].tolist()
    assert read_decoded(source, "packed").tolist() == [0.5, 1.0]


def test_what_is_given_stays_as_it_is(variables: dict[str, Described]) -> None:
    source = memory_source(variables)
    source.read("lat")[:] = 0
    assert source.read("lat").tolist() == LAT.tolist()


def test_fields_without_values_are_not_read(variables: dict[str, Described]) -> None:
    with pytest.raises(SourceError, match="no values of 'ta' in memory; there are lat, lon"):
        memory_source(variables).read("ta")
