"""The formula of a lattice: found with its parameters, exact, and never in the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.codecs.lattice_formula import Formula, find_formula
from climcomp.rounding import round_to_keepbits

FLOATS = ("f4", "f8")
NUMBERS = np.random.default_rng(8).integers(-32_000, 32_000, 20_000)


def missed(formula: Formula | None, values: NDArray[Any]) -> float:
    assert formula is not None
    return float(formula.misses(values).mean())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("decimals", [-2, 1, 2, 4])
def test_decimals_are_exact(dtype: str, decimals: int) -> None:
    values = np.round(NUMBERS * 0.731 * 10.0**-decimals, decimals).astype(dtype)
    formula = find_formula(values)
    assert missed(formula, values[values != 0]) == 0
    assert formula is not None
    assert (formula.form == "divided") == (decimals > 0)


@pytest.mark.parametrize(("step", "offset"), [(0.00190734, 263.15), (-1.7250274, 66825.5)])
def test_unpacking_in_float64_is_exact_on_every_value(step: float, offset: float) -> None:
    values = (NUMBERS * step + offset).astype("f4")
    formula = find_formula(values)
    assert missed(formula, values) == 0
    assert formula is not None
    assert formula.step == pytest.approx(abs(step), rel=1e-6)


@pytest.mark.parametrize(("step", "offset"), [(0.00190734, 263.15), (-0.0015727, 26.96875)])
def test_unpacking_in_float32_is_found_with_its_origin(step: float, offset: float) -> None:
    values = NUMBERS.astype("f4") * np.float32(step) + np.float32(offset)
    formula = find_formula(values)
    assert formula is not None
    assert formula.form == "own"
    assert missed(formula, values) < 0.05


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("keepbits", [7, 12])
def test_bit_rounded_values_are_shifted(dtype: str, keepbits: int) -> None:
    values = np.random.default_rng(1).normal(0, 1e3, 5000).astype(dtype)
    formula = find_formula(round_to_keepbits(values, keepbits))
    unused = (23 if dtype == "f4" else 52) - keepbits
    assert formula == Formula("shifted", float(unused))
    assert missed(formula, round_to_keepbits(values, keepbits)) == 0


@pytest.mark.parametrize("dtype", FLOATS)
def test_noise_and_smooth_fields_have_no_formula(dtype: str) -> None:
    noise = np.random.default_rng(2).normal(280, 10, 300_000)
    for values in (noise, noise.cumsum(), np.sin(np.arange(300_000) / 999), np.full(5000, 2.5)):
        assert find_formula(values.astype(dtype)) is None


@pytest.mark.parametrize("spoiled", [-9999.0, 1e20, np.nan, np.inf])
def test_fills_and_outliers_do_not_hide_a_formula(spoiled: float) -> None:
    values = np.round(NUMBERS / 300, 2).astype("f4")
    values[:6000:2] = spoiled
    values[7001:7005] = [1e30, -1e30, 0.123456, 3e-39]
    formula = find_formula(values)
    assert missed(formula, values[8000:][values[8000:] != 0]) == 0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("power", [-1060, -140, 100, 1000])
def test_steps_at_the_ends_of_the_type_do_no_harm(dtype: str, power: int) -> None:
    with np.errstate(all="ignore"):
        values = (NUMBERS[:2000] * np.float64(2.0) ** power).astype(dtype)
    formula = find_formula(values)
    assert formula is None or missed(formula, values) <= 1


def test_formulas_only_round_where_ieee_754_does() -> None:
    # Worked out with exact fractions: one rounding a step, never a fused one.
    number, step, offset = np.array([12345]), 0.0012345678, 273.15
    product = np.float32(12345) * np.float32(step)
    expected = np.float32(float(product) + float(np.float32(offset)))
    assert Formula("own", step, offset).values(number, np.dtype("f4"))[0] == expected
    twice = np.float32(12345 * step + offset)
    assert Formula("double", step, offset).values(number, np.dtype("f4"))[0] == twice
