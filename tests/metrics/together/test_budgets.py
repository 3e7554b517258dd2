"""C4: budgets of energy and water."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Value
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.model import GroupPart

Array = NDArray[np.float64]
MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]
FLUX = {role: "W m-2" for role in ("incoming", "reflected", "emitted")}
RAIN = {"rain": "kg m-2 s-1", "evaporation": "kg m-2 s-1"}


def radiation(steps: int = 2, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    means = {"incoming": 340.0, "reflected": 100.0, "emitted": 239.0}
    return {role: mean + rng.normal(0, 20, (steps, 1, 9, 18)) for role, mean in means.items()}


def water(steps: int = 2) -> dict[str, Array]:
    rng = np.random.default_rng(5)
    return {
        "rain": rng.gamma(0.5, 6e-5, (steps, 1, 9, 18)),
        "evaporation": rng.normal(3e-5, 1e-5, (steps, 1, 9, 18)),
    }


def plus(fields: dict[str, Array], **errors: float | Array) -> dict[str, Array]:
    return fields | {role: fields[role] + error for role, error in errors.items()}


@pytest.mark.parametrize(
    ("role", "sign"), [("incoming", 1.0), ("reflected", -1.0), ("emitted", -1.0)]
)
def test_a_constant_error_of_a_flux_is_the_change_with_its_sign(
    make_part: MakePart, values_of: ValuesOf, small: Domain, role: str, sign: float
) -> None:
    before = radiation()
    part = make_part(before, plus(before, **{role: 0.02}), FLUX, small)

    found = values_of("TOA budget", part)["C4-toa"]

    assert found.value == pytest.approx(0.02, rel=1e-9)
    assert found.detail["signed"] == pytest.approx(sign * 0.02, rel=1e-9)
    assert found.unit == "W m-2"


def test_errors_that_cancel_leave_the_budget_closed(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = radiation()
    part = make_part(before, plus(before, incoming=0.5, emitted=0.5), FLUX, small)

    assert values_of("TOA budget", part)["C4-toa"].value == pytest.approx(0.0, abs=1e-12)


def test_means_are_weighted_by_area(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = radiation(1)
    error = np.random.default_rng(2).normal(0, 0.1, (1, 1, 9, 18))
    assert small.weights is not None
    expected = np.average(error[0, 0], weights=small.weights)

    found = values_of("TOA budget", make_part(before, plus(before, incoming=error), FLUX, small))

    assert found["C4-toa"].detail["signed"] == pytest.approx(expected, rel=1e-9)


def test_the_worst_month_counts_and_is_named(
    make_part: MakePart, values_of: ValuesOf, small: Domain, make_months: Callable[..., Clock]
) -> None:
    clock = make_months((2001, 1), (2001, 1), (2001, 2), (2001, 2))
    before = radiation(4)
    error = np.array([0.3, -0.3, 0.1, 0.05]).reshape(4, 1, 1, 1)
    part = make_part(before, plus(before, incoming=error), FLUX, replace(small, clock=clock))

    found = values_of("TOA budget", part)["C4-toa"]

    # January's errors cancel within the month.
    assert found.value == pytest.approx(0.075, rel=1e-9)
    assert found.place == "2001-02"


def test_a_window_of_the_record_takes_its_own_months(
    make_part: MakePart, values_of: ValuesOf, small: Domain, make_months: Callable[..., Clock]
) -> None:
    clock = make_months(*((2001, month) for month in range(1, 13)))
    before = radiation(2)
    error = np.array([0.1, 0.2]).reshape(2, 1, 1, 1)
    part = make_part(
        before, plus(before, incoming=error), FLUX, replace(small, clock=clock),
        start=4, steps=12, every=3,
    )  # fmt: skip

    assert values_of("TOA budget", part)["C4-toa"].place == "2001-08"


def test_without_dates_the_record_is_one_month(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = radiation(2)
    error = np.array([0.1, -0.1]).reshape(2, 1, 1, 1)
    part = make_part(before, plus(before, incoming=error), FLUX, small)

    found = values_of("TOA budget", part)["C4-toa"]

    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert found.place == ""


def test_cells_missing_in_one_member_count_in_none(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = radiation()
    after = plus(before, incoming=0.02)
    before["emitted"][0, 0, 2, 3] = np.nan
    after["emitted"][1, 0, 1, 1] = np.nan
    after["incoming"][1, 0, 1, 1] = 1e6

    found = values_of("TOA budget", make_part(before, after, FLUX, small))

    assert found["C4-toa"].value == pytest.approx(0.02, rel=1e-9)


def test_budgets_close_on_unstructured_grids(make_part: MakePart, values_of: ValuesOf) -> None:
    cells = Domain(np.linspace(1.0, 2.0, 50)[None], "unstructured")
    before = {role: np.full((1, 1, 1, 50), 100.0) for role in FLUX}
    part = make_part(before, plus(before, reflected=0.02), FLUX, cells)

    assert values_of("TOA budget", part)["C4-toa"].value == pytest.approx(0.02, rel=1e-9)


def test_ensemble_members_do_not_cancel(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = {role: np.full((1, 2, 9, 18), 100.0) for role in FLUX}
    error = np.array([0.02, -0.05]).reshape(1, 2, 1, 1)

    found = values_of("TOA budget", make_part(before, plus(before, incoming=error), FLUX, small))

    assert found["C4-toa"].value == pytest.approx(0.05, rel=1e-9)
    assert found["C4-toa"].level == 1


def test_the_surface_budget_has_six_terms_with_their_signs(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    signs = {
        "shortwave down": 1.0,
        "shortwave up": -1.0,
        "longwave down": 1.0,
        "longwave up": -1.0,
        "latent heat": -1.0,
        "sensible heat": -1.0,
    }
    before = {role: np.full((1, 1, 9, 18), 100.0) for role in signs}
    errors = {role: 0.1 * 2.0**i for i, role in enumerate(signs)}
    units = dict.fromkeys(signs, "W m-2")

    found = values_of("surface budget", make_part(before, plus(before, **errors), units, small))

    expected = sum(signs[role] * errors[role] for role in signs)
    assert found["C4-surface"].detail["signed"] == pytest.approx(expected, rel=1e-9)


def test_water_is_told_in_percent_of_the_mean_rain(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = water()
    assert small.weights is not None
    rain = np.average(before["rain"].mean(axis=(0, 1)), weights=small.weights)
    part = make_part(before, plus(before, evaporation=0.002 * rain), RAIN, small)

    found = values_of("water budget", part)["C4-water"]

    assert found.value == pytest.approx(0.2, rel=1e-9)
    assert found.detail["signed"] < 0


def test_rain_in_metres_a_second_stands_beside_evaporation_in_kilograms(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = water()
    after = plus(before, rain=1e-7)
    expected = values_of("water budget", make_part(before, after, RAIN, small))["C4-water"]

    def metres(fields: dict[str, Array]) -> dict[str, Array]:
        return fields | {"rain": fields["rain"] / 1000.0}

    part = make_part(metres(before), metres(after), RAIN | {"rain": "m/s"}, small)

    assert values_of("water budget", part)["C4-water"].value == pytest.approx(
        expected.value, rel=1e-9
    )


def test_a_dry_month_is_compared_with_the_rain_of_the_record(
    make_part: MakePart, values_of: ValuesOf, small: Domain, make_months: Callable[..., Clock]
) -> None:
    before = water(2)
    before["rain"][1] = 0.0
    clock = make_months((2001, 1), (2001, 2))
    error = np.array([0.0, 1e-8]).reshape(2, 1, 1, 1)
    part = make_part(
        before, plus(before, evaporation=error), RAIN, replace(small, clock=clock)
    )  # fmt: skip
    assert small.weights is not None
    rain = np.average(before["rain"].mean(axis=(0, 1)), weights=small.weights)

    found = values_of("water budget", part)["C4-water"]

    assert found.value == pytest.approx(100.0 * 1e-8 / rain, rel=1e-9)
    assert found.place == "2001-02"


def test_without_rain_a_change_is_compared_with_nothing(
    make_part: MakePart, values_of: ValuesOf, small: Domain, make_months: Callable[..., Clock]
) -> None:
    before = water(2)
    before["rain"][:] = 0.0
    domain = replace(small, clock=make_months((2001, 1), (2001, 2)))
    # One month came back exactly: it must not stand for the other.
    error = np.array([0.0, 1e-8]).reshape(2, 1, 1, 1)

    changed = values_of(
        "water budget", make_part(before, plus(before, evaporation=error), RAIN, domain)
    )
    exact = values_of("water budget", make_part(before, before, RAIN, domain))

    assert changed["C4-water"].reason == "there is no rain to compare with"
    assert exact["C4-water"].value == 0.0


@pytest.mark.parametrize(
    ("units", "weights", "expected"),
    [
        (FLUX, False, "no area weights"),
        (
            FLUX | {"emitted": "J m**-2"},
            True,
            "the_emitted is in J m**-2: over which time it was gathered is not said",
        ),
        (
            FLUX | {"incoming": "langley"},
            True,
            "the_incoming has the unit 'langley', which does not convert to W m-2",
        ),
    ],
)
def test_what_is_not_known_is_told(
    make_part: MakePart, values_of: ValuesOf, small: Domain, units: dict[str, str], weights: bool,
    expected: str,
) -> None:  # fmt: skip
    domain = small if weights else replace(small, weights=None)

    found = values_of("TOA budget", make_part(radiation(), radiation(), units, domain))

    assert found["C4-toa"].value is None
    assert found["C4-toa"].reason == expected


def test_a_rate_and_an_amount_do_not_add_up(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    part = make_part(water(), water(), RAIN | {"evaporation": "mm"}, small)

    found = values_of("water budget", part)["C4-water"]

    assert found.reason == "the_rain and the_evaporation have units of different kinds"


def test_all_missing_is_told(make_part: MakePart, values_of: ValuesOf, small: Domain) -> None:
    nothing = {role: np.full((1, 1, 9, 18), np.nan) for role in FLUX}

    found = values_of("TOA budget", make_part(nothing, nothing, FLUX, small))

    assert found["C4-toa"].reason == "no cell has a value in all members"
