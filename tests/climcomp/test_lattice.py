"""Lattices: found where values were packed or rounded, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from climcomp.errors import UsageError
from climcomp.lattice import Lattice, detect_lattice
from climcomp.rounding import round_to_keepbits, round_to_quantum

FLOATS = (np.float32, np.float64)


def temperature(dtype: type = np.float64) -> np.ndarray:
    """Smooth, in kelvin, with all mantissa bits in use."""
    random = np.random.default_rng(11)
    return (np.cumsum(random.normal(0, 2, (60, 900)), axis=0) + 250).astype(dtype)


def rain(dtype: type = np.float64) -> np.ndarray:
    """Skewed over ten decades, a third of it exact zeros."""
    random = np.random.default_rng(12)
    values = np.exp(random.normal(-18, 4, (200, 300)))
    values[random.random(values.shape) < 0.3] = 0.0
    return values.astype(dtype)


def packed(values: np.ndarray, dtype: type) -> tuple[np.ndarray, float]:
    """Packed to 16 bits over its range and unpacked in `dtype` arithmetic, and the step."""
    low, high = float(values.min()), float(values.max())
    step = dtype((high - low) / 65533)
    counts = np.rint((values - low) / float(step)).astype(np.int16 if low < -1e30 else np.int32)
    return (counts.astype(dtype) * step + dtype(low)).astype(dtype), float(step)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("field", [temperature, rain])
def test_a_full_precision_field_has_no_lattice(field, dtype: type) -> None:  # type: ignore[no-untyped-def]
    assert detect_lattice(field(dtype)) is None


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("lowest", [180.0, -40.0, 95_000.0])
def test_unpacked_integers_are_found_with_their_step(dtype: type, lowest: float) -> None:
    values = lowest + (temperature() - 200) * (1 + abs(lowest) / 100)
    unpacked, step = packed(values, dtype)
    found = detect_lattice(unpacked)
    assert found is not None
    assert found.kind == "linear"
    assert found.step == pytest.approx(step, rel=1e-5)
    assert found.offset is not None
    counts = (unpacked.astype(np.float64) - found.offset) / found.step
    # Off by the roundings of scale * integer and of adding the offset, at most two spacings.
    worst = 2 * float(np.spacing(np.abs(unpacked).max())) / step
    assert np.abs(counts - np.rint(counts)).max() <= worst + 1e-6
    assert "whole multiples of" in found.description


def test_integers_packed_twice_give_the_finer_step() -> None:
    coarse = np.rint(temperature() * 50) * 10  # steps of ten ...
    counts = coarse + np.random.default_rng(1).integers(0, 2, coarse.shape) * 4  # ... or four more
    found = detect_lattice(counts * (np.pi / 2000) + 0.3)
    assert found is not None
    assert found.step == pytest.approx(np.pi / 1000, rel=1e-9)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("decimals", [1, 2])
def test_decimals_are_found(dtype: type, decimals: int) -> None:
    found = detect_lattice(np.round(temperature(), decimals).astype(dtype))
    assert found is not None
    assert (found.kind, found.decimals) == ("decimal", decimals)
    assert found.step == pytest.approx(10.0**-decimals)


def test_whole_numbers_are_found() -> None:
    expected = Lattice("linear", 1.0, 0.0, None, None, "all values are whole multiples of 1")
    assert detect_lattice(np.round(temperature())) == expected


def test_tens_are_found() -> None:
    found = detect_lattice(np.round(temperature() * 100, -1))
    assert found is not None
    assert (found.kind, found.step, found.decimals) == ("decimal", 10.0, -1)
    assert found.description == "all values are rounded to 10"


def test_a_time_axis_in_float64_keeps_its_step() -> None:
    found = detect_lattice(735_000 + np.arange(780) * 30.5)
    assert found is not None
    assert found.kind == "linear"
    assert found.step == pytest.approx(30.5)


def test_decimals_over_many_magnitudes_are_found() -> None:
    values = np.round(np.random.default_rng(4).lognormal(0, 2, 50_000), 3).astype(np.float32)
    found = detect_lattice(values)
    assert found is not None
    assert (found.kind, found.decimals) == ("decimal", 3)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("keepbits", [6, 9, 12, 17])
@pytest.mark.parametrize("field", [temperature, rain])
def test_earlier_bit_rounding_is_found(field, dtype: type, keepbits: int) -> None:  # type: ignore[no-untyped-def]
    values = field(dtype)
    values *= np.linspace(0.3, 1, len(values), dtype=dtype)[:, None]  # more than one binade
    found = detect_lattice(round_to_keepbits(values, keepbits))
    assert found is not None
    assert (found.kind, found.bits) == ("mantissa", keepbits)
    assert f"{keepbits} of" in found.description


@pytest.mark.parametrize("dtype", FLOATS)
def test_multiples_of_a_power_of_two_are_linear(dtype: type) -> None:
    found = detect_lattice(round_to_quantum(temperature(dtype), 0.01))
    assert found is not None
    assert (found.kind, found.step, found.offset) == ("linear", 2.0**-6, 0.0)


def test_float64_that_hold_float32_say_so() -> None:
    found = detect_lattice(temperature(np.float32).astype(np.float64))
    assert found is not None
    assert (found.kind, found.bits) == ("mantissa", 23)
    assert "hold float32" in found.description


def test_a_lattice_shows_through_a_wider_type() -> None:
    found = detect_lattice(packed(temperature(), np.float32)[0].astype(np.float64))
    assert found is not None
    assert found.kind == "linear"


def test_missing_values_and_zeros_do_not_hide_a_lattice() -> None:
    values = packed(temperature(), np.float32)[0]
    values[:5], values[5:8], values[8:9] = np.nan, -9999.0, 0.0
    assert detect_lattice(values) is None
    found = detect_lattice(values, missing=(-9999.0, 1e300))
    assert found is not None
    assert found.kind == "linear"


@pytest.mark.parametrize("values", [np.ones(5000), np.arange(3.0), np.full(70, np.nan), np.ones(0)])
def test_too_few_distinct_values_say_nothing(values: np.ndarray) -> None:
    assert detect_lattice(values) is None


def test_other_types_are_refused() -> None:
    with pytest.raises(UsageError, match="float32 or float64"):
        detect_lattice(np.arange(100, dtype=np.int16))  # type: ignore[arg-type]


@given(st.integers(0, 2**32), st.sampled_from(FLOATS), st.integers(0, 70))
def test_any_bit_pattern_gets_a_true_answer(seed: int, dtype: type, cleared: int) -> None:
    unsigned = np.uint32 if dtype == np.float32 else np.uint64
    patterns = np.random.default_rng(seed).integers(0, 2**64, 300, np.uint64).astype(unsigned)
    stored = np.finfo(dtype).nmant
    mask = ~unsigned((1 << min(cleared, stored)) - 1)
    values = (patterns & mask).view(dtype)
    found = detect_lattice(values)
    if cleared < 4:
        assert found is None
    else:
        assert found is not None
        assert (found.kind, found.bits) == ("mantissa", max(stored - cleared, 0))


def read(file: Path, name: str) -> np.ndarray:
    """A variable as floats, unpacked, NaN where it is missing."""
    with netCDF4.Dataset(file) as dataset:
        variable = dataset[name]
        variable.set_auto_mask(False)  # one file has a _FillValue of NaN on integers
        values: np.ndarray = variable[...]
        missing = getattr(variable, "_FillValue", np.nan)
    return np.where(values == missing, np.nan, values)


# What shared/data/MANIFEST.md calls full precision, and what it calls quantised.
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("cam_fv_T_3mon.nc", "T"),
        ("cam_fv_PRECT_60day.nc", "PRECT"),
        ("pop_SST_60day.nc", "SST"),
        ("cam_se_TS_12mon.nc", "TS"),
        ("era5_tl31_37lev.nc", "temperature"),
        ("coads_climatology_nc3.cdf", "SST"),
        ("cmip6_tos_BCC-CSM2-HR_025.nc", "tos"),
        ("cmip6_siconc_CanESM5_12mon.nc", "siconc"),
        ("cordex_psl_WRF_EUR11_day.nc", "psl"),
        ("hadcm_A1B_north_america_360day.nc", "air_temperature"),
        ("icon_r2b4_ta_aps.nc", "ta"),
        ("mpas_atm_ps.nc", "surface_pressure"),
        ("ncl_groups_uvt.nc", "grp1/U"),
        ("fesom_pi_u_1948.nc", "u"),
        ("gfdl_idealized_sphum_monthly.nc", "sphum"),
        ("hadgem2_pr_360day_na10k.nc", "pr"),
        # Its 34,642 distinct values in 1.75 K are what float32 can hold there.
        ("um_hybrid_height.nc", "air_potential_temperature"),
    ],
)
def test_real_full_precision_fields_have_no_lattice(
    shared_data: Path, file: str, name: str
) -> None:
    assert detect_lattice(read(shared_data / file, name)) is None


@pytest.mark.parametrize(
    ("file", "name", "kind", "size"),
    [
        ("lossy_fpzip_cam_fv_T_3mon.nc", "T", "mantissa", 11),
        ("lossy_zfp1e-7_cam_fv_PRECT_60day.nc", "PRECT", "linear", 2.0**-32),
        ("era5_t_0p25_packed_origin.nc", "temperature", "linear", 0.001160669),
        ("gldas_noah_land.nc4", "SoilMoi0_10cm_inst", "decimal", 3),
        # The manifest has this one as full; it is packed in steps of 0.001 from 6.450927.
        ("gldas_noah_land.nc4", "SoilMoi10_40cm_inst", "linear", 0.001),
        ("eraint_uvz_packed.nc", "z", "linear", 1.725027467495238),
    ],
)
def test_real_quantised_fields_have_their_lattice(
    shared_data: Path, file: str, name: str, kind: str, size: float
) -> None:
    found = detect_lattice(read(shared_data / file, name))
    assert found is not None
    assert found.kind == kind
    assert {"mantissa": found.bits, "decimal": found.decimals, "linear": found.step}[
        kind
    ] == pytest.approx(size, rel=1e-6)
