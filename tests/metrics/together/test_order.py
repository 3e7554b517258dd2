"""F4: order of temperatures and of levels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Value
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.model import GroupPart

Array = NDArray[np.float64]
MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]
KELVIN = {"lowest": "K", "mean": "K", "highest": "K"}
BOUNDS = {"lowest": 0.01, "mean": 0.02, "highest": 0.01}


def days(steps: int = 2) -> dict[str, Array]:
    shape = (steps, 1, 9, 18)
    mean = np.random.default_rng(8).normal(280.0, 10.0, shape)
    return {"lowest": mean - 3.0, "mean": mean, "highest": mean + 4.0}


def test_kept_order_has_no_violation(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    part = make_part(days(), days(), KELVIN, small, bounds=BOUNDS)

    assert values_of("order", part)["F4"].value == 0.0


def test_a_day_colder_than_its_night_is_counted_with_its_place(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = days(), days()
    after["highest"][1, 0, 4, 7] -= 8.0
    part = make_part(before, after, KELVIN, small, bounds=BOUNDS, start=20, steps=40)

    found = values_of("order", part)["F4"]

    # Below the mean by 4 K, and below the minimum by 1 K.
    assert found.value == 2.0
    assert (found.time, found.place) == (21, "row 4, column 7")
    assert found.detail["by at most (K)"] == pytest.approx(4.0)


def test_what_both_bounds_allow_is_shown_and_not_counted(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = days(), days()
    before["mean"][0, 0, 2, 2] = after["mean"][0, 0, 2, 2] = 280.0
    before["highest"][0, 0, 2, 2], after["highest"][0, 0, 2, 2] = 280.0, 279.99
    after["mean"][0, 0, 2, 2] += 0.02

    found = values_of("order", make_part(before, after, KELVIN, small, bounds=BOUNDS))["F4"]

    assert found.value == 0.0
    assert found.detail["newly out of order"] == 1.0
    assert found.detail["by at most (K)"] == pytest.approx(0.03)


def test_one_hair_beyond_both_bounds_counts(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = days(), days()
    before["mean"][0, 0, 2, 2] = before["highest"][0, 0, 2, 2] = 280.0
    after["mean"][0, 0, 2, 2], after["highest"][0, 0, 2, 2] = 280.02, 279.989

    found = values_of("order", make_part(before, after, KELVIN, small, bounds=BOUNDS))["F4"]

    assert found.value == 1.0


def test_equal_temperatures_are_in_order(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = days(), days()
    after["highest"][0, 0, 2, 2] = after["mean"][0, 0, 2, 2]

    found = values_of("order", make_part(before, after, KELVIN, small, bounds=BOUNDS))["F4"]

    assert found.detail == {}


def test_what_was_out_of_order_before_is_not_new(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = days(), days()
    before["lowest"][0, 0, 0, 0] = 400.0
    after["lowest"][0, 0, 0, 0] = 401.0

    found = values_of("order", make_part(before, after, KELVIN, small, bounds=BOUNDS))["F4"]

    assert found.value == 0.0
    assert found.detail == {}


def test_missing_values_have_no_order(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = days(), days()
    after["highest"][0, 0, 0] = np.nan
    before["lowest"][:] = np.nan

    found = values_of("order", make_part(before, after, KELVIN, small, bounds=BOUNDS))["F4"]

    assert found.value == 0.0


def test_members_in_other_units_are_compared_in_kelvin(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = days(), days()
    for fields in (before, after):
        fields["highest"] = fields["highest"] - 273.15
    units = KELVIN | {"highest": "degC"}

    found = values_of("order", make_part(before, after, units, small, bounds=BOUNDS))["F4"]

    assert found.value == 0.0
    assert found.detail == {}


def test_without_a_bound_order_cannot_be_judged(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    part = make_part(days(), days(), KELVIN, small, bounds={"lowest": 0.01, "highest": 0.0})

    found = values_of("order", part)["F4"]

    assert found.value is None
    assert found.reason == "no absolute error bound is known of the_mean"


def test_all_missing_is_told(make_part: MakePart, values_of: ValuesOf, small: Domain) -> None:
    nothing = {role: np.full((1, 1, 9, 18), np.nan) for role in KELVIN}

    found = values_of("order", make_part(nothing, nothing, KELVIN, small, bounds=BOUNDS))["F4"]

    assert found.reason == "no place has two values to compare"


def profile(upward: bool = True) -> Array:
    """(1, 4, 9, 18) heights of 0, 100, 200 and 300 m."""
    heights = np.arange(4.0) * 100.0
    along = heights if upward else heights[::-1]
    return np.broadcast_to(along.reshape(1, 4, 1, 1), (1, 4, 9, 18)).copy()


@pytest.mark.parametrize("upward", [True, False])
def test_a_level_that_falls_below_the_next_counts(
    make_part: MakePart, values_of: ValuesOf, small: Domain, upward: bool
) -> None:
    before, after = profile(upward), profile(upward)
    after[0, 1, 3, 5] += 250.0 if upward else -250.0
    part = make_part(
        {"profile": before}, {"profile": after}, {"profile": "m"}, small, bounds={"profile": 1.0}
    )

    found = values_of("order of levels", part)["F4-levels"]

    assert found.value == 1.0
    assert found.place == "row 3, column 5"
    assert found.detail["by at most (m)"] == pytest.approx(150.0)


def test_levels_closer_than_their_bounds_may_turn(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = profile(), profile()
    before[0, 2, 0, 0] = after[0, 2, 0, 0] = 101.0
    after[0, 1, 0, 0], after[0, 2, 0, 0] = 101.0, 100.0
    part = make_part(
        {"profile": before}, {"profile": after}, {"profile": "m"}, small, bounds={"profile": 1.0}
    )

    found = values_of("order of levels", part)["F4-levels"]

    assert found.value == 0.0
    assert found.detail["newly out of order"] == 1.0


def test_an_inversion_that_was_there_before_is_not_new(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = profile(), profile()
    before[0, 1, 0, 0], before[0, 2, 0, 0] = 200.0, 100.0
    part = make_part(
        {"profile": before}, {"profile": after}, {"profile": "m"}, small, bounds={"profile": 1.0}
    )

    assert values_of("order of levels", part)["F4-levels"].detail == {}


def test_levels_below_ground_have_no_order(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = profile(), profile()
    before[0, 0, :5] = after[0, 0, :5] = np.nan
    part = make_part(
        {"profile": before}, {"profile": after}, {"profile": "m"}, small, bounds={"profile": 1.0}
    )

    assert values_of("order of levels", part)["F4-levels"].value == 0.0


def test_one_level_has_no_order(make_part: MakePart, values_of: ValuesOf, small: Domain) -> None:
    one = {"profile": profile()[:, :1]}
    part = make_part(one, one, {"profile": "m"}, small, bounds={"profile": 1.0})

    assert values_of("order of levels", part)["F4-levels"].reason == "one level has no order"
